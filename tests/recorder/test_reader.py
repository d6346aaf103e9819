"""The reading side: lists and single exchanges."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from devserver.clock import SystemClock
from devserver.errors import FnError
from devserver.recorder.exchange import Answer, Request, new_id
from devserver.recorder.reader import NotRecorded, RecordingReader
from devserver.recorder.redaction import Redactor
from devserver.recorder.state import CacheEntry, Change, Snapshot
from devserver.recorder.store import Recorder
from tests.recorder.made import cached
from tests.recorder.made import record as add_all

CLOCK = SystemClock()
START = 1_700_000_000.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / ".fn"


@pytest.fixture
async def recorder(folder: Path) -> AsyncIterator[Recorder]:
    recorder = Recorder.open(folder, redact=Redactor({}), clock=CLOCK, on_trouble=pytest.fail)
    yield recorder
    await recorder.close()


@pytest.fixture
def reader(folder: Path) -> Iterator[RecordingReader]:
    with RecordingReader(folder) as reader:
        yield reader


async def record(
    recorder: Recorder, count: int = 1, *, event: str | None = "ice", callid: str | None = "c1", body: bytes = b"{}"
) -> list[str]:
    made = []
    for number in range(count):
        made.append(new_id(CLOCK))
        request = Request("POST", f"/{event}", (), body)
        await recorder.begin(made[-1], START + number, callid, event, "local", request)
        answer = Answer(200, (), body)
        recorder.finish(made[-1], answer, ms=1.0, generation=1, findings=[], logs=[], error=None, marks=[])
    return made


async def test_the_newest_come_first_and_no_more_than_asked(recorder: Recorder, reader: RecordingReader) -> None:
    made = await record(recorder, 10)
    assert [each.id for each in reader.newest(3)] == made[:-4:-1]


async def test_a_list_goes_on_before_an_id(recorder: Recorder, reader: RecordingReader) -> None:
    made = await record(recorder, 10)
    assert [each.id for each in reader.newest(2, before=made[5])] == [made[4], made[3]]


async def test_a_list_can_be_of_one_event_and_one_call(recorder: Recorder, reader: RecordingReader) -> None:
    await record(recorder, event="ice", callid="a")
    wanted = await record(recorder, event="pie", callid="a")
    await record(recorder, event="pie", callid="b")
    await record(recorder, event=None, callid=None)
    assert [each.id for each in reader.newest(9, event="pie", callid="a")] == wanted
    assert [each.event for each in reader.newest(9)] == [None, "pie", "pie", "ice"]


async def test_an_exchange_is_found_by_its_id_its_beginning_and_as_the_last(
    recorder: Recorder, reader: RecordingReader
) -> None:
    made = await record(recorder, 3)
    assert reader.get(made[1]).id == made[1]
    assert reader.get(made[1].upper()).id == made[1]
    assert reader.get(made[2][:25] if made[1][:25] != made[2][:25] else made[2]).id == made[2]
    assert reader.get("last").id == made[2]


async def test_a_beginning_that_fits_several_is_refused(recorder: Recorder, reader: RecordingReader) -> None:
    made = await record(recorder, 3)
    with pytest.raises(NotRecorded, match="is the beginning of several recordings"):
        reader.get(made[0][:2])


async def test_what_is_not_recorded_is_said_in_a_sentence(recorder: Recorder, reader: RecordingReader) -> None:
    await record(recorder)
    with pytest.raises(NotRecorded, match='There is no recording "zz%_"'):
        reader.get("zz%_")


def test_a_folder_without_recordings_is_empty(reader: RecordingReader) -> None:
    assert reader.newest(5) == []
    assert reader.count() == 0
    with pytest.raises(NotRecorded, match="There are no recordings here yet"):
        reader.get("last")


def test_a_file_that_was_only_just_made_is_empty(folder: Path, reader: RecordingReader) -> None:
    folder.mkdir()
    (folder / "recordings.db").touch()
    assert reader.newest(5) == []


def test_a_damaged_file_is_said_to_be_damaged(folder: Path, reader: RecordingReader) -> None:
    folder.mkdir()
    (folder / "recordings.db").write_bytes(b"no database" * 500)
    with pytest.raises(FnError, match="is damaged"):
        reader.newest(5)


async def test_a_list_reads_no_body(folder: Path, recorder: Recorder, reader: RecordingReader) -> None:
    await record(recorder, 5)
    with closing(sqlite3.connect(folder / "recordings.db")) as connection:
        plan = [
            row[3]
            for row in connection.execute(
                "EXPLAIN QUERY PLAN SELECT r.id FROM request r LEFT JOIN answer a ON a.seq = r.seq"
                " WHERE r.callid = 'c' ORDER BY r.seq DESC LIMIT 5"
            )
        ]
    connection.close()
    assert "USING INDEX request_callid" in plan[0]
    assert not any("TEMP B-TREE" in step for step in plan)


# --- calls and the state they began with -----------------------------------------------------------------------


def test_a_call_is_all_its_exchanges_the_oldest_first_without_replays(folder: Path, reader: RecordingReader) -> None:
    made = add_all(
        folder,
        {"event": "ice"},
        {"event": "ice", "source": "replay"},
        {"event": "ice", "callid": "other"},
        {"event": "pie", "source": "tunnel"},
        {"event": "dice", "answered": False},
    )
    assert [each.id for each in reader.call("c1")] == [made[0], made[3], made[4]]
    assert [each.id for each in reader.call("c1", limit=2)] == [made[0], made[3]]


def test_a_call_that_was_only_replayed_or_never_seen_is_not_recorded(folder: Path, reader: RecordingReader) -> None:
    add_all(folder, {"source": "replay"})
    with pytest.raises(NotRecorded, match='no recording "c1"'):
        reader.call("c1")
    with pytest.raises(NotRecorded):
        reader.call("c")


def session() -> Change:
    return Change("session", "", None, START)


def stored(key: str, kept: bytes | None) -> Change:
    return Change("storage", key, kept, START)


def test_each_exchange_has_the_state_that_it_arrived_at(folder: Path, reader: RecordingReader) -> None:
    made = add_all(
        folder,
        session(),
        {},
        cached("n", b"1", until=START + 60),
        stored("s", None),
        {},
        cached("n", b"2", until=START + 60),
        stored("s", b"kept"),
        Change("database", "", b"p1", START),
        {},
    )
    found = [reader.snapshot(reader.get(name)) for name in made]
    assert found == [
        Snapshot(START, [], {"s": None}, None, follows_database=True),
        Snapshot(START, [CacheEntry("n", b"1", 60.0)], {"s": "kept"}, None, follows_database=True),
        Snapshot(START, [CacheEntry("n", b"2", 60.0)], {}, "p1", follows_database=True),
    ]


def test_a_state_is_of_its_own_session_and_undoes_what_later_ones_stored(folder: Path, reader: RecordingReader) -> None:
    (first,) = add_all(folder, session(), cached("n", b"1"), {})
    (second,) = add_all(folder, session(), stored("s", b"kept"), {})

    before, after = reader.snapshot(reader.get(first)), reader.snapshot(reader.get(second))

    assert before is not None
    assert after is not None
    assert ([entry.key for entry in before.cache], before.storage) == (["n"], {"s": "kept"})
    assert ([entry.key for entry in after.cache], after.storage) == ([], {})


def test_without_a_journal_the_state_is_not_known(folder: Path, reader: RecordingReader) -> None:
    made = add_all(folder, {}, cached("n", b"1"), {})
    assert [reader.snapshot(reader.get(name)) for name in made] == [None, None]
