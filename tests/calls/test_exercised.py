"""Which moves recorded calls take."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from devserver.calls.exercised import callbacks_of, mark
from devserver.calls.flow import Callback, Flow
from devserver.calls.troubles import untested
from devserver.recorder.exchange import Exchange, Request
from tests.calls.exploring import by, flow_of, menu, menus, say

SALES = {"action": {"name": "connectPstn", "number": "+12015550102"}}


@pytest.fixture
def flow() -> Flow:
    first = menus(
        menu("main", k1="return(sales)", k2="menu(more)", k3="return(pin)"),
        menu("more", k1="return(x)", k0="menu(main)"),
    )
    return flow_of(by(say("Hi.", first), sales=SALES, pin={"action": menus(menu("main", digits=4))}))


def exchange(number: int, payload: Any, event: str | None = None) -> Exchange:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    name = event if event is not None or isinstance(payload, bytes) else payload["event"]
    return Exchange(f"{number:026}", 0.0, "c1", name, "local", Request("POST", "/", (), body))


def pie(menu_id: str, kind: str, value: str = "") -> dict[str, Any]:
    return {"event": "pie", "menuResult": {"menuId": menu_id, "type": kind, "value": value}}


def dice(result: str, reason: str) -> dict[str, Any]:
    return {"event": "dice", "result": result, "reason": reason}


def taken(flow: Flow, *calls: Sequence[dict[str, Any]]) -> set[tuple[str, str]]:
    recorded = [callbacks_of([exchange(n, payload) for n, payload in enumerate(call)]) for call in calls]
    marked = mark(flow, recorded)
    return {(marked.places[move.source].title, move.label) for move in marked.moves if move.tested}


ICE = {"event": "ice"}
CALL = ("+12015550100 calls +12015550101", "call")


def test_nothing_recorded_means_nothing_tested(flow: Flow) -> None:
    assert taken(flow) == set()
    assert all(move.tested is None for move in flow.moves), "not looked at is not the same"


def test_a_call_is_followed_through_its_callbacks(flow: Flow) -> None:
    call = [ICE, pie("main", "return", "sales"), {"event": "ace"}, dice("ANSWERED", "CALLEEHANGUP")]
    assert taken(flow, call) == {
        CALL,
        ("menu main", "1"),
        ("dials +12015550102", "answered"),
        ("connected to +12015550102", "callee hangs up"),
    }


def test_how_a_callee_behaved_is_seen_by_the_end(flow: Flow) -> None:
    call = [ICE, pie("main", "return", "sales"), dice("BUSY", "N/A")]
    assert ("dials +12015550102", "busy") in taken(flow, call)


def test_ways_between_menus_of_one_answer_are_inferred(flow: Flow) -> None:
    assert taken(flow, [ICE, pie("more", "return", "x")]) == {CALL, ("menu main", "2"), ("menu more", "1")}


def test_other_digits_than_those_tried_are_the_same_branch(flow: Flow) -> None:
    call = [ICE, pie("main", "return", "pin"), pie("main", "sequence", "9999")]
    found = taken(flow, call)
    assert ("menu main", "1234") in found
    assert ("menu main", "1#") in found, "they lead to the same place"


def test_silence_and_wrong_keys_are_told_apart(flow: Flow) -> None:
    assert ("menu main", "silence") in taken(flow, [ICE, pie("main", "timeout")])
    assert ("menu main", "another key") in taken(flow, [ICE, pie("main", "INVALIDINPUT")])


def test_several_calls_add_up(flow: Flow) -> None:
    both = taken(flow, [ICE, pie("main", "return", "sales")], [ICE, pie("main", "timeout")])
    assert both == {CALL, ("menu main", "1"), ("menu main", "silence")}


def test_a_callback_of_older_code_is_passed_over(flow: Flow) -> None:
    call = [ICE, pie("old", "return", "gone"), pie("main", "return", "sales")]
    assert ("menu main", "1") in taken(flow, call)


def test_keys_are_read_in_any_case_and_rubbish_is_no_callback(flow: Flow) -> None:
    loud = {"EVENT": "pie", "MENURESULT": {"MENUID": "main", "TYPE": "return", "VALUE": "sales"}}
    found = callbacks_of(
        [exchange(1, b"\xff", "ice"), exchange(2, loud, "pie"), exchange(3, b"[1]", "dice"), exchange(4, ICE, "notify")]
    )
    assert found == [Callback("ice"), Callback("pie", menu="main", type="return", value="sales"), Callback("dice")]
    assert mark(flow, [found[:2]]).moves[0].tested


def test_branches_that_no_test_takes_are_notes_but_hanging_up_is_none(flow: Flow) -> None:
    marked = mark(flow, [callbacks_of([exchange(1, ICE), exchange(2, pie("main", "return", "sales"))])])
    notes = list(untested(marked))
    assert {note.severity for note in notes} == {"note"}
    assert "No test takes `another key, silence` at (1) menu main." in [note.text for note in notes]
    assert "No test takes `3` at (1) menu main." in [note.text for note in notes]
    assert all("hangs up" not in note.move and note.move != "1" for note in notes if note.place == 1)
    assert all(note.move != "2" for note in notes), "it asks the function nothing"
