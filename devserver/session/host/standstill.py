"""Says when the user's code stands still, because somebody looks at it, and when it goes on.

The gateway counts no time meanwhile. Who makes it stand still says so here, from whatever thread; more than one may.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from devserver.session.frames import Message, Paused, Resumed


class Standstill:
    """Whether the user's code stands still.

    Args:
        send: writes a frame; called from any thread.
        started: gives the ids of the invocations that have begun.
    """

    def __init__(self, send: Callable[[Message], None], started: Callable[[], Iterable[int]]) -> None:
        self._send = send
        self._started = started
        self._lock = threading.Lock()
        self._reasons: set[object] = set()

    def begin(self, reason: object) -> None:
        """It stands still, for a reason by which it will go on."""
        with self._lock:
            first = not self._reasons
            self._reasons.add(reason)
            if first:
                self._send(Paused(list(self._started())))

    def end(self, reason: object) -> None:
        """It does not any more, as far as this reason goes."""
        with self._lock:
            if reason in self._reasons:
                self._reasons.discard(reason)
                if not self._reasons:
                    self._send(Resumed())

    def __bool__(self) -> bool:
        return bool(self._reasons)
