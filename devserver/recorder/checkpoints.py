"""Copies what was committed from the write-ahead log into the database file, where nobody waits for it.

A checkpoint syncs the disk, which takes milliseconds to seconds. So it has a thread and a connection of its own, and it
lets the writer go on. Under an uninterrupted load it can never reach the end of the log, which would then grow without
bound: past a limit the log is started afresh, with the writer kept out for a moment (it tries again every 2 ms).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from devserver.recorder.schema import connect

_EVERY = 4 << 20  # bytes handed to the writer between two checkpoints
_LONGEST_LOG = 16_384  # pages of 4 KB
# Each round copies what was written during the one before, so the rest shrinks, and with it the time without writing.
_ROUNDS = 5
_SHORT_REST = 500  # pages


class Checkpoints:
    """Decides when, and runs them."""

    def __init__(self, path: Path, on_error: Callable[[Exception], None]) -> None:
        self._path = path
        self._on_error = on_error
        self._executor: ThreadPoolExecutor | None = None
        self._running: asyncio.Future[None] | None = None
        self._written = 0

    def wrote(self, size: int) -> None:
        """Note that about `size` bytes were committed; starts a checkpoint when it is time."""
        self._written += size
        if self._written < _EVERY or self._running is not None:
            return
        self._written = 0
        self._start(_copy)

    async def close(self) -> None:
        """Bring the database file up to date and stop the thread."""
        if self._running is not None:
            await asyncio.wait([self._running])
        if self._path.is_file():
            await asyncio.wait([self._start(_copy_all)])
        if self._executor is not None:
            self._executor.shutdown()

    def _start(self, work: Callable[[Path], None]) -> asyncio.Future[None]:
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, "fn-checkpoint")
        running = asyncio.get_running_loop().run_in_executor(self._executor, work, self._path)
        self._running = running
        running.add_done_callback(self._done)
        return running

    def _done(self, running: asyncio.Future[None]) -> None:
        self._running = None
        error = None if running.cancelled() else running.exception()
        if isinstance(error, Exception):
            self._on_error(error)


def _copy(path: Path) -> None:
    connection = connect(path, wait=0)
    try:
        connection.execute("PRAGMA synchronous=NORMAL")
        for _ in range(_ROUNDS):
            _, log, copied = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if log <= _LONGEST_LOG:
                return
            if log - copied < _SHORT_REST:
                connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
                return
    finally:
        connection.close()


def _copy_all(path: Path) -> None:
    connection = connect(path, wait=0)
    try:
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError:
        # Somebody reads right now: the log stays beside the file, complete, and the next one to open it copies it.
        return
    finally:
        connection.close()
