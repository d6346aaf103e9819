"""How much strangers may have: requests at once, and refusals that are worth writing down.

Anyone who finds a public address can send as much as they like. They must not keep callbacks from being answered, and
must not push what matters out of the recordings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

_WINDOW = 60.0  # seconds


class Room:
    """So many at once.

    Args:
        most: how many have room.
        when_full: is told when there is no room, and then not again before half of it has been free.
    """

    def __init__(self, most: int, when_full: Callable[[], None]) -> None:
        self._most = most
        self._when_full = when_full
        self._inside = 0
        self._told = False

    @contextmanager
    def entered(self) -> Iterator[bool]:
        """Gives whether there is room; who gets True is inside until the block ends."""
        if self._inside >= self._most:
            if not self._told:
                self._told = True
                self._when_full()
            yield False
            return
        self._inside += 1
        try:
            yield True
        finally:
            self._inside -= 1
            self._told = self._told and self._inside * 2 > self._most


class Ration:
    """So many, and so many bytes, within a minute.

    Args:
        most: how many.
        most_bytes: how many bytes together.
        when_used_up: is told once in a minute in which it is not enough.
        now: seconds on a clock that only goes on.
    """

    def __init__(self, most: int, most_bytes: int, when_used_up: Callable[[], None], now: Callable[[], float]) -> None:
        self._whole = (most, most_bytes)
        self._left = self._whole
        self._when_used_up = when_used_up
        self._now = now
        self._ends = 0.0
        self._told = False

    def take(self, size: int) -> bool:
        """Take one of `size` bytes; False when there is not as much left."""
        now = self._now()
        if now >= self._ends:
            self._left, self._ends, self._told = self._whole, now + _WINDOW, False
        number, left = self._left
        if number < 1 or left < size:
            if not self._told:
                self._told = True
                self._when_used_up()
            return False
        self._left = (number - 1, left - size)
        return True
