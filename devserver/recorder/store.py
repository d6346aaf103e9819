"""The writer of `.fn/recordings.db`: a request is durable before its handler runs, and nobody waits longer than that.

Everything happens in the event loop of the gateway, because a hop to a thread costs more than the commit itself.
`begin` puts a row into a queue and waits for the next flush; all requests that arrive in one turn of the loop, and all
answers that are ready by then, are one transaction. A commit is a write to the operating system, without fsync, so it
takes microseconds. What does sync, the checkpoint, runs in a thread with a connection of its own.

It must not know what a callback is. Trouble with the disk is never an error of a call: it is told once, writing is
tried again at growing intervals, and the queue between is bounded in bytes.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from devserver.clock import Clock
from devserver.errors import ConfigError
from devserver.recorder.checkpoints import Checkpoints
from devserver.recorder.exchange import Answer, Effect, Request
from devserver.recorder.redaction import Redactor
from devserver.recorder.rows import INSERT_LATE_ANSWER, INSERT_REQUEST, Notes, Row, answer_row, request_row
from devserver.recorder.schema import FILE, is_damaged, move_aside, open_for_writing
from devserver.recorder.state import INSERT_CHANGE, Change, change_row, newest_version
from devserver.recorder.trouble import Trouble, is_busy

_LATEST = 0.005  # seconds until an answer is written when no request comes along
_QUEUE = 32 << 20  # bytes
_ENOUGH = 8  # requests in a commit; what more of them save is less than what it costs that the host has nothing to do
_ROW = 1000  # bytes, an estimate of what a row costs beside its body
_LOOK_EVERY = 1.0  # seconds between looks whether the file is still ours
_BUSY_RETRY = 0.002
_BUSY_PATIENCE = 0.25  # seconds that a call waits for another process (a purge) to let go of the file


class Recorder:
    """Writes exchanges. One per session; use it from one event loop only.

    Attributes:
        redact: what is taken out; may be replaced while it runs, when a project's secrets change.
    """

    def __init__(self, path: Path, redact: Redactor, clock: Clock, trouble: Trouble, queue_limit: int) -> None:
        self.redact = redact
        self._path = path
        self._clock = clock
        self._trouble = trouble
        self._queue_limit = queue_limit
        self._connection: sqlite3.Connection | None = None
        self._checkpoints = Checkpoints(path, trouble.say)
        self._requests: list[Row] = []
        self._answers: list[tuple[str, Row]] = []
        self._changes: list[Row] = []
        self._version = 0  # of the project's state; the journal's newest row
        self._sizes = 0
        self._open: dict[str, int] = {}  # id -> seq of requests whose answer is to come; 0 until it is written
        self._waiting: list[Callable[[], object]] = []
        self._loop = asyncio.get_running_loop()
        self._scheduled = False
        self._timer: asyncio.TimerHandle | None = None
        self._busy_since: float | None = None
        self._file: tuple[int, int] | None = None  # device and inode of the open file
        self._looked = 0.0
        self._closed = False

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        redact: Redactor,
        clock: Clock,
        on_trouble: Callable[[str], None],
        queue_limit: int = _QUEUE,
    ) -> Recorder:
        """Open `folder`/recordings.db; new if need be. A damaged file is moved aside, and that is told.

        Args:
            folder: the project's `.fn`.
            redact: what must not be written.
            clock: for the name of a damaged file and for the pauses between attempts.
            on_trouble: takes a sentence, once for each kind of trouble, and once when it is over.
            queue_limit: bytes that may wait for the disk.

        Raises:
            ConfigError: a newer fn made the file.
        """
        recorder = cls(folder / FILE, redact, clock, Trouble(folder / FILE, clock, on_trouble), queue_limit)
        try:
            recorder._connect()
        except (sqlite3.Error, OSError) as error:
            recorder._trouble.happened(error)
        return recorder

    async def begin(  # noqa: PLR0917 the hot path; keywords cost
        self, exchange_id: str, at: float, callid: str | None, event: str | None, source: str, request: Request
    ) -> None:
        """Returns when the request outlives kill -9 of this process; at once when recording is in trouble.

        Never raises on account of the disk.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.begin_then(partial(_resolve, done), exchange_id, at, callid, event, source, request)
        await done

    def begin_then(  # noqa: PLR0917 the hot path; keywords cost
        self,
        then: Callable[[], object],
        exchange_id: str,
        at: float,
        callid: str | None,
        event: str | None,
        source: str,
        request: Request,
        alone: bool = False,
    ) -> None:
        """As `begin`, with a call in place of waiting: what goes on is a task's turn of the event loop less.

        With `alone` it is written at once: no other request is on its way that could share the commit.
        """
        row = request_row(self.redact, exchange_id, at, callid, event, source, request, self._version)
        if not self._take(len(request.body)):
            self._trouble.lost += 1
            then()
            return
        self._requests.append(row)
        self._open[exchange_id] = 0
        if pause := self._trouble.pause():
            self._flush_at(self._loop, pause)
            then()
            return
        self._waiting.append(then)
        if alone and not self._scheduled:
            self._flush()
        elif not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._gather, 0)

    def changed(self, change: Change) -> None:
        """Note a change of the project's state; requests that begin from now on have seen it."""
        row = change_row(self.redact, self._version + 1, change)
        if self._take(len(row[4] or b"")):
            self._version += 1
            self._changes.append(row)
            if self._timer is None:
                self._flush_at(self._loop, max(_LATEST, self._trouble.pause()))

    def finish(
        self,
        exchange_id: str,
        answer: Answer | None,
        *,
        ms: float | None,
        generation: int | None,
        findings: list[dict[str, Any]],
        logs: list[dict[str, Any]],
        error: dict[str, Any] | None,
        marks: list[str],
        effects: Sequence[Effect] = (),
    ) -> None:
        """Note what came of it; written with the next request, or 5 ms later at the latest."""
        if exchange_id in self._open and self._take(len(answer.body) if answer else 0):
            has_notes = findings or logs or error or marks or effects
            notes = Notes(findings, logs, error, marks, list(effects)) if has_notes else None
            self._answers.append((exchange_id, answer_row(self.redact, answer, ms, generation, notes)))
            if self._timer is None:
                self._flush_at(self._loop, max(_LATEST, self._trouble.pause()))

    async def close(self) -> None:
        """Write what waits, bring the file up to date, and let go of it."""
        if self._closed:
            return
        self._closed = True
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(partial(_resolve, done))
        self._flush()
        await done
        if self._timer is not None:
            self._timer.cancel()
        self._trouble.lost += len(self._requests)
        self._trouble.ended()
        # First the connection that syncs, then ours, which does not.
        await self._checkpoints.close()
        self._disconnect()

    def _take(self, body: int) -> bool:
        """Whether there is room in the queue; if so, it is taken."""
        size = _ROW + body
        if self._closed or (self._sizes and self._sizes + size > self._queue_limit):
            return False
        self._sizes += size
        return True

    # --- writing -----------------------------------------------------------------------------------------------

    def _flush_at(self, loop: asyncio.AbstractEventLoop, delay: float) -> None:
        if self._timer is None:
            self._timer = loop.call_later(delay, self._on_timer, loop)

    def _on_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        if pause := self._trouble.pause():
            self._flush_at(loop, pause)
        else:
            self._flush()

    def _gather(self, before: int) -> None:
        """Wait a turn of the event loop longer while more requests come: a commit of two costs little more than of one.

        A turn takes microseconds, and is waited for only when another request came in the one before.
        """
        count = len(self._requests)
        if before < count < _ENOUGH:
            self._loop.call_soon(self._gather, count)
        else:
            self._flush()

    def _flush(self) -> None:
        self._scheduled = False
        if not self._requests and not self._answers and not self._changes:
            self._release()
            return
        try:
            self._write(self._connection_to_file())
        except (sqlite3.Error, OSError, ConfigError, ValueError, OverflowError) as error:
            self._failed(error)
        else:
            self._busy_since = None
            self._trouble.over()
            self._checkpoints.wrote(self._sizes)
            self._sizes = 0
            self._release()

    def _write(self, connection: sqlite3.Connection) -> None:
        execute = connection.execute
        execute("BEGIN IMMEDIATE")
        try:
            new = _insert(connection, self._requests)
            if self._answers:
                connection.executemany(INSERT_LATE_ANSWER, self._late_rows(new))
            if self._changes:
                connection.executemany(INSERT_CHANGE, self._changes)
            execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                execute("ROLLBACK")
            raise
        self._open.update(new)
        for exchange_id, _ in self._answers:
            self._open.pop(exchange_id, None)
        self._requests.clear()
        self._answers.clear()
        self._changes.clear()

    def _late_rows(self, new: dict[str, int]) -> list[Row]:
        return [
            (seq, *row, seq, exchange_id)
            for exchange_id, row in self._answers
            if (seq := self._open.get(exchange_id) or new.get(exchange_id))
        ]

    def _release(self) -> None:
        waiting, self._waiting = self._waiting, []
        for then in waiting:
            then()

    # --- trouble -----------------------------------------------------------------------------------------------

    def _failed(self, error: Exception) -> None:
        loop = asyncio.get_running_loop()
        if is_busy(error):
            self._busy_since = self._busy_since or loop.time()
            if loop.time() - self._busy_since < _BUSY_PATIENCE:
                self._scheduled = True
                loop.call_later(_BUSY_RETRY, self._flush)
                return
        self._busy_since = None
        self._trouble.happened(error)
        if isinstance(error, sqlite3.DatabaseError) and is_damaged(error):
            with suppress(OSError):  # told when it is opened again
                self._replace_file()
        elif not isinstance(error, sqlite3.OperationalError | OSError | ConfigError):
            self._give_up()
        if self._requests or self._answers or self._changes:
            self._flush_at(loop, self._trouble.pause())
        self._release()

    def _give_up(self) -> None:
        """Something in the queue cannot be written, and waiting will not mend it."""
        self._trouble.lost += len(self._requests)
        for row in self._requests:
            self._open.pop(row[0], None)
        self._requests.clear()
        self._answers.clear()
        self._changes.clear()
        self._sizes = 0

    # --- the file ----------------------------------------------------------------------------------------------

    def _connection_to_file(self) -> sqlite3.Connection:
        """The open connection; a new one when somebody has deleted or replaced the file."""
        now = self._clock.steady()
        if self._connection is not None and now - self._looked >= _LOOK_EVERY:
            self._looked = now
            if _identity(self._path) != self._file:
                self._disconnect()
        return self._connection or self._connect()

    def _connect(self) -> sqlite3.Connection:
        try:
            connection = open_for_writing(self._path)
        except sqlite3.DatabaseError as error:
            if not is_damaged(error):
                raise
            self._replace_file()
            connection = open_for_writing(self._path)
        self._connection, self._file = connection, _identity(self._path)
        self._number_after(newest_version(connection))
        return connection

    def _number_after(self, newest: int) -> None:
        """Versions go on after those of the file, also those given out while it could not be opened."""
        shift = newest + len(self._changes) - self._version
        if shift > 0:
            self._changes = [(row[0] + shift, *row[1:]) for row in self._changes]
            self._requests = [(*row[:-1], row[-1] + shift) for row in self._requests]
            self._version += shift

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        # Answers to requests in the old file have nowhere to go.
        self._open = {row[0]: 0 for row in self._requests}

    def _replace_file(self) -> None:
        self._disconnect()
        self._trouble.moved_aside(move_aside(self._path, self._clock.wall()))


def _insert(connection: sqlite3.Connection, requests: list[Row]) -> dict[str, int]:
    """Insert requests; gives the seq of each id. In one transaction they are counted without a gap."""
    if not requests:
        return {}
    if len(requests) > 1:
        connection.executemany(INSERT_REQUEST, requests[:-1])
    # Only of a single insertion the library tells the number.
    last = connection.execute(INSERT_REQUEST, requests[-1]).lastrowid or 0
    return {row[0]: seq for seq, row in enumerate(requests, last - len(requests) + 1)}


def _resolve(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
