"""What somebody who follows a call is told, as it happens, and the report at its end: the shapes of `fn call`.

Data only, and all of it JSON (`as_json`): a terminal, a web page and a program get the same. Every piece carries `at`,
seconds of the call's own clock since it began. Texts may come from outside; who prints them makes them visible.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from devserver.calls.commands import CallbackEvent, Purpose
from devserver.calls.events import Failure
from devserver.calls.setup import Leg, Pairs, Side


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


class KeysSent(msgspec.Struct, frozen=True, tag_field="told", tag="keys-sent"):
    """The platform sends keys to a leg."""

    at: float
    keys: str
    leg: Side
    seconds: float


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


class Dialling(msgspec.Struct, frozen=True, tag_field="told", tag="dialling"):
    """Somebody's phone rings.

    Attributes:
        network: number, did, username, sip, Websocket.
        cli: the number that is shown.
        amd: `sync` or `async` when it is wanted to know who answers.
    """

    at: float
    leg: Leg
    to: str
    network: str
    cli: str
    amd: str = ""


class Connected(msgspec.Struct, frozen=True, tag_field="told", tag="connected"):
    """Who was dialled answered; see `Dialling`. They hear each other only after `Bridged`."""

    at: float
    leg: Leg
    to: str
    network: str = ""
    amd: str = ""


class NotConnected(msgspec.Struct, frozen=True, tag_field="told", tag="not-connected"):
    """Who was dialled did not answer, or nobody waits for it any more (`why` is then `given up`)."""

    at: float
    leg: Leg
    to: str
    why: Failure | Literal["given up"]


class Detected(msgspec.Struct, frozen=True, tag_field="told", tag="detected"):
    """The verdict on who answered: human, machine, notsure, hangup; or `beep`."""

    at: float
    status: str


class Bridged(msgspec.Struct, frozen=True, tag_field="told", tag="bridged"):
    """Caller and callee hear each other."""

    at: float


class Silence(msgspec.Struct, frozen=True, tag_field="told", tag="silence"):
    """The call stays up with nobody to talk to and nothing to hear."""

    at: float


class Awoke(msgspec.Struct, frozen=True, tag_field="told", tag="awoke"):
    """The time of a party's own `Wake(name)` is over; told to that party only."""

    at: float
    name: str


class Joined(msgspec.Struct, frozen=True, tag_field="told", tag="joined"):
    """The call is in a conference.

    Attributes:
        others: how many are there besides.
        dtmf: what its keys do: ignore, forward, detect.
    """

    at: float
    conference: str
    others: int
    dtmf: str


class Left(msgspec.Struct, frozen=True, tag_field="told", tag="left"):
    """The call is not in the conference any more; `back` if it will return after some digits."""

    at: float
    conference: str
    back: bool = False


class KeyForwarded(msgspec.Struct, frozen=True, tag_field="told", tag="key-forwarded"):
    """Another participant's key reached this call."""

    at: float
    key: str


class HungUp(msgspec.Struct, frozen=True, tag_field="told", tag="hung-up"):
    """A leg has ended; `by` is the party itself, or the platform."""

    at: float
    leg: Leg
    by: Literal["party", "platform"]


class RecordingBegan(msgspec.Struct, frozen=True, tag_field="told", tag="recording-began"):
    """The call, or its conference, is being recorded."""

    at: float
    file: str


class RecordingKept(msgspec.Struct, frozen=True, tag_field="told", tag="recording-kept"):
    """A recording, or its transcript, was stored; `path` is a file of this machine."""

    at: float
    path: str
    destination: str


class StatusReported(msgspec.Struct, frozen=True, tag_field="told", tag="status-reported"):
    """The answer to the DICE reported the status of the call."""

    at: float
    value: str
    details: str


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
