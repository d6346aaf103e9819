"""Whether the recordings are as they should be: the file itself, every row, and what refers to what.

What is wrong is a problem with the next step; what is only worth knowing (clocks that went back, requests that were
never answered) is a remark. Nothing is changed.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from devserver.recorder.exchange import ID_LENGTH
from devserver.recorder.index import Progress
from devserver.recorder.retention import used_bytes
from devserver.recorder.rows import EXCHANGE_COLUMNS, exchange_of
from devserver.recorder.schema import FILE, is_damaged, open_existing

_WAIT = 2.0
_ID = re.compile(rf"[0-9a-hjkmnp-tv-z]{{{ID_LENGTH}}}")
_EVERY = 500  # rows between two reports of progress
_NAMED = 3  # of many rows with the same problem, so many are named

_SALVAGE = "`fn recordings export` what you still need, then `fn recordings purge --all`; `fn dev` begins a new file."


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong, and what to do about it."""

    text: str
    hint: str


class Verified(msgspec.Struct, frozen=True):
    """What was found.

    Attributes:
        problems: what is wrong; empty for a sound file.
        remarks: sentences worth knowing.
        requests: rows, and how many of them have an answer.
        changes: rows of the journal of the project's state.
        size: bytes of the file, its log included.
        free: bytes in it that wait to be used again.
        oldest: when the oldest request arrived, seconds since 1970; None without any. `newest` likewise.
    """

    problems: list[Problem]
    remarks: list[str]
    requests: int = 0
    answers: int = 0
    changes: int = 0
    size: int = 0
    free: int = 0
    oldest: float | None = None
    newest: float | None = None


def verify(folder: Path, progress: Progress | None = None) -> Verified:
    """Check the recordings of a project.

    Args:
        folder: the project's `.fn`; without recordings there is nothing wrong.
        progress: told while rows are read.

    Raises:
        ConfigError: a newer fn made the file.
    """
    path = folder / FILE
    if not path.is_file():
        return Verified([], ["There are no recordings here yet."])
    try:
        connection = open_existing(path, wait=_WAIT)
    except sqlite3.Error as error:
        return Verified([_unusable(error)], [], size=_size(path))
    if connection is None:
        return Verified([], ["There are no recordings here yet."], size=_size(path))
    try:
        return _checked(connection, folder, progress)
    except sqlite3.Error as error:
        return Verified([_unusable(error)], [], size=_size(path))
    finally:
        connection.close()


def _checked(connection: sqlite3.Connection, folder: Path, progress: Progress | None) -> Verified:
    problems = list(_integrity(connection))
    remarks: list[str] = []
    total = _number(connection, "SELECT count(*) FROM request")
    problems += _rows(connection, remarks, total, progress)
    problems += _references(connection)
    problems += _journal(connection, folder, remarks)
    unanswered = _number(
        connection, "SELECT count(*) FROM request r WHERE NOT EXISTS (SELECT 1 FROM answer a WHERE a.seq = r.seq)"
    )
    if unanswered:
        remarks.append(f"{unanswered} without an answer: still running, or the session was killed.")
    oldest, newest = connection.execute("SELECT min(at), max(at) FROM request").fetchone()
    size = _size(folder / FILE)
    pages = _number(connection, "PRAGMA page_count") * _number(connection, "PRAGMA page_size")
    return Verified(
        problems,
        remarks,
        requests=total,
        answers=_number(connection, "SELECT count(*) FROM answer"),
        changes=_number(connection, "SELECT count(*) FROM state"),
        size=size,
        free=pages - used_bytes(connection),
        oldest=oldest,
        newest=newest,
    )


def _number(connection: sqlite3.Connection, sql: str) -> int:
    return int(connection.execute(sql).fetchone()[0])


def _size(path: Path) -> int:
    parts = (path.with_name(path.name + suffix) for suffix in ("", "-wal"))
    return sum(part.stat().st_size for part in parts if part.exists())


def _unusable(error: sqlite3.Error) -> Problem:
    if is_damaged(error):
        return Problem(
            f"The file is damaged: {error}.", f"`fn dev` moves it aside and begins a new one. Or: {_SALVAGE}"
        )
    return Problem(f"The file cannot be read: {error}.", "Try again; does another process hold it?")


