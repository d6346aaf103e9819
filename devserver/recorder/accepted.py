"""Answers that a person has accepted in place of recorded ones: what a replay compares with from then on.

The recording itself stays as it was.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import msgspec

from devserver.errors import FnError
from devserver.recorder.exchange import Answer, Effect, Exchange
from devserver.recorder.redaction import Redactor
from devserver.recorder.rows import Notes, answer_of, answer_row
from devserver.recorder.schema import FILE, open_existing

_WAIT = 2.0  # seconds for a session that is writing


def accept(
    folder: Path, accepted: Iterable[tuple[str, Answer | None, Iterable[Effect]]], redact: Redactor, at: float
) -> None:
    """Note new expected answers and effects, by the id of the recording.

    Args:
        folder: the project's `.fn`.
        accepted: id, answer, effects.
        redact: what must not be written.
        at: now, seconds since 1970.

    Raises:
        FnError: the recordings cannot be written.
    """
    # Chosen from what is there: a recording that was purged meanwhile gets no row that another one would inherit.
    sql = (
        "INSERT OR REPLACE INTO accepted (seq, at, status, headers, notes, body)"
        " SELECT seq, ?, ?, ?, ?, ? FROM request WHERE id = ?"
    )
    rows = []
    for exchange_id, answer, effects in accepted:
        status, _, _, headers, notes, body = answer_row(
            redact, answer, None, None, Notes([], [], None, [], list(effects))
        )
        rows.append((at, status, headers, notes, body, exchange_id))
    try:
        connection = open_existing(folder / FILE, wait=_WAIT)
        if connection is not None:
            with closing(connection):
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(sql, rows)
                connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise FnError(f"The answers could not be accepted: {error}.", hint="Try again; is the disk full?") from error


def with_accepted(folder: Path, exchanges: list[Exchange]) -> list[Exchange]:
    """The exchanges, with what was accepted in place of what was recorded.

    Raises:
        FnError: the recordings cannot be read.
    """
    try:
        connection = open_existing(folder / FILE, wait=_WAIT) if (folder / FILE).is_file() else None
        if connection is None:
            return exchanges
        with closing(connection):
            return [_with(connection, exchange) for exchange in exchanges]
    except sqlite3.Error as error:
        raise FnError(
            f"What was accepted cannot be read: {error}.", hint="`fn recordings verify` tells what is wrong."
        ) from error


def _with(connection: sqlite3.Connection, exchange: Exchange) -> Exchange:
    sql = "SELECT status, headers, notes, body FROM accepted WHERE seq = (SELECT seq FROM request WHERE id = ?)"
    row = connection.execute(sql, (exchange.id,)).fetchone()
    if row is None:
        return exchange
    answer, notes = answer_of(*row)
    return msgspec.structs.replace(exchange, answer=answer, effects=notes.effects)
