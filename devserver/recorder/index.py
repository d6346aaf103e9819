"""The search index `.fn/search.db`: words of exchanges, made from `.fn/recordings.db` and at any time made anew.

A file of its own, so that whoever writes it never keeps the recorder out. It has shards, each for a range of rows of
the recordings: what is deleted there must not stay findable here, and FTS5 cannot forget a row without being told its
old words. So a deletion leaves a note of the shards it touched in its own transaction (`mark_stale`), and those are
dropped and made again from what is left; a shard takes a second. The note outlives a crash between the two files.

Words only, no positions and no texts (`detail=none`, no content): some 80 bytes for each exchange.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from devserver.errors import FnError
from devserver.recorder.exchange import Exchange
from devserver.recorder.rows import EXCHANGE_COLUMNS, exchange_of
from devserver.recorder.schema import FILE, connect, file_mark, is_damaged, open_existing
from devserver.recorder.terms import VERSION, words

SEARCH_FILE = "search.db"
SHARD = 1 << 14
"""Rows of the recordings in one shard."""

_WAIT = 5.0  # seconds for another process that indexes
_BITE = 200  # rows in one transaction
_STALE = "search "
_PATIENCE = 3600.0  # seconds after which a request without an answer is taken as it is
_TABLES = """
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS shard (number INTEGER PRIMARY KEY, done INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS pending (seq INTEGER PRIMARY KEY);
"""


class NoRecordings(FnError):
    """There is nothing to index."""


Progress = Callable[[int, int], None]
"""Takes how many are done, and of how many."""


def mark_stale(connection: sqlite3.Connection, seqs: list[int]) -> None:
    """Note, in the transaction that deletes these rows of the recordings, that their words must go.

    Args:
        connection: to the recordings.
        seqs: of the deleted rows.
    """
    numbers = {(f"{_STALE}{seq // SHARD}",) for seq in seqs}
    connection.executemany("INSERT OR REPLACE INTO fact VALUES (?, hex(randomblob(8)))", sorted(numbers))


class Index:
    """The index of one project; for one thread at a time.

    Args:
        folder: the project's `.fn`; there must be recordings.
        now: seconds since 1970.
    """

    def __init__(self, folder: Path, now: Callable[[], float] = time.time) -> None:
        self._path = folder / SEARCH_FILE
        self._now = now
        self._recordings = _opened_recordings(folder / FILE)
        try:
            self._connection = self._open()
        except BaseException:
            self._recordings.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of both files."""
        self._connection.close()
        self._recordings.close()

    def catch_up(self, go_on: Callable[[], bool] = lambda: True, progress: Progress | None = None) -> bool:
        """Index what is not indexed yet, the newest shard first, until `go_on` says no; whether all of it is done.

        Args:
            go_on: asked before each row, so that a session can stop at once when a call comes in.
            progress: told after every bite.
        """
        self.forget_deleted()
        total = self._missing() if progress else 0
        done = 0
        while True:
            indexed, is_all = self._bite(go_on)
            done += indexed
            if progress:
                progress(done, max(done, total))
            if is_all or not go_on():
                return is_all

    def forget_deleted(self) -> None:
        """Drop the shards that deletions have touched; only then is the note of it taken away."""
        notes = self._recordings.execute("SELECT name, value FROM fact WHERE name LIKE ?", (f"{_STALE}%",)).fetchall()
        if notes:
            with self._transaction():
                for name, _ in notes:
                    self._drop(int(name.removeprefix(_STALE)))
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            # With its value: a note that was renewed meanwhile stays.
            self._recordings.executemany("DELETE FROM fact WHERE name = ? AND value = ?", notes)

    def find(self, expression: str) -> Iterator[int]:
        """Rows of the recordings that hold the words, the newest first; some may not exist any more."""
        for (number,) in self._connection.execute("SELECT number FROM shard ORDER BY number DESC").fetchall():
            sql = f"SELECT rowid FROM words_{number} WHERE words_{number} MATCH ? ORDER BY rowid DESC"  # noqa: S608
            with suppress(sqlite3.OperationalError):  # it was dropped a moment ago
                yield from (seq for (seq,) in self._connection.execute(sql, (expression,)))

    def pending(self) -> list[int]:
        """Rows that wait for their answer before they are indexed, the newest first."""
        return [seq for (seq,) in self._connection.execute("SELECT seq FROM pending ORDER BY seq DESC")]

    def exchange(self, seq: int) -> Exchange | None:
        """One recorded exchange by its row."""
        sql = f"SELECT {EXCHANGE_COLUMNS} FROM request r LEFT JOIN answer a ON a.seq = r.seq WHERE r.seq = ?"  # noqa: S608
        row = self._recordings.execute(sql, (seq,)).fetchone()
        return None if row is None else exchange_of(row)

    # --- the file ----------------------------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection:
        try:
            return self._opened()
        except sqlite3.DatabaseError as error:
            if not is_damaged(error):
                raise
            # It only repeats what the recordings hold.
            remove(self._path.parent)
            return self._opened()

    def _opened(self) -> sqlite3.Connection:
        self._path.touch(mode=0o600)
        connection = connect(self._path, wait=_WAIT)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("PRAGMA secure_delete=ON")
            self._connection = connection
            if connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'pending'").fetchone() == (0,):
                connection.executescript(f"BEGIN IMMEDIATE; {_TABLES} COMMIT")
            self._begin_anew_if_other()
        except BaseException:
            connection.close()
            raise
        return connection

    def _begin_anew_if_other(self) -> None:
        """Forget everything when it was made of other recordings, or by other rules."""
        of = f"{VERSION} {file_mark(self._recordings)}"
        known = self._connection.execute("SELECT value FROM fact WHERE name = 'of'").fetchone()
        if known == (of,):
            return
        with self._transaction():
            for (number,) in self._connection.execute("SELECT number FROM shard").fetchall():
                self._drop(number)
            self._connection.execute("INSERT OR REPLACE INTO fact VALUES ('of', ?)", (of,))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    # --- forgetting --------------------------------------------------------------------------------------------

    def _drop(self, number: int) -> None:
        self._connection.execute(f"DROP TABLE IF EXISTS words_{number}")
        self._connection.execute("DELETE FROM shard WHERE number = ?", (number,))
        first = number * SHARD
        self._connection.execute("DELETE FROM pending WHERE seq >= ? AND seq < ?", (first, first + SHARD))

    # --- indexing ----------------------------------------------------------------------------------------------

    def _missing(self) -> int:
        """About how many rows are to be indexed."""
        return sum(last - done for _, done, last in self._todo())

    def _todo(self) -> list[tuple[int, int, int]]:
        """Shards with something to do, the newest first: number, last row that is indexed, last row of the shard."""
        bounds = self._recordings.execute(
            "SELECT (SELECT min(seq) FROM request), (SELECT max(seq) FROM request)"
        ).fetchone()
        oldest, newest = (bounds[0] or 0, bounds[1] or 0)
        known = dict(self._connection.execute("SELECT number, done FROM shard").fetchall())
        found = []
        for number in range(newest // SHARD, oldest // SHARD - 1, -1):
            done = max(known.get(number, 0), number * SHARD - 1, oldest - 1)
            last = min(newest, number * SHARD + SHARD - 1)
            if done < last:
                found.append((number, done, last))
        return found

    def _bite(self, go_on: Callable[[], bool]) -> tuple[int, bool]:
        """Index some rows; how many, and whether nothing is left."""
        with self._transaction():
            # Read inside the transaction: what is deleted from now on is dropped here only after it.
            self._answered(go_on)
            todo = self._todo()
            if not todo:
                return 0, True
            number, done, last = todo[0]
            reached = self._take(number, done, last, go_on)
            if reached == last and last % SHARD == SHARD - 1:
                self._connection.execute(f"INSERT INTO words_{number} (words_{number}) VALUES ('optimize')")  # noqa: S608
            return reached - done, False

    def _take(self, number: int, done: int, last: int, go_on: Callable[[], bool]) -> int:
        """Index rows of a shard; the last one that is."""
        self._connection.execute(
            f"CREATE VIRTUAL TABLE IF NOT EXISTS words_{number} USING"
            " fts5(words, content='', columnsize=0, detail=none, tokenize='ascii')"
        )
        sql = (
            f"SELECT r.seq, a.seq, {EXCHANGE_COLUMNS} FROM request r LEFT JOIN answer a ON a.seq = r.seq"  # noqa: S608
            " WHERE r.seq > ? AND r.seq <= ? ORDER BY r.seq LIMIT ?"
        )
        rows = self._recordings.execute(sql, (done, last, _BITE)).fetchall()
        reached = done
        for seq, answer, *columns in rows:
            if not go_on():
                break
            self._add(number, seq, exchange_of(tuple(columns)), is_complete=answer is not None)
            reached = seq
        else:
            if len(rows) < _BITE:
                reached = last
        self._connection.execute("INSERT OR REPLACE INTO shard VALUES (?, ?)", (number, reached))
        return reached

    def _add(self, number: int, seq: int, exchange: Exchange, *, is_complete: bool) -> None:
        if not is_complete and self._now() - exchange.at < _PATIENCE:
            self._connection.execute("INSERT INTO pending VALUES (?)", (seq,))
            return
        sql = f"INSERT INTO words_{number} (rowid, words) VALUES (?, ?)"  # noqa: S608 the number is ours
        self._connection.execute(sql, (seq, " ".join(words(exchange))))

    def _answered(self, go_on: Callable[[], bool]) -> None:
        """Index what has been answered since it was put off, or will never be."""
        for seq in self.pending():
            if not go_on():
                return
            exchange = self.exchange(seq)
            answered = self._recordings.execute("SELECT 1 FROM answer WHERE seq = ?", (seq,)).fetchone()
            if exchange is None or answered or self._now() - exchange.at >= _PATIENCE:
                self._connection.execute("DELETE FROM pending WHERE seq = ?", (seq,))
                if exchange is not None:
                    self._add(seq // SHARD, seq, exchange, is_complete=True)


def _opened_recordings(path: Path) -> sqlite3.Connection:
    connection = open_existing(path, wait=_WAIT) if path.is_file() else None
    if connection is None:
        raise NoRecordings(f"There are no recordings at {path} yet.", hint="Run `fn dev` and send it a callback.")
    return connection


def remove(folder: Path) -> None:
    """Delete the index; it is made anew by the next search."""
    for suffix in ("", "-wal", "-shm"):
        (folder / f"{SEARCH_FILE}{suffix}").unlink(missing_ok=True)
