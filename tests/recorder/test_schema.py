"""The file over time: older formats are brought to ours whole or not at all, newer ones are never touched."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from devserver.clock import SystemClock
from devserver.errors import ConfigError, FnError
from devserver.recorder import schema
from devserver.recorder.exchange import Answer, Exchange, Request
from devserver.recorder.reader import RecordingReader
from devserver.recorder.redaction import Redactor
from devserver.recorder.schema import VERSION, connect, file_mark, migrate, open_existing
from devserver.recorder.search import search
from devserver.recorder.state import Change
from devserver.recorder.store import Recorder
from devserver.recorder.verify import verify
from tests.recorder.made import START, add, record

# To the letter as the first version made it: a test that took it from the code would change with the code.
FIRST = """
CREATE TABLE request (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL, at REAL NOT NULL, callid TEXT, event TEXT, source TEXT NOT NULL,
  method TEXT NOT NULL, path TEXT NOT NULL, remote TEXT NOT NULL, headers BLOB NOT NULL, body BLOB NOT NULL
);
CREATE UNIQUE INDEX request_id ON request (id);
CREATE INDEX request_callid ON request (callid) WHERE callid IS NOT NULL;
CREATE INDEX request_event ON request (event) WHERE event IS NOT NULL;
CREATE TABLE answer (
  seq INTEGER PRIMARY KEY, status INTEGER, ms REAL, generation INTEGER, headers BLOB, notes BLOB, body BLOB
);
PRAGMA user_version=1;
"""
IDS = [f"01m7yx041k52n91994wpay000{number}" for number in range(3)]
ROWS = [
    (None, exchange_id, START, "c1", "ice", "local", "POST", "/ice", "127.0.0.1", b'[["Host","x"]]', b"\xff{}")
    for exchange_id in IDS
]


def old_file(folder: Path) -> Path:
    folder.mkdir()
    path = folder / "recordings.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(f"PRAGMA page_size=2048; PRAGMA journal_mode=WAL; {FIRST}")
    connection.executemany("INSERT INTO request VALUES (?,?,?,?,?,?,?,?,?,?,?)", ROWS)
    notes = b'[[],[{"text":"hi"}],null,["late"]]'
    answer = (200, 1.5, 2, b'[["A","b"]]', notes, b"{}")
    connection.execute("INSERT INTO answer VALUES (1, ?, ?, ?, ?, ?, ?)", answer)
    connection.close()
    return path


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def layout(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    found = [" ".join(str(row[0]).split()) for row in connection.execute("SELECT sql FROM sqlite_master ORDER BY name")]
    connection.close()
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / ".fn"


EXPECTED = Exchange(
    id=IDS[0],
    at=START,
    callid="c1",
    event="ice",
    source="local",
    request=Request("POST", "/ice", (("Host", "x"),), b"\xff{}", "127.0.0.1"),
    answer=Answer(200, (("A", "b"),), b"{}"),
    ms=1.5,
    generation=2,
    logs=[{"text": "hi"}],
    marks=["late"],
)


def test_the_reader_brings_an_older_file_forward(folder: Path) -> None:
    path = old_file(folder)
    with RecordingReader(folder) as reader:
        assert reader.get(IDS[0]) == EXPECTED
        assert reader.snapshot(reader.get(IDS[0])) is None
        assert [each.id for each in reader.newest(9)] == IDS[::-1]
    assert version(path) == VERSION


async def test_the_recorder_brings_an_older_file_forward_and_goes_on_in_it(folder: Path) -> None:
    path = old_file(folder)
    recorder = Recorder.open(folder, redact=Redactor({}), clock=SystemClock(), on_trouble=pytest.fail)
    recorder.changed(Change("session", "", None, START))
    made = await add(recorder)
    await recorder.close()
    assert version(path) == VERSION
    with RecordingReader(folder) as reader:
        assert reader.get(IDS[0]) == EXPECTED
        assert reader.get(made).state == 1
        assert reader.count() == 4


def test_search_and_verify_take_an_older_file(folder: Path) -> None:
    old_file(folder)
    assert [each.summary.id for each in search(folder, ["hi"], limit=9)] == IDS[:1]
    assert verify(folder).problems == []


def test_an_older_file_becomes_exactly_what_a_new_one_is(tmp_path: Path) -> None:
    path = old_file(tmp_path / "old")
    with RecordingReader(tmp_path / "old") as reader:
        reader.count()
    record(tmp_path / "new", {})
    assert layout(path) == layout(tmp_path / "new" / "recordings.db")


def test_two_processes_that_bring_it_forward_at_once_do_it_once(folder: Path) -> None:
    path = old_file(folder)
    first, second = connect(path, wait=5), connect(path, wait=5)
    first.execute("BEGIN IMMEDIATE")
    # It has read "version 1" and now waits for the lock.
    waiting = threading.Thread(target=migrate, args=(second, 1))
    waiting.start()
    first.execute("ROLLBACK")
    migrate(first, 1)
    waiting.join()
    assert version(path) == VERSION
    first.close()
    second.close()


def test_a_newer_file_is_refused_by_name_and_not_touched(folder: Path) -> None:
    path = old_file(folder)
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version={VERSION + 1}")
    connection.close()
    before = path.read_bytes()
    refused = rf"{path} was made by a newer fn \(format {VERSION + 1}, this one knows {VERSION}\)"
    with pytest.raises(ConfigError, match=refused), RecordingReader(folder) as reader:
        reader.count()
    with pytest.raises(ConfigError, match=refused):
        search(folder, ["x"], limit=1)
    with pytest.raises(ConfigError, match=refused):
        schema.open_for_writing(path)
    assert path.read_bytes() == before
    assert [file.name for file in folder.iterdir()] == ["recordings.db"]


def test_a_step_that_fails_half_way_leaves_the_file_as_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = old_file(folder)
    before = path.read_bytes()
    monkeypatch.setattr(schema, "_STEPS", (schema._STEPS[0], schema._STEPS[1] + "CREATE TABLE request (x);"))
    with pytest.raises(FnError, match="cannot be used"), RecordingReader(folder) as reader:
        reader.count()
    assert path.read_bytes() == before
    assert version(path) == 1
    monkeypatch.undo()
    with RecordingReader(folder) as reader:
        assert reader.count() == 3


def test_a_full_disk_leaves_the_file_as_it_was(folder: Path) -> None:
    path = old_file(folder)
    before = path.read_bytes()
    connection = connect(path, wait=0)
    connection.execute(f"PRAGMA max_page_count={connection.execute('PRAGMA page_count').fetchone()[0]}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        migrate(connection, 1)
    assert not connection.in_transaction
    connection.close()
    assert path.read_bytes() == before


def test_a_connection_that_may_not_write_leaves_the_file_as_it_was(folder: Path) -> None:
    path = old_file(folder)
    before = path.read_bytes()
    connection = connect(path, wait=0)
    connection.execute("PRAGMA query_only=ON")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        migrate(connection, 1)
    connection.close()
    assert path.read_bytes() == before


def test_every_file_has_its_own_mark(tmp_path: Path) -> None:
    marks = set()
    for name in ("one", "other"):
        record(tmp_path / name, {})
        connection = open_existing(tmp_path / name / "recordings.db", wait=0)
        assert connection is not None
        marks |= {file_mark(connection), file_mark(connection)}
        connection.close()
    assert len(marks) == 2
