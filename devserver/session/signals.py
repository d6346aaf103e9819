"""INT, TERM and HUP, once and again (models.md 5: the default handling loses what is given back on the second).

The first asks the session to end. The second says what is still being done. The third ends the process at once.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Stopping:
    """Whether and why the session is to end.

    Args:
        busy_with: says what is still being done, for an impatient user.
        tell: shows a sentence.
    """

    def __init__(self, busy_with: Callable[[], str], tell: Callable[[str], None]) -> None:
        self._busy_with = busy_with
        self._tell = tell
        self._asked = asyncio.Event()
        self._count = 0
        self.exit_code = 0
        self.borrowed: Callable[[], bool] = lambda: False
        """Called for Ctrl-C; says whether it was for somebody else, who has the terminal now."""
        self.last: Callable[[], None] = _nothing
        """Called before the process ends at once; what must not be left behind even then, such as a terminal's mode."""

    def install(self) -> None:
        """Handle the signals; also when a shell started us in the background with SIGINT ignored."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self.received, number)

    def received(self, number: int) -> None:
        """A signal arrived."""
        if number == signal.SIGINT and self.borrowed():
            return
        self._count += 1
        if self._count == 1:
            self.exit_code = 128 + number
            self._asked.set()
        elif self._count == 2:
            self._tell(f"Still busy: {self._busy_with()}. Once more ends fn at once.")
        else:
            with suppress(Exception):
                self.last()
            os._exit(128 + number)

    def stop(self, exit_code: int = 0) -> None:
        """End the session without a signal."""
        self.exit_code = exit_code
        self._asked.set()

    async def wait(self) -> int:
        """Wait until the session is to end; gives the exit code."""
        await self._asked.wait()
        return self.exit_code


def _nothing() -> None:
    """There is nothing to do."""
