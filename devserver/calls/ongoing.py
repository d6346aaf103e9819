"""One call under way: its machine, its parties, and those who listen.

It knows its own call only. What the machine commands is carried out by `obeying`; what that needs of the world (rooms,
recordings, the post) is an `Exchange`. All of it runs on one event loop, in small steps that never wait.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from devserver.calls import actions, commands, events, told
from devserver.calls.acting import event_of, told_of
from devserver.calls.exchange import Exchange
from devserver.calls.ledger import Ledger
from devserver.calls.machine import KEYPAD, Call
from devserver.calls.party import Party
from devserver.calls.progress import State
from devserver.calls.setup import CallSetup, Leg
from devserver.calls.timeline import Due, Timeline

if TYPE_CHECKING:
    from devserver.calls.chaos import Chaos
    from devserver.calls.prompting import Playing

Listener = Callable[[told.Told], None]

_LOG = logging.getLogger("devserver.calls")
_GONE = 40400


Obey = Callable[["RunningCall", commands.Command, Sequence[commands.Command]], None]


class RunningCall:
    """One call, running or ended.

    Attributes:
        setup: how it began.
        timeline: its clock.
        began: when, on that clock.
        machine: what decides.
        over: it has ended.
        exchange, chaos, timers, playing, dials, held_back: for `obeying`.
    """

    __slots__ = (
        "_done",
        "_ledger",
        "_listeners",
        "_obey",
        "_party",
        "_plans",
        "_state",
        "began",
        "chaos",
        "dials",
        "exchange",
        "held_back",
        "machine",
        "over",
        "playing",
        "setup",
        "timeline",
        "timers",
    )

    def __init__(
        self,
        setup: CallSetup,
        party: Party,
        timeline: Timeline,
        exchange: Exchange,
        obey: Obey,
        *,
        chaos: Chaos | None = None,
        keep_timeline: bool = False,
    ) -> None:
        self.setup = setup
        self.timeline = timeline
        self.machine = Call(setup, exchange.settings)
        self.over = False
        self.exchange = exchange
        self.chaos = chaos
        self.timers: dict[str, Due] = {}
        self.playing: dict[int, Playing | Due] = {}
        self.dials: dict[Leg, commands.Dial] = {}
        self.held_back: list[Callable[[], None]] = []
        self._obey = obey
        self._party = party
        self.began = timeline.now
        self._ledger = Ledger(timeline=keep_timeline)
        self._listeners: list[Listener] = []
        self._plans: set[Due] = set()
        self._done: asyncio.Future[None] | None = None
        self._state = State.NEW

    # --- for others ------------------------------------------------------------------------------------------------

    @property
    def callid(self) -> str:
        """Its id."""
        return self.setup.callid

    @property
    def at(self) -> float:
        """Seconds since the call began."""
        return round(max(0.0, self.timeline.now - self.began), 3)

    @property
    def end(self) -> commands.End | None:
        """How it ended; None while it runs."""
        return self._ledger.end

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Be told what happens from now on; the result stops that."""
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    def act(self, action: actions.Action) -> None:
        """Do something as one of its parties, now; what is not possible is told as `NotPossible`."""
        if self.over:
            return
        match action:
            case actions.Wake(name=name):
                self._react(told.Awoke(self.at, name))
            case actions.PickUp() | actions.Decline():
                self._pick_up(action)
            case _:
                # Who is not there, or presses what is no key, is refused by the machine and has done nothing.
                what = told_of(action, self.at) if self._is_possible(action) else None
                if what is not None:
                    self.tell(what)
                self.receive(event_of(action, self.timeline.now))

    def cancel(self) -> None:
        """The client that asked for a callout went away; nothing happens when somebody has answered already."""
        self.receive(events.Cancelled(self.timeline.now))

    def abandon(self, why: str) -> None:
        """Give the call up from outside, without another callback: the session ends, or the call would never."""
        if self.over:
            return
        progress = self.machine.progress
        if progress.conference:
            self.exchange.room(self, commands.LeaveConference(progress.conference))
        self._ledger.trouble, self._ledger.failed = why, True
        outcome = progress.outcome
        result, reason = (outcome.result, outcome.reason) if outcome else ("FAILED", "GENERALERROR")
        self.finish(commands.End(result, reason, progress.duration, why, reason))

    async def ended(self) -> told.CallReport:
        """Wait for the end."""
        if not self.over:
            if self._done is None:
                self._done = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._done)
        return self.report()

    def report(self) -> told.CallReport:
        """The report so far; complete when `over`."""
        to = self.setup.to.endpoint if self.setup.to else ""
        return self._ledger.report(self.callid, self.setup.cli, to, dict(self.machine.progress.cookies or {}))

    # --- its life --------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Let it come in."""
        to = self.setup.to.endpoint if self.setup.to else ""
        self.tell(told.Began(0.0, self.callid, self.setup.cli, to, self.setup.kind))
        self.receive(events.Started(self.timeline.now))

    def receive(self, event: events.Event) -> commands.Refused | None:
        """Give the machine an event and have done what it commands; gives its refusal."""
        if self.over:
            return commands.Refused(type(event).__name__, (), _GONE, "Call not found: it has ended.")
        try:
            wanted = self.machine.receive(event)
            for place, command in enumerate(wanted, 1):
                if not self.over:
                    self._obey(self, command, wanted[place:])
        except Exception:  # noqa: BLE001 a fault in one call must not reach the others
            self._fail()
            return None
        self._look_for_silence()
        return next((command for command in wanted if isinstance(command, commands.Refused)), None)

    def tell(self, what: told.Told) -> None:
        """Tell the report, those who listen, and the parties."""
        self._ledger.note(what)
        try:
            for listener in tuple(self._listeners):
                listener(what)
            self._react(what)
        except Exception:  # noqa: BLE001 as in `receive`
            self._fail()

    def _fail(self) -> None:
        """Something of ours is broken: the call is given up, and others go on."""
        _LOG.exception("the call %s failed", self.callid)
        self.abandon("This is a bug in fn; its output has the traceback.")

    def finish(self, end: commands.End) -> None:
        """It is over."""
        self.over = True
        self._ledger.end = end
        self._ledger.stop()
        for due in (*self._plans, *self.timers.values()):
            self.timeline.cancel(due)
        for playing in self.playing.values():
            playing.stop() if not isinstance(playing, Due) else self.timeline.cancel(playing)
        self._plans.clear()
        self.timers.clear()
        self.playing.clear()
        self.tell(told.Ended(self.at, end.result, end.reason, end.duration, end.why, self._ledger.failed))
        self._listeners.clear()
        self.exchange.ended(self)
        if self._done is not None and not self._done.done():
            self._done.set_result(None)

    # --- parties ---------------------------------------------------------------------------------------------------

    def _react(self, what: told.Told) -> None:
        for seconds, action in self._party.react(what):
            if not self.over:
                self._plan(seconds, action)

    def _plan(self, seconds: float, action: actions.Action) -> None:
        def now() -> None:
            self._plans.discard(due)
            if self._is_possible(action):
                self.act(action)

        due = self.timeline.after(seconds, now)
        self._plans.add(due)

    def _is_possible(self, action: actions.Action) -> bool:
        """Whether an action has its leg, still: who has hung up presses no more keys."""
        match action:
            case actions.Press(key=key, leg=leg):
                return key in KEYPAD and self._is_there(leg)
            case actions.Say(leg=leg) | actions.HangUp(leg=leg):
                return self._is_there(leg)
            case actions.Detect() | actions.Beep():
                return bool(self.machine.progress.amd)
            case _:
                return True

    def _is_there(self, leg: Leg) -> bool:
        """Whether somebody is on this leg; who rings in is, who is being rung is not."""
        progress = self.machine.progress
        if leg == "caller" and self.setup.callout is None:
            return bool(progress.caller)
        return (progress.caller if leg == "caller" else progress.callee) == "up"

    def _pick_up(self, action: actions.PickUp | actions.Decline) -> None:
        dial = self.dials.pop(action.leg, None)
        if dial is None:
            return
        to = dial.to.endpoint
        if isinstance(action, actions.PickUp):
            self.tell(told.Connected(self.at, action.leg, to, dial.to.type, dial.amd))
            self.receive(events.CalleeAnswered(self.timeline.now, action.leg))
        else:
            self.tell(told.NotConnected(self.at, action.leg, to, action.why))
            self.receive(events.CalleeFailed(self.timeline.now, action.why, action.leg))

    def _look_for_silence(self) -> None:
        before, self._state = self._state, self.machine.state
        if self._state is State.UP and before is not State.UP and not self.over:
            self.tell(told.Silence(self.at))
