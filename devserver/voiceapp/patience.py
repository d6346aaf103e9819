"""How long something is tried again while the platform does not answer, and how long it is waited in between."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from devserver.clock import Clock, SystemClock

WAITS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds between two tries; the last one again and again."""


class Patience:
    """The patience for one thing: used up by waiting, and by the tries themselves.

    Args:
        seconds: for all tries together; a wait that would end later is not begun.
        waits: seconds between two tries, one after the other; the last one again and again.
        clock: measures it.
    """

    def __init__(self, seconds: float, waits: Sequence[float] = WAITS, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._end = self._clock.steady() + seconds
        self._waits = _endless(waits)

    async def again(self) -> bool:
        """Wait until it is time for the next try; False at once when patience is over."""
        wait = next(self._waits)
        if self._clock.steady() + wait > self._end:
            return False
        await asyncio.sleep(wait)
        return True


def _endless(waits: Sequence[float]) -> Iterator[float]:
    yield from waits
    while True:
        yield waits[-1]
