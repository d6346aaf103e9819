"""Time as an argument: code that needs it takes a `Clock`, so that tests can set and move it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """Two clocks in one: the wall (seconds since 1970, may jump) and a steady one (seconds, never goes back)."""

    def wall(self) -> float:
        """Seconds since 1970, UTC; may jump when the machine's clock is set."""
        ...

    def steady(self) -> float:
        """Seconds from an arbitrary start; never goes back. For durations and expiry."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def wall(self) -> float:
        """See `Clock.wall`."""
        return time.time()

    def steady(self) -> float:
        """See `Clock.steady`."""
        return time.monotonic()


@dataclass(slots=True)
class ManualClock:
    """A clock that stands still until it is told to move. For tests and frozen replays."""

    at: float = 1_700_000_000.0
    elapsed: float = 0.0

    def wall(self) -> float:
        """See `Clock.wall`."""
        return self.at

    def steady(self) -> float:
        """See `Clock.steady`."""
        return self.elapsed

    def advance(self, seconds: float) -> None:
        """Move both clocks forward by `seconds`."""
        self.at += seconds
        self.elapsed += seconds
