"""A call as a scenario for the call simulator."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
import yaml

from devserver.calls.scenario_reading import read_scenarios
from devserver.errors import FnError
from devserver.recorder.exchange import Answer, Exchange, Request
from devserver.recorder.portable import PortableCall
from devserver.recorder.scenario import render

MENU = {
    "instructions": [
        {"name": "say", "text": "Welcome!"},
        {"name": "SetCookie", "key": "lang", "value": "no"},
    ],
    "action": {
        "name": "runMenu",
        "mainMenu": "first",
        "menus": [
            {
                "id": "first",
                "mainPrompt": "#tts[Press 1 or 2.]",
                "options": [{"dtmf": "1", "action": "return(sales)"}, {"dtmf": 2, "action": "menu(more)"}],
            },
            {"id": "more", "mainPrompt": "#tts[More.]", "options": [{"dtmf": "#", "action": "return(sales)"}]},
        ],
    },
}
ICE = {"cli": "12015550100", "to": {"type": "did", "endpoint": "+12015550101"}, "originationType": "PSTN"}
CONNECT = {"action": {"name": "connectPstn", "number": "+12015550102"}}
HANGUP = {"action": {"name": "hangup"}}


def call(*callbacks: tuple[str | None, Any, Any]) -> PortableCall:
    made = [
        Exchange(
            f"a{n}",
            float(n),
            "c1",
            event,
            "local",
            Request("POST", f"/{event}", (), json.dumps(payload).encode()),
            None if answer is None else Answer(200, (), json.dumps(answer).encode()),
        )
        for n, (event, payload, answer) in enumerate(callbacks)
    ]
    return PortableCall("c1", made)


def scenario(*callbacks: tuple[str | None, Any, Any]) -> Any:
    return yaml.safe_load(render(call(*callbacks)))


def pie(**result: Any) -> tuple[str, Any, Any]:
    return "pie", {"event": "pie", "menuResult": result}, HANGUP


def test_a_whole_call_is_told_in_steps() -> None:
    made = scenario(
        ("ice", ICE, MENU),
        (
            "pie",
            {"menuResult": {"type": "return", "value": "sales", "menuId": "first", "inputMethod": "dtmf"}},
            CONNECT,
        ),
        ("ace", {"amd": {"status": "human"}}, {"action": {"name": "continue"}}),
        ("notify", {"type": "recording_finished"}, None),
        ("dice", {"result": "ANSWERED", "reason": "CALLEEHANGUP"}, None),
    )
    assert made == {
        "kind": "pstn",
        "from": "+12015550100",
        "to": "+12015550101",
        "callees": {"+12015550102": {"amd": "human"}},
        "steps": [
            {"heard": ["Welcome!", "Press 1 or 2."]},
            {"menu": "first", "press": "1"},
            {"connected": "+12015550102"},
            {"callback": "ace"},
            {"wait": 2, "hangup": "callee"},
        ],
        "expect": {"result": "ANSWERED", "reason": "CALLEEHANGUP", "cookies": {"lang": "no"}},
    }


def test_what_a_hold_answered_by_itself_is_no_step() -> None:
    held = call(
        ("ice", ICE, MENU), pie(type="timeout"), ("dice", {"result": "ANSWERED", "reason": "CALLERHANGUP"}, None)
    )
    before, rounds, after = held.exchanges
    marked = msgspec.structs.replace(rounds, marks=["holding"])
    with_round, without = (PortableCall("c1", each) for each in ([before, marked, after], [before, after]))
    assert render(with_round) == render(without)


def test_without_notifications_the_callbacks_are_expected_in_their_order() -> None:
    made = scenario(("ice", ICE, HANGUP), ("dice", {"result": "ANSWERED", "reason": "MANAGERHANGUP"}, None))
    assert made["expect"] == {"result": "ANSWERED", "reason": "MANAGERHANGUP", "callbacks": ["ice", "dice"]}
    assert "steps" not in made


def test_numbers_keys_and_words_that_yaml_would_change_are_quoted() -> None:
    text = render(call(("ice", ICE, MENU), pie(type="sequence", value="0123", menuId="no"))).decode()
    assert "from: '+12015550100'" in text
    assert "press: '0123'" in text
    assert "menu: 'no'" in text
    assert text.startswith("# ")
    assert "personal data" in text.splitlines()[0]


@pytest.mark.parametrize(
    ("result", "steps"),
    [
        ({"type": "Return", "value": "sales", "menuId": "more"}, [{"menu": "first", "press": "2"}, {"menu": "more", "press": "#"}]),
        ({"type": "return", "value": "sales"}, [{"press": "1"}]),
        ({"type": "return", "value": "gone", "menuId": "first"}, [{"menu": "first", "press": "?"}]),
        ({"type": "sequence", "value": "12", "menuId": "first"}, [{"menu": "first", "press": "12"}]),
        ({"type": "sequence", "value": "x", "menuId": "first"}, [{"menu": "first", "press": "?"}]),
        ({"type": "timeout", "menuId": "first"}, [{"menu": "first"}, {"callback": "pie timeout"}]),
        ({"type": "timeout"}, [{"callback": "pie timeout"}]),
        ({"type": "hangup", "menuId": "first"}, [{"menu": "first", "hangup": "caller"}]),
        ({"type": "invalidinput", "menuId": "more"}, [{"menu": "first", "press": "2"}, {"menu": "more", "press": "*"}]),
        ({"type": "return", "value": "sales", "inputMethod": "voice"}, [{"say": "sales"}]),
    ],
    ids=lambda _: None,
)  # fmt: skip
def test_what_the_caller_did_is_found_in_the_menu(result: dict[str, str], steps: list[dict[str, Any]]) -> None:
    assert scenario(("ice", ICE, MENU), pie(**result))["steps"][1:] == steps


@pytest.mark.parametrize(("result", "callee"), [("BUSY", "busy"), ("NOANSWER", "no answer"), ("FAILED", "no route")])
def test_a_callee_without_ace_behaves_as_the_call_ended(result: str, callee: str) -> None:
    made = scenario(("ice", ICE, CONNECT), ("dice", {"result": result, "reason": "N/A"}, None))
    assert made["callees"] == {"+12015550102": callee}
    assert "steps" not in made
    assert made["expect"] == {"result": result, "reason": "N/A", "callbacks": ["ice", "dice"]}


def test_a_callee_who_was_there_without_an_ace_answers() -> None:
    made = scenario(("ice", ICE, CONNECT), ("dice", {"result": "ANSWERED", "reason": "CALLERHANGUP"}, None))
    assert made["callees"] == {"+12015550102": "answers"}
    assert made["steps"] == [{"connected": "+12015550102"}, {"hangup": "caller"}]


def test_a_call_to_a_user_and_a_callout_are_told_as_such() -> None:
    mxp = {"to": {"type": "username", "endpoint": "anna"}, "originationType": "mxp", "custom": "{}"}
    assert {"kind": "app", "to": "anna", "custom": "{}"}.items() <= scenario(("ice", mxp, HANGUP)).items()
    conference = {"to": {"type": "conference", "endpoint": "room"}, "originationType": "mxp"}
    assert {"to": "room", "to_type": "conference"}.items() <= scenario(("ice", conference, HANGUP)).items()
    ended = {"from": "12015550100", "to": {"type": "number", "endpoint": "12015550102"}, "result": "BUSY"}
    assert scenario(("dice", ended, None)) == {
        "kind": "custom",
        "from": "+12015550100",
        "to": "+12015550102",
        "expect": {"result": "BUSY"},
    }


CONFERENCE = {"action": {"name": "connectConf", "conferenceId": "room"}}


def test_keys_in_a_conference_are_pressed_there() -> None:
    made = scenario(
        ("ice", ICE, CONFERENCE),
        pie(type="sequence", value="12", menuId="room"),
        pie(type="sequence", value="3", menuId="room"),
        ("dice", {"result": "ANSWERED", "reason": "CALLERHANGUP"}, None),
    )
    assert made["steps"] == [
        {"connected": "room"},
        {"wait": 1, "press": "12"},
        {"callback": "pie 12"},
        {"wait": 1, "press": "3"},
        {"callback": "pie 3"},
        {"hangup": "caller"},
    ]
    assert "callees" not in made


@pytest.mark.parametrize("answer", [{"action": {"name": "hangupp"}}, {"instructions": []}, None])
def test_an_answer_that_the_platform_refuses_is_expected_to_fail(answer: Any) -> None:
    made = scenario(("ice", ICE, answer), ("dice", {"result": "FAILED", "reason": "CALLBACKERROR"}, None))
    assert made["expect"] == {
        "result": "FAILED",
        "reason": "CALLBACKERROR",
        "fails": True,
        "callbacks": ["ice", "dice"],
    }


def test_times_are_those_of_the_platform() -> None:
    made = scenario(
        ("ice", ICE | {"timestamp": "2026-01-02T03:04:05Z"}, CONNECT),
        ("ace", {"timestamp": "2026-01-02T03:04:15Z"}, {"action": {"name": "continue"}}),
        (
            "dice",
            {"timestamp": "2026-01-02T03:05:15Z", "result": "ANSWERED", "reason": "CALLERHANGUP"},
            None,
        ),
    )
    assert made["steps"][-1] == {"wait": 60, "hangup": "caller"}


def test_who_waited_long_has_patience() -> None:
    park = {"action": {"name": "park"}}
    made = scenario(
        ("ice", ICE | {"timestamp": "2026-01-02T03:04:05Z"}, park),
        ("dice", {"timestamp": "2026-01-02T03:14:05Z", "result": "ANSWERED", "reason": "TIMEOUT"}, None),
    )
    assert made["patience"] == 720


def test_a_dollar_begins_no_variable() -> None:
    say = {"instructions": [{"name": "say", "text": "It costs $amount."}], "action": {"name": "hangup"}}
    assert scenario(("ice", ICE, say))["steps"] == [{"heard": ["It costs $$amount."]}]


def test_what_is_exported_can_be_played() -> None:
    (made,) = read_scenarios(
        render(
            call(
                ("ice", ICE, MENU),
                pie(type="return", value="sales", menuId="more"),
                pie(type="timeout", menuId="first"),
                ("ice", ICE, CONNECT),
                ("ace", {"amd": {"status": "machine"}}, {"action": {"name": "continue"}}),
                ("dice", {"result": "ANSWERED", "reason": "CALLERHANGUP"}, None),
            )
        ).decode(),
        "a.yaml",
    )
    assert len(made.steps) == 11
    assert made.callees["+12015550102"].amd == "machine"
    assert made.expect.reason is not None


@pytest.mark.parametrize("payload", [[], "x", None, {"to": [], "menuResult": [], "cli": {}}])
@pytest.mark.parametrize(
    "answer", [[], {"action": []}, {"action": {"name": "runMenu", "menus": [1, {"options": [2]}]}}]
)
def test_half_a_document_gives_half_a_scenario(payload: Any, answer: Any) -> None:
    made = scenario(("ice", payload, answer), ("pie", payload, answer), ("dice", payload, None))
    assert made["kind"]


def test_menus_in_a_circle_come_to_an_end() -> None:
    ring = {"name": "runMenu", "menus": [{"id": "main", "options": [{"dtmf": "1", "action": "menu(main)"}]}]}
    assert scenario(("ice", ICE, {"action": ring}), pie(type="return", value="x"))["steps"][-1] == {"press": "?"}


def test_without_a_callback_there_is_no_scenario() -> None:
    with pytest.raises(FnError, match="no callback"):
        render(call((None, {}, None)))
