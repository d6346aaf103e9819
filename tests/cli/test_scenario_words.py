"""Played scenarios in words."""

from __future__ import annotations

import pytest

from devserver.calls.judging import Failure
from devserver.calls.playing import Played
from devserver.calls.scenario_reading import read_scenarios
from devserver.calls.told import CallReport, ReportedCallback
from devserver.cli.scenario_words import print_played


def played(name: str, *failures: Failure, file: str = "a.yaml", result: str = "ANSWERED") -> Played:
    (scenario,) = read_scenarios(f"name: {name}", file)
    reason = "CALLERHANGUP" if result else ""
    return Played(scenario, CallReport("c1", "+1", "+2", result, reason, 3, (), (), failed=False), failures)


def test_each_file_has_its_scenarios_and_each_scenario_its_failures(capsys: pytest.CaptureFixture[str]) -> None:
    print_played([played("Good"), played("Bad", Failure(3, "Expected [this]."), result=""), played("C", file="b.yaml")])
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "a.yaml",
        "  passed  Good  ANSWERED CALLERHANGUP, 3 s",
        "  failed  Bad  not ended, 3 s",
        "          line 3: Expected [this].",
        "b.yaml",
        "  passed  C  ANSWERED CALLERHANGUP, 3 s",
    ]


def test_what_comes_from_outside_cannot_draw(capsys: pytest.CaptureFixture[str]) -> None:
    print_played([played("Bad", Failure(3, "heard \x1b[31m"))])
    assert "\x1b" not in capsys.readouterr().out


def test_where_the_function_failed_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    answer = {"error": "boom", "traceback": "Traceback:\n  line 3\n\x1b[31m"}
    broken = ReportedCallback("ice", {}, answer, 500, 1.0, (), failed=True)
    good = ReportedCallback("dice", {}, {"traceback": "Not this"}, 200, 1.0, ())
    (scenario,) = read_scenarios("name: Bad", "a.yaml")
    report = CallReport("c1", "+1", "+2", "FAILED", "CALLBACKERROR", 0, (), (broken, good), failed=True)

    print_played([Played(scenario, report, (Failure(1, "The ice failed."),))])
    failed = capsys.readouterr().out
    print_played([Played(scenario, report, ())])

    assert "            line 3" in failed
    assert "\x1b" not in failed
    assert "Not this" not in failed
    assert "Traceback" not in capsys.readouterr().out
