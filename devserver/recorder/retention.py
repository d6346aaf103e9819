"""How long recordings are kept: the oldest go when they are too old, or when the file is too large.

Deleted pages are used again by the next recordings, so the file stays at its limit; giving them back to the disk
(auto_vacuum) would cost every recording some 5 %. The size that counts is what is in use.

The journal of the project's state (see `state`) is cut with the requests: what no kept request can be replayed on goes,
and of what came before the oldest of them only the result stays.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import msgspec

from devserver.errors import FnError
from devserver.recorder.deletion import BITE, delete_exchanges, finish_deleting, opened_for_deleting, transaction
from devserver.recorder.schema import FILE

_DAY = 86_400.0
_EVERY = 3600.0  # seconds
_LONGEST_REST = 0.2


class Retention(msgspec.Struct, frozen=True):
    """What is kept.

    Attributes:
        days: older exchanges go; 0 keeps them whatever their age.
        bytes: the oldest go until the file holds no more than this; 0 keeps them whatever their size.
    """

    days: float = 7.0
    bytes: int = 1 << 30


class JournalRow(msgspec.Struct, frozen=True):
    """A row of the journal without its large columns; `kept` is the file of a storage row."""

    version: int
    kind: str
    key: str
    is_gone: bool
    until: float | None
    kept: str | None = None


class _Ended(Exception):
    """The session ends in the middle of a deletion; what is left is deleted next time."""


async def keep_tidy(
    folder: Path, retention: Callable[[], Retention], *, now: Callable[[], float] = time.time, every: float = _EVERY
) -> None:
    """Enforce what is to be kept, now and every hour, until cancelled. It works in a thread and rests between bites.

    Trouble with the file is not told here: the recorder meets the same trouble, and tells it once.

    Args:
        folder: the project's `.fn`.
        retention: asked each time: a reload may have changed it.
        now: seconds since 1970.
        every: seconds between two rounds.
    """
    ended = threading.Event()

    def rest(seconds: float) -> None:
        if ended.wait(seconds):
            raise _Ended

    try:
        while True:
            with suppress(sqlite3.Error, OSError, FnError, _Ended):
                await asyncio.to_thread(enforce, folder, retention(), now(), rest)
            await asyncio.sleep(every)
    finally:
        ended.set()  # nobody who stops a session waits for the rest of a large deletion


def enforce(folder: Path, retention: Retention, now: float, rest: Callable[[float], None] = lambda _: None) -> int:
    """Delete what is not to be kept; how many exchanges that were. The newest call always stays.

    Args:
        folder: the project's `.fn`.
        retention: what is kept.
        now: seconds since 1970.
        rest: called between bites with the seconds that the last one took, so that others get the file as long.

    Raises:
        ConfigError: a newer fn made the file.
        sqlite3.Error: it is damaged, or cannot be used.
    """
    with opened_for_deleting(folder / FILE) as connection:
        if connection is None:
            return 0
        deleted = 0
        # By age first: what that frees, of the journal too, may be enough.
        for choose in (partial(_too_old, retention=retention, now=now), partial(_too_large, retention=retention)):
            while seqs := choose(connection):
                began = time.monotonic()
                deleted += delete_exchanges(connection, seqs)
                rest(min(time.monotonic() - began, _LONGEST_REST))
            for name in compact_journal(connection, rest):
                forget_file(folder, name)
        if deleted:
            finish_deleting(connection, folder)
        return deleted


# --- which exchanges -------------------------------------------------------------------------------------------

# The newest call stays whole, however long it has been going on.
_OLDEST = """
    SELECT r.seq, r.at, length(r.body) + length(r.headers) + 400
    FROM request r, (SELECT seq, callid FROM request ORDER BY seq DESC LIMIT 1) newest
    WHERE r.seq < newest.seq AND (r.callid IS NULL OR r.callid IS NOT newest.callid) {more}
    ORDER BY r.seq LIMIT ?
