"""What a real host tells of the functions that run in it, and what it does not let them do in a replay."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from devserver.recorder.exchange import Effect
from devserver.session.frames import Answer, CacheAnswer, CacheCall, Did, Replaying
from devserver.session.link import HostLink
from tests.runtime.clients import stand_in
from tests.session.hosts import Heard, ask, function, load, running, spare

AT = 1_700_000_000.5

FUNCTION = """\
import asyncio, datetime, json, os, queue, sqlite3, threading, time

async def store(context, request):
    await context.storage.write("a/b", "one")
    await context.storage.delete("a/b")

def store_plainly(context, request):
    asyncio.run(context.storage.write("k", "plain"))

def _insert(path, value):
    with sqlite3.connect(path) as connection:
        connection.execute("insert into t values (?)", (value,))
    connection.close()

async def insert(context, request):
    _insert(context.database, "async")

def insert_plainly(context, request):
    _insert(context.database, "plain")

async def insert_in_thread(context, request):
    await asyncio.to_thread(_insert, context.database, "to_thread")

async def insert_in_own_thread(context, request):
    thread = threading.Thread(target=_insert, args=(context.database, "own"))
    thread.start()
    while thread.is_alive():
        await asyncio.sleep(0.001)

jobs = queue.SimpleQueue()

def _work():
    while True:
        path, done = jobs.get()
        _insert(path, "worker")
        done.set()

threading.Thread(target=_work, daemon=True).start()

async def insert_by_worker(context, request):
    done = threading.Event()
    jobs.put((context.database, done))
    await asyncio.to_thread(done.wait)

opened = asyncio.Event()

async def wait(context, request):
    print("waiting", flush=True)
    await opened.wait()

async def cached(context, request):
    await context.cache.set("k", 1)

def now(context, request):
    return [time.time(), datetime.datetime.now(datetime.timezone.utc).timestamp()]

async def now_later(context, request):
    await asyncio.sleep(0.01)
    return [time.time(), await asyncio.to_thread(time.time)]

async def text(context, request):
    try:
        sent = await context.sms.batches.send_sms(to=["+1"], from_="+2", body="hi")
    except Exception as error:
        return {"error": type(error).__name__}
    return {"id": sent.id}

left = []

async def text_later(context, request):
    async def send():
        await opened.wait()
        left.append(await text(context, request))
    left.append(asyncio.create_task(send()))

async def release(context, request):
    opened.set()
    while not isinstance(left[-1], dict):
        await asyncio.sleep(0.001)
    return left[-1]
"""

AT_START = """
async def _begin(context):
    left.append(await text(context, None))

def setup(runtime):
    runtime.on_startup(_begin)

async def began(context, request):
    return left[0]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    import sqlite3

    found = function(tmp_path / "demo", FUNCTION)
    (found / "data").mkdir()
    connection = sqlite3.connect(found / "data" / "function.db")
    connection.execute("create table t (a)")
    connection.close()
    return found


def value(answer: Answer) -> Any:
    assert answer.status < 300, (answer.status, answer.body, answer.failure)
    return json.loads(answer.body)


def brief(heard: Heard) -> list[tuple[str, str, str, str]]:
    return [(did.request_id, did.kind, did.operation, did.key) for did in heard.deeds]


# --- what a function changes -----------------------------------------------------------------------------------


async def test_the_storage_is_told_with_its_request_before_the_answer(folder: Path) -> None:
    heard = Heard()
    async with running(folder, heard, keep=str(folder / "kept")) as host:
        await ask(host, "/store", 7)
        told = list(heard.deeds)
    assert brief(heard) == [("r7", "storage", "write", "a/b"), ("r7", "storage", "delete", "a/b")]
    assert told == heard.deeds
    write, delete = told
    assert (write.value["text"], write.kept, delete.value) == ("one", None, None)
    assert (folder / "kept" / str(delete.kept)).read_text() == "one"


async def test_the_storage_is_told_from_plain_handlers_too(folder: Path) -> None:
    heard = Heard()
    async with running(folder, heard) as host:
        await ask(host, "/store_plainly", 3)
        await heard.until(lambda: heard.deeds)
    assert brief(heard) == [("r3", "storage", "write", "k")]


@pytest.mark.parametrize(
    ("handler", "by"),
    [
        ("insert", "async"),
        ("insert_plainly", "plain"),
        ("insert_in_thread", "to_thread"),
        ("insert_in_own_thread", "own"),
        ("insert_by_worker", "worker"),
    ],
)
async def test_the_database_is_told_with_its_request(folder: Path, handler: str, by: str) -> None:
    heard = Heard()
    async with running(folder, heard) as host:
        await ask(host, f"/{handler}", 5)
        assert brief(heard) == [("r5", "database", "insert", f"insert into t values ('{by}')")]


async def test_a_worker_that_could_serve_either_of_two_requests_is_told_of_neither(folder: Path) -> None:
    heard = Heard()
    async with running(folder, heard) as host:
        waiting = ask(host, "/wait", 1)
        await heard.until(lambda: "waiting" in heard.texts())
        await ask(host, "/insert_by_worker", 2)
        await ask(host, "/insert_in_thread", 3)
        waiting.cancel()
    assert [did.request_id for did in heard.deeds] == ["", "r3"]


