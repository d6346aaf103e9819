"""The writer: durable before `begin` returns, and no trouble of the disk ever reaches a call."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devserver.clock import ManualClock, SystemClock
from devserver.errors import ConfigError
from devserver.recorder.exchange import Answer, Effect, Exchange, Request, new_id
from devserver.recorder.purge import purge
from devserver.recorder.reader import RecordingReader
from devserver.recorder.redaction import Redactor
from devserver.recorder.state import Change
from devserver.recorder.store import Recorder

CLOCK = SystemClock()
HEADERS = (("Host", "127.0.0.1:3000"), ("content-type", "application/json"), ("X-Twice", "1"), ("X-Twice", "2"))
BODY = b'{"event":"ice","callid":"c1"}'


class Session:
    """A recorder, and what it said."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.said: list[str] = []
        self.folder = folder
        self.clock = ManualClock()
        self.recorder = Recorder.open(
            folder, redact=options.pop("redact", Redactor({})), clock=self.clock, on_trouble=self.said.append, **options
        )

    async def begin(self, body: bytes = BODY, **other: Any) -> str:
        exchange_id = new_id(CLOCK)
        request = Request("POST", other.get("path", "/ice?x=1"), other.get("headers", HEADERS), body, "127.0.0.1")
        await self.recorder.begin(exchange_id, 1_700_000_000.5, other.get("callid", "c1"), "ice", "local", request)
        return exchange_id

    def finish(self, exchange_id: str, body: bytes = b"{}", **other: Any) -> None:
        details: dict[str, Any] = {"generation": 3, "findings": [], "logs": [], "error": None, "marks": []}
        answer = Answer(200, (("Content-Type", "application/json"),), body)
        self.recorder.finish(exchange_id, answer, ms=1.25, **(details | other))

    def read(self, exchange_id: str) -> Exchange:
        with RecordingReader(self.folder) as reader:
            return reader.get(exchange_id)

    def has(self, exchange_id: str) -> bool:
        return self.read(exchange_id).id == exchange_id

    def files(self) -> list[Path]:
        return sorted(self.folder.iterdir())

    def count(self) -> int:
        with RecordingReader(self.folder) as reader:
            return reader.count()

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not true():  # noqa: ASYNC110 a file has no event to wait for
                await asyncio.sleep(0.005)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / ".fn"


async def test_what_was_recorded_comes_back_byte_for_byte(folder: Path) -> None:
    session = Session(folder)
    body = bytes(range(256))
    recorded = await session.begin(body)
    session.finish(
        recorded,
        b"\xff\x00",
        findings=[{"severity": "error", "path": "action", "text": "no"}],
        logs=[{"at": 1.0, "level": "info", "text": "hi", "fields": {"n": 1}}],
        error={"kind": "raised", "text": "x", "traceback": "y"},
        marks=["deadline"],
    )
    await session.recorder.close()
    assert session.read(recorded) == Exchange(
        id=recorded,
        at=1_700_000_000.5,
        callid="c1",
        event="ice",
        source="local",
        request=Request("POST", "/ice?x=1", HEADERS, body, "127.0.0.1"),
        answer=Answer(200, (("Content-Type", "application/json"),), b"\xff\x00"),
        ms=1.25,
        generation=3,
        findings=[{"severity": "error", "path": "action", "text": "no"}],
        logs=[{"at": 1.0, "level": "info", "text": "hi", "fields": {"n": 1}}],
        error={"kind": "raised", "text": "x", "traceback": "y"},
        marks=["deadline"],
    )


async def test_a_request_can_be_read_as_soon_as_begin_returns(folder: Path) -> None:
    session = Session(folder)
    recorded = await session.begin()
    assert session.read(recorded).request.body == BODY
    assert session.read(recorded).answer is None
    await session.recorder.close()


async def test_an_answer_is_written_soon_without_another_request(folder: Path) -> None:
    session = Session(folder)
    recorded = await session.begin()
    session.finish(recorded)
    await session.until(lambda: session.read(recorded).answer is not None)
    await session.recorder.close()


async def test_an_answer_goes_with_the_next_request(folder: Path) -> None:
    session = Session(folder)
    first = await session.begin()
    session.finish(first)
    await session.begin()
    assert session.read(first).answer is not None
    await session.recorder.close()


