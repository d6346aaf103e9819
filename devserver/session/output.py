"""Lines for standard output, written by a thread of their own.

A terminal that is paused, or a pipe that nobody reads, must not hold up a call: the event loop only collects lines,
and hands them to the thread together, fifty times a second at most. (A thread that is woken for every line takes the
interpreter lock from the loop for every line: measured, that cost a third of the throughput.)
"""

from __future__ import annotations

import asyncio
import os
import queue
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

_PAUSE = 0.02  # seconds during which lines are collected
_PENDING = 1000  # batches that may wait for a stuck reader; further lines are counted, not kept


class LineWriter:
    """Writes lines to a stream. Belongs to one event loop.

    Args:
        stream: where to.
        on_broken: called when nobody reads any more, possibly from the thread and more than once.
    """

    def __init__(self, stream: TextIO, on_broken: Callable[[], None]) -> None:
        self._stream = stream
        self._on_broken = on_broken
        self._lines: list[str] = []
        self._batches: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._lost = 0
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._pipe = _pipe_of(stream)
        if self._pipe is not None:
            # The writing end of a pipe becomes "readable" when the other end closes: noticed without writing to it.
            self._loop.add_reader(self._pipe, self._reader_gone)
        self._thread = threading.Thread(target=self._run, name="fn-output", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Collect one line, without its end."""
        self._lines.append(line)
        if self._timer is None:
            self._timer = self._loop.call_later(_PAUSE, self._hand_over)

    def flush(self) -> None:
        """Hand over what is collected now, without waiting for more."""
        if self._timer is not None:
            self._timer.cancel()
            self._hand_over()

    def close(self, seconds: float = 2.0) -> None:
        """Write what is collected; give up after `seconds` when nobody reads."""
        self.flush()
        self._let_go()
        self._batches.put(None)
        self._thread.join(seconds)

    def _reader_gone(self) -> None:
        self._let_go()
        self._on_broken()

    def _let_go(self) -> None:
        if self._pipe is not None:
            self._loop.remove_reader(self._pipe)
            self._pipe = None

    def _hand_over(self) -> None:
        self._timer = None
        lines, self._lines = self._lines, []
        if self._batches.qsize() >= _PENDING:
            self._lost += len(lines)
            return
        if self._lost:
            lines.append(f"... {self._lost:,} lines were left out, because nobody read them in time.")
            self._lost = 0
        self._batches.put("\n".join(lines) + "\n")

    def _run(self) -> None:
        while (text := self._batches.get()) is not None:
            try:
                self._stream.write(text)
                self._stream.flush()
            except (BrokenPipeError, ValueError):
                _silence(self._stream)
                self._on_broken()
                return
            except OSError:
                continue  # a full disk behind a redirect loses lines, not calls


def _pipe_of(stream: TextIO) -> int | None:
    with suppress(OSError, ValueError):  # a stream without a file
        number = stream.fileno()
        return number if stat.S_ISFIFO(os.fstat(number).st_mode) else None
    return None


def _silence(stream: TextIO) -> None:
    """What is left in the stream's buffer goes nowhere; the interpreter would complain about it at exit."""
    with suppress(OSError, ValueError):  # closed altogether
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
