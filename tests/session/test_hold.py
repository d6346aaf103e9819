"""Tables of decisions: how a call is kept, and how it gets its true answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from devserver.runtime.replies import Reply
from devserver.session.hold import (
    HANG_UP,
    Delivery,
    Next,
    Nothing,
    Patch,
    Way,
    answer_of,
    delivery_of,
    keys_in,
    retry_after,
    way_of,
)
from devserver.svaml import check

CALL = {"callid": "c1"}
SAY = {"name": "say", "text": "Welcome!"}
MENU = {"name": "runMenu", "menus": [{"id": "main", "options": [{"dtmf": "1", "action": "return(x)"}]}]}
FAREWELL = {"instructions": [{"name": "say", "text": "An error occurred. Goodbye."}], **HANG_UP}


def reply(document: Any, status: int = 200) -> Reply:
    return Reply(status, (), document if isinstance(document, bytes) else json.dumps(document).encode())


def answer(*instructions: dict[str, Any], **action: Any) -> Reply:
    return reply({"instructions": list(instructions), "action": action})


# --- how it is kept ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "payload", "way"),
    [
        ("ice", CALL, "park"),
        ("ice", {**CALL, "originationtype": "PSTN"}, "park"),
        ("ice", {**CALL, "originationtype": "MXP"}, "park"),
        ("ice", {**CALL, "originationtype": "server"}, None),  # a callout: nobody is there to be parked
        ("ice", {}, None),  # no id, so nothing could be delivered
        ("pie", CALL, "menu"),
        ("pie", {**CALL, "menuresult": {"type": "return", "value": "sales"}}, "menu"),
        ("pie", {**CALL, "menuresult": {"type": "Hangup"}}, "empty"),
        ("pie", {**CALL, "conferenceid": "room"}, "empty"),
        ("ace", CALL, "continue"),
        ("ace", {}, None),
        ("dice", CALL, "empty"),
        ("notify", {}, "empty"),
        (None, CALL, None),
    ],
)
def test_how_a_callback_can_be_kept(event: str | None, payload: dict[str, Any], way: Way | None) -> None:
    assert way_of(event, payload) == way


@pytest.mark.parametrize(("way", "event"), [("park", "ice"), ("menu", "pie"), ("continue", "ace"), ("empty", "dice")])
def test_what_keeps_a_call_is_legal(way: Way, event: str) -> None:
    sent = answer_of(way, "One moment.")
    document = json.loads(sent.body) if sent.body else None
    assert sent.status == 200
    assert check(document, event, {"originationType": "PSTN"}) == ()


def test_a_parked_call_hears_the_prompt_for_as_long_as_it_may() -> None:
    action = json.loads(answer_of("park", "One moment.").body)["action"]
    assert action == {"name": "park", "holdPrompt": "#tts[One moment.]", "maxDuration": 600}


@pytest.mark.parametrize("prompt", ["#ssml[<speak>Hm.</speak>]", "https://example.com/music.mp3"])
def test_prompts_in_the_platforms_own_syntax_stay_as_they_are(prompt: str) -> None:
    assert json.loads(answer_of("park", prompt).body)["action"]["holdPrompt"] == prompt


def test_the_menu_is_silent_collects_keys_and_has_one_round() -> None:
    (menu,) = json.loads(answer_of("menu", "One moment.").body)["action"]["menus"]
    assert "mainPrompt" not in menu
    assert (menu["repeats"], menu["timeoutMills"]) == (0, 3000)
    assert menu["maxDigits"] > 1


@pytest.mark.parametrize(
    ("result", "keys"),
    [
        ({"type": "sequence", "value": "12"}, "12"),
        ({"Type": "Sequence", "Value": "12#"}, "12#"),
        ({"type": "timeout", "value": ""}, ""),
        ({"type": "sequence"}, ""),
        ("nothing", ""),
        (None, ""),
    ],
)
def test_keys_of_a_round(result: Any, keys: str) -> None:
    assert keys_in({"menuresult": result}) == keys


# --- how it gets its answer ------------------------------------------------------------------------------------


ICE = {**CALL, "originationtype": "PSTN"}
APP = {**CALL, "originationtype": "MXP"}
DIALLED = "`continue` became a connection to whom the caller dialled."
FAILED = "The handler failed with status 500. The caller hears an error prompt, and the call ends, as in production."


@pytest.mark.parametrize(
    ("payload", "true", "delivery"),
    [
        (ICE, answer(SAY, name="hangup"), Patch({"instructions": [SAY], "action": {"name": "hangup"}})),
        (ICE, answer(**MENU), Patch({"action": MENU})),
        (ICE, answer({"name": "answer"}, SAY, **MENU), Patch({"instructions": [SAY], "action": MENU})),
        (ICE, answer({"Name": "Answer"}, **MENU), Patch({"action": MENU})),
        (ICE, answer(name="park", holdPrompt="#tts[x]"), Patch({"action": {"name": "park", "holdPrompt": "#tts[x]"}})),
        (
            ICE,
            answer(name="connectPstn", number="+12025550100"),
            Patch({"action": {"name": "connectPstn", "number": "+12025550100"}}),
        ),
        (
            {**APP, "to": {"type": "number", "endpoint": "12025550100"}},
            answer(SAY, name="continue"),
            Patch({"instructions": [SAY], "action": {"name": "connectPstn", "number": "+12025550100"}}, DIALLED),
        ),
        (
            {**APP, "to": {"type": "username", "endpoint": "ann"}},
            answer(name="continue"),
            Patch({"action": {"name": "connectMxp", "destination": {"type": "username", "endpoint": "ann"}}}, DIALLED),
        ),
        (
            {**APP, "to": {"type": "sip", "endpoint": "ann@example.com"}},
            answer(name="continue"),
            Patch(
                {"action": {"name": "connectSip", "destination": {"type": "sip", "endpoint": "ann@example.com"}}},
                DIALLED,
            ),
        ),
        (
            {**APP, "to": {"type": "conference", "endpoint": "room"}},
            answer(name="continue"),
            Patch({"action": {"name": "connectConf", "conferenceId": "room"}}, DIALLED),
        ),
        (
            APP,
            answer(name="continue"),
            Patch(FAREWELL, "`continue` cannot be given to a parked call, and whom it dialled is not known."),
        ),
        (ICE, reply({"error": "no"}, 500), Patch(FAREWELL, FAILED)),
    ],
)
def test_an_ice_comes_as_a_patch(payload: dict[str, Any], true: Reply, delivery: Delivery) -> None:
    found = delivery_of("park", payload, true)

    assert found == delivery
    assert isinstance(found, Patch)
    assert not [each for each in check(found.document, "patch", {}) if each.severity == "error"]


@pytest.mark.parametrize("true", [reply(b"<html>"), reply(b""), reply([1]), reply({}), answer(name="dance")])
@pytest.mark.parametrize(("way", "kind"), [("park", Patch), ("menu", Next), ("continue", Nothing)])
def test_what_is_no_svaml_ends_as_it_does_in_production(true: Reply, way: Way, kind: type) -> None:
    found = delivery_of(way, ICE, true)

    assert isinstance(found, kind)
    match found:
        case Patch(document=document, why=why):
            assert document == FAREWELL
            assert why.endswith("the call ends, as in production.")
        case Next(reply=sent, why=why):
            assert json.loads(sent.body) == HANG_UP
            assert why.endswith("The call ends, as in production.")
        case Nothing(lost=lost):
            assert lost.endswith("The call goes on, as in production.")


def test_a_pie_is_the_answer_to_the_next_round_as_it_is() -> None:
    true = answer(SAY, **MENU)
    assert delivery_of("menu", CALL, true) == Next(true)


@pytest.mark.parametrize(
    ("true", "delivery"),
    [
        (answer(name="continue"), Nothing()),
        (answer(name="hangup"), Patch({"instructions": [], "action": {"name": "hangup"}})),
        (answer(SAY, name="continue"), Patch({"instructions": [SAY], "action": {"name": "continue"}})),
    ],
)
def test_an_ace_comes_as_far_as_a_running_call_takes_it(true: Reply, delivery: Delivery) -> None:
    assert delivery_of("continue", CALL, true) == delivery


def test_an_ace_that_leads_elsewhere_is_lost_and_that_is_said() -> None:
    found = delivery_of("continue", CALL, answer(name="connectConf", conferenceId="room"))
    assert isinstance(found, Nothing)
    assert found.lost.endswith("cannot be given to a call that goes on already.")


@pytest.mark.parametrize("status", [200, 500])
def test_nobody_reads_the_answer_to_a_dice(status: int) -> None:
    assert delivery_of("empty", CALL, reply(b"", status)) == Nothing()


# --- trying again -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 402, 403, 404])
def test_what_will_not_change_is_not_tried_again(status: int) -> None:
    assert retry_after(status, 1) is None


@pytest.mark.parametrize("status", [None, 400, 429, 500, 503])
def test_the_rest_is_tried_again_for_some_seconds(status: int | None) -> None:
    pauses: list[float] = []
    while (pause := retry_after(status, len(pauses) + 1)) is not None:
        pauses.append(pause)
    assert pauses == sorted(pauses)
    assert 5 < sum(pauses) < 15
