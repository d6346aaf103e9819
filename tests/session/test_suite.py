from __future__ import annotations

import os
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from devserver.errors import FnError
from devserver.recorder.exchange import Answer, Exchange, Request
from devserver.recorder.portable import Portable, PortableCall, State, write
from devserver.recorder.replay import NO_RULES
from devserver.recorder.state import CacheEntry
from devserver.session.suite import (
    PytestRun,
    call_files,
    has_pytest_files,
    merged_report,
    run_calls,
    run_pytest,
    scenario_files,
)
from tests.session.hosts import function

CALLS = '<testsuites><testsuite name="calls" tests="1"><testcase name="c1" /></testsuite></testsuites>'
PASSES, FAILS, SKIPS, BREAKS = (
    "def test_passes():\n    pass\n",
    "def test_fails():\n    assert 1 == 2\n",
    "import pytest\n\ndef test_skips():\n    pytest.skip('no')\n",
    "raise ValueError('broken')\n",
)


def put(root: Path, *names: str, text: str = "") -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    # What pytest of the project writes belongs to it and not to the tests here.
    put(tmp_path, "pytest.ini", text="[pytest]\naddopts = -p no:cacheprovider\n")
    return tmp_path


# --- what there is ---------------------------------------------------------------------------------------------


def test_recorded_calls_are_found_in_folders_by_name(root: Path) -> None:
    put(root, "tests/calls/b.jsonl", "tests/calls/a/ice.json", "tests/calls/notes.md", "tests/other.jsonl")
    (root / "tests/calls/folder.json").mkdir()
    assert [str(path.relative_to(root)) for path in call_files(root)] == [
        "tests/calls/a/ice.json",
        "tests/calls/b.jsonl",
    ]


def test_a_project_without_recorded_calls_has_none(root: Path) -> None:
    assert call_files(root) == []


@pytest.mark.parametrize("name", ["test_a.py", "tests/deep/test_a.py", "tests/a_test.py"])
def test_pytest_files_are_found(root: Path, name: str) -> None:
    put(root, name)
    assert has_pytest_files(root)


@pytest.mark.parametrize(
    "name", ["a.py", "tests/conftest.py", "test_a.txt", "venv/test_a.py", ".venv/lib/test_a.py", "storage/test_a.py"]
)
def test_other_files_are_none_of_pytest(root: Path, name: str) -> None:
    put(root, name)
    assert not has_pytest_files(root)


def test_links_that_lead_in_circles_are_not_followed(root: Path) -> None:
    for name in ("a", "b", "c", "d"):
        (root / name).symlink_to(root)
    (root / "broken").symlink_to("nowhere")
    assert not has_pytest_files(root)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_a_folder_that_may_not_be_read_is_passed_over(root: Path) -> None:
    put(root, "closed/test_a.py")
    (root / "closed").chmod(0)
    try:
        assert not has_pytest_files(root)
    finally:
        (root / "closed").chmod(0o700)


# --- recorded calls --------------------------------------------------------------------------------------------

FUNCTION = """\
import time
from devserver.runtime import IceSvamlBuilder

async def ice(context, event):
    n = await context.cache.get("n")
    return IceSvamlBuilder().say(f"{n} at {time.time():.0f}").hangup().build()
"""


def exported(root: Path, said: str) -> Path:
    body = f'{{"instructions":[{{"name":"say","text":"{said}","locale":"en-US"}}],"action":{{"name":"hangup"}}}}'
    exchange = Exchange(
        "0" * 26,
        1_700_000_000.0,
        "c1",
        "ice",
        "local",
        Request("POST", "/ice", (("Content-Type", "application/json"),), b'{"event":"ice","callid":"c1"}'),
        Answer(200, (("Content-Type", "application/json"),), body.encode()),
    )
    call = PortableCall("c1", [exchange], State([CacheEntry("n", b"7", 60.0)]))
    path = root / "tests" / "calls" / "call.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(write(Portable("demo", "pseudonyms", [call]), "2026-01-02T03:04:05Z")))
    return path


@pytest.fixture
def project(root: Path) -> Path:
    put(root, "sinch.json", text='{"name": "demo"}')
    return function(root, FUNCTION)


def test_recorded_calls_run_on_their_state_and_at_their_time(project: Path) -> None:
    file = exported(project, "7 at 1700000000")
    (((take, (replayed,)),), _) = run_calls(project, [file], [], NO_RULES, freeze=True)
    assert take.name == "call.jsonl"
    assert replayed.differences == ()
    assert not (project / ".fn" / "recordings.db").exists()


def test_a_recorded_call_that_is_answered_otherwise_now_is_told(project: Path) -> None:
    file = exported(project, "8 at 1700000000")
    (((_, (replayed,)),), _) = run_calls(project, [file], [], NO_RULES, freeze=True)
    (difference,) = replayed.differences
    assert "7 at 1700000000" in difference.text


def test_without_recorded_calls_and_scenarios_no_code_is_loaded(root: Path) -> None:
    assert run_calls(root, [], [], NO_RULES, freeze=True) == ([], [])


