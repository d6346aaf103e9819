"""Exploring small functions: every key, silence, every outcome of dialling."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from devserver.calls.explore import Bounds, explore
from devserver.calls.flow import Flow
from devserver.calls.settings import Settings
from devserver.calls.walk import Reply
from tests.calls.exploring import (
    SETUP,
    Document,
    Payload,
    by,
    drive,
    flow_of,
    leads,
    menu,
    menus,
    moves_from,
    place_of,
    say,
    value_of,
)

SALES = {"action": {"name": "connectPstn", "number": "+12015550102"}}
ONE_MENU = by(say("Welcome.", menus(menu("main", k1="return(sales)", k2="return(bye)"))), sales=SALES)


def kinds(flow: Flow) -> list[str]:
    return [trouble.kind for trouble in flow.troubles]


def test_every_key_of_a_menu_is_tried_and_silence_and_a_wrong_one() -> None:
    flow = flow_of(ONE_MENU)
    main = place_of(flow, "menu main")
    assert main.heard == ("Welcome.", "This is main.")
    assert main.options == (("1", "return(sales)"), ("2", "return(bye)"))
    assert set(moves_from(flow, main)) == {"1", "2", "another key", "silence", "caller hangs up"}
    assert leads(flow, "1").title == "dials +12015550102"
    goodbye = leads(flow, "2")
    assert (goodbye.kind, goodbye.heard) == ("end", ("Goodbye.",))
    assert leads(flow, "silence") == leads(flow, "another key") == goodbye


def test_a_move_says_what_the_function_was_asked() -> None:
    flow = flow_of(ONE_MENU)
    main = place_of(flow, "menu main")
    asked = {
        label: [(each.event, each.type, each.value, each.reason) for each in move.callbacks]
        for label, move in moves_from(flow, main).items()
    }
    assert asked == {
        "1": [("pie", "return", "sales", "")],
        "2": [("pie", "return", "bye", ""), ("dice", "", "", "MANAGERHANGUP")],
        "another key": [("pie", "invalidinput", "", ""), ("dice", "", "", "MANAGERHANGUP")],
        "silence": [("pie", "timeout", "", ""), ("dice", "", "", "MANAGERHANGUP")],
        "caller hangs up": [("pie", "hangup", "", ""), ("dice", "", "", "CALLERHANGUP")],
    }


def test_everything_a_callee_can_do_is_tried() -> None:
    flow = flow_of(ONE_MENU)
    dialling = leads(flow, "1")
    ends = {label: flow.places[move.target].title for label, move in moves_from(flow, dialling).items()}
    assert ends == {
        "answered": "connected to +12015550102",
        "busy": "BUSY, N/A",
        "no answer": "NOANSWER, TIMEOUT",
        "no route": "FAILED, CONGESTION",
        "caller hangs up": "ANSWERED, CALLERHANGUP",
    }
    assert leads(flow, "1", "answered", "callee hangs up").title == "ANSWERED, CALLEEHANGUP"


def test_a_machine_may_answer_when_detection_is_on() -> None:
    seen: list[Any] = []

    def function(event: str, payload: Payload) -> Document | None:
        if event == "ace":
            seen.append(payload.get("amd", {}).get("status"))
            return say("Beep.") if payload["amd"]["status"] == "machine" else {"action": {"name": "continue"}}
        if event == "ice":
            return {"action": {**SALES["action"], "amd": {"enabled": True}}}
        return None

    flow = flow_of(function)
    assert leads(flow, "answered").kind == "connected"
    assert leads(flow, "answered by a machine").heard == ("Beep.",)
    assert set(seen) == {"human", "machine"}


def test_menus_within_one_answer_are_walked_without_a_callback() -> None:
    flow = flow_of(by(say("Hi.", menus(menu("main", k1="menu(more)"), menu("more", k0="menu(main)", k1="return(x)")))))
    assert leads(flow, "1").title == "menu more"
    assert leads(flow, "1", "0") == place_of(flow, "menu main")
    assert moves_from(flow, place_of(flow, "menu main"))["1"].callbacks == ()
    assert flow.troubles == ()


def test_the_same_answer_at_another_time_is_the_same_place() -> None:
    main = say("Welcome.", menus(menu("main", k1="return(again)", k2="return(bye)")))
    flow = flow_of(by(main, again=main))
    assert leads(flow, "1") == leads(flow, "1", "1") == place_of(flow, "menu main")
    assert flow.calls < 10


def test_answers_that_name_the_call_are_the_same_nevertheless() -> None:
    def function(event: str, payload: Payload) -> Document | None:
        if event not in {"ice", "pie"}:
            return None
        return say(f"Call {payload['callid']}.", menus(menu("main", k1="return(x)")))

    flow = flow_of(function)
    assert leads(flow, "1") == place_of(flow, "menu main")
    assert place_of(flow, "menu main").heard[0] == "Call CALLID."


def _three_tries() -> Any:
    """The third wrong PIN ends the call; the count is kept by the function."""
    tries: Counter[str] = Counter()
    ask = {"action": menus(menu("pin", digits=4), mainMenu="pin")}

    def function(event: str, payload: Payload) -> Document | Reply | None:
        if event not in {"ice", "pie"}:
            return None
        if event == "pie":
            tries[payload["callid"]] += 1
        count = tries[payload["callid"]]
        if event == "pie" and value_of(payload) == "4711":
            return say("Come in.")
        document = say("Too many tries.") if count == 3 else ask
        return Reply(200, json.dumps(document).encode(), memory=str(count))

    return function


def test_what_the_function_remembers_makes_another_place() -> None:
    flow = flow_of(_three_tries())
    assert [place.title for place in flow.places].count("menu pin") == 3
    assert leads(flow, "1#", "silence", "1234").heard == ("Too many tries.",)
    assert flow.troubles == ()


def test_digits_of_the_user_are_tried_too() -> None:
    flow = flow_of(_three_tries(), Bounds(digits=("4711", "123456")))
    assert leads(flow, "4711").heard == ("Come in.",)
    assert set(moves_from(flow, flow.places[1])) == {"4711", "1234", "1#", "silence", "caller hangs up"}


def test_cookies_make_another_place() -> None:
    def function(event: str, payload: Payload) -> Document | None:
        if event not in {"ice", "pie"}:
            return None
        count = len(payload["cookies"][0]["value"]) + 1 if "cookies" in payload else 1
        if count == 3:
            return say("Enough.")
        cookie = {"name": "setCookie", "key": "n", "value": "x" * count}
        return {"instructions": [cookie], "action": menus(menu("main", k1="return(again)"))}

    flow = flow_of(function)
    assert leads(flow, "1", "1").heard == ("Enough.",)


def test_a_function_that_remembers_something_new_each_time_is_explored_to_an_end() -> None:
    count = 0

    def function(event: str, _payload: Payload) -> Reply:
        nonlocal count
        count += 1
        body = b'{"action":{"name":"runMenu","menus":[{"id":"main","options":[{"dtmf":"1","action":"return(x)"}]}]}}'
        return Reply(200, body if event in {"ice", "pie"} else b"", memory=str(count))

    flow = flow_of(function)
    assert len(flow.places) < 12
    assert flow.cut == ()


def test_what_is_remembered_across_calls_is_no_other_place() -> None:
    """The first call makes a table; the later ones find it."""
    made = False

    def function(event: str, payload: Payload) -> Reply:
        nonlocal made
        first, made = not made, True
        body = json.dumps(ONE_MENU(event, payload) or None).encode()
        return Reply(200, b"" if body == b"null" else body, memory="made a table" if first else "")

    assert flow_of(function).troubles == ()


def test_one_digit_is_tried_with_all_ten() -> None:
    flow = flow_of(by({"action": menus(menu("main", digits=1, k5="return(five)"))}))
    labels = set(moves_from(flow, place_of(flow, "menu main")))
    assert labels == {*"0123456789", "silence", "caller hangs up"}


def test_a_menu_that_listens_is_spoken_to() -> None:
    flow = flow_of(by({"action": menus(menu("main"), enableVoice=True, locale="en-US")}))
    move = moves_from(flow, place_of(flow, "menu main"))['says "something"']
    assert next((each.type, each.value) for each in move.callbacks) == ("sequence", "something")


def test_conferences_parking_and_streams_are_places() -> None:
    detect = {"mode": "detect", "maxDigits": 2}
    actions = {
        "conf": {"name": "connectConf", "conferenceId": "room", "conferenceDtmfOptions": detect},
        "park": {"name": "park", "holdPrompt": "#tts[Hold the line.]", "maxDuration": 60},
        "stream": {"name": "connectStream", "destination": {"type": "Websocket", "endpoint": "wss://example.com/s"}},
    }
    flow = flow_of(lambda event, _: {"action": actions["conf"]} if event == "ice" else None)
    assert flow.places[1].title == "in the conference room"
    asked = moves_from(flow, flow.places[1])["12"].callbacks
    assert [(each.menu, each.value) for each in asked] == [("room", "12")]

    flow = flow_of(lambda event, _: {"action": actions["park"]} if event == "ice" else None)
    assert (flow.places[1].kind, flow.places[1].heard) == ("parked", ("Hold the line.",))
    assert leads(flow, "silence").title == "ANSWERED, TIMEOUT"

    flow = flow_of(lambda event, _: {"action": actions["stream"]} if event == "ice" else None)
    assert leads(flow, "answered").kind == "streaming"


def test_recordings_are_stored_at_once() -> None:
    record = {"name": "startRecording", "options": {"destinationUrl": "s3://b", "credentials": "x"}}
    flow, asked = drive(
        explore(SETUP, Settings(), Bounds()),
        lambda event, _: {"instructions": [record], "action": SALES["action"]} if event == "ice" else None,
    )
    assert {each.payload["type"] for each in asked if each.event == "notify"} == {
        "recording_finished",
        "recording_available",
    }
    assert flow.troubles == ()


def test_depth_and_calls_bound_the_search_and_it_says_so() -> None:
    def function(event: str, payload: Payload) -> Document | None:
        if event not in {"ice", "pie"}:
            return None
        deeper = 0 if event == "ice" else int(payload["menuResult"]["menuId"]) + 1
        return {"action": menus(menu(str(deeper), k1="return(x)"), mainMenu=str(deeper))}

    shallow = flow_of(function, Bounds(depth=3))
    assert shallow.cut == ("The search stopped after 3 moves of one call (--depth).",)
    assert [place.title for place in shallow.places if place.open] == ["menu 3"]
    few = flow_of(function, Bounds(calls=5))
    assert (few.calls, few.cut) == (5, ("The search stopped after 5 calls (--calls).",))


def test_each_call_has_its_own_id_and_begins_with_an_ice() -> None:
    flow, asked = drive(explore(SETUP, Settings(), Bounds()), ONE_MENU)
    ids = list(dict.fromkeys(question.callid for question in asked))
    assert len(ids) == flow.calls
    assert len(asked) == flow.callbacks
    firsts = [question for question in asked if question.first]
    assert [question.callid for question in firsts] == ids
    assert {question.event for question in firsts} == {"ice"}


def test_a_function_that_answers_by_chance_is_noted_and_no_reason_to_stop() -> None:
    count = 0

    def function(event: str, _payload: Payload) -> Document | None:
        nonlocal count
        count += event == "ice"
        return say("Hi.", menus(menu(f"m{count}", k1="return(x)"), mainMenu=f"m{count}")) if event == "ice" else None

    assert "unsteady" in kinds(flow_of(function))


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (Reply(500, error="KeyError: 'x'"), "fails", "The PIE for `a` of the menu main answers 500: KeyError: 'x'."),
        (Reply(0, error="no host"), "fails", "The PIE for `a` of the menu main does not answer: no host."),
        (Reply(404), "missing pie", "The menu main has a result, but the function has no `pie` handler for it."),
        (Reply(200, b"<html>"), "illegal", "The PIE for `a` of the menu main gets no legal SVAML."),
        (Reply(200), "illegal", "The answer is empty."),
        ({"action": {"name": "fly"}}, "illegal", "'fly'"),
        (say("x" * 601), "long prompt", "601 characters"),
        (Reply(500, refused="POST /xms"), "calls out", "makes the function call POST /xms, which is let out"),
    ],
    ids=["raises", "no-answer", "no-pie", "html", "empty", "unknown-action", "long", "calls-out"],
)
def test_an_option_that_fails_is_reported_with_the_way_to_it(answer: Any, kind: str, text: str) -> None:
    flow = flow_of(by({"action": menus(menu("main", k7="return(a)"))}, a=answer))
    (trouble,) = flow.troubles
    assert (trouble.kind, trouble.move, trouble.way) == (kind, "7", ("7",))
    assert text in trouble.text
    assert flow.wrong is (kind != "calls out")


def test_a_failing_dice_and_a_failing_ice_are_reported() -> None:
    flow = flow_of(lambda event, _: Reply(500, error="boom") if event == "dice" else say("Hi."))
    assert [trouble.text for trouble in flow.troubles] == ["The DICE for ANSWERED, MANAGERHANGUP answers 500: boom."]

    flow = flow_of(lambda event, _: Reply(500, error="boom") if event == "ice" else None)
    assert [trouble.text for trouble in flow.troubles] == ["The ICE answers 500: boom."]
    assert flow.places[1].kind == "failed"
    assert flow.places[1].heard == (Settings().error_prompt,)


def test_a_failing_ace_is_reported_though_the_call_goes_on() -> None:
    answers: dict[str, Any] = {"ice": SALES, "ace": Reply(500, error="boom")}
    flow = flow_of(lambda event, _: answers.get(event))
    assert kinds(flow) == ["fails"]
    assert leads(flow, "answered").kind == "connected"


def test_a_menu_that_no_key_leads_to_is_reported() -> None:
    flow = flow_of(by({"action": menus(menu("main", k1="return(x)"), menu("lost", k1="return(x)"))}))
    assert [trouble.text for trouble in flow.troubles] == ["No key leads to the menu lost."]


def test_menus_without_a_way_out_are_a_loop() -> None:
    first = {"action": menus(menu("first", k1="return(next)"), mainMenu="first")}
    second = {"action": menus(menu("second", k1="return(back)"), mainMenu="second")}
    flow = flow_of(by(first, next=second, back=first, timeout=first, invalidinput=first))
    assert [trouble.text for trouble in flow.troubles] == [
        "There is no way out of menu first, menu second but to hang up: every key and silence lead back."
    ]
    assert kinds(flow_of(by(first, next=second, back=first))) == [], "silence is a way out of this one"


def test_a_call_that_stays_up_in_silence_is_a_dead_end() -> None:
    continued = {"action": {"name": "continue"}}
    flow = flow_of(by({"action": menus(menu("main", k1="return(x)"))}, x=continued))
    assert [(trouble.kind, trouble.way) for trouble in flow.troubles] == [("dead end", ("1",))]


def test_a_menu_whose_keys_lead_nowhere_is_a_dead_end() -> None:
    flow = flow_of(by({"action": menus(menu("main", k1="menu(main)"))}))
    assert [trouble.kind for trouble in flow.troubles] == ["dead end"]


def test_the_same_trouble_is_told_once() -> None:
    flow = flow_of(by({"action": menus(menu("main", k1="return(a)", k2="return(a)"))}, a=Reply(500, error="boom")))
    assert len(flow.troubles) == 1


def _sixty() -> Any:
    """An IVR of sixty menus: a top, nine departments, and desks below them; `0` leads to the top, `*` to a person."""
    names = ["", *[str(n) for n in range(1, 10)], *[f"{n}{m}" for n in range(1, 10) for m in range(1, 7)]][:60]

    def answer(name: str) -> Document:
        below = [each for each in names if each[:-1] == name and each]
        keys = {f"k{each[-1]}": f"return({each})" for each in below}
        main = menu("main", digits=0, k0="return(top)", star="return(operator)", **keys)
        return say(f"You are at {name or 'the top'}.", menus(main))

    documents = {name or "top": answer(name) for name in names}
    return by(documents["top"], operator=SALES, **documents), len(names)


def test_an_ivr_of_sixty_menus_needs_few_callbacks() -> None:
    function, size = _sixty()
    assert size == 60
    flow = flow_of(function)
    assert len([place for place in flow.places if place.kind == "menu"]) == size
    assert (flow.cut, flow.troubles) == ((), ())
    moves = len(flow.moves)
    assert flow.calls < moves, "hanging up is tried in the call that came to a place first"
    assert flow.callbacks < 6 * moves, "every key of every menu, but not all ways through them"
