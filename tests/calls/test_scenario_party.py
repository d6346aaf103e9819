"""Caller and callees of a scenario: what they do about what they are told, and when."""

from __future__ import annotations

import heapq
from itertools import count
from typing import Any

import pytest

from devserver.calls import told
from devserver.calls.actions import Action, HangUp, Manage, PickUp, Press, Say, Wake
from devserver.calls.scenario_party import THINKS, ScenarioParty
from devserver.calls.scenario_reading import read_scenarios


class Line:
    """A call in which a test says what happens, and whose clock runs the party's own plans."""

    def __init__(self, text: str) -> None:
        (scenario,) = read_scenarios(text, "a.yaml")
        self.party = ScenarioParty(scenario)
        self.did: list[tuple[float, Action]] = []
        self._plans: list[tuple[float, int, Action]] = []
        self._numbers = count()

    def tell(self, *news: Any) -> None:
        for each in news:
            self.until(each.at)
            self._take(each)

    def until(self, at: float) -> None:
        """Let the time come, and with it what was planned."""
        while self._plans and self._plans[0][0] <= at:
            when, _, action = heapq.heappop(self._plans)
            if isinstance(action, Wake):
                self._take(told.Awoke(when, action.name))
            else:
                self.did.append((round(when, 3), action))

    def _take(self, news: Any) -> None:
        for after, action in self.party.react(news):
            assert after >= 0
            heapq.heappush(self._plans, (news.at + after, next(self._numbers), action))


def steps(*lines: str, more: str = "") -> Line:
    return Line("steps:\n" + "".join(f"- {line}\n" for line in lines) + more)


def heard(at: float, text: str, seconds: float = 2.0, menu: str = "") -> told.Heard:
    return told.Heard(at, text, "caller", seconds, "menu" if menu else "instruction", menu)


def offered(at: float, menu: str, seconds: float = 3.0, round_: int = 1) -> told.Offered:
    return told.Offered(at, menu, (("1", "return(a)"),), 0, False, round_, "caller", seconds)


def called_back(at: float, event: Any, request: dict[str, Any]) -> told.CalledBack:
    return told.CalledBack(at, 1, event, request, {}, 200, 1.0, 5000.0, (), "", failed=False)


BEGAN = told.Began(0.0, "c1", "+1", "+2", "inbound")


def test_a_caller_acts_when_a_text_was_said() -> None:
    line = steps("{heard: welcome, press: '1'}")
    line.tell(BEGAN, heard(1.0, "Press any key"), heard(4.0, "Welcome to us!", 2.0))
    line.until(10.0)
    assert line.did == [(4.0 + 2.0 + THINKS, Press("1"))]
    assert line.party.stuck is None


def test_a_caller_who_barges_acts_when_it_begins() -> None:
    line = steps("{heard: welcome, barge: yes, press: '1'}", "{menu: main, barge: yes, press: '2'}")
    line.tell(BEGAN, heard(4.0, "Welcome", 2.0), offered(6.0, "main"))
    line.until(10.0)
    assert line.did == [(4.1, Press("1")), (6.1, Press("2"))]


def test_keys_wait_for_all_prompts_of_a_menu() -> None:
    line = steps("{menu: main, press: '1w2'}")
    line.tell(BEGAN, offered(1.0, "other"), offered(5.0, "main", 3.0))
    line.until(20.0)
    assert line.did == [(8.5, Press("1")), (9.2, Press("2"))]


def test_a_text_of_a_menu_is_said_when_the_menu_has_been_said() -> None:
    line = steps("{heard: sales, press: '1'}")
    line.tell(BEGAN, offered(1.0, "main", 6.0), heard(1.0, "1 for sales", 2.0, "main"), heard(3.0, "2", 4.0, "main"))
    line.until(20.0)
    assert line.did == [(7.5, Press("1"))]


def test_what_one_wait_has_found_the_next_does_not_find_again() -> None:
    line = steps("{menu: main, press: '9'}", "{menu: main, press: '1'}")
    line.tell(BEGAN, offered(1.0, "main", 1.0))
    line.until(5.0)
    assert line.did == [(2.5, Press("9"))]
    line.tell(offered(6.0, "main", 1.0, 2))
    line.until(10.0)
    assert line.did[1:] == [(7.5, Press("1"))]


def test_a_menu_and_its_prompt_can_both_be_waited_for_in_any_order() -> None:
    line = steps("heard: press 1", "{menu: main, press: '1'}")
    line.tell(BEGAN, offered(1.0, "main", 2.0), heard(1.0, "Press 1", 2.0, "main"))
    line.until(10.0)
    assert line.did == [(3.5, Press("1"))]


def test_several_texts_are_waited_for_in_their_order() -> None:
    line = steps("heard: [one, two]", "hangup")
    line.tell(BEGAN, heard(1.0, "two"), heard(3.0, "one"))
    line.until(9.0)
    assert line.did == []
    line.tell(heard(9.0, "two", 1.0))
    line.until(20.0)
    assert line.did == [(10.5, HangUp())]


def test_speech_pauses_and_hanging_up_follow_each_other() -> None:
    line = steps("say: sales", "wait: 3", "hangup")
    line.tell(BEGAN)
    line.until(100.0)
    assert line.did == [(0.0, Say("sales")), (3.0, HangUp())]


