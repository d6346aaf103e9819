from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from devserver.runtime.backends import DatabaseError, database_path, ensure_database


def test_the_first_use_makes_an_empty_database_in_wal_mode(tmp_path: Path) -> None:
    path = database_path(tmp_path)

    assert path == str(tmp_path / "data" / "function.db")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []


def test_a_database_that_exists_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(database_path(tmp_path))) as connection:
        connection.execute("CREATE TABLE calls (id TEXT)")
        connection.execute("INSERT INTO calls VALUES ('c1')")
        connection.commit()

    with closing(sqlite3.connect(database_path(tmp_path))) as connection:
        assert connection.execute("SELECT id FROM calls").fetchall() == [("c1",)]


def test_two_connections_write_at_the_same_time(tmp_path: Path) -> None:
    path = database_path(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE calls (writer INTEGER, n INTEGER)")
    together = threading.Barrier(2)

    def write(writer: int) -> None:
        with closing(sqlite3.connect(path, timeout=20)) as mine:
            together.wait()
            for n in range(50):
                with mine:
                    mine.execute("INSERT INTO calls VALUES (?, ?)", (writer, n))

    threads = [threading.Thread(target=write, args=(writer,)) for writer in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with closing(sqlite3.connect(path)) as connection:
        counts = connection.execute("SELECT writer, COUNT(*) FROM calls GROUP BY writer ORDER BY writer").fetchall()
    assert counts == [(1, 50), (2, 50)]


def test_a_reader_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    path = database_path(tmp_path)
    with closing(sqlite3.connect(path)) as writer, closing(sqlite3.connect(path, timeout=0)) as reader:
        writer.execute("CREATE TABLE calls (id TEXT)")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO calls VALUES ('c1')")

        assert reader.execute("SELECT COUNT(*) FROM calls").fetchone() == (0,)

        writer.commit()
        assert reader.execute("SELECT COUNT(*) FROM calls").fetchone() == (1,)


def test_a_place_that_cannot_hold_it_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in the way")

    with pytest.raises(DatabaseError, match=r"The database data/function.db could not be made"):
        database_path(tmp_path)


def test_a_database_is_made_anywhere_and_an_existing_one_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "area" / "deep" / "function.db"

    assert ensure_database(path) == str(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    path.write_bytes(b"mine")
    assert ensure_database(path) == str(path)

    assert path.read_bytes() == b"mine"


def test_a_database_in_a_place_of_its_own_fails_as_clearly(tmp_path: Path) -> None:
    (tmp_path / "area").write_text("in the way")
    with pytest.raises(DatabaseError, match=r"function\.db could not be made"):
        ensure_database(tmp_path / "area" / "function.db")
