"""What somebody who follows a call is told, as it happens, and the report at its end: the shapes of `fn call`.

Data only, and all of it JSON (`as_json`): a terminal, a web page and a program get the same. Every piece carries `at`,
seconds of the call's own clock since it began. Texts may come from outside; who prints them makes them visible. What is
told of lines and recordings is in `told_lines`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from devserver.calls.commands import CallbackEvent, Purpose
from devserver.calls.setup import Leg, Pairs, Side
from devserver.calls.told_lines import (
    Awoke,
    Bridged,
    Connected,
    Detected,
    Dialling,
    HungUp,
    Joined,
    KeyForwarded,
    KeysSent,
    Left,
    NotConnected,
    RecordingBegan,
    RecordingKept,
    Silence,
    StatusReported,
)

__all__ = [
    "Answered",
    "Awoke",
    "Began",
    "Bridged",
    "CallReport",
    "CallbackSent",
    "CalledBack",
    "Connected",
    "Detected",
    "Dialling",
    "Ended",
    "Heard",
    "HungUp",
    "Hushed",
    "Joined",
    "KeyForwarded",
    "KeysSent",
    "Left",
    "NotConnected",
    "NotPossible",
    "Noted",
    "Offered",
    "Pressed",
    "RecordingBegan",
    "RecordingKept",
    "ReportedCallback",
    "Said",
    "Silence",
    "StatusReported",
    "Told",
    "as_json",
]


class Began(msgspec.Struct, frozen=True, tag_field="told", tag="began", rename={"caller": "from"}):
    """The call came in, or a callout was accepted. The first of all."""

    at: float
    callid: str
    caller: str
    to: str
    kind: str


class Answered(msgspec.Struct, frozen=True, tag_field="told", tag="answered"):
    """The inbound call was picked up: its duration counts from now."""

    at: float


class Heard(msgspec.Struct, frozen=True, tag_field="told", tag="heard"):
    """A prompt begins to be heard.

    Attributes:
        text: in words; `[name]` for what is played from a file.
        seconds: how long it lasts, when nobody interrupts it.
        menu: whose prompt it is, when `purpose` is `menu`.
    """

    at: float
    text: str
    leg: Side
    seconds: float
    purpose: Purpose
    menu: str = ""
    locale: str = ""


class Hushed(msgspec.Struct, frozen=True, tag_field="told", tag="hushed"):
    """What was being heard stopped before its end."""

    at: float


class Offered(msgspec.Struct, frozen=True, tag_field="told", tag="offered"):
    """A menu began a round: see `commands.Offer`. `seconds`: how long its prompts take."""

    at: float
    menu: str
    options: Pairs
    digits: int
    voice: bool
    round: int
    leg: Leg
    seconds: float


class Pressed(msgspec.Struct, frozen=True, tag_field="told", tag="pressed"):
    """A party pressed a key."""

    at: float
    key: str
    leg: Leg


class Said(msgspec.Struct, frozen=True, tag_field="told", tag="said"):
    """A party spoke."""

    at: float
    text: str
    leg: Leg


class CallbackSent(msgspec.Struct, frozen=True, tag_field="told", tag="callback-sent"):
    """A callback is on its way; `CalledBack` of the same number follows."""

    at: float
    callback: int
    event: CallbackEvent


class CalledBack(msgspec.Struct, frozen=True, tag_field="told", tag="called-back"):
    """A callback has its answer, or has failed.

    Attributes:
        callback: number within the call.
        request: its payload.
        answer: the document that came back; text when it is no JSON; None when there is none.
        status: 0: no answer at all.
        ms: milliseconds of real time, all addresses together.
        budget: milliseconds that one address has.
        findings: what the rules say about the answer: severity, path, text.
        words: the answer in one line, or why there is none.
        failed: the function failed, or the answer is illegal SVAML.
        fallback: the answer is the fallback address's.
    """

    at: float
    callback: int
    event: CallbackEvent
    request: dict[str, Any]
    answer: Any
    status: int
    ms: float
    budget: float
    findings: tuple[dict[str, str], ...]
    words: str
    failed: bool
    fallback: bool = False


class Noted(msgspec.Struct, frozen=True, tag_field="told", tag="noted"):
    """A line for the timeline."""

    at: float
    text: str


class NotPossible(msgspec.Struct, frozen=True, tag_field="told", tag="not-possible"):
    """What a party or a PATCH wanted was not possible now; nothing has changed."""

    at: float
    what: str
    possible: tuple[str, ...]
    why: str


class Ended(msgspec.Struct, frozen=True, tag_field="told", tag="ended"):
    """The call is over. The last of all.

    Attributes:
        duration: whole seconds, of the call's own clock.
        failed: as in the report.
    """

    at: float
    result: str
    reason: str
    duration: int
    why: str
    failed: bool


Told = (
    Began
    | Answered
    | Heard
    | Hushed
    | Offered
    | Pressed
    | Said
    | KeysSent
    | CallbackSent
    | CalledBack
    | Dialling
    | Connected
    | NotConnected
    | Detected
    | Bridged
    | Silence
    | Awoke
    | Joined
    | Left
    | KeyForwarded
    | HungUp
    | RecordingBegan
    | RecordingKept
    | StatusReported
    | Noted
    | NotPossible
    | Ended
)


class ReportedCallback(msgspec.Struct, frozen=True):
    """A callback in the report; the fields are those of `CalledBack`."""

    event: CallbackEvent
    request: dict[str, Any]
    answer: Any
    status: int
    ms: float
    findings: tuple[dict[str, str], ...]
    at: float = 0.0
    budget: float = 0.0
    words: str = ""
    failed: bool = False
    fallback: bool = False


class CallReport(msgspec.Struct, frozen=True, rename={"caller": "from"}):
    """A whole call: the contract of `fn call --json`.

    Attributes:
        callid: its id.
        caller: `from` in JSON.
        heard: every prompt that was begun, in order, in words; repeats are there again.
        failed: the function failed (5xx, too late, unusable) or answered illegal SVAML.
        why: what ended the call, as a sentence.
        connected: whom the call was connected to, in order: numbers, users, addresses, names of conferences.
        menus: ids of the menus that were offered, in order, repeats left out.
        keys: what the parties pressed, in order.
        cookies: as they stood at the end.
        recordings: files of this machine.
        seconds: of real time.
        trouble: what the driver had to say; empty when all went well.
        timeline: all that was told, when it was asked for.
    """

    callid: str
    caller: str
    to: str
    result: str
    reason: str
    duration: int
    heard: tuple[str, ...]
    callbacks: tuple[ReportedCallback, ...]
    failed: bool
    why: str = ""
    connected: tuple[str, ...] = ()
    menus: tuple[str, ...] = ()
    keys: str = ""
    cookies: dict[str, str] = {}
    recordings: tuple[str, ...] = ()
    seconds: float = 0.0
    trouble: str = ""
    timeline: tuple[Told, ...] = ()


def as_json(told: Told | CallReport) -> bytes:
    """One piece as JSON; `told` names what it is."""
    return msgspec.json.encode(told)
