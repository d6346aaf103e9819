"""The scenarios of `fixtures/calls`, each file against the function of its name: every branch of the call machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import UnionType
from typing import get_args

import pytest

from devserver.calls import told
from devserver.calls.outcomes import OUTCOMES
from devserver.calls.playing import Played
from devserver.calls.scenario_reports import failure_lines
from devserver.recorder.compare import Rules
from devserver.session.scenarios import run_files
from devserver.session.suite import call_files, run_calls, scenario_files

FIXTURES = Path(__file__).parents[2] / "fixtures"
NAMES = sorted(path.stem for path in (FIXTURES / "calls").glob("*.yaml"))
KINDS: UnionType = told.Told

# What one call by itself cannot lead to, or what only its party is told.
_NOT_TOLD_HERE = {told.KeyForwarded, told.Awoke}
_NOT_BY_A_SCENARIO = {"removed from the conference", "cancelled", "loop"}


@cache
def played(name: str) -> tuple[list[Played], frozenset[type]]:
    """The scenarios of a file, played once for all tests, and what kinds of things were told."""
    kinds: set[type] = set()
    with TemporaryDirectory() as folder:
        project = Path(shutil.copytree(FIXTURES / "functions" / name, f"{folder}/{name}", ignore=_ignored))
        found = run_files(project, [FIXTURES / "calls" / f"{name}.yaml"], lambda _, news: kinds.add(type(news)))
    return found, frozenset(kinds)


_ignored = shutil.ignore_patterns(".fn", "__pycache__", "storage", "data")


def everything() -> Iterator[Played]:
    for name in NAMES:
        yield from played(name)[0]


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_goes_as_it_is_written(name: str) -> None:
    scenarios, _ = played(name)
    assert len(scenarios) > 5
    assert [line for each in scenarios for line in failure_lines(each)] == []


def test_every_function_has_its_scenarios() -> None:
    functions = {path.parent.name for path in (FIXTURES / "functions").glob("*/function.py")}
    assert functions - {"simple-voice-ivr"} >= set(NAMES)
    assert {"callouts", "conferences", "connects", "faults", "menus", "parking"} <= set(NAMES)


def test_every_way_for_a_call_to_end_is_played() -> None:
    ended = {(each.report.result, each.report.reason) for each in everything()}
    missing = {
        situation
        for situation, row in OUTCOMES.items()
        if not {(pair.result, pair.reason) for pair in (row.answered, row.before)} & ended
    }
    assert missing <= _NOT_BY_A_SCENARIO


def test_every_result_of_a_menu_is_played() -> None:
    results = {
        (menu["type"], menu["inputMethod"])
        for each in everything()
        for callback in each.report.callbacks
        if isinstance(menu := callback.request.get("menuResult"), dict)
    }
    kinds = {kind for kind, _ in results}
    assert kinds == {"return", "sequence", "timeout", "hangup", "invalidinput", "error"}
    assert ("return", "voice") in results


def test_every_callback_is_played_with_every_kind_of_answer() -> None:
    answers = {
        (callback.event, callback.failed)
        for each in everything()
        for callback in each.report.callbacks
        if callback.event != "notify"
    }
    assert answers == {(event, failed) for event in ("ice", "ace", "pie", "dice") for failed in (True, False)}


def test_everything_that_can_be_told_of_a_call_is_told() -> None:
    kinds = set().union(*(played(name)[1] for name in NAMES))
    assert set(get_args(KINDS)) - kinds <= _NOT_TOLD_HERE


def test_the_example_passes_its_own_scenarios(tmp_path: Path) -> None:
    project = Path(shutil.copytree(FIXTURES / "functions" / "simple-voice-ivr", tmp_path / "example", ignore=_ignored))
    replayed, scenarios = run_calls(project, call_files(project), scenario_files(project), Rules(), freeze=True)
    assert replayed
    assert len(scenarios) > 3
    assert [line for each in scenarios for line in failure_lines(each)] == []
