"""A shell of a dozen lines on a terminal of its own: one job in front, which Ctrl-Z stops and `fg` and `bg` continue.

Run as a script it is that shell: `job_shell.py ARGUMENTS...` starts them as its job. `Job` is the person at the
terminal: it types, and waits for what is shown.
"""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import termios
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE = 60.0  # seconds; only a failing test waits that long
STOPPED, ENDED = "[stopped]", "[ended]"


class Job:
    """A program as the job of a shell, on a terminal."""

    def __init__(self, *arguments: str) -> None:
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.execv(sys.executable, [sys.executable, str(Path(__file__)), *arguments])  # noqa: S606 our own script
        self.shown = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        in_front = os.tcgetpgrp(self._terminal)
        os.kill(self.pid, signal.SIGKILL)
        os.close(self._terminal)  # the job is hung up on
        if in_front > 1:
            with suppress(ProcessLookupError):  # it has gone
                os.killpg(in_front, signal.SIGKILL)  # it may wait for an answer all the same
        os.waitpid(self.pid, 0)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._terminal, keys.encode())

    def insist(self, keys: str, text: str) -> str:
        """Press keys until a text has been shown.

        Python's `input` does not see a Ctrl-C that comes in the very moment before it reads, until there is another.
        """
        end = time.monotonic() + PATIENCE
        while text not in self.shown and time.monotonic() < end:
            self.type(keys)
            self._look(1.0)
        return self.until(text)

    def _look(self, seconds: float) -> None:
        """Read what is shown within a time, or a part of it."""
        while select.select([self._terminal], [], [], seconds)[0]:
            self.shown += os.read(self._terminal, 4096).decode()
            seconds = 0.05

    def until(self, text: str, times: int = 1) -> str:
        """Wait until a text has been shown so often; gives all that has been shown."""
        end = time.monotonic() + PATIENCE
        while self.shown.count(text) < times:
            if not select.select([self._terminal], [], [], max(0.0, end - time.monotonic()))[0]:
                raise AssertionError(f"{text!r} was not shown {times} times, but {self.shown!r}")
            try:
                self.shown += os.read(self._terminal, 4096).decode()
            except OSError:
                raise AssertionError(f"the terminal is gone; shown was {self.shown!r}") from None
        return self.shown

    @property
    def gives_lines(self) -> bool:
        """Whether the terminal is in the mode of a shell: whole lines, shown as they are typed."""
        return bool(termios.tcgetattr(self._terminal)[3] & termios.ICANON)


def main(arguments: list[str]) -> None:
    """Be the shell."""
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # a shell takes the terminal back from its job
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.execv(arguments[0], arguments)  # noqa: S606 the job
    while True:
        _, status = os.waitpid(child, os.WUNTRACED)
        os.tcsetpgrp(0, os.getpid())
        if not os.WIFSTOPPED(status):
            break
        _say(STOPPED, signal.Signals(os.WSTOPSIG(status)).name)
        for line in sys.stdin:  # commands, until one brings the job to the front
            command = line.strip()
            if command == "fg":
                os.tcsetpgrp(0, child)
            os.killpg(child, signal.SIGCONT)
            if command == "fg":
                break
    _say(ENDED, str(os.waitstatus_to_exitcode(status)))
    sys.stdin.readline()


def _say(*words: str) -> None:
    sys.stdout.write(f"{' '.join(words)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
