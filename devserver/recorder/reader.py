"""The reading side of `.fn/recordings.db`: for other processes, while a session writes or without one.

It must never hold the file for long: a writer that is kept out keeps a phone call waiting. Deleting is in `purge` and
`retention`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from devserver.errors import FnError
from devserver.recorder.call_index import calls_beginning, newest_calls
from devserver.recorder.calls import CallSummary
from devserver.recorder.exchange import ID_LENGTH, Exchange, Summary
from devserver.recorder.rows import EXCHANGE_COLUMNS, SUMMARY_COLUMNS, exchange_of, summary_of
from devserver.recorder.schema import FILE, is_damaged, open_existing
from devserver.recorder.state import CHANGE_COLUMNS, Snapshot, change_of, snapshot

_WAIT = 2.0  # seconds for another process to let go of the file
_FROM = "FROM request r LEFT JOIN answer a ON a.seq = r.seq"


class NotRecorded(FnError):
    """There is no such recording, or the name fits several."""


class RecordingReader:
    """Looks exchanges up. A folder without recordings is an empty list, not an error.

    Args:
        folder: the project's `.fn`.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def newest(
        self, limit: int, before: str | None = None, event: str | None = None, callid: str | None = None
    ) -> list[Summary]:
        """Summaries, the newest first.

        Args:
            limit: how many at most.
            before: an id; only what was recorded before it.
            event: only this voice event.
            callid: only this call.
        """
        wanted: dict[str, Any] = {
            "r.seq < (SELECT seq FROM request WHERE id = ?)": before,
            # With a plus, SQLite does not take the index of events, when that of calls is so much shorter.
            "+r.event = ?" if callid is not None else "r.event = ?": event,
            "r.callid = ?": callid,
        }
        chosen = {clause: value for clause, value in wanted.items() if value is not None}
        where = "WHERE " + " AND ".join(chosen) if chosen else ""
        sql = f"SELECT {SUMMARY_COLUMNS} {_FROM} {where} ORDER BY r.seq DESC LIMIT ?"
        return [summary_of(row) for row in self._rows(sql, *chosen.values(), limit)]

    def get(self, name: str) -> Exchange:
        """One exchange, by its id, the beginning of its id, or `last`.

        Raises:
            NotRecorded: there is none, or there are several.
        """
        select = f"SELECT {EXCHANGE_COLUMNS} {_FROM}"
        if name == "last":
            rows = self._rows(f"{select} ORDER BY r.seq DESC LIMIT 1")
        else:
            start = name.lower()
            # "{" is the character after "z": a range over the index instead of a pattern.
            rows = self._rows(f"{select} WHERE r.id >= ? AND r.id < ? ORDER BY r.id LIMIT 2", start, start + "{")
        if not rows:
            raise self._missing(name)
        if len(rows) > 1:
            raise NotRecorded(
                f'"{name}" is the beginning of several recordings.',
                hint=f"Give more of its {ID_LENGTH} characters, for example {rows[0][0][: len(name) + 4]}.",
            )
        return exchange_of(rows[0])

    def calls(self, limit: int, before: str | None = None, number: str | None = None) -> list[CallSummary]:
        """Summaries of calls, the newest first, see `newest_calls`."""
        return newest_calls(self._rows, limit, before, number)

    def callids(self, start: str) -> list[str]:
        """The call of this id, or calls whose id begins so; two at most."""
        return calls_beginning(self._rows, start)

    def call(self, callid: str, limit: int = -1) -> list[Exchange]:
        """The exchanges of one call, the oldest first; replays of it are left out.

        Args:
            callid: of the call.
            limit: how many at most; all when it is negative.

        Raises:
            NotRecorded: there is none.
        """
        sql = f"SELECT {EXCHANGE_COLUMNS} {_FROM} WHERE r.callid = ? AND +r.source <> 'replay' ORDER BY r.seq"
        rows = self._rows(f"{sql} LIMIT ?", callid, limit)
        if not rows:
            raise self._missing(callid)
        return [exchange_of(row) for row in rows]

    def snapshot(self, exchange: Exchange) -> Snapshot | None:
        """The state that an exchange began with; None when it was not recorded (by an older fn, or as a replay)."""
        if not exchange.state:
            return None
        start = self._rows("SELECT max(version) FROM state WHERE kind = 'session' AND version <= ?", exchange.state)
        first = start[0][0] if start else None
        if first is None:
            return None
        sql = f"SELECT {CHANGE_COLUMNS} FROM state WHERE version >= ? ORDER BY version"  # noqa: S608 the columns are ours
        return snapshot(map(change_of, self._rows(sql, first)), exchange.state, exchange.at)

    def count(self) -> int:
        """How many exchanges are recorded."""
        rows = self._rows("SELECT count(*) FROM request")
        return int(rows[0][0]) if rows else 0

    def _rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._reading() as connection:
            return [] if connection is None else connection.execute(sql, values).fetchall()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """The connection; None when nothing has been recorded yet. SQLite's errors become sentences."""
        try:
            yield self._open()
        except sqlite3.Error as error:
            if is_damaged(error):
                raise FnError(
                    f"{self._path} is damaged: {error}.", hint="`fn dev` moves it aside and begins a new one."
                ) from error
            raise FnError(f"{self._path} cannot be used: {error}.", hint="Try again; is the disk full?") from error

    def _open(self) -> sqlite3.Connection | None:
        if self._connection is None and self._path.is_file():
            self._connection = open_existing(self._path, wait=_WAIT)
        return self._connection

    def _missing(self, name: str) -> NotRecorded:
        if not self.count():
            return NotRecorded(
                "There are no recordings here yet.", hint="Run `fn dev` and send it a callback; or name another --dir."
            )
        return NotRecorded(f'There is no recording "{name}".', hint="`fn recordings list` shows what there is.")
