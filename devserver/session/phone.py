"""The phone of a session: runs calls against its function, by themselves or with a person.

It puts together what `devserver/calls` has: the switchboard, the way to the function port, parties. It must not know
who asks: the console, a command and the local Voice platform (`voice_backend`) get the same calls, so that each of them
sees those of the others.

Calls that run in real time share one clock, so that they can meet in a conference. What runs faster has a clock of its
own, and a callout that a function asks for meanwhile runs on the clock of the call that asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from devserver.calls import actions
from devserver.calls.chaos import Chaos
from devserver.calls.delivery import Delivery, HttpSend, Signer
from devserver.calls.party import Party
from devserver.calls.settings import Settings
from devserver.calls.setup import CallSetup, Leg
from devserver.calls.start import Start, party_of, setup_of
from devserver.calls.storing import Storage
from devserver.calls.switchboard import RunningCall, Switchboard, Timeline
from devserver.calls.told import CallReport, Ended, Told
from devserver.errors import FnError
from devserver.session.terms import SOURCE_HEADER, TOKEN_HEADER

_AT_ONCE = 64  # callbacks in flight
_LONGEST_SAID = 1000  # characters
_LEGS: Mapping[str, Leg] = {"caller": "caller", "callee": "callee"}


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a phone is connected to.

    Attributes:
        function: origin of the function port.
        token: of the session, for that port alone.
        signer: key and secret of the application, asked for each callback.
        urls: the callback addresses of an application, primary and fallback.
        settings: how the platform behaves.
        recordings: folder of recordings of calls.
        recordings_url: where the platform gives them out; the name is added.
        ended: gets the report of each call that is over.
    """

    function: str
    token: str
    signer: Callable[[], Signer]
    urls: Callable[[str], tuple[str, ...]]
    settings: Settings
    recordings: Path | None
    recordings_url: str
    ended: Callable[[CallReport], None] = lambda _report: None


class Talk:
    """A call with a person: see `devserver.session.calling.Talk`."""

    def __init__(self) -> None:
        self._told: asyncio.Queue[Told] = asyncio.Queue()
        self.call: RunningCall | None = None

    def hear(self, told: Told) -> None:
        """Take what was told."""
        self._told.put_nowait(told)

    async def send(self, message: Mapping[str, Any]) -> None:
        """Do something: `{"key": "1"}`, `{"say": "sales"}`, `{"hangup": true}`; as callee with `"leg": "callee"`.

        Raises:
            FnError: it is none of these.
        """
        action = action_of(message)
        if self.call is not None:
            self.call.act(action)

    async def told(self) -> AsyncIterator[Told]:
        """What happens, until the call is over."""
        while True:
            told = await self._told.get()
            yield told
            if isinstance(told, Ended):
                return


def action_of(message: Mapping[str, Any]) -> actions.Action:
    """What a person wants to do.

    Raises:
        FnError: nobody can do that.
    """
    leg = _LEGS.get(str(message.get("leg", "caller")))
    match message:
        case {"key": str() as key} if leg and len(key) == 1:
            return actions.Press(key, leg)
        case {"say": str() as text} if leg and len(text) <= _LONGEST_SAID:
            return actions.Say(text, leg)
        case {"hangup": True} if leg:
            return actions.HangUp(leg)
        case _:
            raise FnError(
                "That is nothing a person on the phone can do.",
                hint='Send {"key": "1"}, {"say": "sales"} or {"hangup": true}, with "leg": "callee" for a callee.',
            )


class Phone:
    """All calls of a session. `opened` makes one.

    Attributes:
        is_live: it is that of a running session; see `devserver.session.calling.Phone`.
        switchboard: the calls.
    """

    is_live = True

    def __init__(self, wiring: Wiring, send: HttpSend) -> None:
        self.wiring = wiring
        private = {SOURCE_HEADER: "simulator", TOKEN_HEADER: wiring.token}
        self.switchboard = Switchboard(
            Delivery(send, wiring.signer, private, wiring.function),
            wiring.settings,
            storage=Storage(wiring.recordings, wiring.recordings_url),
            callbacks_at_once=_AT_ONCE,
            on_end=lambda call: wiring.ended(call.report()),
        )
        self._real_time: Timeline | None = None

    async def run(self, start: Start) -> CallReport:
        """Run a call to its end; without `keys` nobody presses anything.

        Raises:
            FnError: it cannot be begun.
        """
        call = self._begin(start, party_of(start))
        try:
            return await call.ended()
        finally:
            call.abandon("Whoever asked for the call went away.")

    @asynccontextmanager
    async def talk(self, start: Start) -> AsyncIterator[Talk]:
        """Begin a call with a person; leaving hangs up.

        Raises:
            FnError: as `run`; or time is instant, which leaves a person none.
        """
        if start.keys is None and start.seed is None and not start.speed:
            raise FnError("A person at the phone needs time: speed 0 is instant.", hint="Use speed 1, or give keys.")
        talk = Talk()
        call = talk.call = self._begin(start, party_of(start, person=True), talk.hear)
        try:
            yield talk
        finally:
            call.act(actions.HangUp())

    def start(self, setup: CallSetup, party: Party) -> RunningCall:
        """Start a call that REST asked for, on the clock of whoever asked."""
        return self.switchboard.start(setup, party, timeline=self._meanwhile())

    def new_setup(self, make: Callable[[str, str, tuple[str, ...], float], CallSetup]) -> CallSetup:
        """A call with an id of its own and the application's callback addresses."""
        key = self.wiring.signer().key
        return make(str(uuid4()), key, self.wiring.urls(key), 0.0)

    def _begin(self, start: Start, party: Party, listener: Callable[[Told], None] | None = None) -> RunningCall:
        setup = self.new_setup(lambda *facts: setup_of(start, *facts))
        return self.switchboard.start(
            setup,
            party,
            timeline=self._clock(start.speed),
            chaos=None if start.chaos is None else Chaos(start.chaos, self.wiring.settings.callback_timeout),
            listener=listener,
            keep_timeline=start.timeline,
        )

    def _clock(self, speed: float) -> Timeline:
        if speed != 1:
            return _timeline(speed)
        if self._real_time is None:
            self._real_time = Timeline(1.0)
        return self._real_time

    def _meanwhile(self) -> Timeline:
        """The clock of the newest call that waits for the function, which is likely to be the one that asks now."""
        running = list(self.switchboard.calls())
        waiting = [call for call in running if call.machine.progress.open]
        newest = (waiting or running)[-1:]
        return newest[0].timeline if newest else self._clock(1.0)


def _timeline(speed: float) -> Timeline:
    try:
        return Timeline(speed)
    except ValueError as error:
        raise FnError(str(error), hint="0 is instant, 1 real time, 10 ten times as fast.") from error


@asynccontextmanager
async def opened(wiring: Wiring) -> AsyncIterator[Phone]:
    """A phone; leaving gives up its calls."""
    async with HttpSend(_AT_ONCE) as send:
        phone = Phone(wiring, send)
        try:
            yield phone
        finally:
            await phone.switchboard.close()
