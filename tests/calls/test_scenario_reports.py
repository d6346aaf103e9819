"""Played scenarios as JUnit XML."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from devserver.calls.judging import Failure
from devserver.calls.playing import Played, as_document
from devserver.calls.scenario_reading import read_scenarios
from devserver.calls.scenario_reports import failure_lines, junit_suites
from devserver.calls.told import CallReport


def played(name: str, *failures: Failure, file: str = "a.yaml", heard: tuple[str, ...] = ()) -> Played:
    (scenario,) = read_scenarios(f"name: {name}", file)
    report = CallReport("c1", "+1", "+2", "ANSWERED", "CALLERHANGUP", 3, heard, (), failed=False, seconds=0.25)
    return Played(scenario, report, failures)


def test_each_file_is_a_suite_and_each_scenario_a_case() -> None:
    first, second = junit_suites([played("A"), played("B", Failure(3, "No.")), played("C", file="b.yaml")])
    assert (first.get("name"), first.get("tests"), first.get("failures"), first.get("time")) == (
        "a.yaml",
        "2",
        "1",
        "0.500",
    )
    assert (second.get("name"), second.get("tests"), second.get("failures")) == ("b.yaml", "1", "0")
    assert [case.get("name") for case in first] == ["A", "B"]


def test_a_case_has_its_failures_with_their_lines() -> None:
    each = played("A", Failure(3, "No."), Failure(4, "Never."))
    (suite,) = junit_suites([each])
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "a.yaml line 3: No. (and 1 more)"
    assert failure.text == "a.yaml line 3: No.\na.yaml line 4: Never."
    assert failure_lines(each) == failure.text.splitlines()


def test_a_case_tells_how_the_call_ended_and_what_was_heard() -> None:
    (suite,) = junit_suites([played("A", heard=("Welcome!", "Bye \x1b[31m"))])
    text = suite.findtext("testcase/system-out")
    assert text == "call c1, ANSWERED CALLERHANGUP\nheard: Welcome!\nheard: Bye [31m"
    ET.fromstring(ET.tostring(suite))  # noqa: S314 made here


def test_the_json_is_that_of_the_call_with_what_the_scenario_makes_of_it() -> None:
    found = as_document(played("A", Failure(3, "No.")))
    assert (found["file"], found["name"], found["ok"]) == ("a.yaml", "A", False)
    assert found["failures"] == [{"line": 3, "text": "No."}]
    assert {"callid", "from", "to", "result", "reason", "duration", "heard", "callbacks", "failed"} <= set(found)
    assert (found["from"], found["failed"]) == ("+1", False)
