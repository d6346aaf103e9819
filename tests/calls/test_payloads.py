from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from devserver.calls.events import MachineDetected
from devserver.calls.outcomes import Outcome
from devserver.calls.payloads import (
    ace_payload,
    amd_of,
    calling_error_payload,
    dice_payload,
    ice_payload,
    menu_result,
    notify_payload,
    pie_payload,
    timestamp,
)
from devserver.calls.settings import Settings
from devserver.calls.setup import CallSetup, Identity

SAMPLES = Path(__file__).parents[2] / "fixtures" / "callbacks"
KEY = "f00dcafe-abba-c0de-1dea-dabb1ed4caf3"
DID = Identity("did", "+12017777777")
REGION = Settings(resource_url="https://calling-use1.api.sinch.com", currency="EUR", rate=0.0095)


def sample(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((SAMPLES / f"callback-{name}.json").read_text(encoding="utf-8"))
    return read


def setup(number: int, at: float, custom: str = "Custom text") -> CallSetup:
    callid = f"1ce0ffee-ca11-ca11-ca11-abcdef0000{number}"
    return CallSetup(callid, KEY, DID, cli="+12015555555", custom=custom, epoch=at)


def same(payload: dict[str, Any], expected: dict[str, Any]) -> None:
    """The same fields with the same values, in the same order, all the way down."""
    assert json.dumps(payload) == json.dumps(expected)


def test_an_ice_is_as_captured() -> None:
    phone = replace(setup(53, 1_717_694_414.0), custom="")
    same(ice_payload(phone, replace(REGION, currency="USD"), 0.0, {}), sample("ice--e2e"))


def test_an_ice_from_an_app_has_what_the_app_set() -> None:
    app = CallSetup(
        "a call id",
        "an app key",
        Identity("number", "+123456879"),
        origin="MXP",
        cli="cli number",
        domain="mxp",
        custom="my custom",
        rdnis="rdnis value",
        call_headers=(("the key", "the value"),),
        epoch=1_705_423_596.0,
    )
    expected = sample("ice-mxp--java")
    del expected["conferenceId"]
    same(ice_payload(app, Settings(), 0.0, {}), expected)


def test_an_ace_is_as_captured() -> None:
    same(ace_payload(setup(43, 1_717_693_834.0), Settings(), 0.0, {}, None), sample("ace--e2e"))


def test_an_ace_has_who_answered_and_where_to_manage_the_call() -> None:
    verdict = amd_of(MachineDetected(0.0, "human", "longgreeting", 15))
    payload = ace_payload(setup(43, 0.0), replace(REGION, ace_resource_url=True), 0.0, {}, verdict)
    assert payload["amd"] == {"status": "human", "reason": "longgreeting", "duration": 15}
    assert payload["callResourceUrl"].endswith("/calling/v1/calls/id/1ce0ffee-ca11-ca11-ca11-abcdef000043")


@pytest.mark.parametrize(
    ("number", "at", "result", "name"),
    [
        (13, 1_717_695_301.0, menu_result("return", "cancel", "main", "dtmf"), "pie-return--e2e"),
        (23, 1_717_695_358.0, menu_result("sequence", "1234", "confirm", "dtmf"), "pie-sequence--e2e"),
    ],
    ids=["return", "sequence"],
)
def test_a_pie_is_as_captured(number: int, at: float, result: dict[str, Any], name: str) -> None:
    same(pie_payload(setup(number, at), 0.0, {}, result), sample(name))


def test_a_pie_from_a_conference_names_it() -> None:
    payload = pie_payload(setup(13, 0.0), 0.0, {}, menu_result("sequence", "5", "room", "dtmf"), "room")
    assert payload["conferenceId"] == payload["menuResult"]["menuId"] == "room"


def test_what_an_option_adds_stands_first_and_no_value_is_left_out() -> None:
    assert list(menu_result("return", "x", "main", "dtmf", (("a", "b"),))) == [
        "addToContext", "type", "value", "menuId", "inputMethod",
    ]  # fmt: skip
    assert "value" not in menu_result("timeout", None, "main", "dtmf")


def test_a_dice_is_as_captured() -> None:
    payload = dice_payload(
        setup(33, 1_717_693_182.0),
        REGION,
        0.0,
        {},
        outcome=Outcome("ANSWERED", "MANAGERHANGUP"),
        duration=12,
        to=DID,
        headers=(),
    )
    same(payload, sample("dice--e2e"))


def test_a_started_minute_is_charged_and_other_addresses_stay_as_they_are() -> None:
    payload = dice_payload(
        setup(33, 0.0),
        REGION,
        0.0,
        {},
        outcome=Outcome("ANSWERED", "TIMEOUT"),
        duration=61,
        to=Identity("username", "bob"),
        headers=(("a", "b"),),
    )
    assert payload["debit"]["amount"] == 0.019
    assert payload["to"] == {"type": "username", "endpoint": "bob"}
    assert payload["callHeaders"] == [{"key": "a", "value": "b"}]


@pytest.mark.parametrize(
    ("kind", "destination"),
    [
        ("recording_finished", ""),
        ("recording_available", "azure://sinchsdk/voice-recordings/my-recording.mp3"),
        ("transcription_available", "azure://sinchsdk/voice-recordings/my-recording-transcript.json"),
    ],
)
def test_a_notification_is_as_captured(kind: str, destination: str) -> None:
    payload = notify_payload(kind, callid="33dd8e62-0ac6-4e0c-a89f-36d121f861f9", destination=destination)
    same(payload, sample(f"notify-{kind}--e2e"))


def test_an_error_is_told_with_its_code() -> None:
    payload = calling_error_payload(replace(setup(1, 0.0), user="alice"), 40001, "Illegal.")
    assert payload["type"] == "callingerror"
    assert (payload["errorCode"], payload["errorMsg"], payload["user"]) == (40001, "Illegal.", "alice")


def test_cookies_are_pairs() -> None:
    for payload in (
        ice_payload(setup(1, 0.0), Settings(), 0.0, {"a": "b"}),
        ace_payload(setup(1, 0.0), Settings(), 0.0, {"a": "b"}, None),
        pie_payload(setup(1, 0.0), 0.0, {"a": "b"}, menu_result("return", "x", "main", "dtmf")),
    ):
        assert payload["cookies"] == [{"key": "a", "value": "b"}]


def test_times_are_whole_seconds_of_utc() -> None:
    assert timestamp(setup(1, 1_717_694_414.0), 1.9) == "2024-06-06T17:20:15Z"
