"""Scenarios against real functions, in a session that lives for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from devserver.calls.playing import Played
from devserver.calls.scenario import Scenario
from devserver.calls.told import Ended, Heard, Told
from devserver.errors import FnError
from devserver.session.scenarios import run_files
from tests.session.hosts import function

FUNCTION = """\
from devserver.runtime import IceSvamlBuilder

async def ice(context, event):
    seen = await context.cache.get("seen")
    await context.cache.set("seen", event.callid)
    await context.storage.write("seen", b"yes")
    return IceSvamlBuilder().say(f"{context.config.get_variable('WORD')} {seen}").hangup().build()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "sinch.json").write_text('{"name": "demo", "variables": {"WORD": "Hello"}}')
    return function(tmp_path, FUNCTION)


def play(project: Path, text: str) -> list[Played]:
    file = project / "tests" / "calls" / "a.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return run_files(project, [file])


def test_each_scenario_begins_with_nothing_remembered(project: Path) -> None:
    played = play(project, "scenarios:\n- name: A\n- name: B\n")
    assert [each.report.heard for each in played] == [("Hello None",), ("Hello None",)]
    assert not (project / "storage").exists()
    assert not (project / ".fn" / "recordings.db").exists()


def test_variables_of_the_project_can_be_used(project: Path) -> None:
    (each,) = play(project, "expect: {heard: $WORD}")
    assert each.failures == ()
    assert each.scenario.file == "tests/calls/a.yaml"


def test_secrets_cannot_be_used(project: Path) -> None:
    (project / ".env").write_text("VOICE_APPLICATION_SECRET=aGVsbG8=\nVOICE_APPLICATION_KEY=key\n")
    with pytest.raises(FnError, match='no variable "VOICE_APPLICATION_SECRET"'):
        play(project, "expect: {heard: $VOICE_APPLICATION_SECRET}")


def test_callbacks_are_signed(project: Path) -> None:
    (project / ".env").write_text("VOICE_APPLICATION_SECRET=aGVsbG8=\nVOICE_APPLICATION_KEY=key\n")
    (each,) = play(project, "expect: {heard: Hello, callbacks: [ice, dice]}")
    assert each.failures == ()
    assert each.report.callbacks[0].request["applicationKey"] == "key"


def test_a_call_has_the_same_id_in_every_run(project: Path) -> None:
    first, second = (play(project, "scenarios: [{name: A}, {name: B}]") for _ in range(2))
    assert [each.report.callid for each in first] == [each.report.callid for each in second]
    assert first[0].report.callid != first[1].report.callid


def test_who_listens_is_told_what_happens(project: Path) -> None:
    heard: list[tuple[str, Told]] = []

    def listen(scenario: Scenario, told: Told) -> None:
        heard.append((scenario.name, told))

    file = project / "a.yaml"
    file.write_text("scenarios: [{name: A}, {name: B}]")
    played = run_files(project, [file], listen)

    assert [name for name, told in heard if isinstance(told, Ended)] == ["A", "B"]
    assert [told.text for _, told in heard if isinstance(told, Heard)] == ["Hello None", "Hello None"]
    assert len(played[0].report.timeline) == sum(name == "A" for name, _ in heard)


def test_a_file_that_is_not_there_is_one_sentence(project: Path) -> None:
    with pytest.raises(FnError, match=r"none.yaml is no file"):
        run_files(project, [project / "none.yaml"])


def test_code_that_cannot_be_loaded_is_one_sentence(project: Path) -> None:
    function(project, "def ice(:\n")
    with pytest.raises(FnError, match="SyntaxError"):
        play(project, "steps: hangup")
