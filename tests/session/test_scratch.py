"""The area of a replay: what it is made of, and that the data itself is never touched."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from devserver.errors import FnError
from devserver.recorder.portable import State
from devserver.recorder.reader import RecordingReader
from devserver.recorder.state import CacheEntry, Change, Snapshot
from devserver.runtime.backends import FileStorage
from devserver.session.scratch import Scratch, portable_state, scratch_area, source_of
from tests.recorder.made import START, cached, record

ENTRY = CacheEntry("n", b"1", 60.0)


class Project:
    """A project with data."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.kept = root / ".fn" / "state" / "storage"
        self.kept.mkdir(parents=True)

    def store(self, **files: str) -> None:
        for key, text in files.items():
            path = self.root / "storage" / key.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def keep(self, **files: str) -> None:
        for name, text in files.items():
            (self.kept / name).write_text(text)

    def database(self) -> sqlite3.Connection:
        path = self.root / "data" / "function.db"
        path.parent.mkdir(exist_ok=True)
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE IF NOT EXISTS t (a)")
        return connection

    def files(self) -> dict[str, str]:
        return contents(self.root / "storage")

    def areas(self) -> list[Path]:
        return sorted((self.root / ".fn" / "scratch").iterdir())


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def stored(scratch: Scratch) -> dict[str, str]:
    return contents(scratch.places.storage)


