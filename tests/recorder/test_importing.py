"""Calls from elsewhere among the recordings, and the state they began with."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from devserver.errors import ConfigError, FnError
from devserver.recorder.exchange import Answer, Exchange, Request
from devserver.recorder.importing import Imported, forget_states, load_state, save_state, write_calls
from devserver.recorder.portable import PortableCall, State
from devserver.recorder.reader import RecordingReader
from devserver.recorder.redaction import Redactor
from devserver.recorder.schema import FILE, open_for_writing
from devserver.recorder.state import CacheEntry

NOTHING = Redactor({})
STATE = State([CacheEntry("k", b"1", 3.0)], {"a/b": b"\xff"}, b"SQLite\x00")


def exchange(name: str = "a", callid: str | None = "c1", body: bytes = b"{}", **more: object) -> Exchange:
    request = Request("POST", "/ice", (("X", "y"),), body)
    return Exchange(name, 1.0, callid, "ice", "tunnel", request, **more)  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / ".fn"


def get(folder: Path, name: str) -> Exchange:
    with RecordingReader(folder) as reader:
        return reader.get(name)


def test_an_exchange_is_written_whole_but_for_the_version_of_its_state(folder: Path) -> None:
    whole = exchange(
        answer=Answer(200, (), b"ok"), ms=2.0, generation=3, logs=[{"text": "hi"}], marks=["deadline"], state=9
    )
    done = write_calls(folder, [PortableCall("c1", [whole])], NOTHING)
    assert done == Imported(1, 0, ["c1"])
    found = get(folder, "a")
    assert (found.answer, found.ms, found.generation, found.logs, found.source) == (
        whole.answer,
        2.0,
        3,
        whole.logs,
        "tunnel",
    )
    assert (found.marks, found.state) == (["deadline", "imported"], 0)


def test_calls_of_several_bites_are_complete_and_in_order(folder: Path) -> None:
    many = [exchange(f"{n:05d}", body=b"x" * 5000) for n in range(1000)]
    assert write_calls(folder, [PortableCall("c1", many)], NOTHING).imported == 1000
    with RecordingReader(folder) as reader:
        assert [each.id for each in reader.call("c1")] == [each.id for each in many]


def test_a_call_that_is_there_in_part_is_completed(folder: Path) -> None:
    write_calls(folder, [PortableCall("c1", [exchange("a")])], NOTHING)
    call = PortableCall("c1", [exchange("a"), exchange("b"), exchange("b")], STATE)
    assert write_calls(folder, [call], NOTHING) == Imported(1, 2, ["c1"])
    # The first one was recorded with a state of its own.
    assert load_state(folder, "a") is None


def test_a_state_comes_back_and_goes_with_its_call(folder: Path) -> None:
    write_calls(folder, [PortableCall("c1", [exchange("a")], STATE), PortableCall(None, [])], NOTHING)
    assert load_state(folder, "a") == STATE
    assert load_state(folder, "b") is None
    connection = sqlite3.connect(folder / FILE)
    forget_states(folder, connection)
    assert load_state(folder, "a") == STATE
    connection.execute("DELETE FROM request")
    forget_states(folder, connection)
    connection.close()
    assert load_state(folder, "a") is None


def test_a_damaged_state_is_told_in_a_sentence(folder: Path) -> None:
    folder.mkdir()
    save_state(folder, "a", STATE, NOTHING)
    path = folder / "state" / "imported" / "a.json"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(FnError, match="is damaged") as caught:
        load_state(folder, "a")
    assert "Import" in caught.value.hint or "import" in caught.value.hint


def test_damaged_recordings_and_newer_ones_are_left_alone(folder: Path) -> None:
    folder.mkdir()
    (folder / FILE).write_bytes(b"no database, " * 1000)
    with pytest.raises(FnError, match="is damaged"):
        write_calls(folder, [PortableCall(None, [exchange()])], NOTHING)
    assert (folder / FILE).read_bytes().startswith(b"no database")
    (folder / FILE).unlink()
    connection = open_for_writing(folder / FILE)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(ConfigError, match="newer fn"):
        write_calls(folder, [PortableCall(None, [exchange()])], NOTHING)
