"""Deleting recordings because somebody asks for it: all, one call, what is old, or whatever has to do with a number.

Thorough rather than narrow. Of a call in which a number occurs anywhere, every exchange goes; and what else is kept of
it goes too: the words of the search index, values in the journal of the project's state, kept files of the storage.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from devserver.errors import FnError
from devserver.recorder.deletion import BITE, delete_exchanges, finish_deleting, opened_for_deleting, transaction
from devserver.recorder.index import Progress, remove
from devserver.recorder.retention import compact_journal, forget_file
from devserver.recorder.schema import FILE, is_damaged, renew_mark

_SHORTEST_NUMBER = 5  # digits; fewer occur everywhere
_LONGEST_NUMBER = 20
_SIGNS = re.compile(r"[+\s().\-/]")

# Between two digits of a number, as people and programs write it; a space may be percent-encoded or, in a form, a plus.
_BETWEEN = rb"(?:[ ().\-/+]|%20|%2[dD]|\xc2\xa0){0,3}"
_REMOVED = b" ().-/+\xc2\xa0"  # the same, as single bytes
# Before it: no digit, unless that one belongs to an escape; and the international prefix.
_BEFORE = rb"(?:(?<!\d)|(?<=%\d\d)|(?<=\\u00\d\d))(?:00|011)?"


def purge(
    folder: Path,
    *,
    everything: bool = False,
    callid: str | None = None,
    older_than: float | None = None,
    number: str | None = None,
    is_running: bool = False,
    progress: Progress | None = None,
) -> int:
    """Delete exchanges for good; returns how many. A session may go on recording meanwhile.

    Args:
        folder: the project's `.fn`.
        everything: all of them.
        callid: those of one call.
        older_than: those that arrived before this time, seconds since 1970.
        number: every call, and every exchange without a call, in which this phone number occurs anywhere.
        is_running: whether a session of the project runs: what it has open is then left alone.
        progress: told while it takes its time.

    Raises:
        ValueError: not exactly one of the four is given.
        FnError: the number is none, or the file cannot be used.
    """
    if (everything, callid is not None, older_than is not None, number is not None).count(True) != 1:
        raise ValueError("one of everything, callid, older_than and number")
    wanted = phone_number(number) if number is not None else None
    with _sentences(folder / FILE), opened_for_deleting(folder / FILE) as connection:
        if everything:
            return _delete_all(connection, folder, is_running=is_running)
        if connection is None:
            return 0
        if wanted is not None:
            return _delete_number(connection, folder, wanted, progress)
        condition, value = ("callid = ?", _stored(callid)) if callid is not None else ("at < ?", older_than)
        find = f"SELECT seq FROM request WHERE {condition} ORDER BY seq"  # noqa: S608 the condition is ours
        return _delete(connection, folder, [seq for (seq,) in connection.execute(find, (value,))], progress)


class Number(msgspec.Struct, frozen=True):
    """A phone number in all its spellings: with and without `+` or `00`, with spaces and signs."""

    digits: bytes
    pattern: re.Pattern[bytes]

    def is_in(self, *columns: str | bytes | None) -> bool:
        """Whether it occurs in one of them."""
        return any(
            self._is_in(column.encode("utf-8", "replace") if isinstance(column, str) else column)
            for column in columns
            if column
        )

    def _is_in(self, data: bytes) -> bool:
        # A million rows are looked at: what cannot match must cost no pattern.
        if self.digits not in data.translate(None, _REMOVED) and b"%2" not in data:
            return False
        return self.pattern.search(data) is not None


def phone_number(number: str) -> Number:
    """What finds a phone number.

    Raises:
        FnError: it is none.
    """
    digits = _SIGNS.sub("", number).removeprefix("00")
    if not digits.isdecimal() or not digits.isascii() or not _SHORTEST_NUMBER <= len(digits) <= _LONGEST_NUMBER:
        raise FnError(
            f'"{number}" is no phone number.', hint="Write it with its country code, for example +12025550100."
        )
    pattern = re.compile(_BEFORE + _BETWEEN.join(digit.encode() for digit in digits) + rb"(?!\d)")
    return Number(digits.encode(), pattern)


@contextmanager
def _sentences(path: Path) -> Iterator[None]:
    """SQLite's errors become sentences."""
    try:
        yield
    except sqlite3.Error as error:
        if is_damaged(error):
            raise FnError(f"{path} is damaged: {error}.", hint="Delete it, with everything in it.") from error
        raise FnError(f"{path} cannot be used: {error}.", hint="Try again; is the disk full?") from error


def _stored(callid: str) -> str | bytes:
    """As in `rows`: what is not ASCII is kept as bytes."""
    return callid if callid.isascii() else callid.encode("utf-8", "surrogateescape")


