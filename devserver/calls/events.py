"""What happens to a call, in the past tense: what goes into `Call.receive`.

Each event carries `at`, seconds of the driver's clock, real or virtual. A number (`callback`, `play`, `recording`)
is the one that the command had which the event answers.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from devserver.calls.setup import Leg, Side

Failure = Literal[
    "busy", "rejected", "no answer", "no route", "barred", "no credit", "unknown user", "answered elsewhere", "error"
]


class Started(msgspec.Struct, frozen=True):
    """The call came in, or the callout was accepted. The first event of every call."""

    at: float


class CallbackAnswered(msgspec.Struct, frozen=True):
    """The function answered a callback, at the last address that was tried; `body` is what it sent, byte for byte."""

    at: float
    callback: int
    status: int
    body: bytes


class CallbackFailed(msgspec.Struct, frozen=True):
    """No address answered a callback in time; `why` says it in words."""

    at: float
    callback: int
    why: str


class PromptEnded(msgspec.Struct, frozen=True):
    """What `Play` or `SendKeys` began with this number is over."""

    at: float
    play: int


class TimerFired(msgspec.Struct, frozen=True):
    """The time of `StartTimer(name)` is over."""

    at: float
    name: str


class KeyPressed(msgspec.Struct, frozen=True):
    """Somebody pressed one key of 0-9, `*` and `#`."""

    at: float
    key: str
    leg: Leg = "caller"


class Spoke(msgspec.Struct, frozen=True):
    """Somebody said something; `text` is what speech recognition understands."""

    at: float
    text: str
    leg: Leg = "caller"


class HungUp(msgspec.Struct, frozen=True):
    """A party hung up."""

    at: float
    leg: Leg = "caller"


class CalleeAnswered(msgspec.Struct, frozen=True):
    """Who was dialled on this leg answered. After it come `MachineDetected` and `BeepHeard`, if `Dial` had `amd`."""

    at: float
    leg: Leg = "callee"


class CalleeFailed(msgspec.Struct, frozen=True):
    """Who was dialled on this leg will not answer. A ring that times out is a timer of the machine, not this."""

    at: float
    why: Failure
    leg: Leg = "callee"


class MachineDetected(msgspec.Struct, frozen=True):
    """The verdict on who answered: `human`, `machine`, `notsure` or `hangup` (voice-v1.md 1.4).

    Attributes:
        reason: `longgreeting`, `initialsilence`, `beep`, `greeting`, `n/a`.
        duration: seconds that it took.
    """

    at: float
    status: str
    reason: str = "n/a"
    duration: int = 0


class BeepHeard(msgspec.Struct, frozen=True):
    """The beep of an answering machine; only asynchronous detection tells it. `duration` in seconds."""

    at: float
    duration: int = 0


class Patched(msgspec.Struct, frozen=True):
    """PATCH of the call: SVAML from outside (voice-v1.md 5.5).

    The list that `receive` gives back begins with `Refused` when it was not taken; its `code` is the REST error.

    Attributes:
        body: the request body.
        leg: the last part of the path, when the request was for `/leg/{caller,callee,both}`; else empty.
    """

    at: float
    body: bytes
    leg: Side | Literal[""] = ""


class Cancelled(msgspec.Struct, frozen=True):
    """The client that asked for a callout went away before it was answered (voice-v1.md 3.2)."""

    at: float


class Kicked(msgspec.Struct, frozen=True):
    """The call was removed from its conference by REST; `Rooms` gives this event for the call."""

    at: float


class RecordingStored(msgspec.Struct, frozen=True):
    """The file of a recording is where it belongs; `destination` is its URL. Follows every `StopRecording`."""

    at: float
    recording: int
    destination: str


class TranscriptStored(msgspec.Struct, frozen=True):
    """The transcript is where it belongs. Follows `RecordingStored` when `StartRecording.transcribe` was set."""

    at: float
    recording: int
    destination: str


Event = (
    Started
    | CallbackAnswered
    | CallbackFailed
    | PromptEnded
    | TimerFired
    | KeyPressed
    | Spoke
    | HungUp
    | CalleeAnswered
    | CalleeFailed
    | MachineDetected
    | BeepHeard
    | Patched
    | Cancelled
    | Kicked
    | RecordingStored
    | TranscriptStored
)
