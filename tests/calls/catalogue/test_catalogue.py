"""Each event has bodies and each body an event; the bodies and the samples of Sinch's own tests agree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import devserver.calls.catalogue
from devserver.calls.catalogue import ENTRIES, Entry, body, entries, find
from devserver.errors import FnError
from devserver.runtime import parse_event
from devserver.runtime.routing import VOICE_EVENTS

FOLDER = Path(devserver.calls.catalogue.__file__).parent
FIXTURES = Path(__file__).parents[3] / "fixtures" / "callbacks"
SAMPLES = {path.stem: path for path in FIXTURES.glob("callback-*.json") if "invalid" not in path.stem}

MADE_AFTER = {
    "callback-ace--e2e": "ace-answered",
    "callback-ace-amd-human--java": "ace-human",
    "callback-ace-plain--node": "ace-answered",
    "callback-dice--e2e": "dice-managerhangup",
    "callback-dice-managerhangup--java": "dice-conference",
    "callback-dice-managerhangup--node": "dice-managerhangup",
    "callback-ice--e2e": "ice-pstn",
    "callback-ice-mxp--java": "ice-app-to-app",
    "callback-ice-pstn-did--node": "ice-pstn",
    "callback-notify-recording_available--e2e": "notify-recording_available",
    "callback-notify-recording_finished--e2e": "notify-recording_finished",
    "callback-notify-recording_finished--node": "notify-recording_finished",
    "callback-notify-recording_finished-all-fields--java": "notify-recording_conference",
    "callback-notify-transcription_available--e2e": "notify-transcription_available",
    "callback-pie-return--e2e": "pie-return",
    "callback-pie-sequence--e2e": "pie-sequence",
    "callback-pie-sequence--java": "pie-conference",
    "callback-pie-sequence-addToContext--node": "pie-cookies",
}
"""Sample -> body of the catalogue with the same fields, but for those below."""

ONLY_IN_SAMPLE = {
    "callback-ace-amd-human--java": {"conferenceId"},  # this sample has every field there is
    "callback-ice-mxp--java": {"conferenceId"},
    "callback-notify-recording_finished-all-fields--java": {"amd.duration", "amd.reason", "amd.status"},
}
ONLY_IN_CATALOGUE = {"custom", "user", "userRate.amount", "userRate.currencyId", "cookies[].key", "cookies[].value"}
"""Optional fields that some samples leave out (voice-v1.md 1.2, 1.3)."""


def leaves(value: Any, path: str = "") -> dict[str, str]:
    """Kind of each value by its path; items of a list are alike."""
    match value:
        case dict():
            return {key: kind for name, item in value.items() for key, kind in leaves(item, f"{path}.{name}").items()}
        case list():
            return {key: kind for item in value for key, kind in leaves(item, f"{path}[]").items()}
        case bool() | str():
            return {path.lstrip("."): type(value).__name__}
    return {path.lstrip("."): "number"}


def test_every_event_has_bodies_and_every_body_is_of_an_event() -> None:
    assert {entry.event for entry in ENTRIES} == set(VOICE_EVENTS)
    assert {path.name for path in FOLDER.glob("*.json")} == {entry.file for entry in ENTRIES}
    assert len({entry.file for entry in ENTRIES}) == len(ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: str(entry.file))
def test_a_body_is_of_the_event_that_its_name_says_and_can_be_read(entry: Entry) -> None:
    document = body(entry)
    event = parse_event(entry.event, document)

    assert document["event"] == entry.event
    assert event.callid == document["callid"]
    assert document["version"] == 1
    assert ("timestamp" in document) == (entry.event != "notify")
    assert document == json.loads((FOLDER / entry.file).read_text())
    assert entry.about[0].islower()


@pytest.mark.parametrize("sample", sorted(SAMPLES))
def test_every_sample_has_a_body_with_the_same_fields(sample: str) -> None:
    event, _, name = MADE_AFTER[sample].partition("-")
    theirs = leaves(json.loads(SAMPLES[sample].read_text()))
    ours = leaves(body(find(event, name)))

    assert set(theirs) - set(ours) <= ONLY_IN_SAMPLE.get(sample, set()) | {"menuResult.addToContext"}
    assert set(ours) - set(theirs) <= ONLY_IN_CATALOGUE | {
        "menuResult.addToContext[].key",
        "menuResult.addToContext[].value",
    }
    assert {path: kind for path, kind in ours.items() if path in theirs} == {
        path: kind for path, kind in theirs.items() if path in ours
    }


def test_no_sample_is_left_out() -> None:
    assert set(MADE_AFTER) == set(SAMPLES)


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("reason", {"CALLERHANGUP", "CALLEEHANGUP", "MANAGERHANGUP", "TIMEOUT", "N/A", "CANCEL", "CONGESTION"}),
        ("result", {"ANSWERED", "BUSY", "NOANSWER", "FAILED"}),
    ],
)
def test_every_way_a_call_usually_ends_is_there(field: str, wanted: set[str]) -> None:
    assert wanted <= {body(entry)[field] for entry in entries("dice")}


def test_every_type_of_a_menu_result_and_of_a_notification_is_there() -> None:
    results = {body(entry)["menuResult"]["type"] for entry in entries("pie")}
    kinds = {body(entry)["type"] for entry in entries("notify")}

    assert results == {"return", "sequence", "timeout", "hangup", "invalidinput", "error"}
    assert kinds == {
        "recording_finished",
        "recording_available",
        "transcription_available",
        "amd",
        "amd_beep",
        "callingerror",
    }


def test_a_body_is_found_by_its_name_in_any_case_and_the_usual_one_without() -> None:
    assert find("pie").name == "return"
    assert find("pie", "Timeout").name == "timeout"
    with pytest.raises(FnError, match="no pie of the name 'busy'") as raised:
        find("pie", "busy")
    assert raised.value.hint.startswith("It has return, voice, sequence")


def test_a_body_can_be_changed_without_changing_the_catalogue() -> None:
    body(find("ice"))["cli"] = "changed"

    assert body(find("ice"))["cli"] == "12025550199"
