from __future__ import annotations

import msgspec

from devserver.svaml.findings import Finding, Report, did_you_mean, shown


def test_a_finding_is_json_as_it_is() -> None:
    finding = Finding("error", "action", "No.", "a-rule", "voice-v1 2")
    assert msgspec.json.decode(msgspec.json.encode(finding), type=Finding) == finding
    assert msgspec.to_builtins(finding) == {
        "severity": "error",
        "path": "action",
        "text": "No.",
        "rule": "a-rule",
        "source": "voice-v1 2",
    }


def test_a_flood_of_warnings_does_not_hide_an_error() -> None:
    report = Report()
    for _ in range(200):
        report.warning("a", "", "a.", "voice-v1 2")
    report.error("b", "", "b.", "voice-v1 2")
    assert report.full("warning")
    assert not report.full("error")
    assert len(report.found) == 101
    assert report.found[-1].severity == "error"


def test_a_value_in_a_sentence_is_short_and_on_one_line() -> None:
    assert shown("a\nb") == r"'a\nb'"
    assert len(shown("x" * 1000)) == 60
    assert shown(10**5000) == "a number"
    assert shown({"a": 1}) == "an object"
    assert shown(object()) == "a object"


def test_the_nearest_word_is_suggested_in_its_own_case() -> None:
    assert did_you_mean("MAXDURATIO", ["maxDuration", "dtmf"]) == "; did you mean 'maxDuration'?"
    assert did_you_mean("entirely else", ["maxDuration"]) == ""
