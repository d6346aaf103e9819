from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from devserver.errors import FnError
from devserver.session import history as module
from devserver.session.history import DatabaseHistory, restore
from devserver.session.history_files import copy_bytes, read_index

WRITER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode=WAL")
connection.execute("CREATE TABLE IF NOT EXISTS calls (number INTEGER PRIMARY KEY, text)")
"""
RESTORER = """
import sys
from pathlib import Path
from devserver.errors import FnError
from devserver.session.history_restore import restore
folder, database, position, target = sys.argv[1:]
try:
    restore(Path(folder), Path(database), position, Path(target))
except FnError as error:
    print(error, end="")
"""
GATEWAY = """
import sys
from pathlib import Path
from devserver.session.history import DatabaseHistory
history = DatabaseHistory(Path(sys.argv[1]), Path(sys.argv[2]), print)
history.open()
for line in sys.stdin:
    print(history.position(), flush=True)
history.close()
"""


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def answer(process: subprocess.Popen[str], line: str = "\n") -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line)
    process.stdin.flush()
    return process.stdout.readline().strip()


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, "it did not become true in 20 s"
        time.sleep(0.01)


class Project:
    """A project, its hosts, and the sessions one after the other."""

    def __init__(self, root: Path) -> None:
        self.database = root / "data" / "function.db"
        self.database.parent.mkdir()
        self.folder = root / ".fn" / "state" / "database"
        self.target = root / "restored.db"
        self.said: list[str] = []
        self.sessions: list[DatabaseHistory] = []

    def session(self, *, max_bytes: int = 512 << 20) -> DatabaseHistory:
        history = DatabaseHistory(self.database, self.folder, self.said.append, max_bytes=max_bytes)
        self.sessions.append(history)
        history.open()
        return history

    def host(self, code: str, *arguments: object) -> str:
        """Run code in a host of its own, from its first connection to its last."""
        process = python(WRITER + code, self.database, *arguments)
        out, error = process.communicate()
        assert not error
        return out.strip()

    def write(self, *texts: str) -> None:
        self.host(
            "for text in sys.argv[2:]: connection.execute('INSERT INTO calls (text) VALUES (?)', (text,))", *texts
        )

    def fill(self, megabytes: int) -> None:
        self.host(
            "connection.execute('WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ?)"
            " INSERT INTO calls (text) SELECT hex(randomblob(2000)) FROM n', (int(sys.argv[2]) * 250,))",
            megabytes,
        )

    def rows(self, path: Path | None = None) -> list[str]:
        with closing(sqlite3.connect(path or self.database)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            return [text for (text,) in connection.execute("SELECT text FROM calls ORDER BY number")]

    def restored(self, position: str | None) -> list[str] | str:
        """What the database held at a position, or why that is not known; asked by another process, as `fn` does."""
        for suffix in ("", "-wal", "-shm"):
            self.target.with_name(self.target.name + suffix).unlink(missing_ok=True)
        process = python(RESTORER, self.folder, self.database, position, self.target)
        out, error = process.communicate()
        assert not error
        return out or self.rows(self.target)

    def files(self) -> list[str]:
        return sorted(file.name for file in self.database.parent.iterdir())

    def kept(self, suffix: str) -> list[Path]:
        return sorted(self.folder.glob(f"*{suffix}"))

    def digest(self) -> str:
        # Another process reads it: this one holds the database, and closing a file would lose its locks.
        code = "import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], 'rb').read()).hexdigest())"
        return python(code, self.database).communicate()[0].strip()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path)
    yield project
    for history in project.sessions:
        history.close()


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread only looks when the session ends: a test decides when an epoch ends."""
    monkeypatch.setattr(module, "_PACE", 3600.0)


GONE = "The database as it was at that call is no longer kept. Use --live-state to replay it on the data of today."


@pytest.mark.usefixtures("unhurried")
def test_every_position_of_a_session_can_be_restored_while_it_runs_and_after(project: Project) -> None:
    project.write("before")
    history = project.session()
    positions = [history.position()]
    for text in ("one", "two", "three"):
        project.write(text)
        positions.append(history.position())
    expected = [["before", "one", "two", "three"][:count] for count in (1, 2, 3, 4)]

    assert len(set(positions)) == 4
    assert [project.restored(position) for position in positions] == expected

    history.close()

    assert [project.restored(position) for position in positions] == expected
    assert project.rows() == expected[-1]


