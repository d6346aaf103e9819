"""`fn test`: recorded calls and pytest together, for people and for CI."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.e2e.commands import assert_one_sentence, run
from tests.e2e.running import Running, project
from tests.fakes.processes import wait_until

pytestmark = pytest.mark.e2e

GREETING = """\
from datetime import datetime
from devserver.runtime import IceSvamlBuilder

async def ice(context, event):
    await context.cache.set("seen", event.callid)
    return IceSvamlBuilder().say(f"{context.config.require_variable('WORD')} at {datetime.now():%H:%M:%S}").hangup().build()
"""
PYTEST = """\
def test_it_greets(function):
    assert function.ice({"callid": "c1"}).says[0].startswith("hello")

def test_a_recorded_call(replay):
    replay.check()
"""


@pytest.fixture
def tested(start: Callable[..., Running], tmp_path: Path) -> Path:
    """A project with a recorded call and a pytest file."""
    folder = project(tmp_path / "demo", GREETING, variables={"WORD": "hello"})
    running = start(folder)
    # The clock of a replay stands at the arrival: the handler, a moment later, has to be in the same second.
    wait_until(lambda: time.time() % 1 < 0.2, "a second has begun")
    running.post("/ice", {"event": "ice", "callid": "c1", "cli": "12025550123"})
    running.stop()
    (folder / "tests" / "calls").mkdir(parents=True)
    done = run("recordings", "export", "last", "-o", folder / "tests" / "calls" / "first.jsonl", "--dir", folder)
    assert done.returncode == 0, done.stderr
    shutil.rmtree(folder / ".fn")  # as in a fresh clone
    (folder / "test_function.py").write_text(PYTEST)
    return folder


def test_recorded_calls_and_pytest_pass_together(tested: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"

    done = run("test", tested, "--junit", report)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("calls: 1 as recorded, 0 different; pytest: 2 passed, 0 failed.\n")
    suites = ET.parse(report).getroot()  # noqa: S314 our own file
    assert [suite.get("tests") for suite in suites] == ["1", "2"]


def test_a_change_fails_both_in_the_same_words(tested: Path) -> None:
    (tested / "function.py").write_text(GREETING.replace("} at", "} there at"))
    words = 'instruction 1 (say) now says "hello there at'

    done = run("test", tested)
    found = json.loads(run("test", tested, "--json", "--no-pytest").stdout)

    assert done.returncode == 1
    assert done.stdout.count(words) >= 2
    assert "calls: 0 as recorded, 1 different; pytest: 1 passed, 1 failed." in done.stdout
    assert (found["ok"], found["different"], found["pytest"]) == (False, 1, None)
    assert found["results"][0]["differences"][0]["text"].startswith(words)


def test_arguments_go_to_pytest_and_json_stays_json(tested: Path) -> None:
    done = run("test", tested, "--json", "--", "-k", "greets")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["pytest"] == {"status": 0, "passed": 1, "failed": 0, "skipped": 0}
    assert "1 passed" in done.stderr


def test_without_anything_to_test_it_says_how_to_begin(tmp_path: Path) -> None:
    done = run("test", project(tmp_path / "demo"))
    assert_one_sentence(done, 1, "nothing to test", "fn recordings export")


def test_a_call_that_cannot_be_read_is_one_sentence(tested: Path) -> None:
    file = tested / "tests" / "calls" / "first.jsonl"
    file.write_bytes(file.read_bytes()[:-20])
    assert_one_sentence(run("test", tested), 1, "first.jsonl", "cut short")


SCENARIO = """\
scenarios:
- name: It greets
  expect: {heard: hello at, callbacks: [ice, dice]}
"""


def test_scenarios_run_beside_recorded_calls(tested: Path, tmp_path: Path) -> None:
    file = tested / "tests" / "calls" / "greeting.yaml"
    file.write_text(SCENARIO)
    report = tmp_path / "report.xml"

    done = run("test", tested, "--no-pytest", "--junit", report)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed  It greets" in done.stdout
    assert done.stdout.endswith("calls: 1 as recorded, 0 different; scenarios: 1 passed, 0 failed.\n")
    assert [suite.get("name") for suite in ET.parse(report).getroot()][1:] == ["tests/calls/greeting.yaml"]  # noqa: S314 our own file

    file.write_text(SCENARIO.replace("hello", "goodbye"))
    done = run("test", tested, "--no-pytest")
    assert done.returncode == 1
    assert 'line 3: Expected to hear "goodbye at"; heard "hello at' in done.stdout
    found = json.loads(run("test", tested, "--json", "--no-pytest").stdout)
    assert (found["ok"], found["scenarios"][0]["ok"], found["scenarios"][0]["failures"][0]["line"]) == (False, False, 3)


def test_a_mistake_in_a_scenario_names_its_line(tested: Path) -> None:
    (tested / "tests" / "calls" / "greeting.yaml").write_text(SCENARIO.replace("expect", "expects"))
    done = run("test", tested)
    assert_one_sentence(done, 1, "tests/calls/greeting.yaml line 3", 'Did you mean "expect"')


def test_a_call_that_was_made_becomes_a_scenario_that_passes(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "fixtures" / "functions" / "simple-voice-ivr"
    folder = shutil.copytree(example, tmp_path / "example", ignore=shutil.ignore_patterns(".fn", "tests"))
    assert run("call", "--keys", "1", "--dir", folder).returncode == 0
    scenario = folder / "tests" / "calls" / "sales.yaml"
    scenario.parent.mkdir(parents=True)

    done = run("recordings", "export", "last", "--format", "scenario", "-o", scenario, "--dir", folder)
    assert done.returncode == 0, done.stderr
    done = run("test", folder, "--no-pytest")

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("scenarios: 1 passed, 0 failed.\n")
    assert "Connecting you to sales." in scenario.read_text()


def test_settings_of_a_folder_above_are_not_the_projects(tested: Path) -> None:
    (tested.parent / "pyproject.toml").write_text('[tool.pytest.ini_options]\naddopts = "--of-a-plugin"\n')

    done = run("test", tested)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "pytest: 2 passed, 0 failed." in done.stdout


def test_a_pytest_that_cannot_run_is_told(tested: Path) -> None:
    (tested / "pytest.ini").write_text("[pytest]\naddopts = --of-a-plugin\n")

    done = run("test", tested)

    assert done.returncode == 1
    assert "(pytest ended with 4)" in done.stdout
