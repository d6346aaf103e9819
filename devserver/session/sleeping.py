"""Whether the machine has slept: connections look alive after that, and are not.

Told from two clocks of the kernel, one of which stands still in sleep. The time of day says nothing: it jumps when
somebody sets it.
"""

from __future__ import annotations

import sys
import time

_NOTICED = 2.0  # seconds of sleep that count


class Sleep:
    """Notices sleep; to be asked now and then."""

    def __init__(self) -> None:
        self._asleep = _asleep()

    def since_last(self) -> float:
        """Seconds that the machine has slept since this was asked last; 0 when it was awake."""
        before, self._asleep = self._asleep, _asleep()
        slept = self._asleep - before
        return slept if slept > _NOTICED else 0.0


def _asleep() -> float:
    """Seconds slept since some fixed moment; 0 on a system that does not say."""
    if hasattr(time, "CLOCK_BOOTTIME"):  # Linux: goes on in sleep, which the monotonic clock does not
        return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
    if sys.platform == "darwin":
        return time.clock_gettime(time.CLOCK_MONOTONIC) - time.clock_gettime(time.CLOCK_UPTIME_RAW)
    return 0.0
