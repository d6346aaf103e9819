"""The clock of a test: it runs until it is stopped or moved.

Two clocks move together: the steady one, by which values of the cache end, and, once a test has touched it, what
`time.time()`, `datetime.now()` and their kin say in the whole process (time-machine does that in C). Steady clocks of
Python itself are left alone, so that event loops and timeouts go on.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any


class Clock:
    """A `devserver.clock.Clock` that a test can stop and move."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._stopped_at: float | None = None
        self._travel: Any = None
        self._traveller: Any = None

    def wall(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def steady(self) -> float:
        """Seconds from an arbitrary start."""
        return self._offset + (time.monotonic() if self._stopped_at is None else self._stopped_at)

    def now(self) -> datetime:
        """The time that the function sees, in UTC."""
        return datetime.fromtimestamp(self.wall(), UTC)

    def advance(self, seconds: float) -> None:
        """Let time pass at once: values of the cache end, and the wall clock moves.

        Args:
            seconds: how many; zero or more.
        """
        if seconds < 0:
            raise ValueError(f"The clock only goes forward, and {seconds} is less than zero.")
        self._offset += seconds
        if self._traveller is None:
            self._start(time.time() + seconds, tick=True)
        else:
            self._traveller.shift(seconds)

    def freeze(self, at: float | str | datetime | None = None) -> None:
        """Stop the clock; from now on it only moves by `advance`.

        Args:
            at: seconds since 1970, ISO 8601 or a datetime, in UTC when it does not say; None is now.
        """
        moment = self.wall() if at is None else _seconds(at)
        if self._stopped_at is None:
            self._stopped_at = time.monotonic()
        self.release()
        self._start(moment, tick=False)

    def release(self) -> None:
        """Give the wall clock back to the machine; called at the end of a test."""
        if self._travel is not None:
            self._travel.stop()
            self._travel = self._traveller = None

    def _start(self, moment: float, *, tick: bool) -> None:
        import time_machine  # 10 ms, and most tests never touch the clock

        self._travel = time_machine.travel(moment, tick=tick)
        self._traveller = self._travel.start()


def _seconds(at: float | str | datetime) -> float:
    if isinstance(at, int | float):
        return float(at)
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
