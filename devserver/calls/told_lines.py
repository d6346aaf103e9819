"""What is told of the lines of a call: who rings, answers, talks to whom, what is recorded. Part of `told`."""

from __future__ import annotations

from typing import Literal

import msgspec

from devserver.calls.events import Failure
from devserver.calls.setup import Leg, Side


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


class Silence(msgspec.Struct, frozen=True, tag_field="told", tag="silence"):
    """The call stays up with nobody to talk to and nothing to hear."""

    at: float


class KeysSent(msgspec.Struct, frozen=True, tag_field="told", tag="keys-sent"):
    """The platform sends keys to a leg."""

    at: float
    keys: str
    leg: Side
    seconds: float


class StatusReported(msgspec.Struct, frozen=True, tag_field="told", tag="status-reported"):
    """The answer to the DICE reported the status of the call."""

    at: float
    value: str
    details: str


class Awoke(msgspec.Struct, frozen=True, tag_field="told", tag="awoke"):
    """The time of a party's own `Wake(name)` is over; told to that party only."""

    at: float
    name: str
