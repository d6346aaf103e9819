"""What happened during one callback, in order and in words."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from devserver.recorder.exchange import Answer, Effect, Exchange, Request
from devserver.recorder.timeline import came, effect_words, ending, entries, pressed, span
from devserver.runtime.events import parse_event

START = 1_700_000_000.0
MENU = {
    "action": {
        "name": "RunMenu",
        "menus": [
            {
                "id": "main",
                "mainPrompt": "#tts[Press 1 for sales.]",
                "options": [{"dtmf": "1", "action": "return(sales)"}, {"dtmf": 2, "action": "return(support)"}],
            },
            {"id": "other", "options": [{"dtmf": "7", "action": "return(sales)"}]},
        ],
    }
}


def pie(**result: object) -> Any:
    return parse_event("pie", {"menuResult": result})


def exchange(**more: Any) -> Exchange:
    return Exchange("01", START, "c1", "ice", "local", Request("POST", "/ice", (), b"{}"), ms=20.0, **more)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"type": "return", "value": "sales", "menuId": "main"}, "pressed 1 -> sales"),
        ({"type": "Return", "value": "support"}, "pressed 2 -> support"),
        ({"type": "return", "value": "sales"}, "return(sales)"),  # two menus have it, and none is named
        ({"type": "return", "value": "cancel", "menuId": "main"}, "return(cancel)"),
        ({"type": "sequence", "value": "1234"}, "pressed 1234"),
        ({"type": "sequence", "value": ""}, "pressed nothing"),
        ({"type": "timeout"}, "timeout"),
        ({"type": "Hangup"}, "hung up in the menu"),
        ({"type": "brandNew"}, "brandnew"),
        ({"value": "3"}, "3"),
        ({"type": 7, "value": {}}, "7"),
    ],
)
def test_what_the_caller_did_in_a_menu_is_told_in_words(result: dict[str, object], words: str) -> None:
    found = pressed(pie(**result), MENU)
    assert found is not None
    assert found.text == words
    assert came(pie(**result), found) == words


def test_without_the_menu_before_the_key_is_not_known() -> None:
    for asked in (None, "x", {"action": 1}, {"action": {"name": "runMenu", "menus": [3, {"options": "none"}]}}):
        found = pressed(pie(type="return", value="sales"), asked)
        assert found is not None
        assert (found.key, found.text) == (None, "return(sales)")


def test_only_a_menu_result_is_a_key() -> None:
    assert pressed(parse_event("ice", {"menuResult": {"type": "return"}}), MENU) is None
    assert pressed(parse_event("pie", {}), MENU) is None
    assert came(parse_event("pie", {}), None) == ""


@pytest.mark.parametrize(
    ("event", "payload", "words"),
    [
        ("ice", {"cli": "12015555555"}, ""),
        ("ace", {"amd": {"status": "human", "reason": "longgreeting"}}, "human (longgreeting)"),
        ("ace", {"amd": {"status": "machine"}}, "machine"),
        ("ace", {}, ""),
        ("dice", {"reason": "CALLERHANGUP", "result": "ANSWERED"}, "caller hung up (ANSWERED)"),
        ("dice", {"reason": "NEWREASON"}, "newreason"),
        ("dice", {"reason": "N/A", "result": "FAILED"}, "(FAILED)"),
        ("dice", {}, ""),
        ("notify", {"type": "recording_available", "destination": "azure://a/b"}, "recording_available azure://a/b"),
        ("notify", {"type": "callingerror", "errorMsg": "illegal SVAML"}, "callingerror illegal SVAML"),
    ],
)
def test_what_a_callback_says_is_told_in_words(event: str, payload: dict[str, object], words: str) -> None:
    assert came(parse_event(event, payload), None) == words


def test_a_callback_that_is_none_says_nothing() -> None:
    assert came(None, None) == ""
    assert ending(None, "BUSY") == "(BUSY)"


def test_what_a_handler_did_comes_by_its_own_time_and_before_what_the_caller_hears() -> None:
    log = {"at": START + 0.003, "level": "info", "text": "second", "fields": {"n": 1}}
    late = {"at": START + 0.009, "level": "warning", "text": "fourth"}
    third = Effect("outbound", "POST", "https://x.example/y", START + 0.005, {"status": 201, "ms": 12.3})
    found = exchange(logs=[log, late], effects=[Effect("cache", "set", "first", START + 0.001, 1, 60.0), third])
    document = {"instructions": [{"name": "say", "text": "Hello"}], **MENU}

    timeline = entries(found, document, START - 4)

    assert [(each.kind, each.text, each.level) for each in timeline] == [
        ("cache", "set first = 1 (1 min)", ""),
        ("log", "second  n=1", "info"),
        ("outbound", "POST https://x.example/y -> 201, 12 ms", ""),
        ("log", "fourth", "warning"),
        ("says", '"Hello"', ""),
        ("asks", '"Press 1 for sales."', ""),
    ]
    assert [each.offset for each in timeline] == pytest.approx([4.001, 4.003, 4.005, 4.009, 4.02, 4.02])


def test_what_has_no_time_stays_behind_what_it_followed() -> None:
    effects = [Effect("cache", "delete", "a", START + 0.002), Effect("cache", "delete", "b")]
    logs = [{"text": "no time"}, {"at": "soon", "text": "odd time"}]
    found = entries(exchange(logs=logs, effects=effects), None, START)
    assert [each.text for each in found] == ["no time", "odd time", "delete a", "delete b"]


def test_findings_errors_and_marks_come_last() -> None:
    finding = {"severity": "warning", "path": "action", "text": "Nobody hears it."}
    error = {"kind": "raised", "text": "ValueError: x", "traceback": "Traceback:\n  File\nValueError: x\n"}
    found = entries(exchange(findings=[finding, {}], error=error, marks=["late"]), None, START)
    assert [(each.kind, each.text, each.level) for each in found] == [
        ("finding", "action: Nobody hears it.", "warning"),
        ("finding", "", ""),
        ("error", "ValueError: x\nTraceback:\n  File", "error"),
        ("mark", "late", ""),
    ]


def test_the_prompts_of_a_parked_call_are_said_and_not_asked() -> None:
    found = entries(exchange(), {"action": {"name": "park", "holdPrompt": "#tts[Please hold.]"}}, START)
    assert [(each.kind, each.text) for each in found] == [("says", '"Please hold."')]


@pytest.mark.parametrize(
    ("effect", "words"),
    [
        (Effect("cache", "set", "k", value={"a": "x"}, ttl=14_400.0), 'set k = {"a":"x"} (4 h)'),
        (Effect("cache", "extend", "k", ttl=90.0), "extend k (90 s)"),
        (Effect("cache", "delete", "k"), "delete k"),
        (Effect("storage", "write", "a/b", value={"bytes": 1234}), "write a/b (1,234 bytes)"),
        (Effect("storage", "delete", "a/b"), "delete a/b"),
        (Effect("database", "insert", "INSERT INTO t VALUES (1)"), "INSERT INTO t VALUES (1)"),
        (
            Effect("outbound", "GET", "https://x", value={"error": "no route", "ms": 5}),
            "GET https://x -> no route, 5 ms",
        ),
        (Effect("outbound", "GET", "https://x", value={"refused": True}), "GET https://x -> refused"),
        (Effect("outbound", "GET", "https://x"), "GET https://x -> no answer"),
    ],
)
def test_effects_are_told_in_words(effect: Effect, words: str) -> None:
    assert effect_words(effect) == words


@pytest.mark.parametrize("value", [None, {"status": 500}, {"refused": True}, {"status": 200, "error": "cut off"}, {}])
def test_a_call_to_others_that_failed_is_marked(value: object) -> None:
    effect = Effect("outbound", "GET", "https://x", value=value)
    assert [each.level for each in entries(exchange(effects=[effect]), None, START)] == ["error"]


def test_entries_are_plain_data() -> None:
    found = entries(exchange(marks=["late"], answer=Answer(200, (), b"")), None, START)
    assert msgspec.to_builtins(found) == ({"offset": 0.02, "kind": "mark", "text": "late", "level": ""},)


@pytest.mark.parametrize(
    ("seconds", "words"), [(86_400, "1 d"), (3600, "1 h"), (5400, "90 min"), (61, "61 s"), (0.5, "0.5 s"), (0, "0 s")]
)
def test_a_span_is_told_in_its_largest_whole_unit(seconds: float, words: str) -> None:
    assert span(seconds) == words