def test_a_callback_and_a_connection_can_be_waited_for() -> None:
    line = steps("callback: pie timeout", "connected: +12015550102", "{wait: 2, hangup: callee}")
    line.tell(
        BEGAN,
        called_back(1.0, "pie", {"menuResult": {"type": "return"}}),
        told.Connected(2.0, "callee", "+12015550102"),
    )
    assert line.party.stuck is not None
    line.tell(called_back(3.0, "pie", {"menuResult": {"type": "timeout"}}))
    line.until(9.0)
    assert line.did == [(5.0, HangUp("callee"))]


def test_joining_a_conference_is_a_connection() -> None:
    line = steps("connected: room", "hangup")
    line.tell(BEGAN, told.Joined(1.0, "room", 0, "ignore"))
    line.until(2.0)
    assert line.did == [(1.0, HangUp())]


def test_the_call_can_be_managed_from_outside() -> None:
    line = steps("{wait: 1, patch: {action: {name: hangup}}, leg: caller}")
    line.tell(BEGAN)
    line.until(2.0)
    assert line.did == [(1.0, Manage(b'{"action":{"name":"hangup"}}', "caller"))]


def test_callees_behave_by_their_number_and_the_others_like_the_others() -> None:
    line = Line('callees: {"+12015550102": {answers: 3, presses: "1"}, other: busy}')
    line.tell(BEGAN, told.Dialling(1.0, "callee", "12015550102", "number", ""))
    line.tell(told.Connected(4.0, "callee", "+12015550102"))
    line.until(9.0)
    assert line.did == [(4.0, PickUp()), (4.5, Press("1", "callee"))]
    line.tell(told.Dialling(9.0, "callee", "+12015550103", "number", ""))
    line.until(20.0)
    assert getattr(line.did[-1][1], "why", "") == "busy"


# --- patience --------------------------------------------------------------------------------------------------------


def test_who_waits_in_vain_hangs_up() -> None:
    line = steps("{menu: main, press: '1'}", "heard: nothing like it", more="patience: 30")
    line.tell(BEGAN, offered(1.0, "main"), heard(20.0, "Else"))
    line.until(100.0)
    assert line.did == [(4.5, Press("1")), (34.5 + 0.2, HangUp())]
    stuck = line.party.stuck
    assert stuck is not None
    assert (stuck.line, stuck.gave_up) == (3, True)
    assert stuck.missing == 'to hear "nothing like it"; heard "Else"'


def test_who_has_nothing_to_do_any_more_hangs_up_when_all_is_quiet() -> None:
    line = steps("heard: welcome", more="patience: 30")
    line.tell(BEGAN, heard(1.0, "Welcome"), heard(20.0, "Music", 10.0))
    line.until(59.0)
    assert line.did == []
    line.until(100.0)
    assert line.did == [(60.0, HangUp())]
    assert line.party.stuck is None


def test_a_callee_who_talks_is_listened_to() -> None:
    line = Line("patience: 30\ncallees: {other: {hangs_up: 100}}")
    line.tell(BEGAN, told.Connected(1.0, "callee", "+12015550102"))
    line.until(100.9)
    assert line.did == []
    line.until(200.0)
    assert line.did == [(101.0, HangUp("callee")), (131.0, HangUp())]


def test_who_has_hung_up_does_not_hang_up_again() -> None:
    line = steps("hangup", "callback: dice", more="patience: 5")
    line.tell(BEGAN)
    line.until(50.0)
    assert line.did == [(0.0, HangUp())]
    assert line.party.stuck is not None
    line.tell(called_back(51.0, "dice", {}))
    assert line.party.stuck is None


def test_after_the_end_nothing_is_done() -> None:
    line = steps("heard: welcome", "hangup", more="patience: 5")
    line.tell(BEGAN, told.Ended(1.0, "ANSWERED", "MANAGERHANGUP", 1, "", failed=False))
    line.tell(heard(2.0, "welcome"))
    line.until(50.0)
    assert line.did == []


@pytest.mark.parametrize(
    ("step", "missing"),
    [
        ("heard: [one, two]", 'to hear "two"; heard "One", "Three"'),
        ("menu: sales", 'for the menu "sales"; offered was main'),
        ("callback: ace", "for the callback ace; there was pie sales"),
        ("connected: +12015550102", "to be connected to +12015550102; connected was +12015550103"),
    ],
)
def test_a_step_that_was_not_done_is_told_with_what_there_was(step: str, missing: str) -> None:
    line = steps(step)
    line.tell(BEGAN, heard(1.0, "One"), heard(2.0, "Three"), offered(3.0, "main"))
    line.tell(called_back(4.0, "pie", {"menuResult": {"value": "sales"}}))
    line.tell(told.Connected(5.0, "callee", "+12015550103"))
    assert line.party.stuck is not None
    assert line.party.stuck.missing == missing


@pytest.mark.parametrize(
    ("step", "missing"),
    [
        ("heard: one", 'to hear "one"; heard nothing more'),
        ("menu: sales", 'for the menu "sales"; offered was none'),
        ("callback: ace", "for the callback ace; there was none"),
        ("connected: +12015550102", "to be connected to +12015550102; connected was nobody"),
    ],
)
def test_a_step_in_a_call_where_nothing_happens_is_told_too(step: str, missing: str) -> None:
    line = steps(step)
    line.tell(BEGAN)
    assert line.party.stuck is not None
    assert line.party.stuck.missing == missing


def test_a_call_that_never_began_is_told_too() -> None:
    stuck = steps("press: '1'").party.stuck
    assert stuck is not None
    assert (stuck.line, stuck.missing) == (2, "to begin")