async def test_requests_of_one_turn_of_the_loop_are_one_transaction(folder: Path) -> None:
    session = Session(folder)
    commits: list[str] = []
    connection = session.recorder._connection
    assert connection is not None
    connection.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
    await asyncio.gather(*(session.begin() for _ in range(50)))
    assert len(commits) == 1
    assert session.count() == 50
    await session.recorder.close()


async def test_a_waiter_that_goes_away_takes_nobody_along(folder: Path) -> None:
    session = Session(folder)
    gone, stays = asyncio.ensure_future(session.begin()), asyncio.ensure_future(session.begin())
    await asyncio.sleep(0)
    gone.cancel()
    assert session.has(await stays)
    assert session.count() == 2
    await session.recorder.close()


async def test_an_exchange_without_an_answer_keeps_its_error(folder: Path) -> None:
    session = Session(folder)
    recorded = await session.begin()
    gone = {"kind": "gone", "text": "", "traceback": ""}
    session.recorder.finish(recorded, None, ms=5.0, generation=1, findings=[], logs=[], error=gone, marks=["gone"])
    await session.recorder.close()
    found = session.read(recorded)
    assert (found.answer, found.marks, found.ms) == (None, ["gone"], 5.0)
    assert found.error is not None


async def test_the_file_is_for_its_owner_only(folder: Path) -> None:
    session = Session(folder)
    await session.begin()
    assert {mode(part) for part in session.files()} == {0o600}
    assert mode(folder) == 0o700
    await session.recorder.close()


async def test_no_secret_reaches_the_disk(folder: Path) -> None:
    secret = "s3cr3t-s3cr3t"
    session = Session(folder, redact=Redactor({"TOKEN": secret}))
    headers = (("Authorization", f"application k:{secret}"), ("Cookie", "session=abc123xyz"), ("X-Other", secret))
    body = f'{{"a":"{secret}"}}'.encode()
    recorded = await session.begin(body, path=f"/ice?t={secret}", headers=headers, callid=secret)
    logs = [{"at": 1.0, "level": "info", "text": secret, "fields": {secret: secret}}]
    session.finish(recorded, body, logs=logs, error={"kind": "raised", "text": secret, "traceback": secret})
    await session.begin()
    assert not [part.name for part in session.files() if secret.encode() in part.read_bytes()]
    assert not [part.name for part in session.files() if b"abc123xyz" in part.read_bytes()]
    await session.recorder.close()
    assert secret.encode() not in (folder / "recordings.db").read_bytes()
    assert session.read(recorded).request.body == b'{"a":"[secret TOKEN]"}'


async def test_new_secrets_count_from_when_they_are_known(folder: Path) -> None:
    session = Session(folder)
    session.recorder.redact = Redactor({"LATER": "abcdefgh"})
    recorded = await session.begin(b"abcdefgh")
    assert session.read(recorded).request.body == b"[secret LATER]"
    await session.recorder.close()


async def test_log_lines_that_json_cannot_carry_are_kept_as_text(folder: Path) -> None:
    session = Session(folder)
    recorded = await session.begin()
    session.finish(
        recorded, logs=[{"at": 1.0, "level": "info", "text": "\ud800", "fields": {"n": 10**30, "o": object}}]
    )
    await session.recorder.close()
    assert session.read(recorded).logs[0]["fields"]["o"] == repr(object)


async def test_a_path_that_is_no_utf8_comes_back_as_it_was(folder: Path) -> None:
    session = Session(folder)
    path = b"/\xff\xfe".decode("utf-8", "surrogateescape")
    recorded = await session.begin(path=path)
    assert session.read(recorded).request.path == path
    await session.recorder.close()


async def test_after_close_one_file_is_left_and_a_new_recorder_goes_on(folder: Path) -> None:
    first = Session(folder)
    await first.begin()
    await first.recorder.close()
    await first.recorder.close()
    assert [part.name for part in first.files()] == ["recordings.db"]
    second = Session(folder)
    await second.begin()
    assert second.count() == 2
    await second.recorder.close()


async def test_two_recorders_on_one_file_lose_nothing(folder: Path) -> None:
    one, other = Session(folder), Session(folder)
    made = await asyncio.gather(*(session.begin() for _ in range(20) for session in (one, other)))
    assert {one.read(each).id for each in made} == set(made)
    await one.recorder.close()
    await other.recorder.close()
    assert one.said == other.said == []


# --- trouble ---------------------------------------------------------------------------------------------------