def _delete(connection: sqlite3.Connection, folder: Path, seqs: list[int], progress: Progress | None) -> int:
    deleted = 0
    for start in range(0, len(seqs), BITE):
        deleted += delete_exchanges(connection, seqs[start : start + BITE])
        if progress:
            progress(min(start + BITE, len(seqs)), len(seqs))
    if deleted:
        for name in compact_journal(connection):
            forget_file(folder, name)
        finish_deleting(connection, folder)
    return deleted


# --- everything ------------------------------------------------------------------------------------------------


def _delete_all(connection: sqlite3.Connection | None, folder: Path, *, is_running: bool) -> int:
    """Empties the tables at once and writes the file anew: a million rows take a second instead of half a minute."""
    deleted = 0
    if connection is not None:
        names = [bytes(name).decode() for (name,) in connection.execute(_KEPT_FILES)]
        with transaction(connection):
            deleted = connection.execute("SELECT count(*) FROM request").fetchone()[0]
            for table in ("accepted", "answer", "request"):
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 the tables are ours
            # Of the journal one empty row stays: a session that runs goes on counting from there.
            connection.execute("DELETE FROM state WHERE version < (SELECT max(version) FROM state)")
            connection.execute("UPDATE state SET kind = 'cache', key = '', value = NULL, until = NULL")
            connection.execute("DELETE FROM fact WHERE name LIKE 'search %'")
            renew_mark(connection)
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        for name in names:
            forget_file(folder, name)
    remove(folder)
    if not is_running:
        shutil.rmtree(folder / "state", ignore_errors=True)
    for broken in folder.glob(f"{FILE}.broken-*"):
        with suppress(OSError):
            broken.unlink()
    return deleted


_KEPT_FILES = "SELECT DISTINCT value FROM state WHERE kind = 'storage' AND value IS NOT NULL"


# --- a number --------------------------------------------------------------------------------------------------


def _delete_number(connection: sqlite3.Connection, folder: Path, number: Number, progress: Progress | None) -> int:
    seqs = _with_number(connection, number, progress)
    for name in _forget_in_journal(connection, number):
        forget_file(folder, name)
    _forget_in_files(folder, number)
    deleted = _delete(connection, folder, seqs, progress)
    if not deleted:
        finish_deleting(connection, folder)
    return deleted


def _with_number(connection: sqlite3.Connection, number: Number, progress: Progress | None) -> list[int]:
    """Rows in which the number occurs, and all others of their calls."""
    total = connection.execute("SELECT count(*) FROM request").fetchone()[0] if progress else 0
    seqs: set[int] = set()
    calls: set[Any] = set()
    sql = (
        "SELECT r.seq, r.callid, r.path, r.headers, r.body, a.headers, a.notes, a.body, c.headers, c.notes, c.body"
        " FROM request r LEFT JOIN answer a ON a.seq = r.seq LEFT JOIN accepted c ON c.seq = r.seq"
    )
    for done, (seq, callid, *columns) in enumerate(connection.execute(sql)):
        if number.is_in(callid, *columns):
            seqs.add(seq)
            if callid is not None:
                calls.add(callid)
        if progress and not done % BITE:
            progress(done, total)
    for callid in calls:
        seqs |= {seq for (seq,) in connection.execute("SELECT seq FROM request WHERE callid = ?", (callid,))}
    return sorted(seqs)


def _forget_in_journal(connection: sqlite3.Connection, number: Number) -> list[str]:
    """Values that hold the number are as if they had been deleted, keys that hold it never were; gives their files."""
    named, valued, files = [], [], []
    for version, kind, key, value in connection.execute("SELECT version, kind, key, value FROM state"):
        if number.is_in(key):
            named.append((version,))
            files += [bytes(value).decode()] if kind == "storage" and value is not None else []
        elif kind == "cache" and number.is_in(value):
            valued.append((version,))
    forget = (
        ("UPDATE state SET kind = 'cache', key = '', value = NULL, until = NULL WHERE version = ?", named),
        ("UPDATE state SET value = NULL, until = NULL WHERE version = ?", valued),
    )
    for sql, rows in forget:
        for start in range(0, len(rows), BITE):
            with transaction(connection):
                connection.executemany(sql, rows[start : start + BITE])
    return files


def _forget_in_files(folder: Path, number: Number) -> None:
    """Kept files and states in which the number stands; a replay that wants one finds nothing there."""
    for kept in (folder / "state" / "storage", folder / "state" / "imported"):
        for file in kept.iterdir() if kept.is_dir() else ():
            with suppress(OSError):
                if number.is_in(file.read_bytes()):
                    file.unlink()