@pytest.mark.usefixtures("unhurried")
def test_a_position_is_the_same_while_nothing_is_written(project: Project) -> None:
    project.write("before")
    history = project.session()

    first = history.position()
    project.host("print(connection.execute('SELECT count(*) FROM calls').fetchone())")

    assert history.position() == first


@pytest.mark.usefixtures("unhurried")
def test_the_file_stays_as_it_is_and_no_row_is_lost_whatever_the_hosts_do(project: Project) -> None:
    project.write("before")
    history = project.session()
    history.position()
    digest = project.digest()

    project.fill(8)  # far past the 1,000 pages after which SQLite checkpoints by itself
    writing = python(
        WRITER
        + "while True:\n    connection.execute('INSERT INTO calls (text) VALUES (hex(randomblob(3000)))'); print(flush=True)",
        project.database,
    )
    for _ in range(300):
        answer(writing)
    kill(writing)
    for _ in range(3):
        project.write("after")
    count = int(project.host("print(connection.execute('SELECT count(*) FROM calls').fetchone()[0])"))

    assert count >= 1 + 2000 + 300 + 3
    assert project.digest() == digest

    last = history.position()
    history.close()

    assert len(project.rows()) == count
    assert project.files() == ["function.db"]
    assert len(project.restored(last)) == count


@pytest.mark.usefixtures("unhurried")
def test_an_unfinished_transaction_is_in_no_position(project: Project) -> None:
    project.write("before")
    history = project.session()
    code = (
        "connection.execute('PRAGMA cache_size=10'); connection.execute('BEGIN')\n"
        "for _ in range(500): connection.execute('INSERT INTO calls (text) VALUES (hex(randomblob(2000)))')\n"
        "print(flush=True); input()"
    )
    writing = python(WRITER + code, project.database)
    assert writing.stdout is not None
    writing.stdout.readline()
    during = history.position()

    assert project.restored(during) == ["before"]

    kill(writing)
    project.write("after")

    assert project.restored(history.position()) == ["before", "after"]
    assert project.restored(during) == ["before"]


@pytest.mark.usefixtures("unhurried")
def test_vacuum_and_deleted_rows_are_restored_to_the_byte_count(project: Project) -> None:
    project.fill(4)
    history = project.session()
    full = history.position()
    project.host("connection.execute('DELETE FROM calls WHERE number > 10'); connection.execute('VACUUM')")
    small = history.position()
    history.close()

    assert len(project.restored(full)) == 1000
    assert len(project.restored(small)) == 10
    assert project.target.stat().st_size == project.database.stat().st_size


def test_without_a_database_there_is_no_position_and_nothing_is_made(project: Project) -> None:
    history = project.session()

    assert history.position() is None

    history.close()

    assert project.files() == []
    assert not project.folder.exists()


@pytest.mark.usefixtures("unhurried")
def test_a_database_that_is_created_during_the_session_is_noticed(project: Project) -> None:
    history = project.session()
    assert history.position() is None
    project.write("one")
    first = history.position()
    project.write("two")

    assert project.restored(first) == ["one"]
    assert project.restored(history.position()) == ["one", "two"]


@pytest.mark.usefixtures("unhurried")
def test_a_session_without_changes_keeps_nothing_but_its_position_stays_good(project: Project) -> None:
    project.write("before")
    history = project.session()
    position = history.position()
    history.close()

    assert project.kept(".db") == project.kept(".wal") == []
    assert project.restored(position) == ["before"]

    history = project.session()

    assert history.position() == position

    project.write("after")
    history.close()

    assert project.restored(position) == ["before"]


@pytest.mark.usefixtures("unhurried")
def test_a_second_session_goes_on_with_the_chain_and_copies_no_database(project: Project) -> None:
    project.write("before")
    positions = []
    for text in ("one", "two", "three"):
        history = project.session()
        positions.append(history.position())
        project.write(text)
        positions.append(history.position())
        history.close()

    assert len(project.kept(".db")) == 1
    assert len(project.kept(".wal")) == 3
    assert [len(project.restored(position)) for position in positions] == [1, 2, 2, 3, 3, 4]


