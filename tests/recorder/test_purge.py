"""Deleting because somebody asks for it: thorough, and nothing else."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from devserver.clock import SystemClock
from devserver.errors import FnError
from devserver.recorder.purge import phone_number, purge
from devserver.recorder.reader import RecordingReader
from devserver.recorder.redaction import Redactor
from devserver.recorder.search import search
from devserver.recorder.state import Change
from devserver.recorder.store import Recorder
from tests.recorder.made import START, add, add_all, cached, holding, record, say, wrote

NUMBER = "+12025550100"
OTHER = "+12025550199"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / ".fn"


def left(folder: Path) -> list[str]:
    with RecordingReader(folder) as reader:
        return [each.id for each in reversed(reader.newest(100_000))]


def journal(folder: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "recordings.db")) as connection:
        return connection.execute("SELECT version, kind, key, value FROM state ORDER BY version").fetchall()


def test_a_folder_without_recordings_has_nothing_to_delete(folder: Path) -> None:
    assert purge(folder, everything=True) == 0
    assert purge(folder, callid="c1") == 0
    assert purge(folder, number=NUMBER) == 0


def test_purge_of_a_call_leaves_the_others(folder: Path) -> None:
    made = record(folder, *[{"callid": "gone"}] * 3, {"callid": "kept"})
    assert purge(folder, callid="gone") == 3
    assert left(folder) == made[3:]
    with RecordingReader(folder) as reader:
        assert reader.get(made[3]).answer is not None


def test_a_call_id_that_is_not_ascii_is_found(folder: Path) -> None:
    record(folder, {"callid": "anruf-ä"})
    assert purge(folder, callid="anruf-ä") == 1


def test_purge_by_age_leaves_what_is_younger(folder: Path) -> None:
    made = record(folder, *({"at": START + number} for number in range(10)))
    assert purge(folder, older_than=START + 7) == 7
    assert left(folder) == made[7:]


async def test_purge_of_everything_goes_beyond_one_bite_and_recording_goes_on(folder: Path) -> None:
    await add_all(folder, [{}] * 1200)
    assert purge(folder, everything=True) == 1200
    made = await add_all(folder, [{}] * 2)
    assert left(folder) == made


@pytest.mark.parametrize("choice", [{"everything": True}, {"callid": "gone"}, {"number": NUMBER}], ids=str)
def test_what_was_purged_is_in_no_file_any_more(folder: Path, choice: dict[str, Any]) -> None:
    said = say(f"A very private sentence for {NUMBER}.")
    record(folder, *[{"callid": "gone", "body": b"a very private body" * 500, "said": said}] * 3, {"callid": "kept"})
    assert len(search(folder, ["private"], limit=9)) == 3
    assert holding(folder, b"private")
    purge(folder, **choice)
    assert holding(folder, b"private") == []
    assert holding(folder, b"2025550100") == []
    assert search(folder, ["private"], limit=9) == []


@pytest.mark.parametrize("choice", [{}, {"everything": True, "callid": "c"}, {"number": "1", "callid": "c"}], ids=str)
def test_purge_wants_exactly_one_choice(folder: Path, choice: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="one of"):
        purge(folder, **choice)


async def test_a_purge_while_recording_loses_nothing_new(folder: Path) -> None:
    await add_all(folder, [{"callid": "old"}] * 3000)
    recorder = Recorder.open(folder, redact=Redactor({}), clock=SystemClock(), on_trouble=pytest.fail)
    thread = threading.Thread(target=purge, args=(folder,), kwargs={"callid": "old"})
    thread.start()
    made = []
    while thread.is_alive():
        made += [await add(recorder, callid="new") for _ in range(20)]
    thread.join()
    await recorder.close()
    assert left(folder) == made


def test_progress_is_told(folder: Path) -> None:
    record(folder, *[{}] * 600)
    told: list[tuple[int, int]] = []
    purge(folder, callid="c1", progress=lambda done, total: told.append((done, total)))
    assert told == [(500, 600), (600, 600)]


# --- a number --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        {"body": b'{"cli":"12025550100"}'},
        {"body": b'{"cli":"+12025550100"}'},
        {"body": b"From=%2B12025550100&x=1"},
        {"body": b'{"deep":"{\\"n\\":\\"+1 (202) 555-0100\\"}"}'},
        {"body": b"To=%2B1+202+555+0100"},
        {"body": b"To=%2012025550100"},
        {"body": b"0012025550100"},
        {"path": "/status?number=12025550100"},
        {"headers": (("X-Caller", "+12025550100"),)},
        {"said": say("Calling +1 202 555 0100 now.")},
        {"logs": [{"at": 1.0, "level": "info", "text": "x", "fields": {"who": "+1-202-555-0100"}}]},
        {"error": {"kind": "raised", "text": "no route to 12025550100", "traceback": ""}},
        {"effects": [wrote("call", "12025550100")]},
        {"callid": "call-of-12025550100"},
    ],
    ids=range(14),
)
def test_a_number_is_found_wherever_and_however_it_stands_and_takes_its_call_along(
    folder: Path, call: dict[str, Any]
) -> None:
    made = record(folder, {"callid": "c1"}, {"callid": "c2"}, {"callid": "c1", **call}, {"callid": "c2"})
    assert purge(folder, number=NUMBER) == (1 if call.get("callid") else 2)
    assert set(made[1::2]) <= set(left(folder))
    assert made[2] not in left(folder)


def test_other_numbers_that_hold_its_digits_are_others(folder: Path) -> None:
    made = record(folder, {"body": b"120255501001 912025550100 12025550199"})
    assert purge(folder, number=NUMBER) == 0
    assert left(folder) == made


def test_exchanges_without_a_call_go_one_by_one(folder: Path) -> None:
    made = record(folder, {"callid": None, "event": None, "body": NUMBER.encode()}, {"callid": None, "event": None})
    assert purge(folder, number="12025550100") == 1
    assert left(folder) == made[1:]


def test_what_the_journal_and_kept_files_hold_of_a_number_goes(folder: Path) -> None:
    record(
        folder,
        Change("session", "", None, START),
        cached("last", b'"nobody"'),
        cached("last", b'"+12025550100"'),
        cached("caller:12025550100", b"1"),
        cached("other", b'"+12025550199"'),
        Change("storage", "voicemail/12025550100.wav", b"aaaa", START),
        Change("storage", "book.txt", b"bbbb", START),
        Change("storage", "harmless.txt", b"cccc", START),
        {"body": OTHER.encode()},
        cached("newest", b'"12025550100"'),
    )
    kept = folder / "state" / "storage"
    kept.mkdir(parents=True)
    (kept / "aaaa").write_bytes(b"a voice")
    (kept / "bbbb").write_bytes(b"friends: +1 202 555 0100")
    (kept / "cccc").write_bytes(b"friends: none")
    purge(folder, number=NUMBER)
    assert holding(folder, b"2025550100") == []
    assert sorted(file.name for file in kept.iterdir()) == ["cccc"]
    rows = {key: value for _, _, key, value in journal(folder)}
    assert rows["other"] == b'"+12025550199"'
    # Gone, instead of what it was before.
    assert rows["last"] is None
    assert journal(folder)[-1][0] == 9


def test_states_of_imported_calls_go_with_them_and_with_a_number(folder: Path) -> None:
    gone, kept, named = record(folder, {"callid": "gone"}, {"callid": "kept"}, {"callid": "named"})
    imported = folder / "state" / "imported"
    imported.mkdir(parents=True)
    for made in (gone, kept, named):
        (imported / f"{made}.json").write_text('{"cache":[["k","+12025550100"]]}' if made == named else "{}")
    purge(folder, callid="gone")
    assert sorted(file.stem for file in imported.iterdir()) == [kept, named]
    purge(folder, number=NUMBER)
    assert [file.stem for file in imported.iterdir()] == [kept]


@pytest.mark.parametrize("number", ["", "abc", "+12", "1" * 30, "+1202555O100"])
def test_what_is_no_number_is_refused(folder: Path, number: str) -> None:
    with pytest.raises(FnError, match="is no phone number"):
        purge(folder, number=number)


def test_a_number_may_be_given_in_any_spelling() -> None:
    for spelling in ("+1 (202) 555-0100", "0012025550100", "12025550100", "1.202.555.0100"):
        assert phone_number(spelling).is_in(b'"+12025550100"')


# --- everything ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_running", [False, True])
def test_everything_is_also_the_state_and_the_index_and_damaged_files(folder: Path, is_running: bool) -> None:
    record(
        folder, Change("session", "", None, START), cached("k", b'"private"'), Change("storage", "f", b"aa", START), {}
    )
    for name in ("state/storage/aa", "state/storage/other", "state/database/1", "recordings.db.broken-x"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"private")
    search(folder, ["x"], limit=1)
    purge(folder, everything=True, is_running=is_running)
    expected = ["state/database/1", "state/storage/other"] if is_running else []
    assert holding(folder, b"private") == expected
    assert not (folder / "search.db").exists()


async def test_after_everything_was_deleted_versions_of_the_state_go_on(folder: Path) -> None:
    recorder = Recorder.open(folder, redact=Redactor({}), clock=SystemClock(), on_trouble=pytest.fail)
    recorder.changed(Change("session", "", None, START))
    for number in range(5):
        recorder.changed(cached("k", b"%d" % number))
    await add(recorder, answered=False)
    purge(folder, everything=True, is_running=True)
    made = await add(recorder)
    await recorder.close()
    with RecordingReader(folder) as reader:
        assert reader.get(made).state == 6
        # What it saw is gone, and that is not the same as an empty cache.
        assert reader.snapshot(reader.get(made)) is None
    later = await add_all(folder, [Change("session", "", None, START), {}])
    with RecordingReader(folder) as reader:
        assert reader.get(later[0]).state == 7
        snapshot = reader.snapshot(reader.get(later[0]))
        assert snapshot is not None
        assert snapshot.cache == []


def test_a_damaged_file_is_said_to_be_damaged(folder: Path) -> None:
    folder.mkdir()
    (folder / "recordings.db").write_bytes(b"no database" * 500)
    with pytest.raises(FnError, match="is damaged"):
        purge(folder, everything=True)
