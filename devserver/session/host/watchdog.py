"""Threads beside the user's event loop: one names what blocks it, one leaves when the gateway is gone.

It must need nothing of the loop it watches: it reads the loop's heartbeat, the main thread's stack, and writes to the
wire itself. A loop blocked by C code that keeps the interpreter lock blocks this thread too; the gateway then sees
only silence.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from types import FrameType

from devserver.debug.inside import thread
from devserver.runtime.application import Application
from devserver.runtime.tracebacks import is_ours
from devserver.session.frames import Blocked, Freed, Message

_LOOK = 0.5  # seconds between looks at the parent; usually the closed socket is noticed first


class Watchdog:
    """Watches one event loop from a daemon thread.

    Args:
        send: writes a frame; called from this thread.
        started: gives the ids of the invocations that have begun.
        blocked_after: seconds without a heartbeat until the loop counts as blocked.
        root: folder of the project, to name the user's line.
        still: whether the loop stands still because somebody looks at it, so that no time counts.
    """

    def __init__(
        self,
        send: Callable[[Message], None],
        started: Callable[[], Iterable[int]],
        blocked_after: float,
        root: str,
        still: Callable[[], bool] = lambda: False,
    ) -> None:
        self._send = send
        self._started = started
        self._after = blocked_after
        self._root = root + os.sep
        self._still = still
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main = threading.main_thread().ident or 0
        self._answered = True

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to watch; call in the loop's thread."""
        self._loop = loop
        thread(self._watch, "fn-watchdog").start()

    def _mark(self) -> None:
        self._answered = True

    def _watch(self) -> None:
        pause = min(self._after / 4, 0.1)
        asked = told = 0.0
        while self._loop is not None and not self._loop.is_closed():
            if self._answered:
                if told:
                    self._send(Freed((time.monotonic() - asked) * 1000))
                asked, told, self._answered = time.monotonic(), 0.0, False
                self._loop.call_soon_threadsafe(self._mark)
            time.sleep(pause)
            if self._still():
                asked, told = time.monotonic(), 0.0
            silent = time.monotonic() - asked
            # Told again at every doubling, so that the gateway sees a hang grow without being flooded.
            if not self._answered and silent >= max(self._after, told * 2):
                told = silent
                self._send(self._report(silent))

    def _report(self, silent: float) -> Blocked:
        frame = sys._current_frames().get(self._main)  # noqa: SLF001 the documented way to see another thread's stack
        return Blocked(silent * 1000, _handler(frame), self._where(frame), list(self._started()))

    def _where(self, frame: FrameType | None) -> str:
        walk = frame
        while walk is not None:
            name = walk.f_code.co_filename
            if name.startswith(self._root) and not is_ours(name):
                return f"{name.removeprefix(self._root)}:{walk.f_lineno} in {walk.f_code.co_name}"
            walk = walk.f_back
        return "" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}"


def leave_with_parent() -> None:
    """End this process when the gateway has gone, also while the user's code hangs, at import or later."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK)
        os._exit(0)

    thread(watch, "fn-parent").start()


def _handler(frame: FrameType | None) -> str:
    # The frame of Application._run below the user's frames knows which handler it called.
    code = Application._run.__code__  # noqa: SLF001 our own method, looked for on the stack
    walk = frame
    while walk is not None:
        if walk.f_code is code:
            return str(walk.f_locals["handler"].name)
        walk = walk.f_back
    return ""
