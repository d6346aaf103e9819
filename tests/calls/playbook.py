"""Playbooks: a call as a conversation, one line for each event (`>>`) and each command (`<<`).

    >> started
    << ice
    >> answers {"action": {"name": "hangup"}}
    << hang up caller
    << dice N/A MANAGERHANGUP

What happened is written down in the same words and compared as a whole, so a difference reads as one. Each event comes
a second after the one before, unless it begins with a time: `>> 2.5 key 1`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from textwrap import dedent
from typing import Any, cast

import msgspec

from devserver.calls import terms
from devserver.calls.machine import Call
from devserver.calls.outcomes import Outcome
from devserver.calls.settings import Settings
from devserver.calls.setup import Callout, CallSetup, Identity, Leg
from devserver.svaml.prompts import spoken

URLS = ("http://primary.test/", "http://fallback.test/")
INBOUND = CallSetup(
    "call-1", "key-1", Identity("did", "+12017777777"), cli="+12015555555", urls=URLS, epoch=1_717_690_000.0
)
APP = msgspec.structs.replace(INBOUND, origin="MXP", to=Identity("number", "+12017777777"), user="alice")
SIP = msgspec.structs.replace(INBOUND, origin="SIP", to=Identity("sip", "+12017777777@example.test"))
PHONE = Identity("number", "+12017777777")


def callout(kind: Any, *, to: Identity | None = PHONE, urls: tuple[str, ...] = URLS, **asked: Any) -> CallSetup:
    """A callout of this kind."""
    return msgspec.structs.replace(INBOUND, kind=kind, origin="SERVER", to=to, urls=urls, callout=Callout(**asked))


def action(name: str, *instructions: dict[str, Any], **fields: Any) -> str:
    """A document on one line."""
    document = {"instructions": list(instructions), "action": {"name": name, **fields}}
    return json.dumps(document if instructions else {"action": document["action"]})


def say(text: str) -> dict[str, Any]:
    return {"name": "say", "text": text}


def menu(*menus: dict[str, Any], **fields: Any) -> str:
    return action("runMenu", menus=list(menus), **fields)


class Player:
    """One call and who drives it: numbers what has to be numbered, and writes everything down."""

    def __init__(self, setup: CallSetup = INBOUND, settings: Settings | None = None) -> None:
        self.call = Call(setup, settings or Settings())
        self.at = -1.0
        self.sent: list[terms.SendCallback] = []
        self.commands: list[terms.Command] = []
        self._playing = 0
        self._recording = 0

    def send(self, event: terms.Event) -> list[terms.Command]:
        """Give the call an event."""
        commands = self.call.receive(event)
        self.commands += commands
        for command in commands:
            match command:
                case terms.SendCallback():
                    self.sent.append(command)
                case terms.Play(play=number) | terms.SendKeys(play=number):
                    self._playing = number
                case terms.StartRecording(recording=number):
                    self._recording = number
                case _:
                    pass
        return commands

    def say(self, line: str) -> list[terms.Command]:
        """Give the call the event that a line of a playbook means."""
        timed = re.match(r"(\d+(?:\.\d+)?) ", line)
        self.at = float(timed[1]) if timed else self.at + 1
        words = line[timed.end() :] if timed else line
        for pattern, make in _EVENTS:
            if match := re.fullmatch(pattern, words, re.DOTALL):
                return self.send(make(self, match))
        raise AssertionError(f"no such event: {line}")

    def play(self, book: str) -> str:
        """What happens after each event of a playbook, as a playbook."""
        return "\n".join(line for said in _said(book) for line in (f">> {said}", *_written(self.say(said))))

    def callback(self, event: str) -> terms.SendCallback:
        """The latest callback of this event."""
        return next(sent for sent in reversed(self.sent) if not event or sent.event == event)


def played(setup: CallSetup, book: str, settings: Settings | None = None) -> Player:
    """Play a playbook, and compare it with what happened."""
    player = Player(setup, settings)
    happened = player.play(book)
    assert happened == dedent(book).strip()
    return player


def _said(book: str) -> Iterator[str]:
    return (line.strip()[3:] for line in book.splitlines() if line.strip().startswith(">> "))


def _written(commands: list[terms.Command]) -> Iterator[str]:
    return (f"<< {short(command)}" for command in commands)


def _answered(player: Player, event: str, status: int, body: str) -> terms.Event:
    return terms.CallbackAnswered(player.at, player.callback(event).callback, status, body.encode())


def _event_answered(player: Player, match: re.Match[str]) -> terms.Event:
    if match[1] in {"caller", "callee"}:
        return terms.CalleeAnswered(player.at, cast("Leg", match[1]))
    return _answered(player, match[1], 200, match[2] or "")


_Make = Callable[[Player, re.Match[str]], terms.Event]
_EVENTS: list[tuple[str, _Make]] = [
    (r"started", lambda p, _: terms.Started(p.at)),
    (r"answers (.*)", lambda p, m: _answered(p, "", 200, m[1])),
    (r"(\w+) answers(?: (.*))?", _event_answered),
    (r"status (\d+)", lambda p, m: _answered(p, "", int(m[1]), "")),
    (r"no answer", lambda p, _: terms.CallbackFailed(p.at, p.callback("").callback, "timeout")),
    (r"prompt ends", lambda p, _: terms.PromptEnded(p.at, p._playing)),
    (r"timer (\w+)", lambda p, m: terms.TimerFired(p.at, m[1])),
    (r"key (\S+)", lambda p, m: terms.KeyPressed(p.at, m[1])),
    (r"callee key (\S+)", lambda p, m: terms.KeyPressed(p.at, m[1], "callee")),
    (r"says (.*)", lambda p, m: terms.Spoke(p.at, m[1])),
    (r"(caller|callee) hangs up", lambda p, m: terms.HungUp(p.at, cast("Leg", m[1]))),
    (r"(caller|callee) fails: (.*)", lambda p, m: terms.CalleeFailed(p.at, cast("Any", m[2]), cast("Leg", m[1]))),
    (r"detected (\w+)", lambda p, m: terms.MachineDetected(p.at, m[1], "n/a", 2)),
    (r"beep", lambda p, _: terms.BeepHeard(p.at, 3)),
    (r"patch (\{.*)", lambda p, m: terms.Patched(p.at, m[1].encode())),
    (r"patch (caller|callee|both) (.*)", lambda p, m: terms.Patched(p.at, m[2].encode(), cast("Any", m[1]))),
    (r"cancelled", lambda p, _: terms.Cancelled(p.at)),
    (r"kicked", lambda p, _: terms.Kicked(p.at)),
    (r"stored (\S+)", lambda p, m: terms.RecordingStored(p.at, p._recording, m[1])),
    (r"transcribed (\S+)", lambda p, m: terms.TranscriptStored(p.at, p._recording, m[1])),
]


def short(command: terms.Command) -> str:
    """A command in the words of a playbook."""
    write = _SHORT.get(type(command))
    if write is not None:
        return write(command)
    return " ".join([_spaced(type(command).__name__), *filter(None, [getattr(command, "conference", "")])])


def _play(play: terms.Play) -> str:
    words = [spoken(prompt.raw) if prompt.raw.startswith("#") else prompt.raw for prompt in play.prompts]
    return f"{play.purpose} to {play.leg}{' again and again' if play.loop else ''}: {' '.join(words)}"


_SHORT: dict[type, Callable[[Any], str]] = {
    terms.SendCallback: lambda it: " ".join([it.event, *_told(it.payload)]),
    terms.Play: _play,
    terms.StopPlaying: lambda it: "stop playing" if it.now else "stop playing after the prompt",
    terms.SendKeys: lambda it: f"keys to {it.leg}: {it.keys}",
    terms.StartTimer: lambda it: f"timer {it.name} {it.seconds:g}",
    terms.StopTimer: lambda it: f"stop timer {it.name}",
    terms.Dial: lambda it: f"dial {it.leg} {it.to.type} {it.to.endpoint}{f' amd {it.amd}' if it.amd else ''}",
    terms.StopDialling: lambda it: f"stop dialling {it.leg}",
    terms.HangUp: lambda it: f"hang up {it.leg}",
    terms.Offer: lambda it: f"menu {it.menu} round {it.round} for {it.leg}",
    terms.StartRecording: lambda it: f"record {it.recording}",
    terms.StopRecording: lambda it: f"stop recording {it.recording}",
    terms.ForwardKey: lambda it: f"forward key {it.key}",
    terms.ReportStatus: lambda it: f"report {it.value}: {it.details}",
    terms.Note: lambda it: f"note: {it.text}",
    terms.Refused: lambda it: f"refused {it.code}: {it.why}",
    terms.End: lambda it: f"end {it.result} {it.reason} {it.duration} s",
}


def _spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _told(payload: dict[str, Any]) -> list[str]:
    match payload["event"]:
        case "pie":
            result = payload["menuResult"]
            return [result["type"], repr(result.get("value")), "in", result["menuId"]]
        case "ace":
            return [payload["amd"]["status"]] if "amd" in payload else []
        case "dice":
            return [payload["result"], payload["reason"]]
        case "notify":
            return [payload["type"], *[str(payload[key]) for key in ("errorCode", "destination") if key in payload]]
        case _:
            return []


def remembered(call: Call) -> list[Any]:
    """All that a call remembers, but for the commands of the event in hand; later events do not change it."""
    p = call.progress
    values = [getattr(p, name) for name in type(p).__slots__ if name != "out"]
    return [value.copy() if isinstance(value, dict | list) else value for value in values]


def outcome(player: Player) -> Outcome:
    """How a call ended."""
    end = player.commands[-1]
    assert isinstance(end, terms.End), player.commands
    return Outcome(end.result, end.reason)