"""
# What somebody imported is as old as its call; they have just asked for it.
_NOT_IMPORTED = (
    "AND NOT EXISTS (SELECT 1 FROM answer a WHERE a.seq = r.seq AND instr(a.notes, CAST('\"imported\"' AS BLOB)))"
)


def _too_old(connection: sqlite3.Connection, *, retention: Retention, now: float) -> list[int]:
    """The oldest rows, as far as they are too old."""
    if not retention.days:
        return []
    found = []
    for seq, at, _ in connection.execute(_OLDEST.format(more=_NOT_IMPORTED), (BITE,)).fetchall():
        if at >= now - retention.days * _DAY:
            break
        found.append(seq)
    return found


def _too_large(connection: sqlite3.Connection, *, retention: Retention) -> list[int]:
    """As many of the oldest rows as it takes, one bite at most."""
    excess = used_bytes(connection) - retention.bytes if retention.bytes else 0
    found = []
    if excess > 0:
        for seq, _, size in connection.execute(_OLDEST.format(more=""), (BITE,)).fetchall():
            if excess <= 0:
                break
            found.append(seq)
            excess -= size
    return found


def used_bytes(connection: sqlite3.Connection) -> int:
    """What is in use of a database file."""
    ask = ("PRAGMA page_count", "PRAGMA freelist_count", "PRAGMA page_size")
    pages, free, size = (int(connection.execute(question).fetchone()[0]) for question in ask)
    return (pages - free) * size


# --- the journal -----------------------------------------------------------------------------------------------


def compact_journal(connection: sqlite3.Connection, rest: Callable[[float], None] = lambda _: None) -> list[str]:
    """Delete what no kept request needs; gives the names of kept files that nothing refers to any more."""
    newest: int = connection.execute("SELECT ifnull(max(version), 0) FROM state").fetchone()[0]
    oldest = connection.execute("SELECT state, at FROM request WHERE state > 0 ORDER BY seq LIMIT 1").fetchone()
    boundary, at = oldest or (newest, 0.0)
    victims = superfluous(list(_journal(connection, boundary)), newest, at)
    for start in range(0, len(victims), BITE):
        began = time.monotonic()
        bite = [(row.version,) for row in victims[start : start + BITE]]
        with transaction(connection):
            connection.executemany("DELETE FROM state WHERE version = ?", bite)
        rest(min(time.monotonic() - began, _LONGEST_REST))
    return _unreferenced(connection, [row.kept for row in victims if row.kept is not None])


def superfluous(rows: Sequence[JournalRow], newest: int, at: float) -> list[JournalRow]:
    """Rows of the journal that can go.

    Args:
        rows: all up to the version at which the oldest kept request began, in order.
        newest: the last version of all; its row stays, because the next one is counted from it.
        at: when that request arrived; what had ended by then is not needed.
    """
    needed: dict[tuple[str, str], JournalRow] = {}
    for row in rows:
        match row.kind:
            case "session":
                needed = {("session", ""): row}
            case "storage":
                pass  # it undoes what is later than any version that is asked for
            case _:
                needed[row.kind, row.key] = row
    kept = {row.version for row in needed.values() if not _has_ended(row, at)} | {newest}
    return [row for row in rows if row.version not in kept]


def _has_ended(row: JournalRow, at: float) -> bool:
    return row.kind == "cache" and (row.is_gone or (row.until is not None and row.until <= at))


def _journal(connection: sqlite3.Connection, boundary: int) -> Iterator[JournalRow]:
    sql = (
        "SELECT version, kind, key, value IS NULL, until, CASE WHEN kind = 'storage' THEN value END"
        " FROM state WHERE version <= ? ORDER BY version"
    )
    for version, kind, key, is_gone, until, kept in connection.execute(sql, (boundary,)):
        yield JournalRow(version, kind, key, bool(is_gone), until, kept.decode() if kept is not None else None)


def _unreferenced(connection: sqlite3.Connection, names: list[str]) -> list[str]:
    if not names:
        return []
    sql = "SELECT value FROM state WHERE kind = 'storage' AND value IS NOT NULL"
    still = {bytes(value).decode() for (value,) in connection.execute(sql)}
    return [name for name in dict.fromkeys(names) if name not in still]


def forget_file(folder: Path, name: str) -> None:
    """Delete a kept file of the storage, if it is there."""
    if Path(name).name == name:
        with suppress(OSError):
            (folder / "state" / "storage" / name).unlink(missing_ok=True)
