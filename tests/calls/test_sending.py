"""Which callbacks a call has, and where they go: the tables of voice-v1.md 3.1 and 3.2, and the events that follow."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from devserver.calls.progress import Progress
from devserver.calls.sending import due
from devserver.calls.settings import Settings
from devserver.calls.setup import CallSetup, Identity
from tests.calls.documents import MENU, PSTN, PSTN_ASYNC, SAY_HANGUP
from tests.calls.playbook import APP, INBOUND, URLS, Player, action, callout

EVENTS = ("ice", "ace", "pie", "dice", "notify")
USER = Identity("username", "bob")


@pytest.mark.parametrize(
    ("setup", "data", "suppressed", "sent"),
    [
        (INBOUND, False, False, "ice ace pie dice notify"),
        (INBOUND, False, True, "ice pie notify"),
        (INBOUND, True, False, "ice dice notify"),
        (APP, True, False, "ice dice notify"),
        (replace(INBOUND, urls=()), False, False, ""),
        (callout("tts", text="Hello"), False, False, "notify"),
        (callout("tts", enable_ace=True), False, False, "ace notify"),
        (callout("tts", enable_pie=True, enable_dice=True), False, False, "pie dice notify"),
        (callout("conference", enable_ace=True, enable_pie=True, enable_dice=True), True, False, "notify"),
        (callout("tts", urls=(), enable_ace=True, enable_dice=True), False, False, ""),
        (callout("custom"), False, False, "ice ace pie dice notify"),
        (callout("custom", to=USER), True, False, "ice notify"),
        (callout("custom", urls=(), ace="http://ace.test"), False, False, "ace"),
        (callout("custom", urls=(), pie=SAY_HANGUP, dice=SAY_HANGUP), False, False, "pie"),
        (callout("custom", urls=(), dice="HTTPS://dice.test"), False, False, "dice"),
    ],
    ids=lambda value: value.kind if isinstance(value, CallSetup) else str(value),
)
def test_an_event_is_due_as_the_tables_say(setup: CallSetup, data: bool, suppressed: bool, sent: str) -> None:
    p = Progress(setup, Settings())
    p.data, p.suppressed = data, suppressed
    assert [event for event in EVENTS if due(p, event)] == sent.split()  # type: ignore[arg-type]


def test_a_callback_goes_to_both_addresses_with_the_deadline_of_the_settings() -> None:
    player = Player(replace(INBOUND, callback_headers=(("X-CB-Test", "1"),)), Settings(callback_timeout=2.5))
    player.say("started")
    sent = player.callback("ice")
    assert (sent.urls, sent.deadline, sent.wants, sent.headers) == (URLS, 2.5, "svaml", (("X-CB-Test", "1"),))


def test_a_custom_callout_has_its_own_addresses() -> None:
    player = Player(callout("custom", ace="http://ace.test", dice="http://dice.test"))
    for line in ("started", "caller answers", f"answers {SAY_HANGUP}", "prompt ends"):
        player.say(line)
    assert player.callback("ace").urls == ("http://ace.test",)
    assert player.callback("dice").urls == ("http://dice.test",)


def test_cookies_and_custom_come_back_in_later_events() -> None:
    step = {"name": "setCookie", "key": "a", "value": "1"}
    player = Player(replace(INBOUND, custom="mine", user="alice"))
    menu = {"instructions": [step, {**step, "value": "2"}], **json.loads(MENU)}
    for line in ("started", f"answers {json.dumps(menu)}", "key 1", f"answers {PSTN}", "callee answers", "ace answers"):
        player.say(line)
    player.say("caller hangs up")

    assert "cookies" not in player.callback("ice").payload
    for event in ("pie", "ace", "dice"):
        payload = player.callback(event).payload
        assert payload["cookies"] == [{"key": "a", "value": "2"}]
        assert payload["custom"] == "mine"
    assert player.callback("dice").payload["user"] == "alice"


def test_cookies_need_not_come_back() -> None:
    player = Player(settings=Settings(cookies_in_events=False))
    document = action("hangup", {"name": "setCookie", "key": "a", "value": "1"})
    for line in ("started", f"answers {document}"):
        player.say(line)
    assert "cookies" not in player.callback("dice").payload


def test_call_headers_of_a_connect_replace_those_of_the_caller_in_the_dice() -> None:
    document = action(
        "connectMxp",
        destination={"type": "username", "endpoint": "bob"},
        callHeaders=[{"key": "theirs", "value": "2"}],
    )
    player = Player(replace(APP, call_headers=(("mine", "1"),)))
    for line in ("started", f"answers {document}", "caller hangs up"):
        player.say(line)
    assert player.callback("ice").payload["callHeaders"] == [{"key": "mine", "value": "1"}]
    assert player.callback("dice").payload["callHeaders"] == [{"key": "theirs", "value": "2"}]


def test_the_dice_can_name_whom_the_call_was_connected_to() -> None:
    for dice_to, number in (("dialled", "12017777777"), ("connected", "12018888888")):
        player = Player(settings=Settings(dice_to=dice_to))  # type: ignore[arg-type]
        for line in ("started", f"answers {PSTN}", "callee fails: busy"):
            player.say(line)
        assert player.callback("dice").payload["to"] == {"type": "number", "endpoint": number}


def test_an_ace_during_asynchronous_detection_says_so() -> None:
    player = Player()
    for line in ("started", f"answers {PSTN_ASYNC}", "callee answers"):
        player.say(line)
    assert player.callback("ace").payload["amd"]["status"] == "inprogress"
