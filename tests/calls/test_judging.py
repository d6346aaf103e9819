"""Whether a call led to what its scenario expects, in words."""

from __future__ import annotations

from typing import Any

import pytest

from devserver.calls.judging import judge
from devserver.calls.scenario_party import Stuck
from devserver.calls.scenario_reading import read_scenarios
from devserver.calls.told import CallReport, ReportedCallback

ERROR = {"severity": "error", "path": "action", "text": "There is no action."}
HINT = {"severity": "hint", "path": "", "text": "A locale would help."}


def callback(event: Any, request: dict[str, Any] | None = None, **more: Any) -> ReportedCallback:
    fields: dict[str, Any] = {"answer": {}, "status": 200, "ms": 1.0, "findings": (), **more}
    return ReportedCallback(event=event, request=request or {}, **fields)


CALLBACKS = (
    callback("ice", findings=(HINT,)),
    callback("pie", {"menuResult": {"type": "return", "value": "sales"}}),
    callback("dice", {"reason": "CALLERHANGUP"}),
)


def report(**more: Any) -> CallReport:
    fields: dict[str, Any] = {
        "callid": "c1",
        "caller": "+12015550100",
        "to": "+12015550101",
        "result": "ANSWERED",
        "reason": "CALLERHANGUP",
        "duration": 12,
        "heard": ("Welcome!", "Press 1 for sales.", "Connecting."),
        "callbacks": CALLBACKS,
        "failed": False,
        "why": "The caller hung up.",
        "connected": ("+12015550102",),
        "menus": ("main", "more"),
        "cookies": {"lang": "no"},
    }
    return CallReport(**{**fields, **more})


def told(expect: str, stuck: Stuck | None = None, **more: Any) -> list[tuple[int, str]]:
    (scenario,) = read_scenarios(f"expect:\n  {expect}" if expect else "steps: hangup", "a.yaml")
    return [(failure.line, failure.text) for failure in judge(scenario, report(**more), stuck)]


@pytest.mark.parametrize(
    "expect",
    [
        "",
        "heard: [welcome, connecting]",
        "heard_exactly: [Welcome!, Press 1 for sales., Connecting.]",
        "not_heard: goodbye",
        "menus: [main, more]",
        "menus: more",
        'connected: "+12015550102"',
        "connected: 12015550102",
        "result: answered",
        "reason: callerhangup",
        "duration: 12",
        "duration: {least: 10}",
        "duration: {most: 12}",
        "cookies: {lang: no}",
        "callbacks: [ice, pie sales, dice callerhangup]",
        "callbacks: [ice, pie, dice]",
        "findings: locale",
    ],
)
def test_what_happened_as_expected_is_no_failure(expect: str) -> None:
    assert told(expect) == []


@pytest.mark.parametrize(
    ("expect", "sentence"),
    [
        ("heard: Goodbye", 'Expected to hear "Goodbye"; heard "Welcome!", "Press 1 for sales.", "Connecting.".'),
        (
            "heard: [connecting, welcome]",
            'Expected to hear "welcome" after "Connecting."; heard "Welcome!", "Press 1 for sales.", "Connecting.".',
        ),
        (
            "heard_exactly: [Welcome!, Press 2]",
            'Expected to hear exactly "Press 2" as number 2; heard "Press 1 for sales.".',
        ),
        (
            "heard_exactly: [Welcome!, Press 1 for sales., Connecting., Bye]",
            'Expected to hear exactly "Bye" as number 4; heard nothing more.',
        ),
        ("heard_exactly: [Welcome!]", 'Expected to hear nothing more; heard "Press 1 for sales.", "Connecting.".'),
        (
            "heard_exactly: none",
            'Expected to hear nothing more; heard "Welcome!", "Press 1 for sales.", "Connecting.".',
        ),
        ("not_heard: press 1", 'Expected not to hear "press 1"; heard "Press 1 for sales.".'),
        ("menus: [more, main]", 'Expected the menu "main"; offered was "main", "more".'),
        ("connected: +12015550103", "Expected to be connected to +12015550103; connected was +12015550102."),
        ("connected: none", "Expected to be connected to nobody; connected was +12015550102."),
        ("result: busy", "Expected the result BUSY; it was ANSWERED. The caller hung up."),
        ("reason: TIMEOUT", "Expected the reason TIMEOUT; it was CALLERHANGUP. The caller hung up."),
        ("duration: 11", "Expected a duration of 11 s; it was 12 s."),
        ("duration: {least: 1, most: 2.5}", "Expected a duration of 1 to 2.5 s; it was 12 s."),
        ("cookies: {lang: en}", 'Expected the cookie "lang" to be "en"; it was "no".'),
        ("cookies: {seen: 1}", 'Expected the cookie "seen"; there was lang.'),
        (
            "callbacks: [ice, dice]",
            "Expected dice as callback 2; it was pie sales, of ice, pie sales, dice CALLERHANGUP.",
        ),
        (
            "callbacks: [ice, pie more]",
            "Expected pie more as callback 2; it was pie sales, of ice, pie sales, dice CALLERHANGUP.",
        ),
        ("callbacks: [ice]", "Expected no further callback; there was pie sales, dice CALLERHANGUP."),
        ("callbacks: none", "Expected no further callback; there was ice, pie sales, dice CALLERHANGUP."),
        (
            "callbacks: [ice, pie, dice, notify]",
            "Expected the callback notify at the end; there was ice, pie sales, dice CALLERHANGUP.",
        ),
        ("findings: none", 'Expected no findings; there was "A locale would help.".'),
        ("findings: prompt", 'Expected the finding "prompt"; there was "A locale would help.".'),
        ("fails: yes", "Expected a callback to fail; all were answered well."),
    ],
)
def test_what_is_otherwise_is_one_sentence_with_its_line(expect: str, sentence: str) -> None:
    assert told(expect) == [(2, sentence)]