def test_a_recorded_call_that_cannot_be_read_is_one_sentence(project: Path) -> None:
    put(project, "tests/calls/x.json", text="no json")
    with pytest.raises(FnError, match=r"x\.json is not JSON"):
        run_calls(project, call_files(project), [], NO_RULES, freeze=True)


# --- scenarios -------------------------------------------------------------------------------------------------

SCENARIO = """\
scenarios:
- name: As it is
  expect: {heard: None at}
- name: As it is not
  expect: {heard: 7 at}
"""


def test_scenario_files_are_found_in_folders_by_name(root: Path) -> None:
    put(root, "tests/calls/b.yaml", "tests/calls/a/x.yml", "tests/calls/c.json", "tests/x.yaml")
    assert [path.name for path in scenario_files(root)] == ["x.yml", "b.yaml"]


def test_scenarios_run_after_the_recorded_calls_in_the_same_session(project: Path) -> None:
    file = exported(project, "7 at 1700000000")
    put(project, "tests/calls/a.yaml", text=SCENARIO)

    replayed, played = run_calls(project, [file], scenario_files(project), NO_RULES, freeze=True)

    assert [one.differences for _, results in replayed for one in results] == [()]
    assert [[failure.line for failure in each.failures] for each in played] == [[], [5]]
    report = ET.fromstring(merged_report(CALLS, played, None))  # noqa: S314 made here
    assert [suite.get("name") for suite in report] == ["calls", "tests/calls/a.yaml"]
    assert [report.get(name) for name in ("tests", "failures", "errors")] == ["3", "1", "0"]
    assert not (project / ".fn" / "recordings.db").exists()


def test_a_file_that_is_no_scenario_is_told_before_anything_is_run(project: Path) -> None:
    put(project, "tests/calls/a.yaml", text="step: hangup")
    with pytest.raises(FnError, match=r'tests/calls/a.yaml line 1: "step" is no key.*Did you mean "steps"'):
        run_calls(project, [], scenario_files(project), NO_RULES, freeze=True)


def test_code_that_cannot_be_loaded_is_told(project: Path) -> None:
    function(project, "def ice(:\n")
    put(project, "tests/calls/a.yaml", text="steps: hangup")
    with pytest.raises(FnError, match="SyntaxError"):
        run_calls(project, [], scenario_files(project), NO_RULES, freeze=True)


# --- pytest ----------------------------------------------------------------------------------------------------


def test_pytest_runs_in_the_project_and_its_numbers_come_back(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    put(root, "test_p.py", text=PASSES)
    put(root, "test_f.py", text=FAILS)
    put(root, "test_s.py", text=SKIPS)

    ran = run_pytest(root, [], quiet=False)

    assert (ran.status, ran.passed, ran.failed, ran.skipped, ran.ok) == (1, 1, 1, 1, False)
    assert "1 failed, 1 passed, 1 skipped" in capfd.readouterr().out


def test_quiet_pytest_leaves_the_output_to_the_program(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    put(root, "test_p.py", text=PASSES)
    assert run_pytest(root, ["-q"], quiet=True).ok
    written = capfd.readouterr()
    assert (written.out, "1 passed" in written.err) == ("", True)


def test_arguments_go_to_pytest(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    put(root, "test_p.py", text=PASSES + FAILS)
    ran = run_pytest(root, ["-k", "passes"], quiet=True)
    assert (ran.ok, ran.passed, ran.failed) == (True, 1, 0)
    assert "1 deselected" in capfd.readouterr().err


@pytest.mark.usefixtures("capfd")
def test_files_without_tests_are_no_failure(root: Path) -> None:
    put(root, "test_none.py")
    assert run_pytest(root, [], quiet=True).ok


@pytest.mark.usefixtures("capfd")
def test_a_file_that_cannot_be_imported_is_a_failure(root: Path) -> None:
    put(root, "test_b.py", text=BREAKS)
    ran = run_pytest(root, [], quiet=True)
    assert (ran.ok, ran.failed) == (False, 1)


@pytest.mark.usefixtures("capfd")
def test_a_pytest_that_does_not_start_has_no_report(root: Path) -> None:
    ran = run_pytest(root, ["--no-such-option"], quiet=True)
    assert (ran.ok, ran.status, ran.xml) == (False, 4, None)


# --- the report ------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("capfd")
def test_one_report_has_the_calls_and_then_the_suites_of_pytest(root: Path) -> None:
    put(root, "test_p.py", text=PASSES)
    report = ET.fromstring(merged_report(CALLS, [], run_pytest(root, [], quiet=True)))  # noqa: S314 made here
    assert [suite.get("name") for suite in report] == ["calls", "pytest"]
    assert [case.get("name") for case in report.iter("testcase")] == ["c1", "test_passes"]
    assert [report.get(name) for name in ("tests", "failures", "errors")] == ["2", "0", "0"]


@pytest.mark.parametrize("ran", [None, PytestRun(4, 0, 0, 0, None)], ids=["none", "no report"])
def test_without_pytest_the_report_has_the_calls_alone(ran: PytestRun | None) -> None:
    report = ET.fromstring(merged_report(CALLS, [], ran))  # noqa: S314 made here
    assert [suite.get("name") for suite in report] == ["calls"]
