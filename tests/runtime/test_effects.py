from __future__ import annotations

import asyncio
import contextvars
import threading
from pathlib import Path
from typing import Any

import pytest

from devserver.clock import ManualClock
from devserver.runtime.application import Running, current
from devserver.runtime.backends import CacheError, FileStorage, MemoryCache, StorageError
from devserver.runtime.effects import ObservedCache, ObservedStorage, request_in_hand


@pytest.fixture
def seen() -> list[Any]:
    return []


@pytest.fixture
def cache(seen: list[Any]) -> ObservedCache:
    return ObservedCache(MemoryCache(ManualClock()), lambda operation, arguments: seen.append((operation, arguments)))


@pytest.fixture
def storage(tmp_path: Path, seen: list[Any]) -> ObservedStorage:
    folder = FileStorage(tmp_path / "storage")
    return ObservedStorage(folder, lambda operation, key, data: seen.append((operation, key, data)))


async def test_changes_of_the_cache_are_told_in_order(cache: ObservedCache, seen: list[Any]) -> None:
    await cache.set("a", {"b": 1}, ttl=5)
    assert await cache.extend("a", 3)
    assert await cache.delete("a")
    assert seen == [("set", ["a", b'{"b":1}', 5.0]), ("extend", ["a", 3.0]), ("delete", ["a"])]


async def test_looking_into_the_cache_is_not_told_and_works_as_ever(cache: ObservedCache, seen: list[Any]) -> None:
    await cache.set("a", 1)
    seen.clear()
    assert (await cache.get("a"), await cache.has("b"), await cache.keys("*")) == (1, False, ["a"])
    assert await cache.get_many(["a", "b"]) == {"a": 1, "b": None}
    assert seen == []


async def test_a_change_of_the_cache_that_was_refused_is_not_told(cache: ObservedCache, seen: list[Any]) -> None:
    for wrong in (cache.set("", 1), cache.set("k", {1}), cache.set("k", 1, ttl=float("nan")), cache.extend("k", "x")):  # type: ignore[arg-type]
        with pytest.raises(CacheError):
            await wrong
    assert seen == []


async def test_a_change_is_told_when_it_is_done(tmp_path: Path) -> None:
    store, folder = MemoryCache(ManualClock()), FileStorage(tmp_path / "storage")
    found: list[Any] = []
    cache = ObservedCache(store, lambda *_: found.append(store.kept("k")[0]))
    storage = ObservedStorage(folder, lambda *_: found.append((tmp_path / "storage" / "k").read_bytes()))
    await cache.set("k", 1)
    await storage.write("k", b"2")
    assert found == [b"1", b"2"]


async def test_changes_of_the_storage_are_told_with_their_bytes(storage: ObservedStorage, seen: list[Any]) -> None:
    await storage.write("a/t.txt", "für")
    await storage.write("b", b"\xff")
    await storage.write("b", memoryview(bytearray(b"12")))  # type: ignore[arg-type]
    assert await storage.delete("b")
    assert seen == [
        ("write", "a/t.txt", "für".encode()),
        ("write", "b", b"\xff"),
        ("write", "b", b"12"),
        ("delete", "b", None),
    ]


async def test_looking_into_the_storage_is_not_told_and_works_as_ever(
    storage: ObservedStorage, seen: list[Any]
) -> None:
    await storage.write("a", "1")
    seen.clear()
    assert (await storage.read("a"), await storage.exists("b"), await storage.list()) == (b"1", False, ["a"])
    assert seen == []


async def test_a_write_that_was_refused_is_not_told(storage: ObservedStorage, seen: list[Any]) -> None:
    for wrong in (storage.write("../out", "x"), storage.write("k", 5), storage.delete("")):  # type: ignore[arg-type]
        with pytest.raises(StorageError):
            await wrong
    assert seen == []


# --- who asks --------------------------------------------------------------------------------------------------


def test_outside_of_a_request_none_is_in_hand() -> None:
    assert request_in_hand() == ""


async def test_the_request_in_hand_is_known_in_tasks_and_threads_that_it_began() -> None:
    current.set(Running("r1", "ice"))

    async def later() -> str:
        await asyncio.sleep(0)
        return request_in_hand()

    async def other() -> str:
        current.set(Running("r2", "pie"))
        return await later()

    found = await asyncio.gather(later(), other(), asyncio.to_thread(request_in_hand))

    assert list(found) == ["r1", "r2", "r1"]
    assert request_in_hand() == "r1"


def test_a_thread_of_its_own_belongs_to_no_request() -> None:
    found: list[str] = []

    def start() -> None:
        current.set(Running("r1", "ice"))
        thread = threading.Thread(target=lambda: found.append(request_in_hand()))
        thread.start()
        thread.join()

    contextvars.copy_context().run(start)

    assert found == [""]
