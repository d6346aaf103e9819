"""What came from elsewhere, put among the recordings of a project; and the state that imported calls began with.

Rows are written in small bites, because a session may be recording meanwhile: a writer that is kept out keeps a phone
call waiting. What is there already, by its id, is left alone, so that an import that failed half-way can be repeated.

The version of the state that an exchange has belongs to the journal of another file, so it is dropped. In its place the
state itself is kept in `.fn/state/imported/`, one file for each call, named after its first exchange.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from devserver.errors import FnError
from devserver.recorder.schema import FILE, is_damaged, open_for_writing

if TYPE_CHECKING:
    from devserver.recorder.exchange import Exchange
    from devserver.recorder.portable import PortableCall, State
    from devserver.recorder.redaction import Redactor
    from devserver.recorder.rows import Row

MARK = "imported"
_STATES = Path("state", "imported")
_WAIT = 5.0  # seconds for another process to let go of the file
_PAUSE = 0.02
_BITE = 200  # exchanges in one transaction
_BITE_BYTES = 1 << 20


class Imported(msgspec.Struct, frozen=True):
    """What an import did.

    Attributes:
        imported: exchanges that are new.
        skipped: exchanges that were there already.
        calls: ids of the calls that something was added to.
    """

    imported: int
    skipped: int
    calls: list[str]


# --- exchanges -----------------------------------------------------------------------------------------------------


def write_calls(folder: Path, calls: Sequence[PortableCall], redact: Redactor) -> Imported:
    """Add calls to the recordings.

    Args:
        folder: the project's `.fn`.
        calls: in the order in which they are to be listed, the oldest first.
        redact: the project's secrets, which are taken out as of everything that is recorded.

    Raises:
        ConfigError: a newer fn made the recordings.
        FnError: they cannot be written. What was written until then stays.
    """
    path = folder / FILE
    total = sum(len(call.exchanges) for call in calls)
    new: list[Exchange] = []
    try:
        connection = _opened(path)
        try:
            for call in calls:
                new += _write_call(connection, folder, call, redact)
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        finally:
            connection.close()
    except (sqlite3.Error, OSError) as error:
        raise _not_written(path, error, len(new)) from error
    callids = dict.fromkeys(exchange.callid for exchange in new if exchange.callid)
    return Imported(len(new), total - len(new), list(callids))


def _opened(path: Path) -> sqlite3.Connection:
    until = time.monotonic() + _WAIT
    while True:
        try:
            connection = open_for_writing(path)
        except sqlite3.OperationalError as error:
            if "SQLITE_BUSY" not in getattr(error, "sqlite_errorname", "") or time.monotonic() > until:
                raise
            time.sleep(_PAUSE)
            continue
        connection.execute(f"PRAGMA busy_timeout={_WAIT * 1000:.0f}")
        # There may be no session whose checkpoints sync what is copied from the log.
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection


def _write_call(connection: sqlite3.Connection, folder: Path, call: PortableCall, redact: Redactor) -> list[Exchange]:
    """Write what is new of a call; gives that."""
    written: list[Exchange] = []
    first = call.exchanges[0].id if call.exchanges else ""
    if call.state is not None and first and not _is_known(connection, first):
        # First the state: a call that is there without it would be replayed on another one.
        save_state(folder, first, call.state, redact)
    for bite in _bites(call.exchanges):
        rows = [(exchange, *_rows(exchange, redact)) for exchange in bite]
        connection.execute("BEGIN IMMEDIATE")
        try:
            new = [exchange for exchange, request, answer in rows if _insert(connection, request, answer)]
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        written += new
    return written


def _bites(exchanges: Sequence[Exchange]) -> Iterator[list[Exchange]]:
    bite: list[Exchange] = []
    size = 0
    for exchange in exchanges:
        bite.append(exchange)
        size += len(exchange.request.body) + (len(exchange.answer.body) if exchange.answer else 0)
        if len(bite) == _BITE or size > _BITE_BYTES:
            yield bite
            bite, size = [], 0
    if bite:
        yield bite


def _rows(exchange: Exchange, redact: Redactor) -> tuple[Row, Row]:
    from devserver.recorder.rows import Notes, answer_row, request_row

    marks = exchange.marks if MARK in exchange.marks else [*exchange.marks, MARK]
    notes = Notes(exchange.findings, exchange.logs, exchange.error, marks, exchange.effects)
    request = request_row(
        redact,
        exchange.id,
        exchange.at,
        exchange.callid,
        exchange.event,
        exchange.source,
        exchange.request,
    )
    return request, answer_row(redact, exchange.answer, exchange.ms, exchange.generation, notes)


def _insert(connection: sqlite3.Connection, request: Row, answer: Row) -> bool:
    """Whether it was new."""
    from devserver.recorder.rows import INSERT_ANSWER, INSERT_REQUEST

    if _is_known(connection, request[0]):
        return False
    seq = connection.execute(INSERT_REQUEST, request).lastrowid
    connection.execute(INSERT_ANSWER, (seq, *answer))
    return True


def _is_known(connection: sqlite3.Connection, exchange_id: str) -> bool:
    return connection.execute("SELECT 1 FROM request WHERE id = ?", (exchange_id,)).fetchone() is not None


def _not_written(path: Path, error: sqlite3.Error | OSError, done: int) -> FnError:
    if isinstance(error, sqlite3.Error) and is_damaged(error):
        return FnError(f"{path} is damaged: {error}.", hint="`fn dev` moves it aside and begins a new one.")
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return FnError(
        f"{path} cannot be written: {reason}; {done} of the recordings were added.",
        hint="Is the disk full, or is it not yours? Then import again: what is there already is left out.",
    )


# --- state ---------------------------------------------------------------------------------------------------------


def save_state(folder: Path, exchange_id: str, state: State, redact: Redactor) -> None:
    """Keep the state that an imported call began with.

    Args:
        folder: the project's `.fn`.
        exchange_id: of the call's first exchange.
        state: without its secrets it is kept as it is.
        redact: the project's secrets.

    Raises:
        FnError: it cannot be written.
    """
    from devserver.project.files import write_whole
    from devserver.recorder.portable import PortableCall
    from devserver.recorder.portable_lines import packed_state
    from devserver.recorder.rewriting import rewritten

    clean = rewritten(PortableCall(None, [], state), redact.data).state or state
    path = _state_path(folder, exchange_id)
    for parent in (path.parent.parent, path.parent):
        parent.mkdir(mode=0o700, exist_ok=True)
    write_whole(path, [msgspec.json.encode(packed_state(clean))])


def load_state(folder: Path, exchange_id: str) -> State | None:
    """The state that an imported call began with; None when none came with it, or it was not imported.

    Args:
        folder: the project's `.fn`.
        exchange_id: of the call's first exchange.

    Raises:
        FnError: its file cannot be read.
    """
    path = _state_path(folder, exchange_id)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FnError(f"{path} cannot be read: {error.strerror}.", hint="Import the call again.") from error
    from devserver.recorder.portable_lines import StateLine, unpacked_state

    try:
        return unpacked_state(msgspec.json.decode(data, type=StateLine))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FnError(f"{path} is damaged: {error}.", hint="Delete it, and import the call again.") from error


def forget_states(folder: Path, connection: sqlite3.Connection) -> None:
    """Delete the states of imported calls that are no longer recorded.

    Args:
        folder: the project's `.fn`.
        connection: to the recordings.
    """
    for path in (folder / _STATES).glob("*.json"):
        if not _is_known(connection, path.stem):
            path.unlink(missing_ok=True)


def _state_path(folder: Path, exchange_id: str) -> Path:
    return folder / _STATES / f"{exchange_id}.json"
