"""A small SQLite database as SQL text and back, so that what must not leave the machine can be taken out of it.

All in memory. What a text cannot carry faithfully (blobs, virtual tables) makes a database that stays here.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing

LARGEST = 16 << 20
"""Bytes of a database that is turned into text."""

_WAL_MARKS = slice(18, 20)  # in the header; a database in memory has no log beside it (SQLite file format 1.3)
_KEPT = ("user_version", "application_id")


def sql_of(database: bytes) -> str | None:
    """The statements that make the database again; None when it is too large, holds what no text can, or is damaged."""
    if len(database) > LARGEST:
        return None
    plain = bytearray(database)
    plain[_WAL_MARKS] = b"\1\1"
    try:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.deserialize(bytes(plain))
            lines = list(connection.iterdump())
            kept = [f"PRAGMA {name}={connection.execute(f'PRAGMA {name}').fetchone()[0]};" for name in _KEPT]
    except sqlite3.Error:
        return None
    text = "\n".join([*lines, *kept])
    return None if "X'" in text or "writable_schema" in text else text


def database_of(sql: str) -> bytes | None:
    """The database that statements make; None when they do not."""
    try:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.executescript(sql)
            return connection.serialize()
    except sqlite3.Error:
        return None
