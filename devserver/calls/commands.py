"""What a call wants done, in the imperative: what comes out of `Call.receive`, in the order in which it is to be done.

Data only; how long a prompt lasts, how a callee behaves and how a callback travels is the driver's business.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from devserver.calls.setup import ConferenceDtmf, Identity, Leg, Pairs, Side
from devserver.svaml.prompts import Prompt

CallbackEvent = Literal["ice", "ace", "pie", "dice", "notify"]
Purpose = Literal["instruction", "menu", "park", "greeting", "text", "error"]


class SendCallback(msgspec.Struct, frozen=True):
    """Send a callback to the first address; to the next one if `unusable` says that the answer is none.

    Comes back as `CallbackAnswered` or `CallbackFailed`.

    Attributes:
        callback: number of this callback within the call (or within `Rooms`).
        event: ice, ace, pie, dice or notify.
        payload: the body, in the order of the fields on the wire.
        urls: addresses to try in this order.
        deadline: seconds for each of them.
        wants: `svaml`: the answer decides what happens next; `nothing`: a 200 is all.
        headers: `X-CB-` headers.
    """

    callback: int
    event: CallbackEvent
    payload: dict[str, Any]
    urls: tuple[str, ...]
    deadline: float
    wants: Literal["svaml", "nothing"]
    headers: Pairs = ()


class Play(msgspec.Struct, frozen=True):
    """Play prompts to a side, in order. Comes back as `PromptEnded`, unless `loop` or it is stopped now.

    Attributes:
        play: number of this playing within the call.
        purpose: why; `menu` names the menu in `menu`.
        locale: language or voice; may be empty.
        loop: play again and again until `StopPlaying`.
    """

    play: int
    prompts: tuple[Prompt, ...]
    leg: Side
    purpose: Purpose
    locale: str = ""
    menu: str = ""
    loop: bool = False


class StopPlaying(msgspec.Struct, frozen=True):
    """Stop what was begun. `now`: at once, and no `PromptEnded` follows; else after the running prompt, and it does."""

    play: int
    now: bool = True


class SendKeys(msgspec.Struct, frozen=True):
    """Send keys to a leg: 0-9, `#`, and `w` for half a second. Comes back as `PromptEnded` with this number."""

    play: int
    keys: str
    leg: Side


class StartTimer(msgspec.Struct, frozen=True):
    """Come back with `TimerFired(name)` in `seconds`. A timer of the same name is running never."""

    name: str
    seconds: float


class StopTimer(msgspec.Struct, frozen=True):
    """The running timer of this name is not wanted any more."""

    name: str


class Dial(msgspec.Struct, frozen=True):
    """Ring somebody. Comes back as `CalleeAnswered` or `CalleeFailed`, unless `StopDialling` is first.

    How a test number behaves is in `magic.behaviour_of(to.endpoint)`.

    Attributes:
        leg: which leg this becomes.
        to: whom; the type says by which network (number, sip, username, Websocket).
        cli: number to show; may be `private` or empty.
        headers: call headers for the callee.
        amd: `sync` or `async`: say who answered with `MachineDetected`; empty: not wanted.
        indications: standard of the ring tone.
        transport: of SIP.
    """

    leg: Leg
    to: Identity
    cli: str = ""
    headers: Pairs = ()
    amd: Literal["", "sync", "async"] = ""
    indications: str = ""
    transport: str = ""


class StopDialling(msgspec.Struct, frozen=True):
    """Stop ringing on this leg."""

    leg: Leg


class Answer(msgspec.Struct, frozen=True):
    """Pick up the inbound leg: its duration counts from now."""


class Bridge(msgspec.Struct, frozen=True):
    """Let caller and callee hear each other."""


class HangUp(msgspec.Struct, frozen=True):
    """End a leg. No `HungUp` follows."""

    leg: Leg


class Offer(msgspec.Struct, frozen=True):
    """A menu begins a round: what the caller can do. For whoever shows it or plays the caller.

    Attributes:
        menu: its id.
        options: (key, action as it was written), in the order of the document.
        digits: so many digits are collected; 0: none.
        voice: speech counts as input.
        round: 1 is the first, more are repeats.
        leg: whose keys count.
    """

    menu: str
    options: Pairs
    digits: int
    voice: bool
    round: int
    leg: Leg


class JoinConference(msgspec.Struct, frozen=True):
    """Put the call into a conference, to `Rooms.apply`.

    Attributes:
        moh: music while alone; empty: silence.
        record: record the conference; with the canonical options of the document.
    """

    conference: str
    cli: str
    dtmf: ConferenceDtmf
    moh: str = ""
    record: bool = False
    options: dict[str, Any] | None = None


class LeaveConference(msgspec.Struct, frozen=True):
    """Take the call out of its conference for good, to `Rooms.apply`."""

    conference: str


class StepOut(msgspec.Struct, frozen=True):
    """Take the call out of the conference while it enters digits, to `Rooms.apply`."""

    conference: str


class StepBack(msgspec.Struct, frozen=True):
    """The digits are entered: back into the conference, to `Rooms.apply`."""

    conference: str


class ForwardKey(msgspec.Struct, frozen=True):
    """Let the others in the conference get this key, to `Rooms.apply`."""

    conference: str
    key: str


class StartRecording(msgspec.Struct, frozen=True):
    """Record.

    Attributes:
        recording: number of this recording within the call (or within `Rooms`).
        file: the default name of the file (voice-v1.md 2.5).
        options: the canonical options of the document.
        transcribe: `TranscriptStored` is expected after `RecordingStored`.
    """

    recording: int
    file: str
    options: dict[str, Any]
    transcribe: bool = False


class StopRecording(msgspec.Struct, frozen=True):
    """End a recording. Comes back as `RecordingStored`, later perhaps `TranscriptStored`."""

    recording: int


class ReportStatus(msgspec.Struct, frozen=True):
    """The answer to the DICE had a reportCallStatus: `success` or `failure`, and at most 64 characters of details."""

    value: str
    details: str


class Note(msgspec.Struct, frozen=True):
    """Something worth a line in the timeline that nobody has to act on. May hold text from outside."""

    text: str


class Refused(msgspec.Struct, frozen=True):
    """This event was not possible now; nothing has changed.

    Attributes:
        what: the event, in words.
        possible: names of the events (or, for a PATCH, of the actions) that were.
        code: the REST error that fits (voice-v1.md 6).
        why: a sentence.
    """

    what: str
    possible: tuple[str, ...]
    code: int
    why: str


class End(msgspec.Struct, frozen=True):
    """The call is over, its callbacks are answered and its recordings stored. Always the last command.

    Attributes:
        result, reason: as in the DICE (voice-v1.md 3.3), whether one was sent or not.
        duration: whole seconds from the answer of the first leg to its end; 0 when it was never answered.
        why: what ended it, as a sentence.
        info_reason: what GET of the call shows; differs for illegal SVAML (voice-v1.md 1.8).
    """

    result: str
    reason: str
    duration: int
    why: str
    info_reason: str


Command = (
    SendCallback
    | Play
    | StopPlaying
    | SendKeys
    | StartTimer
    | StopTimer
    | Dial
    | StopDialling
    | Answer
    | Bridge
    | HangUp
    | Offer
    | JoinConference
    | LeaveConference
    | StepOut
    | StepBack
    | ForwardKey
    | StartRecording
    | StopRecording
    | ReportStatus
    | Note
    | Refused
    | End
)
