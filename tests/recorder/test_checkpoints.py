"""What was committed reaches the database file while recording goes on."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from devserver.recorder import checkpoints
from devserver.recorder.checkpoints import Checkpoints
from devserver.recorder.schema import open_for_writing

ROW = b"x" * 10_000


def write(connection: sqlite3.Connection, rows: int) -> None:
    for _ in range(rows):
        connection.execute("INSERT INTO answer (body) VALUES (?)", (ROW,))


async def test_the_file_grows_while_the_writer_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "recordings.db"
    connection, errors = open_for_writing(path), list[Exception]()
    runs = Checkpoints(path, errors.append)
    before = path.stat().st_size
    async with asyncio.timeout(60):
        while path.stat().st_size == before:
            write(connection, 20)
            runs.wrote(20 * len(ROW))
            await asyncio.sleep(0)
    await runs.close()
    connection.close()
    assert errors == []


def test_a_long_log_is_started_afresh(tmp_path: Path) -> None:
    path = tmp_path / "recordings.db"
    connection = open_for_writing(path)
    write(connection, 8000)
    log = path.with_name("recordings.db-wal")
    assert log.stat().st_size > checkpoints._LONGEST_LOG * 4096
    checkpoints._copy(path)
    before = log.stat().st_size
    write(connection, 10)
    assert log.stat().st_size <= max(before, 64 << 20)
    assert connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1] < 100
    connection.close()


async def test_a_checkpoint_that_fails_is_told(tmp_path: Path) -> None:
    path = tmp_path / "recordings.db"
    path.write_bytes(b"no database" * 1000)
    errors = list[Exception]()
    runs = Checkpoints(path, errors.append)
    await runs.close()
    assert [type(error) for error in errors] == [sqlite3.DatabaseError]
