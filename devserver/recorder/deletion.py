"""Deleting rows of the recordings, for good and in small bites: a session may go on recording meanwhile.

Whatever deletes goes through here, so that no part of an exchange is left behind, and so that the search index
learns of it in the same transaction. Deleted content is overwritten: these are other people's phone calls.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from devserver.recorder.index import SEARCH_FILE, Index, NoRecordings, mark_stale, remove
from devserver.recorder.schema import open_existing

BITE = 500
"""Rows in one transaction: some milliseconds, during which a call that arrives waits."""

_WAIT = 2.0  # seconds for another process to let go of the file


@contextmanager
def opened_for_deleting(path: Path) -> Iterator[sqlite3.Connection | None]:
    """A connection that overwrites what it deletes; None when nothing has been recorded yet.

    Raises:
        ConfigError: a newer fn made the file.
        sqlite3.Error: it is damaged, or cannot be used.
    """
    connection = open_existing(path, wait=_WAIT) if path.is_file() else None
    if connection is None:
        yield None
        return
    try:
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("PRAGMA synchronous=OFF")
        yield connection
    finally:
        connection.close()


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def delete_exchanges(connection: sqlite3.Connection, seqs: Sequence[int]) -> int:
    """Delete rows with all that belongs to them, in one transaction; how many there were."""
    rows = [(seq,) for seq in seqs]
    with transaction(connection):
        connection.executemany("DELETE FROM accepted WHERE seq = ?", rows)
        connection.executemany("DELETE FROM answer WHERE seq = ?", rows)
        deleted = connection.executemany("DELETE FROM request WHERE seq = ?", rows).rowcount
        mark_stale(connection, list(seqs))
    return deleted


def finish_deleting(connection: sqlite3.Connection, folder: Path) -> None:
    """What is left to do after deleting: answers that came too late, imported states, words of the index, the log.

    The log holds what was deleted until it is written over; with a session running this does what it can.
    """
    from devserver.recorder.importing import forget_states

    _delete_orphans(connection)
    forget_states(folder, connection)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    forget_words(folder)


def _delete_orphans(connection: sqlite3.Connection) -> None:
    """Answers that came after their request was deleted. Looked for without keeping the recorder out."""
    for table in ("answer", "accepted"):
        find = f"SELECT seq FROM {table} a WHERE NOT EXISTS (SELECT 1 FROM request r WHERE r.seq = a.seq)"  # noqa: S608
        if lost := connection.execute(find).fetchall():
            with transaction(connection):
                connection.executemany(f"DELETE FROM {table} WHERE seq = ?", lost)  # noqa: S608


def forget_words(folder: Path) -> None:
    """Take the words of deleted exchanges out of the search index; without an index there are none."""
    if not (folder / SEARCH_FILE).is_file():
        return
    try:
        with Index(folder) as index:
            index.forget_deleted()
    except (sqlite3.Error, NoRecordings):
        remove(folder)
