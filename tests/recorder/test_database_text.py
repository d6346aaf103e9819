"""A database becomes text and the same database again; what no text can carry stays where it is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from devserver.recorder.database_text import LARGEST, database_of, sql_of
from devserver.recorder.exchange import Exchange, Request
from devserver.recorder.export import cleaned
from devserver.recorder.portable import PortableCall, State
from devserver.recorder.redaction import Redactor

CALL = """
CREATE TABLE call (id TEXT PRIMARY KEY, cli TEXT, seconds REAL, number INTEGER);
CREATE INDEX call_cli ON call (cli);
CREATE VIEW long AS SELECT * FROM call WHERE seconds > 60;
INSERT INTO call VALUES ('c1', '+46701234567', 61.5, 46701234567), ('it''s', NULL, 0.1, -5);
PRAGMA user_version=7;
"""


def made(folder: Path, script: str, *, wal: bool = True) -> bytes:
    path = folder / "function.db"
    with closing(sqlite3.connect(path)) as connection:
        if wal:
            connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(script)
    return path.read_bytes()


def rows(database: bytes, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(database)
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize("wal", [True, False])
def test_a_database_is_the_same_after_its_text(tmp_path: Path, wal: bool) -> None:
    sql = sql_of(made(tmp_path, CALL, wal=wal))
    assert sql is not None

    again = database_of(sql)

    assert again is not None
    assert rows(again, "SELECT * FROM call ORDER BY id") == [
        ("c1", "+46701234567", 61.5, 46701234567),
        ("it's", None, 0.1, -5),
    ]
    assert rows(again, "SELECT id FROM long") == [("c1",)]
    assert rows(again, "PRAGMA user_version") == [(7,)]
    assert rows(again, "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL") == [("call_cli",)]


@pytest.mark.parametrize(
    "script",
    [
        "CREATE TABLE t (a); INSERT INTO t VALUES (X'00FF');",
        "CREATE VIRTUAL TABLE t USING fts5(a);",
    ],
)
def test_what_no_text_can_carry_stays(tmp_path: Path, script: str) -> None:
    assert sql_of(made(tmp_path, script)) is None


def test_what_is_no_database_or_too_large_stays() -> None:
    assert sql_of(b"no database at all" * 100) is None
    assert sql_of(bytes(LARGEST + 1)) is None
    assert database_of("CREATE nonsense") is None


def test_numbers_and_secrets_are_gone_from_an_exported_database(tmp_path: Path) -> None:
    script = CALL + "INSERT INTO call VALUES ('token', 'tok-123456', 0, 0);"
    state = State([], {"a.txt": b"+46701234567"}, made(tmp_path, script))
    request = Request("POST", "/ice", (), b'{"event": "ice", "callid": "c1", "cli": "46701234567"}')
    call = PortableCall("c1", [Exchange("01", 0.0, "c1", "ice", "local", request)], state)

    (clean,) = cleaned("demo", [call], redact=Redactor({"TOKEN": "tok-123456"}), salt=b"s" * 32).calls
    (kept,) = cleaned("demo", [call], redact=Redactor({"TOKEN": "tok-123456"}), salt=None).calls

    assert clean.state is not None
    assert clean.state.database is not None
    assert b"46701234567" not in clean.state.database
    assert b"tok-123456" not in clean.state.database
    number = rows(clean.state.database, "SELECT cli, number FROM call WHERE id = 'c1'")[0]
    assert clean.state.storage == {"a.txt": str(number[0]).encode()}
    assert number[0] == f"+{number[1]}"
    assert kept.state is not None
    assert kept.state.database is not None
    assert rows(kept.state.database, "SELECT cli FROM call WHERE id = 'c1'") == [("+46701234567",)]
    assert b"tok-123456" not in kept.state.database
