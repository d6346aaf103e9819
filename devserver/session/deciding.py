"""One decision at a time: whoever wants one waits for the next, and one task makes them all.

What asks while a decision is being made asks for the same one: the task goes round again until nothing is left to do,
and only then do they go on. It must not know what is decided.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress


class Deciding:
    """The decisions of one session.

    Args:
        attempt: makes one; gives True when all is to be seen anew at once, so that nothing is decided yet.

    Attributes:
        since: `time.perf_counter()` when the decision that was asked for last was first asked for.
    """

    def __init__(self, attempt: Callable[[], Awaitable[bool]]) -> None:
        self.since = 0.0
        self._attempt = attempt
        self._asked = asyncio.Event()
        self._decision: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether somebody waits for a decision."""
        return self._decision is not None and not self._decision.done()

    def start(self) -> None:
        """Make what decisions are asked for from now on."""
        self._task = asyncio.create_task(self._run())

    def ask(self) -> asyncio.Future[None]:
        """Ask for a decision; the future is everybody's, so whoever waits for it shields it."""
        if self._decision is None or self._decision.done():
            self._decision = asyncio.get_running_loop().create_future()
            self.since = time.perf_counter()
        self._asked.set()
        return self._decision

    def forestall(self) -> None:
        """Whoever waits need not wait for this decision any more."""
        if self._decision is not None and not self._decision.done():
            self._decision.set_result(None)

    async def asked_within(self, seconds: float) -> bool:
        """For an attempt that waits: whether somebody asks again meanwhile."""
        asked = False
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                asked = await self._asked.wait()
        self._asked.clear()
        return asked

    async def close(self) -> None:
        """Break off; whoever waits goes on, for nobody decides any more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self.forestall()

    async def _run(self) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            decision = self._decision
            if await self._attempt():
                self._asked.set()
            elif decision is not None and not decision.done():
                decision.set_result(None)
