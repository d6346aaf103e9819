from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from devserver.session.words import Words, visible


@pytest.fixture
def words() -> Words:
    return Words(colour=False, now=lambda: datetime(2026, 1, 2, 3, 4, 5))  # noqa: DTZ001 local time is what is shown


def a_callback(**more: Any) -> dict[str, Any]:
    base = {"name": "ice", "callid": "c1", "from": "+12015555555", "status": 200, "ms": 3.14159, "answer": "hangup"}
    return {**base, "source": "local", "findings": [], "generation": 1, "budget": 0.0006, "deadline": 5.0, **more}


def test_a_callback_is_one_line_with_event_caller_time_and_answer(words: Words) -> None:
    line = words("callback", a_callback(answer="say + runMenu main"))

    assert line is not None
    assert line.split() == [
        "03:04:05",
        "ice",
        "+12015555555",
        "3.0",
        "ms",
        "of",
        "5",
        "s",
        "say",
        "+",
        "runMenu",
        "main",
    ]


def test_a_callback_shows_how_much_of_the_platforms_patience_was_used() -> None:
    coloured = Words(colour=True)
    lines = {share: coloured("callback", a_callback(budget=share, ms=7.0)) or "" for share in (0.5, 0.61, 1.2)}

    assert [time in lines[share] for share, time in ((0.5, "2500 ms"), (0.61, "3050 ms"), (1.2, "6000 ms"))] == [
        True
    ] * 3
    assert ["\x1b[33m " in lines[0.61], "\x1b[31m " in lines[1.2]] == [True, True]
    assert "\x1b[33m" not in lines[0.5]


def test_what_becomes_of_a_held_call_is_a_line(words: Words) -> None:
    fields = {"state": "held", "callid": "c1", "caller": "+12015555555", "text": "ice takes long: it is parked."}
    line = words("hold", fields)

    assert line is not None
    assert line.split()[:5] == ["03:04:05", "hold", "+12015555555", "ice", "takes"]
    assert "c1" in (words("hold", {**fields, "caller": None}) or "")


def test_the_rounds_of_a_silent_menu_are_not_told_to_people(words: Words) -> None:
    assert words("callback", a_callback(holding=True)) is None


def test_findings_stand_under_the_callback(words: Words) -> None:
    finding = {"severity": "error", "path": "action", "text": "There is no action."}
    line = words("callback", a_callback(findings=[finding]))

    assert line is not None
    assert line.splitlines()[1].strip() == "error: action: There is no action."


def test_a_failure_shows_status_sentence_and_traceback(words: Words) -> None:
    error = {"kind": "exception", "text": "ValueError: no", "traceback": "Traceback ...\nValueError: no"}
    line = words("callback", a_callback(status=500, error=error))

    assert line is not None
    assert "500 ValueError: no" in line.splitlines()[0]
    assert line.splitlines()[-1].strip() == "ValueError: no"


def test_the_end_of_a_call_says_why_it_ended(words: Words) -> None:
    line = words("callback", a_callback(name="dice", reason="CALLERHANGUP", answer="nothing"))

    assert line is not None
    assert line.endswith("callerhangup")


def test_the_end_of_a_simulated_call_is_a_line_when_no_dice_told_it(words: Words) -> None:
    fields = {"from": "+12015555555", "why": "The callee was busy.", "failed": False, "dice": False}
    line = words("call", fields)

    assert line is not None
    assert line.split() == ["03:04:05", "call", "+12015555555", "The", "callee", "was", "busy."]
    assert words("call", {**fields, "dice": True}) is None


def test_a_reload_names_the_files_the_time_and_the_generation(words: Words) -> None:
    fields = {"files": ["a.py", "b.py", "c.py", "d.py"], "ms": 12.2, "generation": 4, "warnings": [], "reason": "save"}
    line = words("reload", fields)

    assert line is not None
    assert "a.py, b.py, c.py and 1 more" in line
    assert "12 ms" in line
    assert line.endswith("generation 4")


def test_a_load_error_says_who_keeps_answering(words: Words) -> None:
    fields = {"kind": "syntax", "text": "function.py line 3: invalid syntax.", "traceback": "", "generation": 2}
    line = words("load_error", fields)

    assert line is not None
    assert "function.py line 3: invalid syntax." in line
    assert "generation 2 keeps answering" in line


def test_what_came_from_outside_cannot_move_the_cursor(words: Words) -> None:
    line = words("callback", a_callback(**{"from": "\x1b[2Jevil\x07\u202e"}))

    assert line is not None
    assert "\x1b" not in line
    assert "\x07" not in line
    assert "\u202e" not in line
    assert visible("tab\tand\nline") == "tab\tand\nline"


HOSTILE = "\x1b]52;c;cm0gLXJm\x07\x1b]8;;http://evil\x1b\\\x9b2J\x85\r\u202e\u2066\u200f\u061c\u2028\U000e0041"
EVIL = set(HOSTILE) - set("]52;c;cm0gLXJm8http://evil\\JA")
HOSTILE_EVENTS: dict[str, dict[str, Any]] = {
    "callback": a_callback(**{"from": HOSTILE, "answer": HOSTILE}),
    "callback without a caller": a_callback(callid=HOSTILE[:20], **{"from": None}),
    "callback dice": a_callback(name="dice", reason=HOSTILE),
    "callback failed": a_callback(
        status=500,
        error={"kind": "x", "text": HOSTILE, "traceback": HOSTILE},
        hint=HOSTILE,
        findings=[{"severity": "error", "path": HOSTILE, "text": HOSTILE}],
    ),
    "hold": {"state": "keys", "callid": HOSTILE[:20], "caller": None, "text": HOSTILE},
    "request": {"method": HOSTILE, "path": HOSTILE, "status": 200, "ms": 1.0},
    "request refused": {"method": "GET", "path": "/", "status": 400, "ms": 1.0, "reason": HOSTILE},
    "reload": {"files": [HOSTILE], "reason": HOSTILE, "generation": 1, "ms": 1.0, "warnings": [HOSTILE]},
    "load_error": {"text": HOSTILE, "traceback": HOSTILE, "generation": 1},
    "log": {"level": "info", "text": HOSTILE, "fields": {HOSTILE: HOSTILE}},
}