def test_nothing_at_all_is_told_as_such() -> None:
    nothing: dict[str, Any] = {"heard": (), "menus": (), "connected": (), "cookies": {}, "callbacks": (), "result": ""}
    assert [text for _, text in told('heard: a\n  menus: b\n  connected: "+12015550102"', **nothing)] == [
        'Expected to hear "a"; heard nothing.',
        'Expected the menu "b"; offered was nothing.',
        "Expected to be connected to +12015550102; connected was nobody.",
    ]
    assert told("cookies: {a: b}", **nothing) == [(2, 'Expected the cookie "a"; there was none.')]
    assert told("callbacks: ice", **nothing) == [(2, "Expected the callback ice at the end; there was none.")]
    assert told("result: answered", **nothing)[0][1].startswith("Expected the result ANSWERED; it was none.")


def test_a_callback_that_fails_is_a_failure_unless_it_is_expected() -> None:
    broken = callback("ice", status=500, failed=True, words="status 500", answer={"error": "ValueError: boom"})
    illegal = callback("pie", {"menuResult": {"type": "timeout"}}, failed=True, findings=(HINT, ERROR), words="")
    late = callback("dice", status=0, failed=True)
    assert told("", failed=True, callbacks=(broken, illegal, late)) == [
        (1, "The ice failed (500): ValueError: boom."),
        (1, "The pie timeout failed (200): action: There is no action."),
        (1, "The dice failed: no answer."),
    ]
    assert told("fails: yes", failed=True, callbacks=(broken,)) == []


def test_a_call_that_failed_without_a_callback_says_why() -> None:
    assert told("", failed=True, callbacks=()) == [(1, "The call failed: The caller hung up.")]


def test_trouble_of_the_driver_is_a_failure() -> None:
    assert told("", trouble="The call took too long.") == [(1, "The call took too long.")]


def test_a_step_that_was_not_done_is_a_failure() -> None:
    assert told("", Stuck(4, 'to hear "X"; heard "Y"')) == [(4, 'The call ended waiting to hear "X"; heard "Y".')]
    assert told("", Stuck(4, 'for the menu "m"; offered was none', gave_up=True)) == [
        (4, 'Waited in vain for the menu "m"; offered was none.')
    ]


def test_failures_are_in_the_order_of_the_lines() -> None:
    found = told("reason: TIMEOUT\n  heard: X\n  not_heard: Welcome", Stuck(1, "x"))
    assert [line for line, _ in found] == [1, 2, 3, 4]


def test_of_much_that_was_heard_the_end_is_told() -> None:
    ((_, text),) = told("heard: X", heard=tuple(f"t{place}" for place in range(100)))
    assert text.startswith('Expected to hear "X"; heard ... "t88"')
    assert text.endswith('"t99".')
