"""Full-text search: what is found and how, and that the index never knows more than the recordings."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from devserver.errors import FnError
from devserver.recorder import index as index_module
from devserver.recorder.index import Index
from devserver.recorder.purge import purge
from devserver.recorder.reader import RecordingReader
from devserver.recorder.search import keep_indexed, search
from tests.recorder.made import START, add_all, record, say

MENU = json.dumps(
    {
        "action": {
            "name": "runMenu",
            "menus": [
                {"id": "main", "mainPrompt": "#tts[Press 1 for sales.]"},
                {"id": "late", "mainPrompt": "#tts[All agents are busy.]", "repeatPrompt": "#tts[Still busy]"},
            ],
        }
    }
).encode()
PIE = b'{"event":"pie","MenuResult":{"Value":"4711#"}}'
LOG = {"at": 1.0, "level": "info", "text": "charged the card", "fields": {"customer": "K\u00e4the-77"}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / ".fn"


def found(folder: Path, *texts: str, **options: Any) -> list[str]:
    return [each.summary.id for each in search(folder, texts, limit=options.pop("limit", 50), **options)]


@pytest.mark.parametrize(
    ("texts", "match"),
    [
        (["welcome"], "prompt: Welcome to the Caf\u00e9!"),
        (["CAFE"], "prompt: Welcome to the Caf\u00e9!"),
        (["caf\u00e9"], "prompt: Welcome to the Caf\u00e9!"),
        (["welc*"], "prompt: Welcome to the Caf\u00e9!"),
        (["welcome cafe"], "prompt: Welcome to the Caf\u00e9!"),
        (["cafe", "charged"], "log: charged the card customer=K\u00e4the-77"),
        (["card"], "log: charged the card customer=K\u00e4the-77"),
        (["kathe"], "log: charged the card customer=K\u00e4the-77"),
        (["k\u00e4the-77"], "log: charged the card customer=K\u00e4the-77"),
        (["keyerror"], "error: raised: KeyError: 'account'"),
        (["+12025550100"], "number: +12025550100"),
        (["12025550100"], "number: +12025550100"),
        (["+1 (202) 555-0100"], "number: +12025550100"),
        (["0012025550100"], "number: +12025550100"),
        (["2025550100"], "number: +12025550100"),
        (["5550100"], "number: +12025550100"),
        (["0100"], "number: +12025550100"),
        (["44 20 7946 0000"], "log: back at +44 20 7946-0000"),
        (["hangup"], "answer: say + hangup"),
        (["1ce0ffee-ca11-ca11-ca11-abcdef000013"], "call: 1ce0ffee-ca11-ca11-ca11-abcdef000013"),
        (["1ce0ffeeca11*"], "call: 1ce0ffee-ca11-ca11-ca11-abcdef000013"),
        (["users"], "path: /api/users?x=1"),
    ],
    ids=str,
)
def test_what_was_said_logged_called_and_failed_is_found(folder: Path, texts: list[str], match: str) -> None:
    made = record(
        folder,
        {"said": say("Good bye."), "callid": "other"},
        {
            "callid": "1ce0ffee-ca11-ca11-ca11-abcdef000013",
            "path": "/api/users?x=1",
            "body": b'{"cli":"+12025550100","to":{"endpoint":"1234"}}',
            "said": say("Welcome to the Caf\u00e9!"),
            "logs": [LOG, {"at": 1.0, "level": "info", "text": "back at +44 20 7946-0000", "fields": {}}],
            "error": {"kind": "raised", "text": "KeyError: 'account'", "traceback": ""},
        },
    )
    [only] = search(folder, texts, limit=50) if texts != ["hangup"] else search(folder, texts, limit=1)
    assert only.summary.id == made[1]
    assert only.match == match


def test_prompts_of_every_menu_and_the_keys_are_found(folder: Path) -> None:
    made = record(folder, {"said": MENU}, {"event": "pie", "body": PIE})
    assert found(folder, "sales") == found(folder, "agents", "busy") == found(folder, "still") == made[:1]
    assert search(folder, ["4711"], limit=1)[0].match == "key: 4711#"


@pytest.mark.parametrize("text", ["welc", "sale", "555", "912025550100", "nothing", "welcome gone"])
def test_what_is_only_a_part_of_a_word_is_not_found(folder: Path, text: str) -> None:
    record(folder, {"said": say("Welcome to sales."), "body": b'{"cli":"+12025550100"}'})
    assert found(folder, text) == []


def test_the_newest_come_first_and_no_more_than_asked(folder: Path) -> None:
    made = record(folder, *[{"said": say("hello")}] * 5)
    assert found(folder, "hello", limit=3) == made[:1:-1]


def test_a_search_can_be_of_one_event(folder: Path) -> None:
    made = record(folder, {"said": say("ice")}, {"event": "pie", "said": say("ice")}, {"event": None, "callid": None})
    assert found(folder, "ice", event="pie") == made[1:2]
    assert found(folder, "status", event="ice") == []
    assert found(folder, "status") == made[2:]


@pytest.mark.parametrize(
    "text", ["a AND b", "NEAR(a b)", "a:b", "-a", "^a", "(a", "a OR b", "col:*", '"a" "b', "a'b", "a*b"]
)
def test_signs_of_the_query_language_are_only_signs(folder: Path, text: str) -> None:
    record(folder, {"said": say("hello")})
    assert found(folder, text) == []


def test_a_match_is_cut_around_the_word_and_stays_on_one_line(folder: Path) -> None:
    record(
        folder, {"logs": [{"at": 1.0, "level": "info", "text": "x " * 400 + "needle\nin" + " y" * 400, "fields": {}}]}
    )
    match = search(folder, ["needle"], limit=1)[0].match
    assert "needle in" in match
    assert match.startswith("log: ..")
    assert match.endswith("..")
    assert len(match) < 120


def test_without_recordings_nothing_is_found_and_no_file_is_made(folder: Path) -> None:
    folder.mkdir()
    assert found(folder, "x") == []
    (folder / "search.db").write_bytes(b"old")
    assert found(folder, "x") == []
    assert list(folder.iterdir()) == []


async def test_what_came_later_is_indexed_by_the_next_search(folder: Path) -> None:
    first = await add_all(folder, [{"said": say("hello")}])
    assert found(folder, "hello") == first
    second = await add_all(folder, [{"said": say("hello")}])
    assert found(folder, "hello") == second + first


async def test_a_request_without_an_answer_is_found_and_its_answer_as_soon_as_it_is_there(folder: Path) -> None:
    from devserver.clock import SystemClock
    from devserver.recorder.exchange import Answer, Request, new_id
    from devserver.recorder.redaction import Redactor
    from devserver.recorder.store import Recorder

    recorder = Recorder.open(folder, redact=Redactor({}), clock=SystemClock(), on_trouble=pytest.fail)
    made, at = new_id(SystemClock()), SystemClock().wall()
    await recorder.begin(made, at, "c1", "ice", "local", Request("POST", "/ice/first", (), b"{}"))
    assert found(folder, "first") == [made]
    assert found(folder, "hello") == []
    notes: dict[str, Any] = {"findings": [], "logs": [], "error": None, "marks": []}
    recorder.finish(made, Answer(200, (), say("hello")), ms=1.0, generation=1, **notes)
    await recorder.close()
    assert found(folder, "hello") == found(folder, "first") == [made]


def test_a_request_that_will_never_be_answered_is_indexed_after_a_while(folder: Path) -> None:
    made = record(folder, {"answered": False, "path": "/ice/lost", "at": START})
    with Index(folder, now=lambda: START + 10) as index:
        assert index.catch_up()
        assert index.pending() == [1]
    with Index(folder, now=lambda: START + 100_000) as index:
        assert index.catch_up()
        assert index.pending() == []
    assert found(folder, "lost") == made


# --- the index follows the recordings --------------------------------------------------------------------------


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "SHARD", 4)


def shards(folder: Path) -> list[int]:
    with closing(sqlite3.connect(folder / "search.db")) as connection:
        return [row[0] for row in connection.execute("SELECT number FROM shard ORDER BY number")]


@pytest.mark.usefixtures("small_shards")
async def test_many_shards_are_searched_as_one_and_deleted_rows_are_forgotten(folder: Path) -> None:
    calls = [{"callid": f"c{number % 2}", "said": say(f"hello number{number}")} for number in range(20)]
    made = await add_all(folder, calls)
    assert found(folder, "hello") == made[::-1]
    assert shards(folder) == [0, 1, 2, 3, 4, 5]
    purge(folder, callid="c0")
    assert found(folder, "hello") == made[::-2]
    with closing(sqlite3.connect(folder / "recordings.db")) as connection:
        assert connection.execute("SELECT count(*) FROM fact WHERE name LIKE 'search%'").fetchone() == (0,)


@pytest.mark.usefixtures("small_shards")
async def test_rows_that_are_counted_anew_after_a_deletion_are_indexed(folder: Path) -> None:
    old = await add_all(folder, [{"callid": "kept", "said": say("old")}, *[{"callid": "gone", "said": say("old")}] * 8])
    assert found(folder, "old") == old[::-1]
    purge(folder, callid="gone")
    new = await add_all(folder, [{"said": say("new")}] * 3)
    assert found(folder, "new") == new[::-1]
    assert found(folder, "old") == old[:1]


async def test_a_deletion_that_was_cut_short_is_made_up_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await add_all(folder, [{"callid": "gone", "said": say("secret")}] * 3)
    assert len(found(folder, "secret")) == 3

    def killed(_folder: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("devserver.recorder.deletion.forget_words", killed)
    with pytest.raises(KeyboardInterrupt):
        purge(folder, callid="gone")
    new = await add_all(folder, [{"callid": "new", "said": say("harmless")}])
    assert found(folder, "secret") == []
    assert found(folder, "harmless") == new


async def test_an_index_of_other_recordings_is_made_anew(folder: Path) -> None:
    await add_all(folder, [{"said": say("first")}] * 5)
    assert len(found(folder, "first")) == 5
    (folder / "recordings.db").unlink()
    made = await add_all(folder, [{"said": say("second")}] * 2)
    assert found(folder, "first") == []
    assert found(folder, "second") == made[::-1]


@pytest.mark.parametrize("content", [b"", b"no database" * 500])
def test_a_damaged_index_is_made_anew(folder: Path, content: bytes) -> None:
    made = record(folder, {"said": say("hello")})
    assert found(folder, "hello") == made
    (folder / "search.db").write_bytes(content)
    assert found(folder, "hello") == made


def test_progress_counts_what_is_indexed(folder: Path) -> None:
    record(folder, *[{}] * 450)
    told: list[tuple[int, int]] = []
    search(folder, ["x"], limit=1, progress=lambda done, total: told.append((done, total)))
    assert told[:3] == [(200, 450), (400, 450), (450, 450)]


def test_damaged_recordings_are_one_sentence(folder: Path) -> None:
    folder.mkdir()
    (folder / "recordings.db").write_bytes(b"no database" * 500)
    with pytest.raises(FnError, match="cannot be searched"):
        found(folder, "x")


@pytest.mark.parametrize("text", ["--", "*", '"', "", "_ _"])
def test_words_of_nothing_are_refused(folder: Path, text: str) -> None:
    with pytest.raises(FnError, match="has no letter and no digit"):
        search(folder, [text, "*"], limit=1)


# --- while a session runs --------------------------------------------------------------------------------------


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 a file has no event to wait for
            await asyncio.sleep(0.01)


def indexed(folder: Path) -> int:
    if not (folder / "search.db").is_file():
        return 0
    with closing(sqlite3.connect(folder / "search.db")) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'shard'").fetchone():
            return 0  # the file is just being made
        row = connection.execute("SELECT ifnull(max(done), 0) FROM shard").fetchone()
    return int(row[0])


async def test_a_session_indexes_while_it_is_idle(folder: Path) -> None:
    await add_all(folder, [{}] * 300)
    task = asyncio.create_task(keep_indexed(folder, lambda: True))
    await until(lambda: indexed(folder) == 300)
    task.cancel()


async def test_indexing_stops_in_the_middle_of_a_bite_when_a_call_comes(folder: Path) -> None:
    await add_all(folder, [{}] * 100)
    asked = iter(range(1_000_000))
    # The first question is whether to begin at all.
    with Index(folder) as index:
        assert not index.catch_up(lambda: next(asked) < 30)
    assert indexed(folder) == 30
    with RecordingReader(folder) as reader:
        assert reader.count() == 100


async def test_nothing_is_indexed_while_calls_are_in_hand(folder: Path) -> None:
    await add_all(folder, [{}] * 10)
    looked = 0

    def is_idle() -> bool:
        nonlocal looked
        looked += 1
        return False

    task = asyncio.create_task(keep_indexed(folder, is_idle))
    await until(lambda: looked > 0)
    task.cancel()
    assert not (folder / "search.db").exists()
