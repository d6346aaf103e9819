"""The file `.fn/recordings.db`: its tables, its version, and what happens when it is not as it should be.

Two tables with one key: a request is written when it arrives, and what came of it is another row, so that nothing is
ever rewritten. Small columns stand before the large ones: a list of recordings never reads a body. Each index costs
some 4 % of the throughput, and without it a list of one call, or of a rare event, would read the whole file.
"""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from devserver.errors import ConfigError

FILE = "recordings.db"
VERSION = 2

# Each step takes a file from the version before it; a new file takes all of them. What a step says is never changed.
_STEPS = (
    """
CREATE TABLE request (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL, at REAL NOT NULL, callid TEXT, event TEXT, source TEXT NOT NULL,
  method TEXT NOT NULL, path TEXT NOT NULL, remote TEXT NOT NULL, headers BLOB NOT NULL, body BLOB NOT NULL
);
CREATE UNIQUE INDEX request_id ON request (id);
CREATE INDEX request_callid ON request (callid) WHERE callid IS NOT NULL;
CREATE INDEX request_event ON request (event) WHERE event IS NOT NULL;
CREATE TABLE answer (
  seq INTEGER PRIMARY KEY, status INTEGER, ms REAL, generation INTEGER, headers BLOB, notes BLOB, body BLOB
);
""",
    # The journal of the project's state (see `state`), what was accepted in place of a recorded answer, and facts
    # about the file.
    """
ALTER TABLE request ADD COLUMN state INTEGER NOT NULL DEFAULT 0;
CREATE TABLE state (
  version INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, value BLOB, until REAL
);
CREATE TABLE accepted (seq INTEGER PRIMARY KEY, at REAL NOT NULL, status INTEGER, headers BLOB, notes BLOB, body BLOB);
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
""",
)

# What is derived from the file (the search index) knows by it whether it was derived from this one.
_MARK = "INSERT OR IGNORE INTO fact VALUES ('file', hex(randomblob(8)));"


def connect(path: Path, *, wait: float) -> sqlite3.Connection:
    """A connection to a file that exists; every statement is its own transaction unless BEGIN is said.

    Args:
        path: the file; it is not created.
        wait: seconds to wait for another process that holds the file.
    """
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=wait, isolation_level=None, check_same_thread=False
    )


def open_existing(path: Path, *, wait: float) -> sqlite3.Connection | None:
    """A connection to recordings of whatever version, brought to ours; None while its tables are being made.

    Args:
        path: the file; it is there.
        wait: as in `connect`.

    Raises:
        ConfigError: a newer version wrote it. It has not been touched.
        sqlite3.Error: it is damaged, locked, or of an older version and cannot be written.
    """
    connection = connect(path, wait=wait)
    try:
        version = refuse_newer(connection, path)
        if 0 < version < VERSION:
            migrate(connection, version)
    except BaseException:
        connection.close()
        raise
    if version == 0:
        connection.close()
        return None
    return connection


def open_for_writing(path: Path) -> sqlite3.Connection:
    """The file with its tables, new if need be, readable by its owner only.

    Nothing here ever waits for the disk: `synchronous` is off, because what a commit hands to the operating system
    outlives us, also after kill -9. Only a power cut can lose the last moments, and no more than that, as long as
    checkpoints (which run elsewhere) sync what they copy.

    Raises:
        ConfigError: a newer version wrote it. It has not been touched.
        sqlite3.Error: it is damaged, locked, or cannot be written.
        OSError: it cannot be created.
    """
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.parent.chmod(0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)
    connection = connect(path, wait=0)
    try:
        version = refuse_newer(connection, path)
        # Half of SQLite's usual page: a commit writes and checksums whole pages, and ours change a few rows each.
        connection.execute("PRAGMA page_size=2048")
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("PRAGMA journal_size_limit=67108864")
        if version < VERSION:
            migrate(connection, version)
        connection.execute("SELECT max(seq) FROM request").fetchone()
        connection.execute("SELECT max(seq) FROM answer").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring a file to our version, all of it or nothing.

    Raises:
        sqlite3.Error: it is damaged, locked, or cannot be written; it is as it was.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Somebody else may have done it while we waited.
        version = max(version, connection.execute("PRAGMA user_version").fetchone()[0])
        for statement in ("".join(_STEPS[version:]) + _MARK).split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def refuse_newer(connection: sqlite3.Connection, path: Path) -> int:
    """The version of the file; 0 for an empty one.

    Raises:
        ConfigError: it is newer than ours.
    """
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise ConfigError(
            f"{path} was made by a newer fn (format {version}, this one knows {VERSION}).",
            hint="Update fn, or move the file away to start a new one.",
        )
    return version


def file_mark(connection: sqlite3.Connection) -> str:
    """What tells this content of the file from any other: random, and new after everything was deleted."""
    ask = "SELECT value FROM fact WHERE name = 'file'"
    found = connection.execute(ask).fetchone()
    if found is None:
        connection.execute(_MARK)
        found = connection.execute(ask).fetchone()
    return str(found[0])


def renew_mark(connection: sqlite3.Connection) -> None:
    """Note that everything was deleted: rows will be counted from one again."""
    connection.execute("DELETE FROM fact WHERE name = 'file'")
    connection.execute(_MARK)


def is_damaged(error: sqlite3.Error) -> bool:
    """Whether the file's content is wrong, as opposed to being full, locked or out of reach."""
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


def move_aside(path: Path, now: float) -> Path:
    """Rename a damaged file and what belongs to it; returns its new name.

    Raises:
        OSError: it cannot be renamed.
    """
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    broken = path.with_name(f"{path.name}.broken-{stamp}")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(broken.with_name(broken.name + suffix))
    return broken
