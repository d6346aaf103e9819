"""Scenarios from the first word to the judgement, without a process: the function is a table."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from devserver.calls.commands import SendCallback
from devserver.calls.delivery import Attempt, Delivered, Unusable
from devserver.calls.playing import Place, Played, play
from devserver.calls.scenario import NOBODY
from devserver.calls.scenario_reading import read_scenarios
from devserver.calls.told import Ended, Told

URL = "http://127.0.0.1:1/"
MENU = {
    "action": {
        "name": "runMenu",
        "menus": [
            {"id": "main", "mainPrompt": "#tts[Press 1.]", "options": [{"dtmf": "1", "action": "return(sales)"}]}
        ],
    }
}
CONNECT = {
    "instructions": [{"name": "setCookie", "key": "lang", "value": "en"}],
    "action": {"name": "connectPstn", "number": "+12025550151"},
}
SALES = {"ice": MENU, "pie": CONNECT, "ace": {"action": {"name": "continue"}}}


class Function:
    """Answers callbacks; keeps what it was sent."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.sent: list[SendCallback] = []

    async def __call__(self, command: SendCallback, unusable: Unusable) -> Delivered:  # noqa: ARG002 nothing is unusable here
        self.sent.append(command)
        url = next((each for each in command.urls if each != NOBODY), None)
        if url is None:
            return Delivered(0, b"", 1.0, (Attempt(NOBODY, 0, 1.0),), "Nobody listens there.")
        answer = self.answers.get(command.event)
        body = b"" if answer is None else msgspec.json.encode(answer)
        return Delivered(200, body, 1.0, (Attempt(url, 200, 1.0),))


async def played(text: str, answers: dict[str, Any] = SALES, **more: Any) -> Played:
    (scenario,) = read_scenarios(text, "a.yaml")
    return await play(scenario, Place(Function(answers), URL, "key"), **more)


async def test_a_call_by_the_book() -> None:
    result = await played("""
callees: {"+12025550151": {answers: 3, hangs_up: 10}}
steps:
- {menu: main, press: "1"}
expect:
  heard_exactly: Press 1.
  menus: main
  connected: "+12025550151"
  cookies: {lang: en}
  callbacks: [ice, pie sales, ace, dice]
  reason: CALLEEHANGUP
  findings: none
""")
    assert result.failures == ()
    assert result.report.keys == "1"


async def test_a_call_that_goes_otherwise_is_told_line_by_line() -> None:
    result = await played("""\
steps:
- {menu: other, press: "1"}
expect:
  connected: "+12025550152"
""")
    assert [(failure.line, failure.text) for failure in result.failures] == [
        (2, 'Waited in vain for the menu "other"; offered was main, main, main, main.'),
        (4, "Expected to be connected to +12025550152; connected was +12025550151."),
    ]


async def test_a_call_whose_caller_waits_in_vain_comes_to_an_end() -> None:
    result = await played("steps:\n- {menu: main, press: '1'}\n- heard: Hello\npatience: 40")
    assert [failure.text for failure in result.failures] == ['Waited in vain to hear "Hello"; heard "Press 1.".']
    assert result.report.reason == "CALLERHANGUP"


async def test_a_function_out_of_reach_fails_the_call() -> None:
    result = await played("function: down")
    assert [failure.text for failure in result.failures] == [
        "The ice failed: Nobody listens there.",
        "The dice CALLBACKERROR failed: Nobody listens there.",
    ]


async def test_the_fallback_is_told_in_the_setup() -> None:
    function = Function(SALES)
    (scenario,) = read_scenarios("function: fallback", "a.yaml")
    await play(scenario, Place(function, URL, "key"))
    assert function.sent[0].urls == (NOBODY, URL)
    assert function.sent[0].payload["applicationKey"] == "key"


async def test_settings_of_the_scenario_are_those_of_the_platform() -> None:
    once = await played("settings: {menu_repeats: 0}\nexpect: {heard_exactly: Press 1.}", {"ice": MENU})
    (failure,) = once.failures
    assert failure.text.startswith("The pie timeout failed (200): The answer to a PIE is empty")


async def test_who_listens_is_told_all_and_the_report_keeps_it() -> None:
    news: list[Told] = []
    result = await played("steps: hangup", listener=news.append, keep_timeline=True)
    assert isinstance(news[-1], Ended)
    assert list(result.report.timeline) == news


async def test_a_scenario_goes_the_same_way_every_time() -> None:
    text = "steps:\n- {menu: main, press: '1'}\n- {connected: '+12025550151', wait: 3, hangup: caller}"
    first, second = [(await played(text, keep_timeline=True)).report for _ in range(2)]
    plain = [
        [(type(each), each.at) for each in report.timeline if not isinstance(each, Ended)] for report in (first, second)
    ]
    assert plain[0] == plain[1]
    assert first.callid == second.callid


ROOM = {"action": {"name": "connectConf", "conferenceId": "room", "conferenceDtmfOptions": {"mode": "detect"}}}
PARK = {"action": {"name": "park", "holdPrompt": "#tts[Hold.]"}}
BYE = {"instructions": [{"name": "say", "text": "Bye."}], "action": {"name": "hangup"}}
ANSWER: st.SearchStrategy[Any] = st.sampled_from(
    [MENU, CONNECT, ROOM, PARK, BYE, {"action": {"name": "continue"}}, {"action": {}}, None]
)
STEP = st.fixed_dictionaries(
    {},
    optional={
        "heard": st.sampled_from(["press", "Hold", "nothing like it"]),
        "menu": st.sampled_from(["main", "other"]),
        "callback": st.sampled_from(["pie", "ace", "dice"]),
        "connected": st.sampled_from(["room", "+12025550151"]),
        "wait": st.sampled_from([0, 1, 30]),
        "press": st.sampled_from(["1", "12#", "w*"]),
        "say": st.just("sales"),
        "patch": st.sampled_from([BYE, ROOM, {}]),
        "hangup": st.sampled_from(["caller", "callee"]),
        "barge": st.sampled_from(["yes", "no"]),
    },
).filter(lambda step: set(step) - {"barge"})
CALLEE = st.sampled_from(["answers", "busy", {"hangs_up": 5, "presses": "1"}, {"answers": 90}, {"amd": "machine"}])


@settings(max_examples=150, deadline=None)
@given(
    st.lists(STEP, max_size=4),
    st.fixed_dictionaries(dict.fromkeys(("ice", "ace", "pie"), ANSWER)),
    CALLEE,
    st.sampled_from(["pstn", "app", "tts", "conference", "custom"]),
)
def test_every_scenario_comes_to_its_end(steps: list[Any], answers: dict[str, Any], callee: Any, kind: str) -> None:
    callout = {} if kind in {"pstn", "app"} else {"callout": {"conference": "room", "enable_dice": "yes"}}
    document = {"kind": kind, "to": "+12025550100", "steps": steps, "callees": {"other": callee}, **callout}

    result = asyncio.run(played(yaml.safe_dump(document), answers))

    assert result.report.result
    assert result.report.trouble == ""
    assert [each.event for each in result.report.callbacks].count("dice") <= 1
    assert bool(result.failures) or not result.report.failed
