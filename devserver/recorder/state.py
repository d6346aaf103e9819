"""The journal of a project's state, by which any recorded callback can be replayed on what its handler saw.

A snapshot is a number: every change of the cache, the storage and the database gets the next version, and a request
keeps the version it arrived at. Nothing is copied when a call begins, whatever the size of what is kept.

| kind | key | value | to get the state at a version |
|---|---|---|---|
| session | | | a session began, and with it an empty cache |
| cache | the key | JSON, NULL when it is gone; it ends at `until`, seconds since 1970 | the last value of the session |
| storage | the key | name of the file that keeps what was there before, NULL when nothing was | undo what came later |
| database | | position in the history of the database | the last position |

Pure, but for `newest_version`. It must not know where files are kept.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from devserver.recorder.redaction import Redactor

INSERT_CHANGE = "INSERT INTO state (version, at, kind, key, value, until) VALUES (?,?,?,?,?,?)"
CHANGE_COLUMNS = "version, at, kind, key, value, until"


class Change(msgspec.Struct, frozen=True):
    """One change; see the table above.

    Attributes:
        at: seconds since 1970.
        version: given when it is written.
    """

    kind: Literal["session", "cache", "storage", "database"]
    key: str
    value: bytes | None
    at: float
    until: float | None = None
    version: int = 0


class CacheEntry(msgspec.Struct, frozen=True):
    """A value of the cache: JSON bytes, and the seconds that it has left."""

    key: str
    value: bytes
    ttl: float


class Snapshot(msgspec.Struct, frozen=True):
    """The state at one moment.

    Attributes:
        at: the moment, seconds since 1970.
        cache: what was in the cache.
        storage: what differs from the storage of today: name of the file that keeps the content, by key; None for what
            was not there.
        database: position in the history of the database; None when there was none.
        follows_database: whether the history of the database was kept: without it None says nothing.
    """

    at: float
    cache: list[CacheEntry] = []
    storage: dict[str, str | None] = {}
    database: str | None = None
    follows_database: bool = False


def change_row(redact: Redactor, version: int, change: Change) -> tuple[Any, ...]:
    """A row for `INSERT_CHANGE`."""
    value = redact.data(change.value) if change.value is not None else None
    return version, change.at, change.kind, redact.text(change.key), value, change.until


def change_of(row: tuple[Any, ...]) -> Change:
    """From `CHANGE_COLUMNS`."""
    version, at, kind, key, value, until = row
    return Change(kind, key, value, at, until, version)


def newest_version(connection: sqlite3.Connection) -> int:
    """The last version given; 0 when nothing has ever changed."""
    version: int = connection.execute("SELECT ifnull(max(version), 0) FROM state").fetchone()[0]
    return version


def snapshot(changes: Iterable[Change], version: int, at: float) -> Snapshot:
    """The state at a version.

    Args:
        changes: from the start of the session to which the version belongs up to now, in order.
        version: of the request.
        at: when the request arrived: what had ended by then is gone.
    """
    cache: dict[str, Change] = {}
    storage: dict[str, str | None] = {}
    database: str | None = None
    follows = False
    for change in changes:
        before = change.version <= version
        follows |= change.kind == "database"
        match change.kind:
            case "session" if before:
                cache.clear()
            case "cache" if before:
                cache[change.key] = change
            case "storage" if not before:
                storage.setdefault(change.key, change.value.decode() if change.value is not None else None)
            case "database" if before:
                database = change.value.decode() if change.value is not None else None
            case _:
                pass
    kept = [
        CacheEntry(change.key, change.value, change.until - at)
        for change in cache.values()
        if change.value is not None and change.until is not None and change.until > at
    ]
    return Snapshot(at, kept, storage, database, follows)
