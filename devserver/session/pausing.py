"""The clock of one host: it stands still while the host's code does, in a debugger.

Everything that gives a host so many seconds (a load, the end of a generation, a deadline) asks this clock, so that
nobody loses a call because they looked at it. It knows times and no debugger; only what hosts say makes it stop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from devserver.session.frames import Paused

_LOOK = 0.05  # seconds between looks while the clock stands still
_T = TypeVar("_T")


class Pause:
    """Whether a host stands still, and for how long it has.

    Attributes:
        notice: what the host said when it was paused; None while it runs.
    """

    __slots__ = ("_began", "_loop", "_past", "notice")

    def __init__(self) -> None:
        self.notice: Paused | None = None
        self._loop = asyncio.get_running_loop()
        self._began = 0.0
        self._past = 0.0

    def begin(self, notice: Paused) -> None:
        """The code stands still."""
        if self.notice is None:
            self._began = self._loop.time()
        self.notice = notice

    def end(self) -> None:
        """It goes on."""
        if self.notice is not None:
            self._past += self._loop.time() - self._began
            self.notice = None

    @property
    def seconds(self) -> float:
        """How long it has stood still by now, all in all."""
        return self._past + (self._loop.time() - self._began if self.notice is not None else 0.0)

    @property
    def running(self) -> float:
        """The time of the event loop without the time in which this host stood still, in seconds."""
        return self._loop.time() - self.seconds

    async def within(self, seconds: float, work: Awaitable[_T]) -> _T:
        """The result of some work of this host, which may take so many seconds in which it runs.

        Raises:
            TimeoutError: it took longer; the work is cancelled.
        """
        task = asyncio.ensure_future(work)
        end = self.running + seconds
        try:
            while not task.done():
                left = end - self.running
                if left <= 0 and self.notice is None:
                    raise TimeoutError
                await asyncio.wait({task}, timeout=max(left, _LOOK) if self.notice is not None else left)
            return task.result()
        finally:
            task.cancel()