@pytest.mark.usefixtures("unhurried")
def test_a_change_between_two_sessions_begins_a_new_chain(project: Project) -> None:
    project.write("before")
    history = project.session()
    project.write("one")
    old = history.position()
    history.close()
    project.write("by hand")
    history = project.session()
    between = history.position()
    project.write("two")
    new = history.position()
    history.close()

    assert project.restored(old) == ["before", "one"]
    assert project.restored(between) == ["before", "one", "by hand"]
    assert project.restored(new) == ["before", "one", "by hand", "two"]
    assert len(project.kept(".db")) == 2


@pytest.mark.usefixtures("unhurried")
def test_a_position_that_nothing_was_kept_for_says_so_after_a_change_by_hand(project: Project) -> None:
    project.write("before")
    history = project.session()
    position = history.position()
    history.close()
    project.write("by hand")

    assert project.restored(position) == GONE
    assert not project.target.exists()


def test_a_quiet_moment_ends_an_epoch_and_brings_the_file_up_to_date(project: Project) -> None:
    project.write("before")
    history = project.session()
    first = history.position()
    project.write("one")
    second = history.position()
    until(lambda: str(history.position()).endswith("/0"))
    third = history.position()

    assert third != first
    with closing(sqlite3.connect(":memory:")) as other:  # the file alone, as somebody would copy it
        alone = project.target.with_name("alone.db")
        subprocess.run(["cp", project.database, alone], check=True)
        other.execute("ATTACH ? AS alone", (str(alone),))
        assert other.execute("SELECT count(*) FROM alone.calls").fetchone() == (2,)
    project.write("two")

    assert [project.restored(each) for each in (first, second, third, history.position())] == [
        ["before"],
        ["before", "one"],
        ["before", "one"],
        ["before", "one", "two"],
    ]


def test_a_reader_of_an_older_state_puts_the_next_epoch_off_and_loses_nothing(project: Project) -> None:
    project.write("before")
    history = project.session()
    project.write("one")
    code = (
        "connection.execute('BEGIN'); connection.execute('SELECT * FROM calls').fetchall(); print(flush=True); input()"
    )
    reading = python(WRITER + code, project.database)
    assert reading.stdout is not None
    reading.stdout.readline()
    project.write("two")
    two = history.position()
    until(lambda: project.folder.exists() and read_index(project.folder).stamp is None)  # it was tried
    project.write("three")

    assert project.restored(two) == ["before", "one", "two"]
    assert project.restored(history.position()) == ["before", "one", "two", "three"]

    three = history.position()

    assert str(three).partition("/")[0] == str(two).partition("/")[0]

    history.close()
    kill(reading)

    assert project.rows() == ["before", "one", "two", "three"]

    project.session().close()

    assert project.restored(two) == ["before", "one", "two"]
    assert project.restored(three) == ["before", "one", "two", "three"]


