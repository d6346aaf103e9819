"""Stops the clocks of a host for a replay: the code sees the time of the recording."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def frozen(at: float) -> Iterator[None]:
    """Inside, `time.time()`, `datetime.now()` and their kin say `at` (seconds since 1970); 0 lets them run.

    The whole process is frozen, other than its steady clocks, so that event loop and timeouts go on.
    """
    if not at:
        yield
        return
    import time_machine  # 10 ms, and only `--freeze` needs it

    with time_machine.travel(at, tick=False):
        yield
