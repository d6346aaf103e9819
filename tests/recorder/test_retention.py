"""What is kept: by age and size, the newest call always, and the journal only as far as somebody can be replayed on it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devserver.recorder.exchange import Exchange
from devserver.recorder.reader import RecordingReader
from devserver.recorder.retention import JournalRow, Retention, enforce, keep_tidy, superfluous, used_bytes
from devserver.recorder.search import search
from devserver.recorder.state import Change, Snapshot, snapshot
from tests.recorder.made import START, add_all, cached, holding, record, say

DAY = 86_400.0
WEEK = Retention(7, 0)
SESSION = Change("session", "", None, START)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / ".fn"


def left(folder: Path) -> list[Exchange]:
    with RecordingReader(folder) as reader:
        return [reader.get(each.id) for each in reversed(reader.newest(100_000))]


def ids(folder: Path) -> list[str]:
    return [each.id for each in left(folder)]


def versions(folder: Path) -> list[int]:
    with closing(sqlite3.connect(folder / "recordings.db")) as connection:
        return [row[0] for row in connection.execute("SELECT version FROM state ORDER BY version")]


def size(folder: Path) -> int:
    connection = sqlite3.connect(folder / "recordings.db")
    used = used_bytes(connection)
    connection.close()
    return used


def storage(key: str, kept: str | None) -> Change:
    return Change("storage", key, kept.encode() if kept else None, START)


# --- which exchanges -------------------------------------------------------------------------------------------


def test_what_is_older_than_the_days_goes(folder: Path) -> None:
    made = record(folder, *({"at": START + number * DAY, "callid": f"c{number}"} for number in range(10)))
    assert enforce(folder, WEEK, START + 11.5 * DAY) == 5
    assert ids(folder) == made[5:]


def test_days_of_zero_keep_everything(folder: Path) -> None:
    record(folder, {}, {"callid": "c2"})
    assert enforce(folder, Retention(0, 0), START + 10_000 * DAY) == 0


def test_the_newest_call_stays_whole_however_old_it_is(folder: Path) -> None:
    made = record(folder, {"callid": "new"}, {"callid": "old"}, {"callid": None}, {"callid": "new"})
    assert enforce(folder, WEEK, START + 100 * DAY) == 2
    assert ids(folder) == [made[0], made[3]]


def test_the_newest_exchange_stays_when_it_belongs_to_no_call(folder: Path) -> None:
    made = record(folder, {"callid": None}, {"callid": "old"}, {"callid": None})
    assert enforce(folder, WEEK, START + 100 * DAY) == 2
    assert ids(folder) == made[2:]


async def test_more_than_one_bite_goes(folder: Path) -> None:
    made = await add_all(folder, [{"callid": "old"}] * 1300 + [{"callid": "new"}])
    rested: list[float] = []
    assert enforce(folder, WEEK, START + 100 * DAY, rest=rested.append) == 1300
    assert ids(folder) == made[-1:]
    assert len(rested) >= 3


def test_the_oldest_go_until_the_file_is_small_enough(folder: Path) -> None:
    made = record(folder, *({"callid": f"c{number}", "body": b"x" * 50_000} for number in range(40)))
    limit = 1_000_000
    enforce(folder, Retention(0, limit), START)
    kept = ids(folder)
    assert kept == made[-len(kept) :]
    assert limit - 200_000 < size(folder) <= limit
    assert enforce(folder, Retention(0, limit), START) == 0


def test_a_newest_call_that_is_larger_than_the_limit_stays(folder: Path) -> None:
    made = record(folder, {"callid": "old"}, *[{"callid": "new", "body": b"x" * 50_000}] * 10)
    enforce(folder, Retention(0, 100_000), START)
    assert ids(folder) == made[1:]


def test_what_went_is_in_no_file_any_more(folder: Path) -> None:
    record(folder, {"callid": "old", "said": say("very private")}, {"callid": "new"})
    assert search(folder, ["private"], limit=1)
    enforce(folder, WEEK, START + 100 * DAY)
    assert holding(folder, b"private") == []


def test_a_folder_without_recordings_is_left_alone(folder: Path) -> None:
    assert enforce(folder, WEEK, START) == 0
    assert not folder.exists()


# --- the journal -----------------------------------------------------------------------------------------------


def snapshots(folder: Path) -> list[Snapshot | None]:
    with RecordingReader(folder) as reader:
        return [reader.snapshot(each) for each in left(folder)]


def test_kept_requests_see_the_state_that_they_saw(folder: Path) -> None:
    old: list[dict[str, Any] | Change]
    old = [SESSION, cached("a", b"1"), cached("a", b"2"), {"callid": "o"}, cached("b", b"1"), storage("f", "aaaa")]
    later = [SESSION, cached("a", b"3"), cached("c", b"1"), cached("c", None), cached("a", b"4")]
    kept: list[dict[str, Any] | Change] = [
        {"callid": "k", "at": START + DAY},
        cached("a", b"5"),
        storage("f", "bbbb"),
        {"callid": "k2", "at": START + DAY},
    ]
    record(folder, *old, *later, *kept)
    (folder / "state" / "storage").mkdir(parents=True)
    for name in ("aaaa", "bbbb"):
        (folder / "state" / "storage" / name).write_text(name)
    before = snapshots(folder)[1:]
    assert enforce(folder, Retention(1, 0), START + 2 * DAY - 1) == 1
    assert snapshots(folder) == before
    # The session and the last value of "a"; then what came after the first kept request.
    assert versions(folder) == [6, 10, 11, 12]
    assert [file.name for file in (folder / "state" / "storage").iterdir()] == ["bbbb"]


def test_the_last_version_stays_so_that_versions_are_never_given_twice(folder: Path) -> None:
    record(folder, SESSION, {"callid": "old"}, {"callid": "new", "state": 0}, cached("a", None))
    enforce(folder, WEEK, START + 100 * DAY)
    assert versions(folder)[-1] == 2
    record(folder, cached("b", b"1"))
    assert versions(folder)[-1] == 3


def test_values_that_had_ended_before_the_oldest_request_go(folder: Path) -> None:
    changes = [cached(f"call{number}", b"1", until=START + 60) for number in range(50)]
    record(folder, SESSION, *changes, {"callid": "o"}, {"callid": "k", "at": START + DAY}, cached("z", b"1"))
    assert enforce(folder, Retention(1, 0), START + 2 * DAY - 1) == 1
    assert versions(folder) == [1, 52]


KINDS = st.sampled_from(["session", "cache", "cache", "cache", "storage", "database"])
CHANGES = st.lists(
    st.tuples(KINDS, st.sampled_from("abc"), st.sampled_from([None, b"1", b"2"]), st.sampled_from([50.0, 150.0])),
    min_size=1,
    max_size=20,
)


@settings(deadline=None, max_examples=200)
@given(CHANGES, st.integers(0, 20))
def test_whatever_is_cut_every_later_version_has_the_same_snapshot(
    made: list[tuple[Any, str, bytes | None, float]], boundary: int
) -> None:
    journal = [
        Change(
            kind, key if kind in {"cache", "storage"} else "", None if kind == "session" else value, 0.0, until, version
        )
        for version, (kind, key, value, until) in enumerate(made, 1)
    ]
    boundary = min(boundary, len(journal))
    rows = [
        JournalRow(each.version, each.kind, each.key, each.value is None, each.until)
        for each in journal
        if each.version <= boundary
    ]
    gone = {row.version for row in superfluous(rows, len(journal), 100.0)}
    assert len(journal) not in gone
    for version in range(boundary, len(journal) + 1):
        assert state(journal, version) == state([each for each in journal if each.version not in gone], version)


def state(journal: list[Change], version: int) -> Snapshot | None:
    """As `RecordingReader.snapshot` asks for it."""
    starts = [each.version for each in journal if each.kind == "session" and each.version <= version]
    if not starts:
        return None
    found = snapshot([each for each in journal if each.version >= starts[-1]], version, 100.0)
    return Snapshot(found.at, sorted(found.cache, key=lambda entry: entry.key), found.storage, found.database)


# --- while a session runs --------------------------------------------------------------------------------------


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 a file has no event to wait for
            await asyncio.sleep(0.01)


async def test_a_session_keeps_its_recordings_tidy_and_asks_each_time(folder: Path) -> None:
    await add_all(folder, [{"callid": f"c{number}", "at": START + number * DAY} for number in range(5)])
    asked: list[float] = []

    def retention() -> Retention:
        asked.append(10 - 2 * len(asked))
        return Retention(max(asked[-1], 2), 0)

    task = asyncio.create_task(keep_tidy(folder, retention, now=lambda: START + 5 * DAY, every=0.01))
    await until(lambda: len(ids(folder)) == 2)
    task.cancel()
    assert asked[0] == 10


async def test_trouble_with_the_file_ends_nothing(folder: Path) -> None:
    folder.mkdir()
    (folder / "recordings.db").write_bytes(b"no database" * 500)
    rounds = 0

    def retention() -> Retention:
        nonlocal rounds
        rounds += 1
        return WEEK

    task = asyncio.create_task(keep_tidy(folder, retention, now=lambda: START, every=0.01))
    await until(lambda: rounds > 2)
    assert not task.done()
    task.cancel()