async def test_a_full_disk_is_told_once_and_calls_go_on_until_it_works_again(folder: Path) -> None:
    session = Session(folder, queue_limit=200_000)
    connection = session.recorder._connection
    assert connection is not None
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages}")
    for _ in range(10):
        session.finish(await session.begin(b"x" * 50_000))
        session.clock.advance(60)
    assert len(session.said) == 1
    assert "the disk is full. Calls go on unrecorded. Make room" in session.said[0]
    connection.execute("PRAGMA max_page_count=1000000")
    session.clock.advance(60)
    recorded = await session.begin()
    assert session.said[1:] == ["Recording works again. 7 exchanges were not recorded."]
    assert session.has(recorded)
    assert session.count() == 4
    await session.recorder.close()


async def test_attempts_grow_apart_while_the_disk_is_full(folder: Path) -> None:
    session = Session(folder)
    connection = session.recorder._connection
    assert connection is not None
    connection.execute(f"PRAGMA max_page_count={connection.execute('PRAGMA page_count').fetchone()[0]}")
    attempts: list[str] = []
    connection.set_trace_callback(lambda sql: attempts.append(sql) if sql.startswith("BEGIN") else None)
    for _ in range(100):
        await session.begin(b"x" * 50_000)
        session.clock.advance(0.05)
    assert 2 <= len(attempts) <= 6
    await session.recorder.close()


async def test_what_the_queue_holds_when_it_ends_is_counted(folder: Path) -> None:
    session = Session(folder)
    connection = session.recorder._connection
    assert connection is not None
    connection.execute(f"PRAGMA max_page_count={connection.execute('PRAGMA page_count').fetchone()[0]}")
    await session.begin(b"x" * 50_000)
    await session.recorder.close()
    assert session.said[-1] == "Recording ends. 1 exchange was not recorded."


async def test_a_folder_in_place_of_the_file_is_told_and_mended_later(folder: Path) -> None:
    (folder / "recordings.db").mkdir(parents=True)
    session = Session(folder)
    await session.begin()
    assert len(session.said) == 1
    assert "does not work" in session.said[0]
    (folder / "recordings.db").rmdir()
    session.clock.advance(60)
    await session.begin()
    assert session.said[1:] == ["Recording works again. Nothing was lost."]
    assert session.count() == 2
    await session.recorder.close()


async def test_a_file_that_somebody_deletes_is_made_anew(folder: Path) -> None:
    session = Session(folder)
    session.finish(await session.begin())
    for part in session.files():
        part.unlink()
    session.clock.advance(60)
    recorded = await session.begin()
    assert session.has(recorded)
    await session.recorder.close()