def test_hosts_write_all_the_time_while_epochs_end_and_every_position_is_right(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_LOG", 100_000)
    monkeypatch.setattr(module, "_PACE", 0.01)
    project.write("before")
    history = project.session()
    code = "for line in sys.stdin: connection.execute('INSERT INTO calls (text) VALUES (hex(randomblob(1000)))'); print(flush=True)"
    writing = python(WRITER + code, project.database)
    positions: list[str | None] = []
    epochs: set[str] = set()
    while len(positions) < 400 or (len(epochs) < 3 and len(positions) < 10_000):  # they end by time, not by number
        answer(writing)
        positions.append(history.position())
        epochs.add(str(positions[-1]).partition("/")[0])
    writing.communicate()

    assert len(epochs) >= 3
    some = range(0, len(positions), len(positions) // 8)
    assert [len(project.restored(positions[number])) for number in some] == [number + 2 for number in some]

    history.close()

    assert len(project.rows()) == 1 + len(positions)


@pytest.mark.parametrize("tidy", [True, False], ids=["hosts end by themselves", "hosts are killed"])
def test_a_killed_session_loses_no_row_and_its_positions_are_rescued(project: Project, tidy: bool) -> None:
    project.write("before")
    gateway = python(GATEWAY, project.database, project.folder)
    first = answer(gateway)
    code = "for line in sys.stdin: connection.execute('INSERT INTO calls (text) VALUES (?)', (line.strip(),)); print(flush=True)"
    host = python(WRITER + code, project.database)
    answer(host, "one\n")
    one = answer(gateway)
    until(lambda: project.kept(".wal"))  # the thread has kept it
    kill(gateway)
    if tidy:
        host.communicate()
    else:
        kill(host)

    assert project.restored(one) == ["before", "one"]

    history = project.session()
    now = history.position()
    project.write("two")
    history.close()

    assert project.rows() == ["before", "one", "two"]
    assert project.restored(first) == ["before"]
    assert project.restored(one) == ["before", "one"]
    assert project.restored(now) == ["before", "one"]


def test_what_was_written_in_the_last_moment_of_a_killed_session_is_rescued_from_its_log(project: Project) -> None:
    project.write("before")
    gateway = python(
        GATEWAY.replace("import sys", "import sys, devserver.session.history as m; m._PACE = 3600.0", 1),
        project.database,
        project.folder,
    )
    first = answer(gateway)
    code = "for line in sys.stdin: connection.execute('INSERT INTO calls (text) VALUES (?)', (line.strip(),)); print(flush=True)"
    host = python(WRITER + code, project.database)
    answer(host, "one\n")
    one = answer(gateway)
    kill(gateway)
    kill(host)

    assert project.kept(".db") == []
    assert project.restored(one) == ["before", "one"]

    project.session().close()

    assert project.restored(first) == ["before"]
    assert project.restored(one) == ["before", "one"]
    assert project.rows() == ["before", "one"]


def test_what_was_kept_before_a_session_was_killed_is_completed_from_its_log(project: Project) -> None:
    project.write("before")
    keeping = GATEWAY.replace(
        "    print(", "    if line == 'keep\\n': history._tend_epoch(history._hold, history._epoch)\n    print("
    )
    unhurried = keeping.replace("import sys", "import sys, devserver.session.history as m; m._PACE = 3600.0", 1)
    gateway = python(unhurried, project.database, project.folder)
    answer(gateway)
    code = "for line in sys.stdin: connection.execute('INSERT INTO calls (text) VALUES (?)', (line.strip(),)); print(flush=True)"
    host = python(WRITER + code, project.database)
    answer(host, "one\n")
    one = answer(gateway, "keep\n")
    answer(host, "two\n")
    two = answer(gateway)
    kill(gateway)
    kill(host)
    os.utime(project.database)  # as after a checkpoint: what the log was begun with is only in the archive

    project.session().close()

    assert project.restored(one) == ["before", "one"]
    assert project.restored(two) == ["before", "one", "two"]
    assert len(project.kept(".db")) == 1


@pytest.mark.usefixtures("unhurried")
def test_an_epoch_that_ends_while_it_is_restored_is_read_from_what_is_kept(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("before")
    gateway = python(GATEWAY, project.database, project.folder)
    position = answer(gateway)
    project.write("one")
    copied: list[int] = []

    def slowly(source: int, target: int, size: int) -> None:
        if not copied:
            gateway.communicate()  # the session ends, and the file is brought up to date
        copied.append(size)
        copy_bytes(source, target, os.fstat(source).st_size)

    monkeypatch.setattr("devserver.session.history_restore.copy_bytes", slowly)
    restore(project.folder, project.database, position, project.target)

    assert len(copied) == 2
    assert project.rows(project.target) == ["before"]


@pytest.mark.usefixtures("unhurried")
def test_a_database_that_is_deleted_is_let_go_and_the_next_one_has_a_history_of_its_own(project: Project) -> None:
    project.write("old")
    history = project.session()
    project.write("older")
    old = history.position()
    project.database.unlink()

    assert history.position() is None

    project.write("new")
    new = history.position()
    project.write("newer")

    assert project.restored(old) == ["old", "older"]
    assert project.restored(new) == ["new"]

    history.close()

    assert project.rows() == ["new", "newer"]
    assert project.restored(old) == ["old", "older"]


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("moved", [True, False], ids=["another file", "the same file"])
def test_a_database_that_is_replaced_is_not_damaged_by_the_log_of_the_old_one(project: Project, moved: bool) -> None:
    project.write("seed")
    seed = project.database.with_name("seed.db")
    shutil.copy(project.database, seed)
    project.write("old")
    history = project.session()
    project.fill(1)
    old = history.position()
    if moved:
        seed.replace(project.database)
    else:
        subprocess.run(["cp", seed, project.database], check=True)

    new = history.position()
    project.write("new")

    assert project.restored(new) == ["seed"]
    assert project.restored(history.position()) == ["seed", "new"]
    if moved:
        assert len(project.restored(old)) == 252
    else:
        assert project.restored(old) == GONE  # nobody had kept what was overwritten

    history.close()

    assert project.rows() == ["seed", "new"]


@pytest.mark.usefixtures("unhurried")
def test_a_database_that_is_replaced_just_before_the_session_ends_is_not_damaged(project: Project) -> None:
    project.write("seed")
    seed = project.database.with_name("seed.db")
    shutil.copy(project.database, seed)
    project.write("old")
    history = project.session()
    history.position()
    project.fill(1)
    subprocess.run(["cp", seed, project.database], check=True)
    history.close()

    assert project.rows() == ["seed"]


@pytest.mark.usefixtures("unhurried")
def test_a_database_that_is_only_touched_keeps_its_log(project: Project) -> None:
    project.write("before")
    history = project.session()
    first = history.position()
    project.write("one")
    one = history.position()
    os.utime(project.database)

    assert history.position() == one
    assert project.restored(first) == ["before"]

    history.close()

    assert project.rows() == ["before", "one"]


@pytest.mark.usefixtures("unhurried")
def test_a_checkpoint_that_came_through_after_all_is_not_taken_for_another_file(project: Project) -> None:
    project.write("before")
    history = project.session()
    history.position()
    for suffix in ("", "-shm"):  # what must not happen: a file of the database is closed, and the locks are lost
        project.database.with_name(project.database.name + suffix).read_bytes()
    code = "for line in sys.stdin: connection.execute('INSERT INTO calls (text) VALUES (hex(randomblob(8000)))'); print(flush=True)"
    host = python(WRITER + code, project.database)
    for _ in range(300):
        answer(host)
    history.position()
    answer(host)
    last = history.position()
    history.close()
    host.communicate()

    assert len(project.rows()) == 302
    assert len(project.restored(last)) == 302


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"no database at all" * 500, "file is not a database"), (b"SQLite format 3\x00" + bytes(4080), "")],
    ids=["another kind of file", "damaged"],
)
def test_a_file_that_is_no_database_is_left_alone_and_said_once(project: Project, content: bytes, why: str) -> None:
    project.database.write_bytes(content)
    history = project.session()

    assert [history.position() for _ in range(3)] == [None] * 3
    history.close()
    assert len(project.said) == 1
    assert project.said[0].startswith(f"Calls are recorded without data/function.db: {why}")
    assert project.database.read_bytes() == content