@pytest.mark.parametrize("event", sorted(HOSTILE_EVENTS))
def test_no_event_lets_a_control_sequence_or_a_turn_of_direction_through(words: Words, event: str) -> None:
    line = words(event.split(maxsplit=1)[0], dict(HOSTILE_EVENTS[event]))

    assert line is not None
    assert "\\x1b" in line
    assert not EVIL & set(line)


def test_a_caller_cannot_draw_a_line_of_its_own(words: Words) -> None:
    forged = "\n03:04:05  ice     +1 paid"
    line = words("callback", a_callback(**{"from": forged, "answer": forged}))

    assert line is not None
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize(
    "text",
    ["Gr\u00fc\u00dfe", "\u0645\u0631\u062d\u0628\u0627", "\U0001f469\u200d\U0001f4bb", "a\u00adb", "line\nand\ttab"],
)
def test_letters_of_all_languages_stay_as_they_are(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("character", "shown"), [("\x1b", "\\x1b"), ("\x9b", "\\x9b"), ("\u202e", "\\u202e"), ("\U000e0041", "\\U000e0041")]
)
def test_escapes_are_those_of_python(character: str, shown: str) -> None:
    assert visible(character) == shown


def test_an_event_without_words_says_nothing(words: Words) -> None:
    assert words("something-new", {}) is None


def test_log_lines_stand_under_their_callback_with_their_fields(words: Words) -> None:
    line = words("log", {"level": "info", "text": "routed", "fields": {"to": "sales"}})

    assert line == "          | routed to=sales"


def test_colour_is_used_only_when_asked_for() -> None:
    assert "\x1b[" in (Words(colour=True)("callback", a_callback()) or "")
    assert "\x1b[" not in (Words(colour=False)("callback", a_callback()) or "")


def test_a_refusal_says_its_reason_once(words: Words) -> None:
    fields = {"method": "POST", "path": "/", "status": 400, "ms": 1.0, "reason": "The body has no `event` field."}
    line = words("request", fields)

    assert line is not None
    assert line.endswith("400 The body has no `event` field.")
    assert line.count("400") == 1


def test_a_long_call_id_is_cut_at_its_beginning(words: Words) -> None:
    line = words("callback", a_callback(**{"from": None, "callid": "1ce0ffee-ca11-ca11-ca11-abcdef000013"}))

    assert line is not None
    assert " ...11-ca11-abcdef000013" in line or "abcdef000013" in line
    assert "1ce0ffee" not in line


def test_what_had_no_room_is_told_as_a_number(words: Words) -> None:
    assert "4,812 more" in (words("more", {"count": 4812}) or "")


def test_what_came_from_outside_is_marked(words: Words) -> None:
    line = words("request", {"method": "GET", "path": "/a", "status": 200, "ms": 1.0, "source": "tunnel"})

    assert line is not None
    assert line.endswith("200  tunnel")
    fields = {"method": "GET", "path": "/a", "status": 200, "ms": 1.0, "source": "tunnel", "recorded": False}
    assert str(words("request", fields)).endswith("200  tunnel, not recorded")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"state": "connecting", "url": None, "text": "Getting an address."}, "Getting an address."),
        ({"state": "ready", "url": "https://a.example", "text": ""}, "https://a.example"),
        ({"state": "ready", "url": "https://a.example", "text": "leads here"}, "https://a.example  leads here"),
        (
            {"state": "ready", "url": "https://a.example", "text": "https://a.example is up."},
            "https://a.example is up.",
        ),
        ({"state": "reconnecting", "url": "https://a.example", "text": "The edge is gone."}, "The edge is gone."),
        ({"state": "closed", "url": None, "text": ""}, "closed"),
    ],
)
def test_a_tunnel_is_told_in_one_line(words: Words, fields: dict[str, Any], said: str) -> None:
    assert words("tunnel", {"provider": "quick tunnel", "gap": None, **fields}) == f"03:04:05  tunnel  {said}"


def test_no_address_is_told_with_what_to_do_under_it(words: Words) -> None:
    line = words("tunnel", {"state": "closed", "url": None, "text": "No more today.", "hint": "Wait."})

    assert line == "03:04:05  tunnel  No more today.\n          Wait."


def test_a_lease_is_told_in_one_line_with_what_to_do_under_it(words: Words) -> None:
    fields = {"state": "taken", "application": "k", "url": "u", "before": None, "text": "Calls come here.", "hint": ""}

    assert words("lease", fields) == "03:04:05  lease   Calls come here."
    line = words("lease", {**fields, "state": "refused", "hint": "Stop the other one."})
    assert line is not None
    assert line.splitlines()[1] == "          Stop the other one."


def test_addresses_of_others_cannot_move_the_cursor(words: Words) -> None:
    for kind, fields in (
        ("tunnel", {"state": "closed", "url": None, "text": HOSTILE}),
        ("lease", {"state": "lost", "text": HOSTILE, "hint": HOSTILE}),
    ):
        line = words(kind, fields)
        assert line is not None
        assert not EVIL & set(line)