async def test_requests_at_the_same_time_are_told_apart(folder: Path) -> None:
    heard = Heard()
    async with running(folder, heard) as host:
        handlers = ["insert", "insert_plainly", "insert_in_thread", "store_plainly"] * 5
        await asyncio.gather(*(ask(host, f"/{handler}", number) for number, handler in enumerate(handlers)))
    assert sorted(did.request_id for did in heard.deeds) == sorted(f"r{number}" for number in range(len(handlers)))


async def test_a_call_of_the_cache_says_whose_it_is(folder: Path) -> None:
    calls: list[CacheCall] = []

    class Hearing(Heard):
        def cache_call(self, host: HostLink, call: CacheCall) -> None:
            calls.append(call)
            host.send(CacheAnswer(call.id, None))

    async with running(folder, Hearing()) as host:
        await ask(host, "/cached", 9)
    assert [(call.operation, call.request_id) for call in calls] == [("set", "r9")]


# --- time ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("handler", ["now", "now_later"])
async def test_a_replayed_request_sees_the_time_of_its_recording(folder: Path, handler: str) -> None:
    async with running(folder) as host:
        frozen = await ask(host, f"/{handler}", 1, Replaying(AT, b"", allow_outbound=False))
        assert value(frozen) == [AT, AT]
        running_, _ = value(await ask(host, f"/{handler}", 2, Replaying(0.0, b"", allow_outbound=False)))
        live, _ = value(await ask(host, f"/{handler}", 3))
    assert AT + 1 < running_ <= live


async def test_what_is_told_in_a_replay_has_the_time_of_the_recording(folder: Path) -> None:
    heard = Heard()
    async with running(folder, heard) as host:
        for number, handler in enumerate(("store", "insert", "insert_by_worker")):
            await ask(host, f"/{handler}", number, Replaying(AT, b"", allow_outbound=False))
    assert {did.at for did in heard.deeds} == {AT}


# --- calls through the SDK -------------------------------------------------------------------------------------


def outbound(heard: Heard) -> list[Did]:
    return [did for did in heard.deeds if did.kind == "outbound"]


def as_recorded(deeds: list[Did]) -> bytes:
    return msgspec.json.encode(
        [Effect("outbound", did.operation, did.key, did.at, did.value, did.ttl) for did in deeds]
    )


async def test_a_call_through_the_sdk_is_told_with_its_request_and_answers_its_replay(folder: Path) -> None:
    heard = Heard()
    async with stand_in.running() as sinch:
        async with running(folder, heard, variables=stand_in.ALL, origins=sinch.origins) as host:
            assert value(await ask(host, "/text", 4)) == {"id": "batch-1"}
        (told,) = outbound(heard)
        asked = len(sinch.asked)
        assert (told.request_id, told.operation, told.value["status"]) == ("r4", "POST", 201)

        again = Heard()
        async with running(folder, again, variables=stand_in.ALL, origins=sinch.origins, sealed=True) as host:
            replaying = Replaying(0.0, as_recorded([told]), allow_outbound=False)
            assert value(await ask(host, "/text", 5, replaying)) == {"id": "batch-1"}
            assert value(await ask(host, "/text", 6, Replaying(0.0, b"", allow_outbound=False))) == {
                "error": "OutboundRefused"
            }
        assert len(sinch.asked) == asked
    answered, refused = outbound(again)
    assert (answered.request_id, answered.value["status"]) == ("r5", 201)
    assert (refused.request_id, bool(refused.value["refused"])) == ("r6", True)


async def test_a_replay_may_be_allowed_to_call(folder: Path) -> None:
    async with stand_in.running() as sinch:
        async with running(folder, variables=stand_in.ALL, origins=sinch.origins, sealed=True) as host:
            answer = await ask(host, "/text", 1, Replaying(0.0, b"", allow_outbound=True))
            assert value(answer) == {"id": "batch-1"}
        assert sinch.paths()


async def test_a_sealed_host_lets_nothing_out_before_the_first_request(folder: Path) -> None:
    function(folder, FUNCTION + AT_START)
    heard = Heard()
    async with stand_in.running() as sinch:
        async with running(folder, heard, variables=stand_in.ALL, origins=sinch.origins, sealed=True) as host:
            answer = await ask(host, "/began", 1, Replaying(0.0, b"", allow_outbound=False))
            assert value(answer) == {"error": "OutboundRefused"}
        assert sinch.asked == []
    assert [did.request_id for did in outbound(heard)] == [""]


async def test_a_host_that_is_not_sealed_lets_hooks_of_the_start_call(folder: Path) -> None:
    function(folder, FUNCTION + AT_START)
    async with stand_in.running() as sinch, running(folder, variables=stand_in.ALL, origins=sinch.origins) as host:
        assert value(await ask(host, "/began")) == {"id": "batch-1"}


async def test_a_task_that_outlives_its_replayed_request_does_not_call_either(folder: Path) -> None:
    async with stand_in.running() as sinch:
        async with running(folder, variables=stand_in.ALL, origins=sinch.origins, sealed=True) as host:
            await ask(host, "/text_later", 1, Replaying(0.0, b"", allow_outbound=False))
            assert value(await ask(host, "/release", 2, Replaying(0.0, b"", allow_outbound=False))) == {
                "error": "OutboundRefused"
            }
        assert sinch.asked == []


async def test_a_spare_takes_the_places_that_it_was_given(folder: Path, tmp_path: Path) -> None:
    async with spare(folder, keep=str(tmp_path / "kept")) as host:
        await host.load(load(folder))
        await ask(host, "/store")
    assert [file.read_text() for file in (tmp_path / "kept").iterdir()] == ["one"]