def test_a_database_that_another_program_locks_is_said_once(project: Project) -> None:
    project.write("before")
    with closing(sqlite3.connect(project.database, isolation_level=None)) as browser:
        browser.execute("BEGIN IMMEDIATE")
        history = project.session()
        positions = [history.position(), history.position()]
        browser.execute("ROLLBACK")

    assert positions == [None, None]
    assert project.said == ["Calls are recorded without data/function.db: another program is using it."]


def test_a_database_in_another_journal_mode_is_switched(project: Project) -> None:
    project.host("connection.execute('PRAGMA journal_mode=DELETE')")
    history = project.session()
    first = history.position()
    project.host("connection.execute('INSERT INTO calls (text) VALUES (1)')")

    assert project.said == []
    assert project.restored(first) == []
    assert project.host("print(connection.execute('PRAGMA journal_mode').fetchone()[0])") == "wal"


def test_an_empty_file_is_an_empty_database(project: Project) -> None:
    project.database.touch()
    history = project.session()
    position = history.position()
    project.write("one")

    assert project.restored(history.position()) == ["one"]
    assert position is not None
    assert project.said == []


@pytest.mark.usefixtures("unhurried")
def test_the_oldest_chains_go_when_the_limit_is_reached(project: Project) -> None:
    positions = []
    for _ in range(4):
        project.fill(1)  # by hand, so that every session begins a chain
        history = project.session(max_bytes=6_000_000)
        positions.append(history.position())
        project.write("one")
        history.close()

    assert project.restored(positions[0]) == GONE
    assert len(project.restored(positions[-1])) == 4 * 250 + 3
    assert sum(file.stat().st_size for file in project.folder.iterdir()) < 6_000_000