def rows(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT a FROM t").fetchall()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def scratch(project: Project) -> Iterator[Scratch]:
    with scratch_area(project.root) as scratch:
        yield scratch


@pytest.fixture
def other_disk(project: Project) -> Iterator[Path]:
    """A folder to which the project's files cannot be linked."""
    memory = Path("/dev/shm")  # noqa: S108
    if not memory.is_dir() or memory.stat().st_dev == project.root.stat().st_dev:
        pytest.skip("there is one disk only")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


# --- from a snapshot -------------------------------------------------------------------------------------------


def test_the_cache_is_handed_on(scratch: Scratch) -> None:
    assert scratch.lay_out(Snapshot(START, [ENTRY])) == [ENTRY]


def test_storage_is_that_of_today_with_what_came_later_undone(project: Project, scratch: Scratch) -> None:
    project.store(same="same", changed="new", later="later", deep__same="deep")
    project.keep(k1="old", k2="deleted")

    scratch.lay_out(Snapshot(START, [], {"changed": "k1", "deep/deleted": "k2", "later": None, "never": None}))

    assert stored(scratch) == {"same": "same", "changed": "old", "deep/deleted": "deleted", "deep/same": "deep"}
    assert project.files() == {"same": "same", "changed": "new", "later": "later", "deep/same": "deep"}


def test_storage_costs_no_copy(project: Project, scratch: Scratch) -> None:
    project.store(a="a")
    scratch.lay_out(Snapshot(START))
    assert (scratch.places.storage / "a").samefile(project.root / "storage" / "a")


async def test_what_a_replay_stores_and_deletes_stays_in_the_area(project: Project, scratch: Scratch) -> None:
    project.store(a="a", b="b")
    project.keep(k="old")
    scratch.lay_out(Snapshot(START, [], {"c": "k"}))
    storage = FileStorage(scratch.places.storage)

    for key in "abc":
        await storage.write(key, "replayed")
    await storage.delete("b")

    assert stored(scratch) == {"a": "replayed", "c": "replayed"}
    assert project.files() == {"a": "a", "b": "b"}
    assert contents(project.kept) == {"k": "old"}


def test_a_key_that_is_a_folder_now_was_a_file_then(project: Project, scratch: Scratch) -> None:
    project.store(a__b="now")
    project.keep(k="then")
    scratch.lay_out(Snapshot(START, [], {"a": "k", "a/b": None}))
    assert stored(scratch) == {"a": "then"}


@pytest.mark.parametrize("absolute", [False, True], ids=["relative", "absolute"])
def test_a_stored_link_is_the_file_that_it_leads_to(project: Project, scratch: Scratch, absolute: bool) -> None:
    project.store(deep__file="text")
    link = project.root / "storage" / "link"
    link.symlink_to(project.root / "storage" / "deep" / "file" if absolute else Path("deep", "file"))
    scratch.lay_out(Snapshot(START))
    assert stored(scratch) == {"deep/file": "text", "link": "text"}


def test_where_files_cannot_be_linked_they_are_copied(project: Project, other_disk: Path) -> None:
    project.store(a="a")
    project.keep(k="old")
    shutil.move(project.root / ".fn", other_disk / "fn")
    (project.root / ".fn").symlink_to(other_disk / "fn")
    with scratch_area(project.root) as scratch:
        scratch.lay_out(Snapshot(START, [], {"b": "k"}))
        assert stored(scratch) == {"a": "a", "b": "old"}


def test_a_state_whose_files_are_not_kept_any_more_is_gone(scratch: Scratch) -> None:
    with pytest.raises(FnError, match=r"what was stored under 'a/b' is not kept any more.*--live-state"):
        scratch.lay_out(Snapshot(START, [], {"a/b": "k1"}))


def test_a_database_that_was_not_there_yet_is_not_there(project: Project, scratch: Scratch) -> None:
    project.database().close()
    scratch.lay_out(Snapshot(START, database=None, follows_database=True))
    assert not scratch.has_database


def test_a_database_whose_history_was_not_kept_is_that_of_today(project: Project, scratch: Scratch) -> None:
    with closing(project.database()) as live:
        live.execute("INSERT INTO t VALUES (1)")
        scratch.lay_out(Snapshot(START, database=None, follows_database=False))
    assert rows(scratch.places.database) == [(1,)]


def test_a_database_whose_history_is_lost_is_one_sentence(project: Project, scratch: Scratch) -> None:
    project.database().close()
    with pytest.raises(FnError):
        scratch.lay_out(Snapshot(START, database="e1:5", follows_database=True))


# --- of today --------------------------------------------------------------------------------------------------


def test_without_a_source_it_is_the_data_of_today_and_an_empty_cache(project: Project, scratch: Scratch) -> None:
    project.store(a="a", deep__b="b")
    with closing(project.database()) as live:
        live.execute("INSERT INTO t VALUES (1)")  # is in the log of the database, not in the file itself
        assert scratch.lay_out(None) == []
        with closing(sqlite3.connect(scratch.places.database)) as copy:
            copy.execute("INSERT INTO t VALUES (2)")
            copy.commit()
        assert live.execute("SELECT a FROM t").fetchall() == [(1,)]
    assert rows(scratch.places.database) == [(1,), (2,)]
    assert stored(scratch) == {"a": "a", "deep/b": "b"}


def test_a_project_without_data_has_none_there_either(scratch: Scratch) -> None:
    assert scratch.lay_out(None) == []
    assert stored(scratch) == {}
    assert not scratch.has_database


def test_a_file_that_is_no_sqlite_is_copied_as_it_is(project: Project, scratch: Scratch) -> None:
    (project.root / "data").mkdir()
    (project.root / "data" / "function.db").write_bytes(b"something else" * 100)
    scratch.lay_out(None)
    assert scratch.places.database.read_bytes() == b"something else" * 100


# --- from a file -----------------------------------------------------------------------------------------------


def test_a_state_from_a_file_is_all_there_is(project: Project, scratch: Scratch) -> None:
    project.store(live="live")
    project.database().close()
    state = State([ENTRY], {"a/b": b"\xff\x00", "t": b"text"}, b"bytes of a database")

    assert scratch.lay_out(state) == [ENTRY]

    assert (scratch.places.storage / "a" / "b").read_bytes() == b"\xff\x00"
    assert sorted(path.name for path in scratch.places.storage.iterdir()) == ["a", "t"]
    assert scratch.places.database.read_bytes() == b"bytes of a database"


@pytest.mark.parametrize("key", ["../out", "/out", "a/../../out", "", "a//b", "a\0b"])
def test_no_key_of_a_file_leads_out_of_the_area(project: Project, scratch: Scratch, key: str) -> None:
    before = sorted(project.root.rglob("*"))
    with pytest.raises(FnError, match="one of its storage keys"):
        scratch.lay_out(State([], {key: b"x"}))
    assert sorted(project.root.rglob("*")) == before


def test_a_state_that_no_folder_can_hold_is_one_sentence(scratch: Scratch) -> None:
    with pytest.raises(FnError, match="copy of the data cannot be made"):
        scratch.lay_out(State([], {"a": b"x", "a/b": b"x"}))


# --- again and again -------------------------------------------------------------------------------------------


def test_nothing_of_one_take_is_left_for_the_next(project: Project, scratch: Scratch) -> None:
    project.store(a="a")
    scratch.lay_out(State([ENTRY], {"mine": b"x"}, b"db"))
    for suffix in ("-wal", "-shm", "-journal"):
        Path(f"{scratch.places.database}{suffix}").write_text("left")

    scratch.lay_out(Snapshot(START, follows_database=True))

    assert stored(scratch) == {"a": "a"}
    assert not scratch.has_database
    assert [path.name for path in scratch.places.database.parent.iterdir()] == ["storage"]


FULL = """\
import resource, signal, sys
from pathlib import Path
from devserver.errors import FnError
from devserver.recorder.portable import State
from devserver.session.scratch import scratch_area

with scratch_area(Path(sys.argv[1])) as scratch:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
    try:
        scratch.lay_out(State([], {"large": bytes(20_000)}))
    except FnError as error:
        print(error)
"""


def test_a_full_disk_is_one_sentence_and_nothing_is_left(project: Project) -> None:
    """A limit on the size of files stands in for the disk."""
    ran = subprocess.run([sys.executable, "-c", FULL, project.root], capture_output=True, text=True, check=True)
    place = project.root / ".fn" / "scratch"
    expected = "The replay's copy of the data cannot be made: File too large."
    assert ran.stdout == f"{expected} It is made in {place}; is the disk full?\n"
    assert project.areas() == []


# --- the area --------------------------------------------------------------------------------------------------


def test_an_area_is_for_its_owner_only_and_gone_afterwards(project: Project) -> None:
    with scratch_area(project.root) as scratch:
        (area,) = project.areas()
        assert scratch.places.storage.parent == scratch.places.database.parent == area
        assert scratch.places.sealed
        assert scratch.places.keep is None
        assert {stat.S_IMODE(path.stat().st_mode) for path in (area, area.parent)} == {0o700}
        project.store(a="a")
        scratch.lay_out(None)
    assert project.areas() == []
    assert project.files() == {"a": "a"}


def test_an_area_is_gone_when_the_replay_failed(project: Project) -> None:
    with pytest.raises(ValueError, match="no"), scratch_area(project.root):
        raise ValueError("no")
    assert project.areas() == []


def test_one_process_may_have_two_areas(project: Project) -> None:
    with scratch_area(project.root) as one:
        one.lay_out(State([], {"a": b"one"}))
        with scratch_area(project.root) as two:
            two.lay_out(State([], {"a": b"two"}))
            assert (stored(one), stored(two)) == ({"a": "one"}, {"a": "two"})
        assert stored(one) == {"a": "one"}


KILLED = """\
import os, signal, sys
from pathlib import Path
from devserver.session.scratch import scratch_area

with scratch_area(Path(sys.argv[1])) as scratch:
    scratch.lay_out(None)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_replay_left_behind_goes_with_the_next(project: Project) -> None:
    project.store(a="a")
    subprocess.run([sys.executable, "-c", KILLED, project.root], check=False)
    (left,) = project.areas()

    with scratch_area(project.root):
        assert not left.exists()

    assert project.files() == {"a": "a"}


def test_areas_of_running_processes_and_what_is_none_stays(project: Project) -> None:
    parent = project.root / ".fn" / "scratch"
    for name in (f"{os.getppid()}-abc", "notes", "x-1"):
        (parent / name).mkdir(parents=True)
    with scratch_area(project.root):
        pass
    assert [path.name for path in project.areas()] == sorted([f"{os.getppid()}-abc", "notes", "x-1"])


def test_a_place_where_no_area_can_be_is_one_sentence(project: Project) -> None:
    (project.root / ".fn" / "scratch").write_text("in the way")
    with pytest.raises(FnError, match="copy of the data cannot be made"), scratch_area(project.root):
        pass


# --- the state of a recorded exchange --------------------------------------------------------------------------


@pytest.fixture
def recorded(project: Project) -> str:
    """A call that began with one cached value, and a file that was overwritten since."""
    project.store(a="now", binary="")
    (project.root / "storage" / "binary").write_bytes(b"\xff\xfe")
    project.keep(k1="then")
    with closing(project.database()) as live:
        live.execute("INSERT INTO t VALUES (1)")
    (made,) = record(
        project.root / ".fn",
        Change("session", "", None, START),
        cached("n", b"1", until=START + 60),
        {},
        cached("n", b"2", until=START + 60),
        Change("storage", "a", b"k1", START),
    )
    return made


def test_the_state_of_a_recording_can_be_put_into_a_file(project: Project, recorded: str) -> None:
    with RecordingReader(project.root / ".fn") as reader:
        exchange = reader.get(recorded)
        assert source_of(project.root, reader, exchange) == Snapshot(START, [ENTRY], {"a": "k1"})
        texts = portable_state(project.root, reader, exchange, with_binaries=False)
        whole = portable_state(project.root, reader, exchange, with_binaries=True)

    assert texts is not None
    assert whole is not None
    assert texts.cache == whole.cache == [ENTRY]
    assert texts.storage == {"a": b"then"}
    assert whole.storage == {"a": b"then", "binary": b"\xff\xfe"}
    assert whole.database is not None
    copy = project.root / "copy.db"
    copy.write_bytes(whole.database)
    assert rows(copy) == [(1,)]
    assert project.areas() == []


def test_a_state_that_was_not_recorded_is_none(project: Project) -> None:
    (made,) = record(project.root / ".fn", {})
    with RecordingReader(project.root / ".fn") as reader:
        exchange = reader.get(made)
        assert source_of(project.root, reader, exchange) is None
        assert portable_state(project.root, reader, exchange, with_binaries=True) is None
