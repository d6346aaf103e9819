"""Runs calls: executes what the machine commands, in order, and brings back what became of it.

    Call.receive(event) -> commands -> Switchboard -> callbacks, prompts, timers, phones -> event -> ...

Here is what calls share: their ids, conferences, recordings, and the post. One call is `ongoing`, what its commands do
is `obeying`, and time is a `Timeline`. Calls that can meet (the phone of a session and the callouts that its function
makes) share one timeline; a load test gives each call its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Literal

import msgspec

from devserver.calls import commands, events, told
from devserver.calls.chaos import Chaos
from devserver.calls.conferring import Conferences
from devserver.calls.delivery import Deliver
from devserver.calls.disturbing import DisturbedParty
from devserver.calls.obeying import obey
from devserver.calls.ongoing import Listener, RunningCall
from devserver.calls.party import Party
from devserver.calls.posting import Post
from devserver.calls.recordings import Recordings
from devserver.calls.rooms import RoomRequest
from devserver.calls.settings import Settings
from devserver.calls.setup import CallSetup, Side
from devserver.calls.storing import Storage
from devserver.calls.timeline import Timeline
from devserver.errors import FnError

__all__ = ["CallFacts", "Listener", "RunningCall", "Switchboard", "Timeline"]

_LOG = logging.getLogger("devserver.calls")

REMEMBERED = 1000
"""Calls of which GET still tells how they ended."""

_NO_CALL = (40400, "Call not found")


class CallFacts(msgspec.Struct, frozen=True):
    """What GET of a call shows (voice-v1.md 5.4).

    Attributes:
        setup: how it began.
        began: when, in seconds since 1970.
        over: it has ended.
        duration: whole seconds so far.
        result, reason: empty while it runs.
    """

    setup: CallSetup
    began: float
    over: bool
    duration: int
    result: str = ""
    reason: str = ""


class _Running(msgspec.Struct):
    """A call that runs; `bound` gives it up."""

    call: RunningCall
    bound: asyncio.TimerHandle
    remember: bool


class Switchboard:
    """All calls of a session, or of a test.

    Args:
        deliver: brings callbacks to the function.
        settings: how the platform behaves.
        storage: where recordings go; None: nowhere.
        callbacks_at_once: how many callbacks are in flight at most.
        most_seconds: of real time that an instant call may take; others may take so much longer than their clock. It
            does not count while callbacks wait for their turn.
        on_end: gets each call that is over.
    """

    def __init__(
        self,
        deliver: Deliver,
        settings: Settings | None = None,
        *,
        storage: Storage | None = None,
        callbacks_at_once: int = 64,
        most_seconds: float = 120.0,
        on_end: Callable[[RunningCall], None] = lambda _call: None,
    ) -> None:
        self.settings = settings or Settings()
        self.post = Post(deliver, callbacks_at_once)
        recordings = Recordings(storage or Storage(None), _LOG.warning)
        self.conferences = Conferences(self.settings, self.post, recordings, self.call)
        self._recordings = recordings
        self._most_seconds = most_seconds
        self._on_end = on_end
        self._running: dict[str, _Running] = {}
        self._past: OrderedDict[str, CallFacts] = OrderedDict()

    # --- for others ------------------------------------------------------------------------------------------------

    def start(
        self,
        setup: CallSetup,
        party: Party,
        *,
        timeline: Timeline | None = None,
        chaos: Chaos | None = None,
        listener: Listener | None = None,
        keep_timeline: bool = False,
        remember: bool = True,
    ) -> RunningCall:
        """Start a call; gives it back before anything has happened.

        Args:
            setup: who calls whom; its `epoch` becomes that of the clock.
            party: caller and callees.
            timeline: its clock; None: an instant one of its own.
            chaos: what goes wrong on the way.
            listener: is told everything from the very first.
            keep_timeline: the report has all that was told.
            remember: GET can tell of the call after its end.

        Raises:
            FnError: a call of this id is running.
        """
        if setup.callid in self._running:
            raise FnError(f"A call {setup.callid} is running already.", hint="Every call has an id of its own.")
        timeline = timeline or Timeline(epoch=setup.epoch or None)
        call = RunningCall(
            msgspec.structs.replace(setup, epoch=timeline.epoch),
            party if chaos is None else DisturbedParty(party, chaos),
            timeline,
            self,
            obey,
            chaos=chaos,
            keep_timeline=keep_timeline,
        )
        if listener is not None:
            call.listen(listener)
        bound = asyncio.get_running_loop().call_later(self._bound_of(timeline), self._give_up, call)
        self._running[setup.callid] = _Running(call, bound, remember)
        timeline.after(0.0, call.begin)
        return call

    def call(self, callid: str) -> RunningCall | None:
        """A call that runs."""
        running = self._running.get(callid)
        return None if running is None else running.call

    def calls(self) -> Iterator[RunningCall]:
        """Those that run, the oldest first."""
        return (running.call for running in tuple(self._running.values()))

    def facts(self, callid: str) -> CallFacts | None:
        """What is known of a call that runs or is remembered; None: there is no such call."""
        running = self._running.get(callid)
        return self._past.get(callid) if running is None else _facts(running.call)

    def patch(self, callid: str, body: bytes, leg: Side | Literal[""] = "") -> tuple[int, str] | None:
        """PATCH of a call; gives the REST code and a sentence when it is refused."""
        call = self.call(callid)
        if call is None:
            return _NO_CALL
        refused = call.receive(events.Patched(call.timeline.now, body, leg))
        return None if refused is None else (refused.code, refused.why)

    async def close(self) -> None:
        """End everything that runs, without further callbacks."""
        for call in self.calls():
            call.abandon("The session ended.")
        await self.post.close()

    # --- what calls need, see `ongoing.Exchange` -------------------------------------------------------------------

    def room(self, call: RunningCall, request: RoomRequest) -> None:
        """See `Exchange.room`."""
        self.conferences.apply(call, request)

    def others(self, call: RunningCall, conference: str) -> int:
        """See `Exchange.others`."""
        there = self.conferences.participants(conference) or ()
        return sum(each.callid != call.callid for each in there)

    def begin_recording(self, call: RunningCall, command: commands.StartRecording) -> None:
        """See `Exchange.begin_recording`."""
        self._recordings.begin(f"call {call.callid}", command, call.timeline)

    def end_recording(self, call: RunningCall, command: commands.StopRecording) -> None:
        """See `Exchange.end_recording`."""

        def stored(event: events.RecordingStored | events.TranscriptStored, path: str) -> None:
            if not call.over:
                call.tell(told.RecordingKept(call.at, path, event.destination))
                call.receive(event)

        self._recordings.end(f"call {call.callid}", command, call.timeline, lambda: list(call.report().heard), stored)

    def ended(self, call: RunningCall) -> None:
        """See `Exchange.ended`."""
        running = self._running.pop(call.callid, None)
        if running is None:
            return
        running.bound.cancel()
        if running.remember:
            self._past[call.callid] = _facts(call)
            while len(self._past) > REMEMBERED:
                self._past.popitem(last=False)
        self._on_end(call)

    def _bound_of(self, timeline: Timeline) -> float:
        """Seconds of real time after which a call is given up: no call may run for ever, whatever goes wrong."""
        if not timeline.speed:
            return self._most_seconds
        longest = self.settings.call_seconds + self.settings.dial_timeout + self.settings.storing_seconds
        return longest / timeline.speed + self._most_seconds

    def _give_up(self, call: RunningCall) -> None:
        running = self._running.get(call.callid)
        if running is None:
            return
        # It may only be waiting behind thousands of others, or for somebody who looks at its code.
        if self.post.crowded or call.timeline.stands_still:
            running.bound = asyncio.get_running_loop().call_later(self._most_seconds, self._give_up, call)
            return
        call.abandon(f"The call was not over after {self._bound_of(call.timeline):g} s and was given up.")


def _facts(call: RunningCall) -> CallFacts:
    setup, began, end = call.setup, call.timeline.epoch + call.began, call.end
    if end is not None:
        return CallFacts(setup, began, over=True, duration=end.duration, result=end.result, reason=end.info_reason)
    answered = call.machine.progress.answered_at
    duration = 0 if answered is None else int(call.timeline.now - answered)
    return CallFacts(setup, began, over=False, duration=duration)
