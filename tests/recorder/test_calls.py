"""A call made of recorded exchanges, with the payloads of Sinch's own test suites."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from devserver.recorder.calls import Facts, call_of, facts_of, parsed
from devserver.recorder.exchange import Answer, Exchange, Request

SAMPLES = sorted((Path(__file__).parents[2] / "fixtures" / "callbacks").glob("callback-*.json"))
START = 1_700_000_000.0
MENU = {
    "instructions": [{"name": "say", "text": "Welcome to Example Bikes!"}],
    "action": {
        "name": "runMenu",
        "menus": [
            {"id": "main", "mainPrompt": "#tts[Press 2.]", "options": [{"dtmf": "2", "action": "return(support)"}]}
        ],
    },
}
HANGUP = {"action": {"name": "hangup"}}
ICE = {"event": "ice", "cli": "12025550199", "to": {"type": "did", "endpoint": "+12025550100"}}
PIE = {"event": "pie", "menuResult": {"type": "return", "value": "support", "menuId": "main", "inputMethod": "dtmf"}}
DICE = {
    "event": "dice",
    "from": "12025550199",
    "to": {"type": "Number", "endpoint": "12025550100"},
    "result": "ANSWERED",
    "reason": "CALLERHANGUP",
    "duration": 12,
}


def exchange(payload: Any, answer: Any = None, *, at: float = 0.0, status: int | None = 200, **more: Any) -> Exchange:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    event = more.pop("event", payload.get("event") if isinstance(payload, dict) else "ice")
    reply = answer if isinstance(answer, bytes) else b"" if answer is None else json.dumps(answer).encode()
    return Exchange(
        id=f"id-{at}",
        at=START + at,
        callid="c1",
        event=event,
        source=more.pop("source", "local"),
        request=Request("POST", f"/{event}", (), body),
        answer=None if status is None else Answer(status, (), reply),
        **{"ms": 2.0, "generation": 1, **more},
    )


def whole_call() -> list[Exchange]:
    return [
        exchange(ICE, MENU),
        exchange(PIE, HANGUP, at=4.21, generation=2, source="tunnel"),
        exchange(DICE, at=12.5, generation=2),
    ]


def test_a_call_has_its_ends_its_times_and_its_result() -> None:
    call = call_of(whole_call())
    assert (call.callid, call.at, call.duration) == ("c1", START, 12)
    assert call.facts == Facts("+12025550199", "+12025550100", "ANSWERED", "CALLERHANGUP", 12, START + 12.5)
    assert (call.facts.state, call.errors, call.findings, call.more) == ("ended", 0, 0, False)
    assert (call.generations, call.sources) == ((1, 2), ("local", "tunnel"))


def test_callbacks_say_what_came_what_was_answered_and_when() -> None:
    ice, pie, dice = call_of(whole_call()).callbacks
    assert (ice.offset, ice.gap, ice.came, ice.answer) == (0.0, None, "", "say + runMenu main")
    assert ice.heard == ("Welcome to Example Bikes!", "Press 2.")
    assert (pie.offset, pie.gap, pie.came, pie.answer) == (4.21, 4.208, "pressed 2 -> support", "hangup")
    assert pie.pressed is not None
    assert (pie.pressed.key, pie.pressed.menu, pie.pressed.input) == ("2", "main", "dtmf")
    assert (dice.offset, dice.came, dice.answer) == (12.5, "caller hung up (ANSWERED)", "nothing")


def test_the_menu_is_remembered_over_a_callback_that_answers_nothing() -> None:
    notify = exchange({"event": "notify", "type": "amd"}, at=1.0)
    call = call_of([exchange(ICE, MENU), notify, exchange(PIE, at=2.0)])
    assert call.callbacks[2].came == "pressed 2 -> support"


def test_replays_are_left_out() -> None:
    call = call_of([*whole_call(), exchange(ICE, HANGUP, at=99, source="replay", generation=9)])
    assert len(call.callbacks) == 3
    assert (call.generations, call.sources) == ((1, 2), ("local", "tunnel"))
    with pytest.raises(ValueError, match="at least one"):
        call_of([exchange(ICE, source="replay")])


def test_without_a_dice_a_call_is_in_progress_and_lasts_up_to_its_last_callback() -> None:
    call = call_of(whole_call()[:2])
    assert (call.facts.state, call.facts.result, call.duration) == ("in progress", None, 4.21)


def test_a_dice_without_duration_ends_the_call_when_it_comes() -> None:
    busy = exchange({"event": "dice", "result": "BUSY", "duration": "long"}, at=3.5)
    later = exchange({"event": "notify", "type": "recording_available"}, at=60)
    call = call_of([exchange(ICE), busy, later])
    assert (call.facts.state, call.duration, call.facts.result) == ("ended", 3.5, "BUSY")


def test_a_call_id_that_is_used_again_is_in_progress_again() -> None:
    call = call_of([*whole_call(), exchange(ICE, at=100)])
    assert (call.facts.state, call.facts.result, call.duration) == ("in progress", None, 100)
    assert call.facts.from_ == "+12025550199"


def test_a_call_that_began_elsewhere_is_known_by_its_dice() -> None:
    call = call_of([exchange({"event": "ace"}), exchange(DICE, at=5)])
    assert (call.facts.from_, call.facts.to) == ("+12025550199", "+12025550100")


@pytest.mark.parametrize(
    ("payload", "ends"),
    [
        ({"CLI": "12025550199", "To": {"Type": "Number", "Endpoint": "12025550100"}}, ("+12025550199", "+12025550100")),
        ({"cli": "private", "to": {"type": "username", "endpoint": "1234567890"}}, ("private", "1234567890")),
        ({"cli": "911", "to": {"endpoint": "112"}}, ("911", "112")),
        ({"cli": "", "to": "everybody"}, (None, None)),
        ({"cli": ["1"], "to": {"type": 5, "endpoint": None}}, (None, None)),
        ([], (None, None)),
        (b"{", (None, None)),
        (b"\xff\x00", (None, None)),
        (b"[" * 100_000, (None, None)),
        (b"", (None, None)),
    ],
)
def test_whatever_was_sent_is_a_call(payload: Any, ends: tuple[str | None, str | None]) -> None:
    call = call_of([exchange(payload, event="ice")])
    assert (call.facts.from_, call.facts.to) == ends
    assert call.callbacks[0].came == ""


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_every_sample_of_a_callback_is_read(sample: Path) -> None:
    payload = json.loads(sample.read_bytes())
    event = payload.get("event") if payload.get("event") != "unknown" else None
    call = call_of([exchange(sample.read_bytes(), HANGUP, event=event)])
    facts = call.facts
    assert (facts.state == "ended") == (event == "dice")
    if event == "ice":
        assert facts.from_ in {f"+{payload['cli']}", payload["cli"]}
        assert facts.to is not None
        assert facts.to.lstrip("+") == payload["to"]["endpoint"].lstrip("+")
    if event == "dice":
        assert (facts.result, facts.reason, facts.seconds) == ("ANSWERED", "MANAGERHANGUP", payload["duration"])
        assert call.callbacks[0].came == "ended by the function (ANSWERED)"
    if event == "pie":
        assert call.callbacks[0].pressed is not None
        assert call.callbacks[0].pressed.value == payload["menuResult"]["value"]


@pytest.mark.parametrize(
    ("answer", "status", "words", "failed"),
    [
        (HANGUP, 200, "hangup", False),
        (b"", 200, "nothing", False),
        (b"null", 200, "nothing", False),
        (b"<html>", 200, "no JSON", False),
        (b"\xff", 200, "no JSON", False),
        ({"error": "x"}, 500, "500", True),
        (None, None, "no answer", True),
    ],
)
def test_an_answer_is_told_in_words_and_so_is_its_failure(
    answer: Any, status: int | None, words: str, failed: bool
) -> None:
    call = call_of([exchange(ICE, answer, status=status)])
    assert (call.callbacks[0].answer, call.callbacks[0].failed) == (words, failed)
    assert call.errors == int(failed)


def test_a_callback_whose_handler_still_runs_has_not_failed() -> None:
    call = call_of([exchange(ICE, status=None, ms=None)])
    assert (call.callbacks[0].answer, call.errors) == ("", 0)


def test_an_answer_that_the_platform_refuses_is_an_error_and_a_warning_is_none() -> None:
    refused = [{"severity": "error", "text": "x"}, {"severity": "warning", "text": "y"}]
    call = call_of([exchange(ICE, HANGUP, findings=refused), exchange(ICE, HANGUP, findings=refused[1:])])
    assert (call.errors, call.findings) == (1, 3)


def test_a_request_of_a_call_that_is_no_callback_is_in_its_timeline() -> None:
    call = call_of([exchange({"callid": "c1"}, HANGUP, event=None)])
    assert (call.callbacks[0].answer, call.callbacks[0].heard) == ("200", ())


def test_what_is_no_voice_event_is_not_parsed() -> None:
    assert parsed(None, b"{}") is None
    assert parsed("other", b"{}") is None
    assert facts_of([]) == Facts()
