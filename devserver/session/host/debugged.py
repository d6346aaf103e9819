"""A host under the debugger: it joins while a client is there, and says when a thread stands still.

A spare joins before it says that it is ready, so that the client knows it, and has set its breakpoints, before any code
of the user is imported. A host that answers requests joins in passing: the import of the debugger takes a thread, and
only the last step the event loop. Requests that come meanwhile wait: who attaches and calls at once wants to stop.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from devserver.debug import inside
from devserver.session.frames import DebugPoint
from devserver.session.host.standstill import Standstill

_PATIENCE = (
    3.0  # seconds a spare waits for the client to take notice of it; one that knows no child sessions never does
)
_COURTESY = 2.0  # seconds that requests wait for the same; the platform waits for five
_LOOK = 0.02  # seconds between looks at the threads


class Debugged:
    """The debugger's part of a host.

    Args:
        standstill: is told when a thread stands still.
        say: writes a line to the log: level and text.
    """

    def __init__(self, standstill: Standstill, say: Callable[[str, str], None]) -> None:
        self._standstill = standstill
        self._say = say
        self._point: DebugPoint | None = None
        self._looking = threading.Lock()

    def join_now(self, point: DebugPoint) -> None:
        """Join as a spare: returns when the client is done with it."""
        self._point = point
        if self._join(point):
            inside.wait_for_client(_PATIENCE)

    async def join(self, point: DebugPoint) -> None:
        """Join while requests are in hand; returns when the client is done with it, or has not come in time."""
        self._point = point
        await self._import()
        if self._point is point and self._join(point):  # it may have gone meanwhile
            with suppress(TimeoutError):
                async with asyncio.timeout(_COURTESY):
                    while self._point is point and not inside.is_attached():  # noqa: ASYNC110 pydevd tells nobody
                        await asyncio.sleep(_LOOK)

    def leave(self) -> None:
        """The client has gone."""
        self._point = None
        if inside.is_joined():
            inside.leave()

    def look(self) -> None:
        """Say now whether a thread stands still, if it was said that one does.

        What comes of code that went on must not arrive before the news that it did: who hears of a load or an answer
        while a thread seems to stand would look for another process to ask.
        """
        if self._standstill:
            self._tell()

    async def _import(self) -> None:
        """In a thread of its own: one of the event loop's pool would stay, and be seen in the client."""
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def work() -> None:
            with suppress(ImportError):  # said by what comes next
                inside.import_debugger()
            loop.call_soon_threadsafe(done.set)

        inside.thread(work, "fn-import").start()
        await done.wait()

    def _join(self, point: DebugPoint) -> bool:
        try:
            inside.join(point.host, point.port, point.token, point.parent)
        except (ImportError, OSError) as error:
            self._say("warning", f"This process cannot be debugged: {error}.")
            return False
        inside.thread(self._watch, "fn-debug").start()
        return True

    def _watch(self) -> None:
        """Look for threads that stand still. Runs in a thread that the debugger leaves alone."""
        point = self._point
        while self._point is point:
            time.sleep(_LOOK)
            self._tell()
        self._standstill.end(self)

    def _tell(self) -> None:
        with self._looking:  # what one thread saw must not be told after what another saw later
            (self._standstill.begin if inside.is_suspended() else self._standstill.end)(self)
