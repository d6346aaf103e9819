"""A simulated call in words."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from devserver.calls import told as t
from devserver.cli.call_words import Teller, came_of, line_of, outcome
from devserver.cli.page import Page

MENU = {
    "action": {
        "name": "runMenu",
        "menus": [{"id": "main", "mainPrompt": "x", "options": [{"dtmf": "2", "action": "return(support)"}]}],
    }
}


def _called_back(event: str = "ice", **more: Any) -> t.CalledBack:
    fields: dict[str, Any] = {
        "at": 0.0,
        "callback": 1,
        "event": event,
        "request": {"event": event},
        "answer": None,
        "status": 200,
        "ms": 212.34,
        "budget": 5000.0,
        "findings": (),
        "words": "say + hangup",
        "failed": False,
        **more,
    }
    return t.CalledBack(**fields)


def _printed(*told: t.Told) -> list[str]:
    written = StringIO()
    teller = Teller(Page(Console(file=written, width=200, highlight=False), is_terminal=False))
    for each in told:
        teller.tell(each)
    return written.getvalue().splitlines()


def test_a_callback_shows_what_it_took_of_its_time() -> None:
    assert _printed(_called_back()) == ["+0.0    ice     212 ms of 5 s  say + hangup"]


def test_a_key_is_told_with_the_option_it_chose() -> None:
    pie = {"menuResult": {"type": "return", "value": "support", "menuId": "main"}}

    assert _printed(_called_back(answer=MENU), _called_back("pie", request=pie))[1:] == [
        "+0.0    pie     212 ms of 5 s  pressed 2 -> support",
        "        answer  say + hangup",
    ]


def test_findings_and_the_fallback_are_told() -> None:
    finding = {"severity": "error", "path": "action", "text": "There is no action."}

    assert _printed(_called_back(findings=(finding,), failed=True, fallback=True, words="illegal")) == [
        "+0.0    ice     212 ms of 5 s  from the fallback address  illegal",
        "        error   action: There is no action.",
    ]


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (t.Began(0.0, "c1", "+12025550199", "+12025550100", "inbound"), "Call c1"),
        (t.Answered(0.0), "+0.0    up      the call is answered"),
        (t.Heard(0.5, "Hello", "caller", 1.0, "instruction"), '+0.5    says    "Hello"'),
        (t.Heard(0.5, "Hello", "both", 1.0, "menu"), '+0.5    asks    "Hello" (both)'),
        (t.Heard(0.5, "[ring.wav]", "caller", 1.0, "instruction"), "+0.5    plays   ring.wav"),
        (t.Pressed(61.25, "1", "caller"), "+61.2   key     1"),
        (t.Said(1.0, "sales", "callee"), '+1.0    speaks  "sales" (callee)'),
        (
            t.Offered(1.0, "main", (("1", "return(a)"),), 4, True, 1, "caller", 1.0),
            "+1.0    menu    main  1 return(a)  4 digits  speech",
        ),
        (t.Offered(1.0, "main", (), 1, False, 2, "caller", 1.0), "+1.0    menu    main again (2)"),
        (
            t.Dialling(1.0, "callee", "+15551234567", "number", "+12025550199"),
            "+1.0    rings   +15551234567 (shows +12025550199)",
        ),
        (t.NotConnected(1.0, "callee", "bob", "busy"), "+1.0    fails   bob: busy"),
        (t.Joined(1.0, "room", 0, "ignore"), "+1.0    joins   conference room, alone"),
        (t.Joined(1.0, "room", 2, "ignore"), "+1.0    joins   conference room, with 2 others"),
        (t.Left(1.0, "room", back=True), "+1.0    leaves  conference room to enter digits"),
        (t.HungUp(1.0, "callee", "party"), "+1.0    ends    the callee hangs up"),
        (t.NotPossible(1.0, "PATCH", (), "It rings."), "+1.0    no      PATCH: It rings."),
        (t.Noted(1.0, "a\nb\x1b[2J"), "+1.0    note    a"),
    ],
)
def test_everything_has_its_line(told: t.Told, line: str) -> None:
    assert _printed(told)[0] == line


@pytest.mark.parametrize(
    "told", [t.CallbackSent(0.0, 1, "ice"), t.Hushed(0.0), t.HungUp(0.0, "caller", "platform"), t.Awoke(0.0, "x")]
)
def test_what_needs_no_line_has_none(told: t.Told) -> None:
    assert line_of(told) is None


def test_what_comes_from_the_function_cannot_move_the_cursor() -> None:
    assert "\x1b" not in "\n".join(
        _printed(
            t.Heard(0.0, "\x1b[2J", "caller", 1.0, "instruction"),
            _called_back(words="\x1b[2J"),
            _called_back("pie", request={"menuResult": {"type": "\x1b[2J"}}),
        )
    )


def test_the_end_counts_what_failed() -> None:
    ended = t.Ended(9.0, "FAILED", "CALLBACKERROR", 0, "A callback failed.", True)

    assert _printed(_called_back(failed=True), ended)[-2:] == [
        "+9.0    end     A callback failed.",
        "0 s, a callback failed (FAILED), 1 error",
    ]


@pytest.mark.parametrize(
    ("result", "reason", "words"),
    [
        ("ANSWERED", "CALLERHANGUP", "1 min 5 s, caller hung up (ANSWERED)"),
        ("ANSWERED", "TIMEOUT", "1 min 5 s, its time was up (ANSWERED)"),
        ("NOANSWER", "TIMEOUT", "1 min 5 s, nobody answered in time (NOANSWER)"),
        ("BUSY", "N/A", "1 min 5 s, BUSY"),
        ("", "", "1 min 5 s, ended"),
    ],
)
def test_the_outcome_in_words(result: str, reason: str, words: str) -> None:
    assert outcome(t.Ended(65.0, result, reason, 65, "", False), 0) == words


def test_a_dice_says_how_the_call_ended() -> None:
    assert came_of(_called_back("dice", request={"result": "BUSY", "reason": "N/A"})) == "BUSY"


def test_a_function_that_fails_says_why() -> None:
    answer = {"error": "`ice` raised ValueError: boom", "traceback": "Traceback:\n  line 2\nValueError: boom"}

    assert _printed(_called_back(status=500, failed=True, words="status 500", answer=answer))[1:] == [
        "        error   Traceback:",
        "                  line 2",
        "                ValueError: boom",
    ]
    assert _printed(_called_back(status=404, failed=True, answer={"error": "No handler."}))[1:] == [
        "        error   No handler."
    ]
    assert len(_printed(_called_back(status=500, failed=True, answer={"error": 5}))) == 1