def _integrity(connection: sqlite3.Connection) -> Iterator[Problem]:
    for (text,) in connection.execute("PRAGMA integrity_check(5)"):
        if text != "ok":
            yield Problem(f"SQLite finds damage: {' '.join(str(text).split())}.", _SALVAGE)


# --- rows ------------------------------------------------------------------------------------------------------


def _rows(
    connection: sqlite3.Connection, remarks: list[str], total: int, progress: Progress | None
) -> Iterator[Problem]:
    """Every exchange can be read, and its id is one."""
    unreadable, nameless = _Several("cannot be read"), _Several("has an id that is none")
    backwards, last = 0, ""
    sql = f"SELECT r.seq, {EXCHANGE_COLUMNS} FROM request r LEFT JOIN answer a ON a.seq = r.seq ORDER BY r.seq"  # noqa: S608
    for done, (seq, exchange_id, *columns) in enumerate(connection.execute(sql)):
        try:
            exchange_of((exchange_id, *columns))
        except (msgspec.MsgspecError, UnicodeDecodeError, TypeError, ValueError, AttributeError):
            unreadable.add(f"{exchange_id}")
        if not isinstance(exchange_id, str) or not _ID.fullmatch(exchange_id):
            nameless.add(f"row {seq}")
        else:
            backwards += exchange_id < last
            last = exchange_id
        if progress and not done % _EVERY:
            progress(done, total)
    if backwards:
        remarks.append(f"{backwards} with an id older than the one before: imported, or the clock was set back.")
    yield from unreadable.problem("Delete it with `fn recordings purge --older-than`, or everything with --all.")
    yield from nameless.problem("It can be listed but not shown; `fn recordings purge --older-than` deletes it.")


class _Several:
    """Rows with the same problem: one sentence for all of them."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._names: list[str] = []
        self._count = 0

    def add(self, name: str) -> None:
        self._count += 1
        if len(self._names) < _NAMED:
            self._names.append(name)

    def problem(self, hint: str) -> Iterator[Problem]:
        if self._count:
            more = f" and {self._count - len(self._names)} more" if self._count > len(self._names) else ""
            yield Problem(f"{', '.join(self._names)}{more}: {self._what}.", hint)


def _references(connection: sqlite3.Connection) -> Iterator[Problem]:
    for table, words in (("answer", "answers"), ("accepted", "accepted answers")):
        sql = f"SELECT count(*) FROM {table} a WHERE NOT EXISTS (SELECT 1 FROM request r WHERE r.seq = a.seq)"  # noqa: S608
        if lost := _number(connection, sql):
            yield Problem(
                f"{lost} {words} without a request.",
                "They came after their requests were deleted, and go with the next `fn recordings purge`.",
            )


# --- the journal -----------------------------------------------------------------------------------------------


def _journal(connection: sqlite3.Connection, folder: Path, remarks: list[str]) -> Iterator[Problem]:
    ahead = _number(
        connection, "SELECT count(*) FROM request WHERE state > (SELECT ifnull(max(version), 0) FROM state)"
    )
    if ahead:
        yield Problem(
            f"{ahead} requests saw a state that the journal does not know.",
            "They are replayed on the state of today: `fn replay --live-state`.",
        )
    unknown = _number(
        connection, "SELECT count(*) FROM state WHERE kind NOT IN ('session', 'cache', 'storage', 'database')"
    )
    if unknown:
        yield Problem(f"{unknown} changes of the state are of no known kind.", _SALVAGE)
    gone = list(_missing_files(connection, (folder / "state" / "storage").joinpath))
    if gone:
        remarks.append(
            f"{len(gone)} former versions of stored files are gone; a replay that wants one goes without it."
        )


def _missing_files(connection: sqlite3.Connection, place: Callable[[str], Path]) -> Iterator[str]:
    sql = "SELECT DISTINCT value FROM state WHERE kind = 'storage' AND value IS NOT NULL"
    for (value,) in connection.execute(sql):
        name = bytes(value).decode("utf-8", "replace")
        if not place(name).exists():
            yield name
