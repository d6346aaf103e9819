"""Gives a loopback port a public address, and keeps it.

It decides when to leave a connection alone, when to make a new one, and what to tell; how that is done is the
provider's. A connection that is only away keeps its address and comes back by itself (lab.md 1.4), so it is never
restarted. One that is gone is replaced: at once, then after 1, 2, 4, 8, 15 and 30 s, for as long as the session lives.

It must not know sessions, leases or callbacks: who needs a new address somewhere is told, and does the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from devserver.clock import Clock, SystemClock
from devserver.tunnel.change import Change, TunnelFailed, gap_in_words
from devserver.tunnel.folders import sweep
from devserver.tunnel.provider import Away, Connection, Gone, Provider, Reachable

Tell = Callable[[Change], None]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often things are done.

    Attributes:
        poll: seconds between two looks at a connection.
        pauses: seconds before the first, second, ... attempt to connect again; the last one stays.
        settled: seconds that a connection must have lived for the pauses to begin anew; one that dies sooner each
            time must not be restarted without a pause for ever.
    """

    poll: float = 1.0
    pauses: tuple[float, ...] = (0, 1, 2, 4, 8, 15, 30)
    settled: float = 30.0

    def pause(self, attempt: int) -> float:
        """Seconds to wait before an attempt, the first being 0."""
        return self.pauses[min(attempt, len(self.pauses) - 1)]


class Address:
    """A public address that is looked after. Made by `open_tunnel`.

    Attributes:
        url: as it is now. It changes when a connection had to be replaced; a `ready` tells the new one.
    """

    def __init__(
        self, connection: Connection, provider: Provider, port: int, *, tell: Tell, clock: Clock, rhythm: Rhythm
    ) -> None:
        self.url = connection.url
        self._provider = provider
        self._port = port
        self._tell = tell
        self._clock = clock
        self._rhythm = rhythm
        self._connection = connection
        self._connected = clock.steady()
        self._seen = clock.wall()  # when it was reachable last
        self._slept: float | None = None
        self._attempt = 0
        self._reasons: set[str] = set()  # told in this interruption
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def check_now(self, since: float | None = None) -> None:
        """Look at once, also in a pause between two attempts. For who notices that the machine has slept.

        Args:
            since: when it fell asleep, in seconds since 1970: nobody could reach us from then on, whatever the
                connection says of itself.
        """
        self._slept = since
        self._wanted.set()

    def begin(self) -> None:
        """Tell that it is ready, and look after it from now on."""
        self._tell(Change("ready", self.url, f"The public address is {self.url}."))
        self._task = asyncio.create_task(self._look_after(), name="tunnel")

    async def end(self) -> None:
        """Give it up."""
        task, self._task = self._task, None
        try:
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
                if not task.cancelled() and (error := task.exception()) is not None:
                    raise error
        finally:
            await self._connection.close()
            self._tell(Change("closed", None, "The public address is given up."))

    async def _look_after(self) -> None:
        try:
            await self._live()
        except Exception as error:
            # A bug of ours: who relies on the address must not believe in it while nobody looks after it.
            self._tell(Change("closed", None, f"The public address is not looked after any more: {error!r}."))
            raise

    async def _live(self) -> None:
        while True:
            match await self._connection.look():
                case Reachable():
                    self._reachable()
                case Away(reason):
                    self._away(reason)
                case Gone(reason):
                    self._away(reason)
                    await self._connect()
            await self._pause(self._rhythm.poll, self._connection.ended())

    def _away(self, reason: str) -> None:
        if reason not in self._reasons:
            self._reasons.add(reason)
            self._tell(Change("reconnecting", self.url, reason))

    def _reachable(self, more: str = "") -> None:
        now, slept = self._clock.wall(), self._slept
        if self._reasons or slept is not None:
            self._reasons.clear()
            self._slept = None
            gap = (self._seen if slept is None else min(self._seen, slept), now)
            self._tell(Change("ready", self.url, gap_in_words(*gap) + more, gap))
        self._seen = now

    async def _connect(self) -> None:
        """A new connection in place of one that is gone."""
        if self._clock.steady() - self._connected >= self._rhythm.settled:
            self._attempt = 0
        await self._connection.close()
        before = self.url
        while (connection := await self._attempt_to_connect()) is None:
            pass
        self._connection = connection
        self._connected = self._clock.steady()
        self.url = connection.url
        self._reachable("" if self.url == before else ", and the address is a new one")

    async def _attempt_to_connect(self) -> Connection | None:
        await self._pause(self._rhythm.pause(self._attempt))
        self._attempt += 1
        try:
            return await self._provider.connect(self._port)
        except TunnelFailed as failed:
            self._away(failed.message)
            return None

    async def _pause(self, seconds: float, *sooner: Coroutine[Any, Any, None]) -> None:
        """Wait for a time, or until somebody wants a look, or one of `sooner` returns."""
        waiting = [asyncio.ensure_future(each) for each in (self._wanted.wait(), *sooner)]
        try:
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()
            self._wanted.clear()


@asynccontextmanager
async def open_tunnel(
    provider: Provider,
    port: int,
    tell: Tell,
    clock: Clock = SystemClock(),  # noqa: B008 it has no state
    rhythm: Rhythm = Rhythm(),
) -> AsyncIterator[Address]:
    """A public address for 127.0.0.1:`port`, ready when the block begins and given up when it ends (in under 4 s).

    Args:
        provider: where it comes from.
        port: the function port.
        tell: told every change of state, the first `connecting` and the last `closed` included.
        clock: for the times of gaps.
        rhythm: how often to look and to try.

    Raises:
        TunnelFailed: the first address cannot be had.
    """
    tell(Change("connecting", None, f"Getting a public address ({provider.name})."))
    await asyncio.to_thread(sweep)  # what a session left behind that was killed together with its guard
    try:
        connection = await provider.connect(port)
    except TunnelFailed as failed:
        tell(Change("closed", None, failed.message, hint=failed.hint))
        raise
    address = Address(connection, provider, port, tell=tell, clock=clock, rhythm=rhythm)
    address.begin()
    try:
        yield address
    finally:
        await address.end()