async def test_a_file_that_another_process_holds_for_a_moment_is_waited_for(folder: Path) -> None:
    session = Session(folder)
    other = sqlite3.connect(folder / "recordings.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    begun = asyncio.ensure_future(session.begin())
    await asyncio.sleep(0.02)
    assert not begun.done()
    other.execute("COMMIT")
    assert session.has(await begun)
    assert session.said == []
    other.close()
    await session.recorder.close()


async def test_a_file_that_another_process_never_lets_go_of_does_not_hold_a_call(folder: Path) -> None:
    session = Session(folder)
    other = sqlite3.connect(folder / "recordings.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    recorded = await asyncio.wait_for(session.begin(), 5)
    assert len(session.said) == 1
    assert "another process holds it" in session.said[0]
    other.execute("COMMIT")
    session.clock.advance(60)
    await session.begin()
    assert session.has(recorded)
    other.close()
    await session.recorder.close()


async def test_a_damaged_file_is_moved_aside_and_a_new_one_begun(folder: Path) -> None:
    path = folder / "recordings.db"
    await asyncio.to_thread(folder.mkdir)
    path.write_bytes(b"this is no database" * 1000)
    session = Session(folder)
    aside = [part for part in session.files() if ".broken-" in part.name]
    assert aside[0].read_bytes().startswith(b"this is no database")
    assert session.said == [
        f"{folder / 'recordings.db'} is damaged. It was moved to {aside[0].name}, and a new file begins."
    ]
    assert session.has(await session.begin())
    await session.recorder.close()


async def test_a_file_that_is_damaged_while_it_is_written_is_moved_aside(folder: Path) -> None:
    session = Session(folder)
    session.finish(await session.begin())
    connection = session.recorder._connection
    assert connection is not None
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("PRAGMA cache_size=0")
    with (folder / "recordings.db").open("r+b") as file:
        file.write(b"\xff" * (folder / "recordings.db").stat().st_size)
    await session.begin()
    session.clock.advance(60)
    recorded = await session.begin()
    assert session.has(recorded)
    assert any("is damaged. It was moved to" in text for text in session.said)
    assert session.said[-1] == "Recording works again. Nothing was lost."
    await session.recorder.close()


async def test_a_file_of_a_newer_fn_is_refused_and_not_touched(folder: Path) -> None:
    session = Session(folder)
    await session.begin()
    await session.recorder.close()
    path = folder / "recordings.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=r"was made by a newer fn \(format 99"):
        Session(folder)
    with pytest.raises(ConfigError, match="newer fn"):
        session.count()
    assert path.read_bytes() == before
    assert [part.name for part in session.files()] == ["recordings.db"]


async def test_the_same_id_twice_loses_the_second_and_says_so(folder: Path) -> None:
    session = Session(folder)
    recorded = await session.begin()
    await session.recorder.begin(recorded, 1.0, None, None, "local", Request("GET", "/", (), b""))
    assert "does not work" in session.said[0]
    session.clock.advance(60)
    assert session.has(await session.begin())
    assert session.said[1] == "Recording works again. 1 exchange was not recorded."
    await session.recorder.close()


# --- kill -9 ---------------------------------------------------------------------------------------------------

CHILD = """
    import asyncio, sys
    from pathlib import Path
    from devserver.clock import SystemClock
    from devserver.recorder.exchange import Answer, Request, new_id
    from devserver.recorder.redaction import Redactor
    from devserver.recorder.store import Recorder

    async def call(recorder):
        while True:
            made = new_id(SystemClock())
            await recorder.begin(made, 1.0, None, "ice", "local", Request("POST", "/ice", (), b"x" * 3000))
            print(made, flush=True)
            answer = Answer(200, (), b"y" * 3000)
            recorder.finish(made, answer, ms=1.0, generation=1, findings=[], logs=[], error=None, marks=[])

    async def main():
        recorder = Recorder.open(Path(sys.argv[1]), redact=Redactor({}), clock=SystemClock(), on_trouble=print)
        await asyncio.gather(*(call(recorder) for _ in range(8)))

    asyncio.run(main())
"""


@pytest.mark.parametrize("lines", [1, 37, 3000])
def test_after_kill_9_everything_that_was_acknowledged_is_there(folder: Path, lines: int) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CHILD), str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    acknowledged = [child.stdout.readline() for _ in range(lines)]
    os.kill(child.pid, signal.SIGKILL)
    rest = child.stdout.read().splitlines(keepends=True)
    child.wait()
    child.stdout.close()
    acknowledged += [line for line in rest if line.endswith("\n")]
    with sqlite3.connect(folder / "recordings.db") as connection:
        present = {row[0] for row in connection.execute("SELECT id FROM request")}
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    assert {line.strip() for line in acknowledged} <= present


async def test_a_secret_that_is_a_number_does_not_spoil_what_is_known_of_an_exchange(tmp_path: Path) -> None:
    session = Session(tmp_path, redact=Redactor({"PIN": "482913"}))
    recorded = await session.begin()
    effect = Effect("cache", "set", "k", 1.0, {"pin": 482913, "ok": [True, 1.5, None]})
    line = {"at": 1.0, "level": "info", "text": "x", "fields": {"pin": 482913}}
    session.finish(recorded, logs=[line], effects=[effect])
    await session.recorder.close()

    found = session.read(recorded)

    assert found.effects[0].value == {"pin": "[secret PIN]", "ok": [True, 1.5, None]}
    assert found.logs[0]["fields"] == {"pin": "[secret PIN]"}


# --- the journal of state --------------------------------------------------------------------------------------


def change(key: str, value: bytes | None = b"1") -> Change:
    return Change("cache", key, value, 1_700_000_000.0, 1_800_000_000.0)


def journal(folder: Path) -> list[tuple[int, str]]:
    connection = sqlite3.connect(folder / "recordings.db")
    try:
        return connection.execute("SELECT version, key FROM state ORDER BY version").fetchall()
    finally:
        connection.close()


async def test_a_request_keeps_the_version_of_the_state_that_it_arrived_at(folder: Path) -> None:
    session = Session(folder)
    first = await session.begin()
    session.recorder.changed(change("a"))
    second = await session.begin()
    session.recorder.changed(change("b"))
    session.recorder.changed(change("c"))
    third = await session.begin()
    assert [session.read(name).state for name in (first, second, third)] == [0, 1, 3]
    assert journal(folder) == [(1, "a"), (2, "b"), (3, "c")]
    await session.recorder.close()


async def test_a_change_is_written_soon_without_a_request(folder: Path) -> None:
    session = Session(folder)
    session.recorder.changed(change("a"))
    await session.until(lambda: journal(folder) == [(1, "a")])
    await session.recorder.close()


async def test_changes_are_written_when_the_recorder_is_closed_and_not_taken_after(folder: Path) -> None:
    session = Session(folder)
    session.recorder.changed(change("a"))
    await session.recorder.close()
    session.recorder.changed(change("b"))
    assert journal(folder) == [(1, "a")]


async def test_versions_go_on_in_the_next_session(folder: Path) -> None:
    states = []
    for key in "abc":
        session = Session(folder)
        session.recorder.changed(change(key))
        recorded = await session.begin()
        await session.recorder.close()
        states.append(session.read(recorded).state)
    assert journal(folder) == [(1, "a"), (2, "b"), (3, "c")]
    assert states == [1, 2, 3]


async def test_secrets_do_not_reach_the_journal(folder: Path) -> None:
    session = Session(folder, redact=Redactor({"TOKEN": "s3cr3t-value"}))
    session.recorder.changed(change("of:s3cr3t-value", b'{"t":"s3cr3t-value"}'))
    await session.recorder.close()
    assert journal(folder) == [(1, "of:[secret TOKEN]")]
    assert not any(b"s3cr3t" in file.read_bytes() for file in session.files())


async def test_changes_wait_while_the_file_is_held_and_keep_their_order(folder: Path) -> None:
    session = Session(folder)
    with sqlite3.connect(folder / "recordings.db", isolation_level=None) as holder:
        holder.execute("BEGIN IMMEDIATE")
        session.recorder.changed(change("a"))
        await session.begin()
        session.recorder.changed(change("b"))
        await session.begin()
        assert session.said
        holder.execute("ROLLBACK")
    holder.close()
    session.clock.advance(60)
    later = await session.begin()
    await session.until(lambda: len(journal(folder)) == 2)
    await session.recorder.close()
    assert journal(folder) == [(1, "a"), (2, "b")]
    assert session.read(later).state == 2
    assert session.count() == 3


async def test_a_file_that_could_not_be_opened_at_first_is_continued_and_not_run_into(folder: Path) -> None:
    """Versions given out without the file would be those of rows that it has, and nothing could be written."""
    session = Session(folder)
    for key in "abc":
        session.recorder.changed(change(key))
    await session.recorder.close()
    away = folder.with_name("away")
    folder.rename(away)
    folder.write_text("in the way")

    session = Session(folder)
    session.recorder.changed(change("d"))
    first = await session.begin()
    session.recorder.changed(change("e"))
    second = await session.begin()
    assert len(session.said) == 1
    folder.unlink()
    away.rename(folder)
    session.clock.advance(60)
    third = await session.begin()

    await session.until(lambda: session.count() == 3)
    await session.recorder.close()
    assert journal(folder) == [(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e")]
    assert [session.read(name).state for name in (first, second, third)] == [4, 5, 5]
    assert session.said[-1].endswith("othing was lost.")


async def test_versions_go_on_when_the_file_was_deleted_meanwhile(folder: Path) -> None:
    session = Session(folder)
    session.recorder.changed(change("a"))
    await session.begin()
    for file in session.files():
        file.unlink()
    session.clock.advance(60)
    session.recorder.changed(change("b"))
    recorded = await session.begin()
    await session.recorder.close()
    assert journal(folder) == [(2, "b")]
    assert session.read(recorded).state == 2


async def test_an_answer_that_comes_after_a_purge_goes_to_nobody_else(tmp_path: Path) -> None:
    session = Session(tmp_path)
    late = await session.begin()
    purge(tmp_path, everything=True)
    other = await session.begin()  # SQLite gives it the number of the one that was deleted
    session.finish(other, b'{"a": 1}')
    session.finish(late, b'{"b": 2}')
    await session.recorder.close()

    assert session.count() == 1
    found = session.read(other).answer
    assert found is not None
    assert found.body == b'{"a": 1}'
