"""Every configuration that a call can reach, walked, against a golden file: state + event -> state: commands.

After a change that is meant, `python -m tests.calls.test_walk` writes the file anew; the difference is the review.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import msgspec

from devserver.calls import terms
from devserver.calls.machine import Call
from devserver.calls.progress import MOVES, OVER, Progress, State
from devserver.calls.setup import CallSetup, Identity
from tests.calls.playbook import APP, INBOUND, action, callout, menu, say

GOLDEN = Path(__file__).parent / "golden" / "walk.txt"

MENUS = (
    {
        "id": "main",
        "mainPrompt": "#tts[Press]",
        "maxDigits": 2,
        "repeats": 0,
        "options": [{"dtmf": "1", "action": "return(x)"}, {"dtmf": "2", "action": "menu(main)"}],
    },
)
HOLD = {"introPrompt": "#tts[Wait]", "holdPrompt": "#tts[Hold]"}
DETECT = {"conferenceId": "room", "conferenceDtmfOptions": {"mode": "detect", "maxDigits": 2}}
PSTN = {"number": "+12018888888"}
STREAM = {"destination": {"type": "Websocket", "endpoint": "wss://a.test"}}
RECORD = {"name": "startRecording", "options": {"transcriptionOptions": {"enabled": True}}}
ANSWERS = {
    "hangup": action("hangup", say("Bye")),
    "continue": action("continue"),
    "connectPstn": action("connectPstn", **PSTN),
    "connectPstn, sync": action("connectPstn", amd={"enabled": True}, **PSTN),
    "connectPstn, keys": action("connectPstn", dtmf="1", amd={"enabled": True}, **PSTN),
    "connectPstn, async": action("connectPstn", amd={"enabled": True, "async": True}, **PSTN),
    "connectPstn, silent": action("connectPstn", suppressCallbacks=True, **PSTN),
    "connectMxp": action("connectMxp", destination={"type": "username", "endpoint": "bob"}),
    "connectStream": action("connectStream", **STREAM),
    "connectConf": action("connectConf", RECORD, **DETECT),
    "runMenu": menu(*MENUS),
    "park": action("park", **HOLD),
    "nothing": "",
    "nonsense": "<html>",
}
PATCHES = {
    "hangup": action("hangup", say("Bye")),
    "continue": action("continue", say("Hear")),
    "park": action("park"),
    "connectPstn": action("connectPstn", **PSTN),
    "runMenu": menu(*MENUS),
    "startRecording": action("startRecording"),
    "stopRecording": action("stopRecording"),
}
SETUPS: dict[str, CallSetup] = {
    "inbound": INBOUND,
    "inbound without address": msgspec.structs.replace(INBOUND, urls=()),
    "from an app": APP,
    "from an app, without address": msgspec.structs.replace(APP, urls=()),
    "from an app to a conference, without address": msgspec.structs.replace(
        APP, urls=(), to=Identity("conference", "room")
    ),
    "tts": callout("tts", text="Hello", enable_dice=True),
    "tts with events": callout("tts", text="Hello", enable_ace=True, enable_pie=True, enable_dice=True),
    "tts without cli": msgspec.structs.replace(callout("tts", text="Hello", enable_dice=True), cli=""),
    "conference": callout("conference", conference="room", greeting="Hello"),
    "custom": callout("custom", dtmf="1"),
    "custom without destination": callout("custom", to=None),
}


def likely(p: Progress) -> Iterator[tuple[str, terms.Event]]:
    """Every event that can come to a call now, with its label."""
    at = p.at
    yield "started", terms.Started(at)
    for number in [number for number in p.open if number != p.awaiting][:1]:
        yield "answered", terms.CallbackAnswered(at, number, 200, b"")
    if p.awaiting:
        for name, body in ANSWERS.items():
            yield f"answered {name}", terms.CallbackAnswered(at, p.awaiting, 200, body.encode())
        yield "not answered", terms.CallbackFailed(at, p.awaiting, "timeout")
    yield "prompt ended", terms.PromptEnded(at, p.playing)
    for name in p.timers:
        yield f"timer {name}", terms.TimerFired(at, name)
    for key in "129#":
        yield f"key {key}", terms.KeyPressed(at, key, p.menu_leg)
    yield "spoke", terms.Spoke(at, "one")
    yield "caller hung up", terms.HungUp(at, "caller")
    yield "callee hung up", terms.HungUp(at, "callee")
    yield "callee answered", terms.CalleeAnswered(at, p.dialling or "callee")
    yield "callee busy", terms.CalleeFailed(at, "busy", p.dialling or "callee")
    yield "detected", terms.MachineDetected(at, "machine")
    yield "beep", terms.BeepHeard(at)
    yield "cancelled", terms.Cancelled(at)
    yield "kicked", terms.Kicked(at)
    for name, body in PATCHES.items():
        yield f"patched {name}", terms.Patched(at, body.encode())
    for number in list(p.storing)[:1]:
        yield "stored", terms.RecordingStored(at, number, "file")
        yield "transcribed", terms.TranscriptStored(at, number, "file")


def configuration(p: Progress) -> tuple[object, ...]:
    """What decides what a call does next, but for how much of it there is."""
    return (
        p.state,
        p.source,
        p.program and p.program.action,
        p.back,
        p.caller,
        p.callee,
        p.playing > 0,
        p.looping,
        p.suppressed,
        p.data,
        p.streams,
        p.amd,
        (p.fields or {}).get("dtmf"),
        p.menu_leg,
        p.digits,
        p.conference,
        p.recording > 0,
        [waiting.stored for waiting in p.storing.values()] == [True],
        p.open.get(p.awaiting),
    )


def branch(call: Call) -> Call:
    """A call as far as this one."""
    p = copy.copy(call.progress)
    p.open, p.timers, p.storing = p.open.copy(), p.timers.copy(), p.storing.copy()
    p.cookies = p.cookies and p.cookies.copy()
    other = Call(p.setup, p.settings)
    other.progress = p
    return other


def too_much(p: Progress) -> bool:
    """A call that has more outstanding than one that a driver drives: nothing new would be seen."""
    return len(p.open) - bool(p.awaiting) > 2 or len(p.storing) > 1 or p.asked > 3


def walk(setup: CallSetup) -> Iterator[tuple[State, str, State, list[terms.Command]]]:
    """Each step from each configuration that can be reached."""
    waiting = [Call(setup, terms.Settings())]
    seen = set()
    while waiting:
        call = waiting.pop()
        before = call.state
        for label, event in likely(call.progress):
            other = branch(call)
            commands = other.receive(event)
            yield before, label, other.state, commands
            here = configuration(other.progress)
            if here not in seen and not too_much(other.progress):
                seen.add(here)
                waiting.append(other)


def told(after: State, commands: list[terms.Command]) -> str:
    """The commands by their names; of an end only what is sent, because the playbooks have its order."""
    names = [
        f"send {command.event}" if isinstance(command, terms.SendCallback) else type(command).__name__
        for command in commands
    ]
    if after in OVER:
        names = [name for name in names if name.startswith("send ")]
    return ": " + ", ".join(dict.fromkeys(names)) if names else ""


def rows() -> tuple[str, set[tuple[State, State]]]:
    """The golden file as it would be now, and the moves that were made."""
    steps: dict[str, dict[str, None]] = {}
    moves = set()
    for setup in SETUPS.values():
        for before, label, after, commands in walk(setup):
            if any(isinstance(command, terms.Refused) for command in commands):
                assert before is after
                continue
            moves.add((before, after))
            steps.setdefault(f"{before.value} + {label}", {})[f"{after.value}{told(after, commands)}"] = None
    lines = []
    for step in sorted(steps):
        lines += [step, *(f"    -> {outcome}" for outcome in sorted(steps[step]))]
    return "\n".join(lines) + "\n", moves


def test_every_step_of_every_configuration_is_as_in_the_golden_file() -> None:
    now, moves = rows()

    assert now == GOLDEN.read_text(encoding="utf-8")
    assert {(before, after) for before, where in MOVES.items() for after in where} <= moves


def test_everything_in_the_tables_is_walked() -> None:
    steps = GOLDEN.read_text(encoding="utf-8").splitlines()
    reached = {line.partition(" + ")[0] for line in steps if not line.startswith(" ")}
    labels = {line.partition(" + ")[2].partition(" ")[0] for line in steps if not line.startswith(" ")}

    assert reached == set(State) - {State.ENDED}
    assert {
        "started", "answered", "not", "prompt", "timer", "key", "spoke", "caller", "callee", "detected", "beep",
        "cancelled", "kicked", "patched", "stored", "transcribed",
    } == labels  # fmt: skip


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(rows()[0], encoding="utf-8")
