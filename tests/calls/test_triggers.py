from __future__ import annotations

from typing import Any

import pytest

from devserver.calls.catalogue import find
from devserver.calls.triggers import Fresh, from_catalogue, from_document
from devserver.errors import FnError

FRESH = Fresh("new-call", "2026-01-02T03:04:05Z", "my-app")
RESOURCE = "https://calling-use1.api.sinch.com/calling/v1/calls/id"


def test_call_time_and_application_are_new() -> None:
    ice = from_catalogue(find("ice"), (), FRESH)

    assert (ice["callid"], ice["timestamp"], ice["applicationKey"]) == ("new-call", FRESH.timestamp, "my-app")
    assert ice["callResourceUrl"] == f"{RESOURCE}/new-call"
    assert ice["cli"] == "12025550199"


def test_what_is_set_wins_over_what_is_new() -> None:
    ice = from_catalogue(find("ice"), ("callid=mine", "timestamp=then", "applicationKey=other", "cli=1202"), FRESH)

    assert (ice["callid"], ice["timestamp"], ice["applicationKey"]) == ("mine", "then", "other")
    assert (ice["callResourceUrl"], ice["cli"]) == (f"{RESOURCE}/mine", "1202")
    assert from_catalogue(find("ice"), ("callResourceUrl=http://x",), FRESH)["callResourceUrl"] == "http://x"


def test_a_body_gets_no_field_that_the_platform_does_not_send_with_it() -> None:
    notify = from_catalogue(find("notify"), (), FRESH)

    assert notify == {"event": "notify", "callid": "new-call", "version": 1, "type": "recording_finished"}


def test_without_an_application_the_body_keeps_its_own() -> None:
    assert from_catalogue(find("ace"), (), Fresh("c", "t"))["applicationKey"] == (
        "669e367e-6bba-48ab-af15-266871c28135"
    )


def test_one_body_is_not_changed_by_another() -> None:
    from_catalogue(find("pie"), ("menuResult.value=changed",), FRESH)

    assert from_catalogue(find("pie"), (), FRESH)["menuResult"]["value"] == "sales"


def test_a_kind_is_known_from_other_bodies_of_the_event() -> None:
    assert from_catalogue(find("ace"), ("amd.duration=3",), FRESH)["amd"] == {"duration": 3}
    assert from_catalogue(find("notify"), ("destination=7",), FRESH)["destination"] == "7"
    with pytest.raises(FnError, match=r"amd.duration is a number"):
        from_catalogue(find("ace"), ("amd.duration=long",), FRESH)


@pytest.mark.parametrize(
    ("document", "wanted"),
    [
        ({"event": "ICE", "callId": "theirs"}, {"event": "ICE", "callId": "theirs"}),
        ({"cli": "1"}, {"event": "ice", "cli": "1", "callid": "new-call"}),
    ],
    ids=["whole", "without event and call"],
)
def test_a_body_from_a_file_stays_and_gets_only_what_is_missing(
    document: dict[str, Any], wanted: dict[str, Any]
) -> None:
    assert from_document(document, "ice", "a.json", (), FRESH) == wanted
    assert from_document(document, "ice", "a.json", ("cli=2",), FRESH)["cli"] == "2"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "a.json holds no JSON object."),
        ({"event": "pie"}, "a.json is no ice: its event is 'pie'."),
        ({"event": 5}, "a.json is no ice: its event is 5."),
    ],
)
def test_a_file_that_is_no_such_callback_is_refused(document: Any, message: str) -> None:
    with pytest.raises(FnError) as raised:
        from_document(document, "ice", "a.json", (), FRESH)
    assert raised.value.message == message
