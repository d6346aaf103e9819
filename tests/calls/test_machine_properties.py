"""Whatever is sent to a call, it holds together: arbitrary SVAML, arbitrary events, in any order."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devserver.calls import terms
from devserver.calls.machine import Call
from devserver.calls.progress import State
from devserver.calls.setup import Callout, CallSetup, Identity, Leg
from tests.calls.playbook import INBOUND, URLS, remembered

Document = dict[str, Any]
KEYS = "0123456789*#"
PROMPTS = st.sampled_from(["", "#tts[Hello]", "#tts[a];#ssml[<speak>b</speak>];c.wav", "#tts[open"])
SECONDS = st.sampled_from([0, 1, 60, "30", 10**30, -1, None])
FLAGS = st.sampled_from([True, False, "true", None])
IDS = st.sampled_from(["main", "next", "missing"])
TO = st.sampled_from(
    [
        Identity("did", "+12017777777"),
        Identity("number", "+12017777777"),
        Identity("sip", "alice@example.test"),
        Identity("username", "bob"),
        Identity("conference", "room"),
    ]
)

options = st.fixed_dictionaries(
    {
        "dtmf": st.sampled_from([*KEYS, 1, "A"]),
        "action": st.one_of(
            IDS.map(lambda name: f"menu({name})"), st.sampled_from(["return(x)", "RETURN((y))", "return", ""])
        ),
    },
    optional={"add": st.just([{"key": "k", "value": "v"}]), "input": st.sampled_from(["sales", ""])},
)
menus = st.fixed_dictionaries(
    {"id": IDS},
    optional={
        "mainPrompt": PROMPTS,
        "repeatPrompt": PROMPTS,
        "repeats": st.sampled_from([0, 1, 3, 10**9]),
        "maxDigits": st.sampled_from([0, 1, 4]),
        "timeoutMills": st.sampled_from([0, 1000, "5000"]),
        "options": st.lists(options, max_size=3),
    },
)
recording = st.fixed_dictionaries(
    {},
    optional={
        "notificationEvents": FLAGS,
        "transcriptionOptions": st.fixed_dictionaries({}, optional={"enabled": FLAGS}),
        "format": st.sampled_from(["wav", "../x"]),
    },
)
instructions = st.one_of(
    st.builds(lambda text: {"name": "say", "text": text}, st.sampled_from(["Hi", "", " "])),
    st.builds(lambda ids: {"name": "playFiles", "ids": ids, "locale": "en-US"}, st.lists(PROMPTS, max_size=2)),
    st.builds(lambda keys: {"name": "SendDtmf", "value": keys}, st.sampled_from(["", "w1#"])),
    st.just({"name": "setCookie", "key": "k", "value": "v"}),
    st.builds(lambda asked: {"name": "startRecording", "options": asked}, recording),
    st.sampled_from([{"name": name} for name in ("answer", "stopRecording", "reportCallStatus", "dance")]),
)
actions = st.one_of(
    st.builds(lambda cause: {"name": "hangup", "hangupCause": cause, "barge": True}, st.sampled_from([0, 1, 2, None])),
    st.sampled_from([{"name": "continue"}, {"name": "stopRecording"}, {"name": "dance"}, {}]),
    st.fixed_dictionaries(
        {"name": st.just("connectPSTN"), "number": st.sampled_from(["+12018888888", "bad", None])},
        optional={
            "dialTimeout": SECONDS,
            "maxDuration": SECONDS,
            "suppressCallbacks": FLAGS,
            "dtmf": st.sampled_from(["1w2", ""]),
            "amd": st.fixed_dictionaries({"enabled": FLAGS}, optional={"async": FLAGS}),
            "record": FLAGS,
        },
    ),
    st.sampled_from(
        [
            {"name": "connectMxp"},
            {"name": "connectMxp", "destination": {"type": "username", "endpoint": "bob"}},
            {"name": "connectSip", "destination": {"endpoint": "sip:a@b.test"}},
            {"name": "connectStream", "destination": {"type": "Websocket", "endpoint": "wss://a.test"}},
        ]
    ),
    st.builds(
        lambda mode, digits, record: {
            "name": "connectConf",
            "conferenceId": "room",
            "record": record,
            "conferenceDtmfOptions": {"mode": mode, "maxDigits": digits},
        },
        st.sampled_from(["ignore", "forward", "detect"]),
        st.sampled_from([1, 3]),
        FLAGS,
    ),
    st.builds(
        lambda listed, voice, barge: {
            "name": "runMenu",
            "menus": listed,
            "enableVoice": voice,
            "barge": barge,
            "locale": "en-US",
        },
        st.lists(menus, max_size=3),
        FLAGS,
        FLAGS,
    ),
    st.builds(
        lambda intro, hold, seconds: {
            "name": "park",
            "introPrompt": intro,
            "holdPrompt": hold,
            "maxDuration": seconds,
        },
        PROMPTS,
        PROMPTS,
        SECONDS,
    ),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
documents = st.one_of(
    st.builds(
        lambda listed, action: {"instructions": listed, "action": action}, st.lists(instructions, max_size=3), actions
    ),
    st.builds(lambda action: {"action": action}, actions),
)
wild = st.one_of(
    documents.map(lambda document: json.dumps(document).encode()),
    json_values.map(lambda value: json.dumps(value).encode()),
    st.sampled_from([b"", b"null", b"<html>", b"\xff", b"{}", b"[" * 5000]),
)
callouts = st.builds(
    Callout,
    text=st.sampled_from(["Hello", ""]),
    conference=st.just("room"),
    greeting=st.sampled_from(["", "Welcome"]),
    dtmf=st.sampled_from(["", "1#"]),
    max_duration=st.sampled_from([0, 30]),
    enable_ace=st.booleans(),
    enable_dice=st.booleans(),
    enable_pie=st.booleans(),
    ice=st.sampled_from(["", "", "http://ice.test", '{"action":{"name":"connectPstn","number":"+12018888888"}}']),
    ace=st.sampled_from(["", "", "http://ace.test", '{"action":{"name":"hangup"}}', "nonsense"]),
    pie=st.sampled_from(["", "", "http://pie.test", '{"action":{"name":"continue"}}']),
    dice=st.sampled_from(["", "", "http://dice.test", '{"action":{"name":"hangup"}}']),
)


@st.composite
def setups(draw: st.DrawFn) -> CallSetup:
    kind = draw(st.sampled_from(["inbound", "inbound", "inbound", "tts", "conference", "custom"]))
    urls = draw(st.sampled_from([URLS, URLS, URLS, ()]))
    if kind == "inbound":
        origin = draw(st.sampled_from(["PSTN", "PSTN", "MXP", "SIP"]))
        return msgspec.structs.replace(INBOUND, origin=origin, to=draw(TO), urls=urls)
    to = draw(TO if kind != "custom" else st.none() | TO)
    cli = draw(st.sampled_from(["", "+12015555555"]))
    return msgspec.structs.replace(
        INBOUND, kind=kind, origin="SERVER", to=to, urls=urls, cli=cli, callout=draw(callouts)
    )


LEGS: tuple[Any, ...] = ("caller", "caller", "caller", "callee")

MENUS: list[Document] = [
    {
        "id": "main",
        "mainPrompt": "#tts[Press]",
        "maxDigits": 3,
        "repeats": 1,
        "options": [
            {"dtmf": "1", "action": "return(x)", "add": [{"key": "k", "value": "v"}]},
            {"dtmf": "2", "action": "menu(next)", "input": "sales"},
        ],
    },
    {"id": "next", "repeats": 0, "timeoutMills": 0, "options": [{"dtmf": "#", "action": "menu(main)"}]},
]
SPOKEN: Document = {"barge": False, "enableVoice": True, "locale": "en-US"}
PSTN: Document = {"name": "connectPstn", "number": "+12018888888"}
ACTIONS: list[Document] = [
    {"name": "hangup"},
    {"name": "hangup", "hangupCause": 1, "barge": True},
    {"name": "continue"},
    {"name": "continue"},
    PSTN,
    {**PSTN, "amd": {"enabled": True}, "dtmf": "1", "record": True},
    {**PSTN, "amd": {"enabled": True}},
    {**PSTN, "amd": {"enabled": True, "async": True}, "maxDuration": 9},
    {**PSTN, "suppressCallbacks": True, "dialTimeout": 3},
    {"name": "connectPstn"},
    {"name": "connectMxp", "destination": {"type": "username", "endpoint": "bob"}},
    {"name": "connectSip", "destination": {"type": "sip", "endpoint": "a@b.test"}},
    {"name": "connectStream", "destination": {"type": "Websocket", "endpoint": "wss://a.test"}},
    {"name": "runMenu", "menus": MENUS},
    {"name": "runMenu", "menus": MENUS, **SPOKEN},
    {"name": "runMenu", "menus": MENUS, "mainMenu": "next"},
    {"name": "connectConf", "conferenceId": "room"},
    {"name": "connectConf", "conferenceId": "room", "conferenceDtmfOptions": {"mode": "forward"}},
    {"name": "connectConf", "conferenceId": "room", "conferenceDtmfOptions": {"mode": "detect"}},
    {"name": "connectConf", "conferenceId": "room", "conferenceDtmfOptions": {"mode": "detect", "maxDigits": 3}},
    {"name": "park", "holdPrompt": "#tts[Hold]", "introPrompt": "#tts[Wait]"},
    {"name": "park", "holdPrompt": "#tts[Hold]"},
    {"name": "park"},
    {"name": "startRecording"},
    {"name": "stopRecording"},
]
STEPS: list[Document] = [
    {"name": "say", "text": "Hi"},
    {"name": "say", "text": "Ho"},
    {"name": "startRecording", "options": {"transcriptionOptions": {"enabled": True}}},
    {"name": "startRecording", "options": {"notificationEvents": False}},
    {"name": "stopRecording"},
    {"name": "setCookie", "key": "k", "value": "v"},
]


class Driver:
    """Plays along: knows what is open, and checks every command against what came before."""

    def __init__(self, setup: CallSetup) -> None:
        self.setup = setup
        self.call = Call(setup, terms.Settings(most_callbacks=20, most_events=300))
        self.at = 0.0
        self.open: dict[int, str] = {}
        self.events: list[str] = []
        self.timers: set[str] = set()
        self.playing: set[int] = set()
        self.storing: set[int] = set()
        self.transcribed: dict[int, bool] = {}
        self.dialling: set[Leg] = set()
        self.suppressed = False
        self.users: set[str] = set()
        self.conference = ""
        self.end: terms.End | None = None

    def send(self, event: terms.Event) -> list[terms.Command]:
        before = remembered(self.call)
        commands = self.call.receive(event)
        if any(isinstance(command, terms.Refused) for command in commands):
            assert len(commands) == 1
            assert remembered(self.call) == before
            return commands
        assert self.end is None
        self._notice(event)
        for command in commands:
            self._obey(command)
        return commands

    def _notice(self, event: terms.Event) -> None:
        match event:
            case terms.CallbackAnswered(callback=number) | terms.CallbackFailed(callback=number):
                del self.open[number]
            case terms.TimerFired(name=name):
                self.timers.remove(name)
            case terms.PromptEnded(play=number):
                self.playing.remove(number)
            case terms.CalleeAnswered(leg=leg) | terms.CalleeFailed(leg=leg):
                self.dialling.remove(leg)
            case terms.RecordingStored(recording=number):
                if not self.transcribed[number]:
                    self.storing.remove(number)
            case terms.TranscriptStored(recording=number):
                self.storing.remove(number)
            case terms.TimerFired(name="storing"):
                self.storing.clear()
            case terms.Kicked():
                self.conference = ""
            case _:
                pass

    def _obey(self, command: terms.Command) -> None:  # noqa: C901, PLR0912 - one line for each command
        assert self.end is None, "nothing comes after the end"
        match command:
            case terms.SendCallback(callback=number, event=event):
                assert number not in self.open
                self.open[number] = event
                self.events.append(event)
            case terms.StartTimer(name=name, seconds=seconds):
                assert name not in self.timers
                assert seconds >= 0
                self.timers.add(name)
            case terms.StopTimer(name=name):
                self.timers.remove(name)
            case terms.Play(play=number) | terms.SendKeys(play=number):
                assert not self.playing
                self.playing.add(number)
            case terms.StopPlaying(play=number, now=now):
                assert number in self.playing
                self.playing -= {number} if now else set()
            case terms.Dial(leg=leg, to=to):
                assert not self.dialling
                self.dialling.add(leg)
                self.users.add(to.type)
            case terms.StopDialling(leg=leg):
                self.dialling.remove(leg)
            case terms.StartRecording(recording=number, transcribe=transcribe):
                self.transcribed[number] = transcribe
            case terms.StopRecording(recording=number):
                self.storing.add(number)
            case terms.JoinConference(conference=conference):
                assert not self.conference
                self.conference = conference
            case terms.LeaveConference(conference=conference):
                assert self.conference == conference
                self.conference = ""
            case terms.End():
                self.end = command
            case _:
                pass

    def finish(self) -> None:
        """End the call as a driver would: hang up, answer what is open, store what was recorded."""
        self.send(terms.HungUp(self.at, "caller"))
        self.send(terms.HungUp(self.at, "callee"))
        self.send(terms.Cancelled(self.at))
        for number in tuple(self.playing):
            self.send(terms.PromptEnded(self.at, number))
        while self.open:
            self.send(terms.CallbackFailed(self.at, next(iter(self.open)), "gone"))
            for number in sorted(self.storing):
                self.send(terms.RecordingStored(self.at, number, "file"))
                self.send(terms.TranscriptStored(self.at, number, "file"))
        for number in sorted(self.storing):
            self.send(terms.RecordingStored(self.at, number, "file"))
            self.send(terms.TranscriptStored(self.at, number, "file"))
        while self.open:
            self.send(terms.CallbackFailed(self.at, next(iter(self.open)), "gone"))


def a_body(random: Random, wilder: list[bytes]) -> bytes:
    """What a function answers, mostly something legal."""
    if random.random() < 0.1:
        return random.choice(wilder)
    steps = random.sample(STEPS, random.choice([0, 0, 1, 2]))
    return json.dumps({"instructions": steps, "action": random.choice(ACTIONS)}).encode()


def next_event(random: Random, driver: Driver, wilder: list[bytes]) -> terms.Event:  # noqa: C901, PLR0911
    """One more event, mostly one that leads on."""
    at, pick = driver.at, random.choice
    kinds = ["key"] * 8 + ["word", "patch", "patch", "other", "hangs up"]
    kinds += [*["answer"] * 20, "failure"] * bool(driver.open)
    kinds += ["timer"] * 5 * bool(driver.timers)
    kinds += ["prompt"] * 20 * bool(driver.playing)
    kinds += [*["callee"] * 20, "callee fails"] * bool(driver.dialling)
    kinds += ["stored"] * 5 * bool(driver.storing)
    match pick(kinds):
        case "key":
            return terms.KeyPressed(at, pick("12#12#0*9A"), pick(LEGS))
        case "word":
            return terms.Spoke(at, pick(["one", "Sales.", "what?"]), pick(LEGS))
        case "patch":
            return terms.Patched(at, a_body(random, wilder), pick(["", "", "caller", "both"]))
        case "hangs up":
            return terms.HungUp(at, pick(LEGS))
        case "answer":
            status = pick([*[200] * 15, 204, 500])
            return terms.CallbackAnswered(at, pick(sorted(driver.open)), status, a_body(random, wilder))
        case "failure":
            return terms.CallbackFailed(at, pick(sorted(driver.open)), "gone")
        case "timer":
            return terms.TimerFired(at, pick(_likely(driver.timers)))
        case "prompt":
            return terms.PromptEnded(at, min(driver.playing))
        case "callee":
            return terms.CalleeAnswered(at, pick(sorted(driver.dialling)))
        case "callee fails":
            return terms.CalleeFailed(at, pick(["busy", "no route", "error"]), pick(sorted(driver.dialling)))
        case "stored":
            number = min(driver.storing)
            stored: list[terms.Event] = [terms.RecordingStored(at, number, "file")]
            return pick([*stored, terms.TranscriptStored(at, number, "file")])
        case _:
            others: list[terms.Event] = [terms.BeepHeard(at), terms.Kicked(at), terms.Cancelled(at), terms.Started(at)]
            return pick([*others, terms.MachineDetected(at, "human")])


def _likely(timers: set[str]) -> list[str]:
    """The long timers are due after all others."""
    return sorted(timers - {"duration", "storing"}) or sorted(timers)


def dice_due(driver: Driver) -> bool:
    """The tables of voice-v1.md 3.1 and 3.2 once more, from the outside."""
    setup, progress = driver.setup, driver.call.progress
    asked = setup.callout
    if progress.suppressed:
        return False
    if asked is None:
        return bool(setup.urls)
    if progress.data:
        return False
    if setup.kind != "custom":
        return asked.enable_dice and bool(setup.urls)
    return asked.dice.startswith("http") if asked.dice else bool(setup.urls)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(setup=setups(), seed=st.integers(0, 2**32), wilder=st.lists(wild, min_size=1, max_size=4))
def test_a_call_holds_together_whatever_happens(setup: CallSetup, seed: int, wilder: list[bytes]) -> None:
    random = Random(seed)
    for _ in range(5):
        walk(Driver(setup), random, wilder)


def walk(driver: Driver, random: Random, wilder: list[bytes]) -> None:
    """One call, from its start to its end."""
    driver.send(terms.Started(0.0))
    for _ in range(random.choice([2, 10, 20, 40])):
        if driver.call.ended:
            break
        driver.at += 1
        driver.send(next_event(random, driver, wilder))
    driver.finish()

    assert driver.end is not None
    assert driver.call.state is State.ENDED
    assert driver.timers == set()
    assert driver.playing == set()
    assert driver.dialling == set()
    assert driver.conference == ""
    assert driver.events.count("dice") == int(dice_due(driver))
    assert [event for event in driver.events if event != "notify"][-1:] in ([], ["dice"]) or not dice_due(driver)


@settings(max_examples=100, deadline=None)
@given(wild, st.sampled_from(["ice", "ace", "pie", "patch", "leg"]))
def test_reading_an_answer_never_fails(body: bytes, asked: Any) -> None:
    from devserver.calls.program import read

    reading = read(body, asked, True, False)
    assert reading.program is None or not reading.illegal


@pytest.mark.parametrize("most", [1, 5])
def test_a_loop_without_time_is_ended_after_so_many_callbacks(most: int) -> None:
    call = Call(INBOUND, terms.Settings(most_callbacks=most))
    again = b'{"action":{"name":"runMenu","menus":[{"id":"main","repeats":0,"timeoutMills":0,"maxDigits":1}]}}'
    commands = call.receive(terms.Started(0))
    asked = 0
    while not call.ended:
        sent = [command for command in commands if isinstance(command, terms.SendCallback)]
        asked += sum(command.wants == "svaml" for command in sent)
        commands = []
        for command in sent:
            commands += call.receive(terms.CallbackAnswered(0, command.callback, 200, again))
        if not sent:
            commands = call.receive(terms.TimerFired(0, "menu"))
    assert asked == most
    end = commands[-1]
    assert isinstance(end, terms.End)
    assert (end.result, end.reason) == ("ANSWERED", "GENERALERROR")
    assert "most_callbacks" in end.why
