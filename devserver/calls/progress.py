"""How far a call has got: all that one call remembers, and the few moves that every subject makes.

The subjects (`menus`, `connecting`, `parking`, ...) are functions of this record; none of them knows the machine. Where
a call may go from a state is the table `MOVES`, and `Progress.move` is the one place that changes the state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

import msgspec

from devserver.calls.commands import Answer, Command, Play, Purpose, SendKeys, StartTimer, StopPlaying, StopTimer
from devserver.calls.events import MachineDetected
from devserver.calls.outcomes import Outcome, Situation
from devserver.calls.program import Menu, Menus, Program
from devserver.calls.settings import Settings
from devserver.calls.setup import CallSetup, ConferenceDtmf, Identity, Leg, Pairs, Side
from devserver.svaml.prompts import Prompt

LegState = Literal["", "ringing", "up"]
Source = Literal["ice", "ace", "pie", "patch", "own"]


class State(StrEnum):
    """What a call is doing."""

    NEW = "new"
    WAITING = "waiting"  # for the answer to a callback
    RUNNING = "running"  # instructions
    DIALLING = "dialling"
    KEYING = "keying"  # sending the `dtmf` of a connect or callout
    DETECTING = "detecting"  # synchronous detection of a machine
    MENU = "menu"
    PARKED = "parked"
    BRIDGED = "bridged"
    CONFERENCE = "conference"
    COLLECTING = "collecting"  # digits of a participant who stepped out
    STREAMING = "streaming"
    UP = "up"  # answered, with nobody to talk to
    CLOSING = "closing"  # the last prompt before the end
    FINISHING = "finishing"  # hung up; callbacks and recordings are outstanding
    ENDED = "ended"


_S = State
TALKING = frozenset({_S.BRIDGED, _S.CONFERENCE, _S.STREAMING, _S.UP, _S.PARKED})
"""States that a call stays in by itself, so that it can come back to them."""
OVER = frozenset({_S.FINISHING, _S.ENDED})
"""Nobody is on the line any more."""
LIVE = frozenset(_S) - {_S.NEW, _S.CLOSING} - OVER
"""States in which the function still has a say."""
_LEFT = frozenset({_S.RUNNING, _S.FINISHING})  # by a PATCH, or by the end

MOVES: Mapping[State, frozenset[State]] = {
    _S.NEW: frozenset({_S.WAITING, _S.DIALLING, _S.CONFERENCE, _S.FINISHING}),
    _S.WAITING: frozenset({_S.CLOSING, *_LEFT}),
    _S.RUNNING: frozenset({_S.DIALLING, _S.MENU, _S.CLOSING, *TALKING, *_LEFT}),
    _S.DIALLING: frozenset({_S.KEYING, _S.DETECTING, _S.WAITING, _S.STREAMING, *_LEFT}),
    _S.KEYING: frozenset({_S.DETECTING, _S.WAITING, *_LEFT}),
    _S.DETECTING: frozenset({_S.WAITING, *_LEFT}),
    _S.MENU: frozenset({_S.WAITING, *_LEFT}),
    _S.PARKED: frozenset({_S.CLOSING, *_LEFT}),
    _S.BRIDGED: _LEFT,
    _S.CONFERENCE: frozenset({_S.COLLECTING, *_LEFT}),
    _S.COLLECTING: frozenset({_S.CONFERENCE, *_LEFT}),
    _S.STREAMING: _LEFT,
    _S.UP: _LEFT,
    _S.CLOSING: frozenset({_S.FINISHING}),
    _S.FINISHING: frozenset({_S.ENDED}),
    _S.ENDED: frozenset(),
}
"""From each state, where a call can go."""


class Storing(msgspec.Struct, frozen=True):
    """A recording that has ended.

    Attributes:
        told: the function wants to be notified.
        transcribed: a transcript is to follow.
        stored: the recording is, and the transcript is awaited.
    """

    told: bool
    transcribed: bool
    stored: bool = False


@dataclass(slots=True)
class Progress:
    """One call so far.

    Attributes:
        out: commands of the event in hand.
        at: time of the latest event.
        events, asked, callbacks, plays, recordings: how many there have been; the last three number them.
            `asked` counts the callbacks whose answer decides.
        open: callbacks sent and not answered yet, by number.
        awaiting: the one whose answer decides what comes next; 0: none.
        inline: SVAML that a callout brought along, to be taken as the answer to this event.
        timers: names of running timers, in the order of their start.
        playing: number of what plays and is waited for; 0: nothing.
        looping: what plays goes on until it is stopped.
        program, step, source, side: what is executed, how far, what it answered, and who hears it.
        back: the state to which a `continue` of a PATCH returns; None: to none.
        caller, callee: the legs; of an inbound call the caller rings until the call is answered.
        dialling: the leg that is being dialled.
        fields: of the connect or park in hand.
        streams: what is dialled is a stream.
        connected: who answered last.
        suppressed: a connect said suppressCallbacks.
        data: the call went to an app user.
        amd: what is still expected of detection.
        verdict: what detection said.
        menus, menu, round, digits, tried, menu_leg: the menu in hand; `tried`: a key was pressed in this round.
        conference, dtmf: where the call is, and what its keys do there.
        stepped_out: it is out of the conference for a moment.
        recording, options: number of the running recording and what was asked for; 0: none.
        storing: recordings that are still to be stored, or their transcripts, by number.
        answered_at: when the first leg was answered; None: never.
        headers: call headers, as the DICE has them.
        closing: why the call ends after the last prompt.
    """

    setup: CallSetup
    settings: Settings
    state: State = State.NEW
    out: list[Command] = field(default_factory=list)
    at: float = 0.0
    events: int = 0
    asked: int = 0
    callbacks: int = 0
    plays: int = 0
    recordings: int = 0
    open: dict[int, str] = field(default_factory=dict)
    awaiting: int = 0
    inline: tuple[str, bytes] | None = None
    timers: list[str] = field(default_factory=list)
    playing: int = 0
    looping: bool = False
    program: Program | None = None
    step: int = 0
    source: Source = "own"
    side: Side = "caller"
    back: State | None = None
    caller: LegState = ""
    callee: LegState = ""
    dialling: Leg | None = None
    fields: Mapping[str, Any] | None = None
    connected: Identity | None = None
    streams: bool = False
    suppressed: bool = False
    data: bool = False
    amd: Literal["", "sync", "async", "beep"] = ""
    verdict: MachineDetected | None = None
    menus: Menus | None = None
    menu: Menu | None = None
    round: int = 0
    digits: str = ""
    tried: bool = False
    menu_leg: Leg = "caller"
    conference: str = ""
    dtmf: ConferenceDtmf | None = None
    stepped_out: bool = False
    recording: int = 0
    storing: dict[int, Storing] = field(default_factory=dict)
    options: Mapping[str, Any] | None = None
    cookies: dict[str, str] | None = None
    headers: Pairs = ()
    answered_at: float | None = None
    duration: int = 0
    outcome: Outcome | None = None
    why: str = ""
    info_reason: str = ""
    closing: Situation = "error"

    def move(self, state: State) -> None:
        """Go to another state.

        Raises:
            AssertionError: the tables do not allow it; a fault of this package.
        """
        if state not in MOVES[self.state]:
            raise AssertionError(f"no way from {self.state} to {state}")
        self.state = state

    @property
    def over(self) -> bool:
        """Nobody is on the line any more."""
        return self.state in OVER

    def run(self, program: Program, source: Source, side: Side = "caller") -> None:
        """Execute a program; the machine goes on with it after the event in hand."""
        self.program, self.step, self.source, self.side = program, 0, source, side
        self.move(State.RUNNING)

    def play(
        self,
        prompts: tuple[Prompt, ...],
        leg: Side,
        purpose: Purpose,
        *,
        locale: str = "",
        menu: str = "",
        loop: bool = False,
    ) -> None:
        """Begin to play; nothing when there are no prompts."""
        if not prompts:
            return
        self.plays += 1
        self.playing, self.looping = self.plays, loop
        self.out.append(Play(self.plays, prompts, leg, purpose, locale, menu, loop))

    def send_keys(self, keys: str, leg: Side) -> None:
        """Begin to send keys; nothing when there are none."""
        if keys:
            self.plays += 1
            self.playing, self.looping = self.plays, False
            self.out.append(SendKeys(self.plays, keys, leg))

    def stop_playing(self) -> None:
        """Stop what plays, at once."""
        if self.playing:
            self.out.append(StopPlaying(self.playing))
            self.playing = 0

    def start_timer(self, name: str, seconds: float) -> None:
        """Start a timer, anew when it runs."""
        self.stop_timer(name)
        self.timers.append(name)
        self.out.append(StartTimer(name, seconds))

    def stop_timer(self, *names: str) -> None:
        """Stop those of these timers that run."""
        for name in names:
            if name in self.timers:
                self.timers.remove(name)
                self.out.append(StopTimer(name))

    def answer(self, most: int = 0) -> None:
        """Pick up the inbound leg, if that has not happened yet; the call lasts `most` seconds from now, if not 0."""
        if self.setup.callout is None and self.caller == "ringing":
            self.out.append(Answer())
            self.first_leg_up(most)
        elif most:
            self.bound(most)

    def first_leg_up(self, most: int) -> None:
        """The first leg is answered: the duration of the call counts from now."""
        self.caller = "up"
        self.answered_at = self.at
        self.bound(most)

    def bound(self, most: int) -> None:
        """End the call in `most` seconds; 0 is as long as any call may last."""
        longest = self.settings.call_seconds
        self.start_timer("duration", min(most, longest) if most else longest)
