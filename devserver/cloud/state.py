"""What the local Sinch remembers from one session to the next: `.fn/cloud.db`.

Rows of JSON by product, kind and key, in SQLite, because one row can change without writing the others again, a change
is whole or not there, and `fn cloud reset` may work on it while a session runs. It must not know what the rows mean
beyond that: each product has its own functions over it (`devserver/cloud/voice_state.py`).
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from devserver.errors import FnError

FILE = "cloud.db"
_BUSY = 2.0  # seconds to wait for another process
_SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
  product TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,
  PRIMARY KEY (product, kind, key)
) WITHOUT ROWID
"""


class CloudState:
    """The file, opened on first use and again when somebody has removed or replaced it.

    Args:
        folder: the project's `.fn`, which exists.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None
        self._lock = threading.Lock()

    def get(self, product: str, kind: str, key: str) -> Any:
        """A value, or None.

        Raises:
            FnError: the file cannot be read; so do all of these methods.
        """
        with self._open() as connection:
            row = connection.execute(
                "SELECT value FROM entry WHERE product = ? AND kind = ? AND key = ?", (product, kind, key)
            ).fetchone()
            return msgspec.json.decode(row[0]) if row else None

    def all(self, product: str, kind: str) -> list[Any]:
        """Every value of a kind, by key."""
        with self._open() as connection:
            rows = connection.execute(
                "SELECT value FROM entry WHERE product = ? AND kind = ? ORDER BY key", (product, kind)
            ).fetchall()
            return [msgspec.json.decode(value) for (value,) in rows]

    def put(self, product: str, kind: str, values: dict[str, Any]) -> None:
        """Write values by key, all or none."""
        rows = [(product, kind, key, msgspec.json.encode(value)) for key, value in values.items()]
        with self._open() as connection, connection:
            connection.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?)", rows)

    def remove(self, product: str, kind: str, key: str) -> None:
        """Forget a value, if there is one."""
        with self._open() as connection, connection:
            connection.execute("DELETE FROM entry WHERE product = ? AND kind = ? AND key = ?", (product, kind, key))

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._connected()
            except (sqlite3.Error, OSError, msgspec.MsgspecError) as error:
                with suppress(sqlite3.Error):
                    self.close()
                raise FnError(
                    f"The state of the local Sinch, {self._path}, cannot be used: {error}.",
                    hint="`fn cloud reset` starts it anew.",
                ) from error

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None or _identity(self._path) != self._opened:
            self.close()
            # Made by hand, so that nobody else can read it from the first byte on.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            connection = sqlite3.connect(self._path, timeout=_BUSY, check_same_thread=False)
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute(_SCHEMA)
            except sqlite3.Error:
                connection.close()
                raise
            self._connection, self._opened = connection, _identity(self._path)
        return self._connection


def reset(folder: Path) -> int:
    """Forget everything; gives how many entries there were.

    A running session goes on with an empty state. A file that is no database is removed.

    Raises:
        FnError: it can be neither emptied nor removed.
    """
    path = folder / FILE
    if not path.exists():
        return 0
    try:
        connection = sqlite3.connect(path, timeout=_BUSY)
        try:
            with connection:
                connection.execute(_SCHEMA)
                return connection.execute("DELETE FROM entry").rowcount
        finally:
            connection.close()
    except sqlite3.DatabaseError:
        return _removed(path)


def _removed(path: Path) -> int:
    try:
        for each in (path, path.with_name(f"{FILE}-wal"), path.with_name(f"{FILE}-shm")):
            each.unlink(missing_ok=True)
    except OSError as error:
        raise FnError(f"{path} cannot be removed: {error.strerror}.", hint="Remove it by hand.") from error
    return 0


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
