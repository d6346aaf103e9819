"""Looking whether all is well: what is wrong is named with the next step, and nothing is changed."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from devserver.errors import ConfigError
from devserver.recorder.state import Change
from devserver.recorder.verify import Verified, verify
from tests.recorder.made import START, cached, record


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / ".fn"


def change(folder: Path, sql: str) -> None:
    connection = sqlite3.connect(folder / "recordings.db", isolation_level=None)
    connection.executescript(sql)
    connection.close()


def problems(folder: Path) -> list[str]:
    found = verify(folder)
    assert all(each.hint for each in found.problems)
    return [each.text for each in found.problems]


def test_a_sound_file_has_no_problems_and_is_counted(folder: Path) -> None:
    made = [{"at": START}, {"at": START + 60}, {"at": START + 30, "answered": False}]
    record(folder, Change("session", "", None, START), *made, cached("a", b"1"))
    found = verify(folder)
    assert found.problems == []
    assert (found.requests, found.answers, found.changes) == (3, 2, 2)
    assert (found.oldest, found.newest) == (START, START + 60)
    assert found.size == (folder / "recordings.db").stat().st_size
    assert found.remarks == ["1 without an answer: still running, or the session was killed."]


def test_free_space_is_told(folder: Path) -> None:
    record(folder, {"body": b"x" * 100_000}, {})
    assert verify(folder).free == 0
    change(folder, "DELETE FROM request WHERE seq = 1; DELETE FROM answer WHERE seq = 1;")
    assert verify(folder).free > 90_000


def test_without_recordings_all_is_well(folder: Path) -> None:
    assert verify(folder) == Verified([], ["There are no recordings here yet."])
    folder.mkdir()
    (folder / "recordings.db").touch()
    assert verify(folder).problems == []


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("UPDATE request SET headers = x'00' WHERE seq = 2", "cannot be read."),
        ("UPDATE answer SET notes = '[1]' WHERE seq = 2", "cannot be read."),
        ("UPDATE answer SET headers = NULL WHERE seq = 2", "cannot be read."),
        ("UPDATE request SET id = 'x' WHERE seq = 2", "row 2: has an id that is none."),
        ("DELETE FROM request WHERE seq = 2", "1 answers without a request."),
        ("INSERT INTO accepted VALUES (9, 1.0, 200, NULL, NULL, NULL)", "1 accepted answers without a request."),
        ("UPDATE request SET state = 9", "3 requests saw a state that the journal does not know."),
        ("INSERT INTO state VALUES (1, 1.0, 'other', '', NULL, NULL)", "1 changes of the state are of no known kind."),
    ],
    ids=range(8),
)
def test_what_is_wrong_is_named(folder: Path, sql: str, problem: str) -> None:
    record(folder, {}, {}, {})
    change(folder, sql)
    [text] = problems(folder)
    assert text.endswith(problem)


def test_many_rows_with_one_problem_are_one_sentence(folder: Path) -> None:
    made = record(folder, *[{}] * 10)
    change(folder, "UPDATE request SET headers = x'00'")
    assert problems(folder) == [f"{', '.join(made[:3])} and 7 more: cannot be read."]


def test_ids_that_go_back_and_files_that_are_gone_are_only_remarks(folder: Path) -> None:
    record(folder, Change("storage", "f", b"aaaa", START), {}, {}, {})
    change(folder, "UPDATE request SET id = 'z' || substr(id, 2) WHERE seq = 2")
    found = verify(folder)
    assert found.problems == []
    assert found.remarks == [
        "1 with an id older than the one before: imported, or the clock was set back.",
        "1 former versions of stored files are gone; a replay that wants one goes without it.",
    ]


@pytest.mark.parametrize("cut", [0, 5000])
def test_damage_is_a_sentence_and_not_a_traceback(folder: Path, cut: int) -> None:
    record(folder, *[{"body": b"x" * 5000}] * 20)
    path = folder / "recordings.db"
    content = path.read_bytes()
    damaged = b"no database" + content[11:] if not cut else content[:30_000] + b"\xff" * 30_000 + content[60_000:]
    path.write_bytes(damaged)
    assert problems(folder)
    assert path.read_bytes() == damaged


def test_a_truncated_file_is_damaged(folder: Path) -> None:
    record(folder, *[{"body": b"x" * 5000}] * 20)
    path = folder / "recordings.db"
    path.write_bytes(path.read_bytes()[:50_000])
    assert problems(folder)


def test_a_file_of_a_newer_fn_is_not_judged(folder: Path) -> None:
    record(folder, {})
    change(folder, "PRAGMA user_version=99")
    with pytest.raises(ConfigError, match="made by a newer fn"):
        verify(folder)


def test_progress_is_told(folder: Path) -> None:
    record(folder, *[{}] * 1200)
    told: list[tuple[int, int]] = []
    verify(folder, lambda done, total: told.append((done, total)))
    assert told == [(0, 1200), (500, 1200), (1000, 1200)]