@pytest.mark.usefixtures("unhurried")
def test_a_chain_whose_logs_outgrow_its_start_is_followed_by_another(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devserver.session.history_archive.LONGEST_LOG", 50_000)
    project.write("before")
    positions = []
    for _ in range(3):
        history = project.session()
        project.host("for _ in range(30): connection.execute('INSERT INTO calls (text) VALUES (1)')")
        positions.append(history.position())
        history.close()

    assert len(read_index(project.folder).chains) > 1
    assert [len(project.restored(position)) for position in positions] == [31, 61, 91]


@pytest.mark.usefixtures("unhurried")
def test_a_database_larger_than_the_limit_is_restored_while_the_session_runs_only(project: Project) -> None:
    project.fill(1)
    history = project.session(max_bytes=100_000)
    first = history.position()
    project.write("one")
    one = history.position()

    assert len(project.restored(first)) == 250
    assert len(project.restored(one)) == 251

    history.close()

    assert project.restored(first) == project.restored(one) == GONE
    assert project.kept(".db") == []
    assert len(project.rows()) == 251


@pytest.mark.usefixtures("unhurried")
def test_restoring_leaves_the_live_files_untouched(project: Project) -> None:
    project.write("before")
    history = project.session()
    project.write("one")

    def live() -> list[tuple[str, int, int]]:
        found = [(file.name, file.stat()) for file in sorted(project.database.parent.iterdir())]
        return [(name, stat.st_mtime_ns, stat.st_size) for name, stat in found]

    position = history.position()
    before = live()

    assert project.restored(position) == ["before", "one"]
    assert live() == before
    assert history.position() == position


@pytest.mark.usefixtures("unhurried")
def test_the_process_that_holds_the_history_does_not_restore(project: Project) -> None:
    project.write("before")
    position = project.session().position()

    with pytest.raises(RuntimeError, match="another process"):
        restore(project.folder, project.database, str(position), project.target)


@pytest.mark.usefixtures("unhurried")
def test_a_damaged_log_is_not_restored_to_something_else(project: Project) -> None:
    project.write("before")
    history = project.session()
    project.fill(1)
    position = history.position()
    history.close()
    (log,) = project.kept(".wal")
    content = bytearray(log.read_bytes())
    content[32 + 100 * 4120 + 8] ^= 1
    log.write_bytes(content)

    assert project.restored(position) == GONE


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("position", ["", "nonsense", "0123abcd/7", "0123abcd/x"])
def test_a_position_of_nowhere_is_one_sentence(project: Project, position: str) -> None:
    project.write("before")

    with pytest.raises(FnError, match="no longer kept"):
        restore(project.folder, project.database, position, project.target)


@pytest.mark.usefixtures("unhurried")
def test_a_target_that_cannot_be_written_is_one_sentence(project: Project) -> None:
    project.write("before")
    history = project.session()
    position = str(history.position())
    history.close()

    with pytest.raises(FnError, match="could not be written"):
        restore(project.folder, project.database, position, project.folder / "none" / "restored.db")


def test_a_history_of_a_newer_fn_is_left_alone(project: Project) -> None:
    project.write("before")
    project.folder.mkdir(parents=True)
    index = project.folder / "index.json"
    index.write_text('{"version": 99}')
    history = project.session()
    project.write("one")
    history.close()

    assert "made by a newer fn" in project.said[0]
    assert index.read_text() == '{"version": 99}'
    assert project.rows() == ["before", "one"]


def test_an_archive_that_cannot_be_written_costs_the_history_and_not_the_data(project: Project) -> None:
    project.write("before")
    project.folder.parent.mkdir(parents=True)
    project.folder.write_text("in the way")
    history = project.session()
    project.write("one")
    history.close()

    assert len(project.said) == 1
    assert project.rows() == ["before", "one"]


@pytest.mark.usefixtures("unhurried")
def test_a_database_behind_a_link_is_the_file_that_it_points_to(project: Project, tmp_path: Path) -> None:
    project.write("before")
    elsewhere = tmp_path / "elsewhere.db"
    project.database.replace(elsewhere)
    project.database.symlink_to(elsewhere)
    history = project.session()
    first = history.position()
    project.write("one")

    assert project.restored(first) == ["before"]
    assert project.restored(history.position()) == ["before", "one"]


def test_a_large_database_costs_a_look_only(project: Project) -> None:
    project.fill(50)
    digest = hashlib.sha256(project.database.read_bytes()).hexdigest()
    history = project.session()
    began = time.monotonic()
    for _ in range(1000):
        assert history.position() is not None

    assert time.monotonic() - began < 1
    assert project.digest() == digest
