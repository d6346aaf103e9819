"""How much strangers may have: requests at once, bytes of their bodies at once, and what is worth writing down.

Anyone who finds a public address can send as much as they like. They must not keep callbacks from being answered, and
must not push what matters out of the recordings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

_WINDOW = 60.0  # seconds
_BACK = 8  # the part of an allowance that must have come back before anything is given of it again
_SMALL = 64 << 10  # bytes of a body that do not count; the largest published callback has a few thousand


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


class Share:
    """What one request holds of a `Budget`; more of it as its body arrives.

    Args:
        budget: whose bytes.
        most: bytes that all shares may hold together.
    """

    __slots__ = ("_budget", "_most", "_size")

    def __init__(self, budget: Budget, most: int) -> None:
        self._budget = budget
        self._most = most
        self._size = 0

    def take(self, size: int) -> bool:
        """Take `size` bytes more; False when that is more than there is room for."""
        before, self._size = max(0, self._size - _SMALL), self._size + size
        return self._budget.grow(max(0, self._size - _SMALL) - before, self._most)

    @property
    def held(self) -> int:
        """Bytes that count."""
        return max(0, self._size - _SMALL)


class Budget:
    """So many bytes in hand at once, for all together.

    Bytes count as they arrive: who announces a large body and does not send it keeps nobody out. What is small does not
    count at all, so that a callback is read whatever else is in hand; how many small ones there are is up to a `Room`.

    Args:
        when_full: is told when there is no room, and then not again before all of it has been free.
    """

    def __init__(self, when_full: Callable[[], None]) -> None:
        self._when_full = when_full
        self._held = 0
        self._told = False

    @contextmanager
    def shared(self, most: int) -> Iterator[Share]:
        """Gives a share, which is free again when the block ends.

        Args:
            most: bytes that all shares may hold together.
        """
        share = Share(self, most)
        try:
            yield share
        finally:
            self._held -= share.held
            self._told = self._told and self._held > 0

    def grow(self, size: int, most: int) -> bool:
        """A share has grown by `size` bytes; False when all are larger than `most` now."""
        self._held += size
        if self._held <= most or not size:
            return True
        if not self._told:
            self._told = True
            self._when_full()
        return False


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


class Allowance:
    """So many bytes at once, and after that so many a second: what may be written down of what nobody vouches for.

    Who takes when there is anything left may take more than that, so that something large is written down, too; the
    debt is waited for. What is used up is closed until some of it has come back: otherwise every second request would
    be let in.

    Args:
        whole: bytes at once.
        a_second: bytes that come back.
        when_used_up: is told when it is used up.
        when_back: is told how often it was refused, when something is left again and somebody takes it.
        now: seconds on a clock that only goes on.
    """

    def __init__(
        self,
        whole: int,
        a_second: float,
        when_used_up: Callable[[], None],
        when_back: Callable[[int], None],
        now: Callable[[], float],
    ) -> None:
        self._whole = whole
        self._a_second = a_second
        self._when_used_up = when_used_up
        self._when_back = when_back
        self._now = now
        self._left = float(whole)
        self._at = now()
        self._refused = 0

    def take(self, size: int) -> bool:
        """Take `size` bytes; False when nothing is left."""
        now = self._now()
        self._left = min(self._whole, self._left + (now - self._at) * self._a_second)
        self._at = now
        if self._left <= (self._whole / _BACK if self._refused else 0):
            self._refused += 1
            if self._refused == 1:
                self._when_used_up()
            return False
        if self._refused:
            self._when_back(self._refused)
            self._refused = 0
        self._left -= size
        return True

    def owe(self, size: int) -> None:
        """Take `size` bytes that are written down already."""
        self._left -= size
