"""Spare hosts: interpreters that are up, with everything imported but the user's code.

Two are kept (DESIGN 2): with one, a second save within half a second waits 405 ms for an interpreter to start. When
saves come faster than spares, the last spare is kept back until the saves pause, so that the end of a burst is served
at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import cast

from devserver.session.frames import Prepare
from devserver.session.link import Died, HostLink, Notices
from devserver.session.spawn import Started, start_host

_PAUSE = 0.055  # seconds without a save after which a burst counts as over


class Spares:
    """A pool of hosts that are ready to load.

    Args:
        count: how many to keep.
        prepare: makes the first message for a new host, from what is known now.
        notices: the owner of the hosts.
        first: a host process that was started before the event loop.
        start: starts others.
    """

    def __init__(
        self,
        count: int,
        prepare: Callable[[], Prepare],
        notices: Notices,
        first: Started | None,
        start: Callable[[], Started] = start_host,
    ) -> None:
        self._count = count
        self._prepare = prepare
        self._notices = notices
        self._first = first
        self._start_host = start
        self._ready: deque[HostLink] = deque()
        self._hosts: set[HostLink] = set()
        self._warming: set[asyncio.Task[None]] = set()
        self._arrived = asyncio.Event()
        self._epoch = 0
        self._ending: set[asyncio.Task[None]] = set()
        self._trouble: Died | None = None
        self._closed = False

    @property
    def ready(self) -> int:
        """How many could load now."""
        return len(self._ready)

    def hosts(self) -> list[HostLink]:
        """Every host that was ever a spare here and still lives, whatever it does now."""
        self._hosts = {host for host in self._hosts if not host.gone.is_set()}
        return list(self._hosts)

    def fill(self) -> None:
        """Start as many as are missing."""
        while len(self._ready) + self._under_way() < self._count:
            self._start()

    def renew(self) -> None:
        """What spares are made of has changed: let the old ones go; `fill` makes new ones."""
        self._epoch += 1
        for host in self._ready:
            self._end(host)
        self._ready.clear()

    def give_back(self, host: HostLink) -> None:
        """A host that loaded nothing after all."""
        if not host.gone.is_set():
            self._ready.appendleft(host)
            self._arrived.set()

    async def take(self, quiet: Callable[[], float]) -> HostLink:
        """A ready host; `quiet` tells for how many seconds nothing has been saved.

        Raises:
            Died: hosts die before they are ready.
        """
        while True:
            while self._ready and self._ready[0].gone.is_set():
                self._ready.popleft()
            spare_in_hand = len(self._ready) > 1 or self._count < 2
            if self._ready and (spare_in_hand or quiet() >= _PAUSE):
                return self._ready.popleft()
            if not self._ready and not self._under_way():
                self._start()
            self._arrived.clear()
            await self._wait(_PAUSE - quiet() if self._ready else None)
            if self._trouble is not None:
                trouble, self._trouble = self._trouble, None
                raise trouble

    async def close(self) -> None:
        """End all of them."""
        self._count, self._closed = 0, True
        for task in self._warming:
            task.cancel()
        if self._first is not None:
            self._first.abandon()
        for host in self._ready:
            self._end(host)
        self._ready.clear()
        await asyncio.gather(*self._warming, *self._ending, return_exceptions=True)

    async def _wait(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._arrived.wait()
        except TimeoutError:
            return

    def _under_way(self) -> int:
        # A task that has failed is still in the set: its callback comes a turn later.
        return sum(1 for task in self._warming if not task.done())

    def _start(self) -> None:
        task = asyncio.create_task(self._warm(self._epoch))
        self._warming.add(task)
        task.add_done_callback(self._warming.discard)

    async def _warm(self, epoch: int) -> None:
        started, self._first = self._first, None
        try:
            host = HostLink(started or self._start_host(), self._notices)
        except OSError as error:  # no process, no memory, no file to be had
            self._failed(Died(f"it cannot be started: {error.strerror or error}"))
            return
        host.stopping = True  # a spare that dies is replaced, not mourned
        self._hosts = {host, *self.hosts()}
        try:
            await host.connect(self._prepare())
            await host.ready
        except (Died, OSError) as error:
            self._failed(error if isinstance(error, Died) else Died(str(error)))
            return
        except asyncio.CancelledError:
            host.kill("not needed any more")
            await host.gone.wait()
            raise
        if self._closed or epoch != self._epoch:
            self._end(host)
            if not self._closed:
                self._start()
            return
        self._warming.discard(cast("asyncio.Task[None]", asyncio.current_task()))
        self._ready.append(host)
        self._arrived.set()

    def _failed(self, trouble: Died) -> None:
        self._trouble = trouble
        self._arrived.set()

    def _end(self, host: HostLink) -> None:
        host.kill("a spare that is not needed")
        task = asyncio.create_task(_gone(host))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


async def _gone(host: HostLink) -> None:
    await host.gone.wait()
