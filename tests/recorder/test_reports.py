from __future__ import annotations

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from devserver.recorder.compare import Difference
from devserver.recorder.reports import CallbackReport, CallReport, junit

DIFFERENT = CallbackReport(
    "01a", "ice", 2.5, [Difference("action", 1, 2, "first"), Difference("status", 1, 2, "second")]
)
FAILED = CallbackReport(
    "01b", "pie", 1.5, DIFFERENT.differences, {"kind": "KeyError", "text": "'x'", "traceback": "Trace\n"}
)
FINE = CallbackReport("01c", "dice", 1.0)
SKIPPED = CallbackReport("01d", None, skipped="nothing handles it")
CALL = CallReport("call <1>", "call-1", [DIFFERENT, FAILED, FINE, SKIPPED])


def parsed(*calls: CallReport) -> ET.Element:
    return ET.fromstring(junit(calls).encode())  # noqa: S314 - it is ours


def test_a_call_is_a_suite_and_a_callback_a_case() -> None:
    root = parsed(CALL, CallReport("other", None, [FINE]))
    assert root.attrib == {"name": "fn replay", "tests": "5", "failures": "1", "errors": "1", "time": "0.006"}
    suites = root.findall("testsuite")
    assert suites[0].attrib == {
        "name": "call <1>",
        "tests": "4",
        "failures": "1",
        "errors": "1",
        "time": "0.005",
        "skipped": "1",
    }
    assert [case.attrib["name"] for case in suites[0]] == ["1 ice", "2 pie", "3 dice", "4 request"]
    assert {case.attrib["classname"] for case in suites[0]} == {"call <1>"}
    assert suites[0][0].attrib["time"] == "0.003" or suites[0][0].attrib["time"] == "0.002"
    assert suites[1].attrib["failures"] == "0"


def test_differences_are_failures_and_a_failed_handler_is_an_error_with_its_traceback() -> None:
    cases = parsed(CALL).findall("testsuite/testcase")
    assert [[child.tag for child in case] for case in cases] == [
        ["failure", "system-out"],
        ["error", "system-out"],
        ["system-out"],
        ["skipped", "system-out"],
    ]
    assert cases[0][0].attrib == {"message": "first (and 1 more)", "type": "difference"}
    assert cases[0][0].text == "first\nsecond"
    assert cases[1][0].attrib == {"message": "'x'", "type": "KeyError"}
    assert cases[1][0].text == "Trace\nfirst\nsecond"
    assert cases[3][0].attrib == {"message": "nothing handles it"}
    assert cases[0][1].text == "recording 01a, call call-1"


def test_an_error_without_words_is_still_an_error() -> None:
    (case,) = parsed(CallReport("c", None, [CallbackReport("1", "ice", error={})])).findall("testsuite/testcase")
    assert case[0].attrib == {"message": "The handler failed.", "type": "error"}


def test_no_calls_make_an_empty_report() -> None:
    assert parsed().attrib["tests"] == "0"


@given(st.text(), st.text())
def test_any_text_makes_xml_that_can_be_read_and_holds_nothing_for_a_terminal(name: str, text: str) -> None:
    error = {"kind": text, "text": text, "traceback": text}
    results = [
        CallbackReport(name, name, 1.0, [Difference("", 1, 2, text)]),
        CallbackReport(name, text, 1.0, (), error),
    ]
    report = junit([CallReport(name, text, results)])
    root = ET.fromstring(report.encode())  # noqa: S314 - it is ours
    assert len(root.findall("testsuite/testcase")) == 2
    assert not any(ord(character) < 32 and character not in "\t\n\r" for character in report)
    assert "\x1b" not in report
    assert "\x9b" not in report


def test_the_same_replay_makes_the_same_report() -> None:
    assert junit([CALL]) == junit([CALL])
