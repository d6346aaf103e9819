from __future__ import annotations

import hashlib
from typing import Any

import pytest

from devserver.clock import ManualClock
from devserver.recorder.exchange import Effect
from devserver.recorder.noticing import cache_effect, database_effect, storage_effect, stored_value
from devserver.runtime.backends import MemoryCache
from devserver.runtime.effects import ObservedCache

AT = 5.0


@pytest.mark.parametrize(
    ("operation", "arguments", "expected"),
    [
        ("set", ["k", b'{"a":[1]}', 60.0], Effect("cache", "set", "k", AT, {"a": [1]}, 60.0)),
        ("set", ["k", b"null", 1.0], Effect("cache", "set", "k", AT, None, 1.0)),
        ("delete", ["k"], Effect("cache", "delete", "k", AT)),
        ("extend", ["k", 9.0], Effect("cache", "extend", "k", AT, None, 9.0)),
        ("get", ["k"], None),
        ("has", ["k"], None),
        ("keys", ["*"], None),
        ("get_many", [["k"]], None),
        ("set", ["k"], None),
        ("flush", [], None),
    ],
    ids=["set", "set null", "delete", "extend", "get", "has", "keys", "get_many", "too few", "unknown"],
)
def test_only_what_changes_the_cache_is_an_effect(
    operation: str, arguments: list[Any], expected: Effect | None
) -> None:
    assert cache_effect(operation, arguments, AT) == expected


@pytest.mark.parametrize("value", [0, 10**30, -(10**400), 1.5, "\u20ac\x00", [[[]]], {"": None}, True], ids=repr)
async def test_whatever_the_cache_takes_is_an_effect_with_that_value(value: Any) -> None:
    seen: list[Effect | None] = []
    cache = ObservedCache(
        MemoryCache(ManualClock()), lambda operation, arguments: seen.append(cache_effect(operation, arguments, AT))
    )

    await cache.set("k", value, ttl=3)

    assert seen == [Effect("cache", "set", "k", AT, value, 3.0)]


async def test_the_deepest_value_that_the_cache_takes_is_an_effect() -> None:
    seen: list[Effect | None] = []
    cache = ObservedCache(
        MemoryCache(ManualClock()), lambda operation, arguments: seen.append(cache_effect(operation, arguments, AT))
    )
    deep: Any = 1
    for _ in range(100):
        deep = [deep]

    await cache.set("k", deep)

    assert seen[0] is not None
    assert seen[0].value == deep


def test_a_small_stored_text_is_kept_as_it_is() -> None:
    data = "für".encode()
    expected = {"bytes": 4, "sha256": hashlib.sha256(data).hexdigest(), "text": "für"}
    assert storage_effect("write", "a/b", data, AT) == Effect("storage", "write", "a/b", AT, expected)


@pytest.mark.parametrize("data", [b"\xff\x00", b"x" * 2001], ids=["no text", "long"])
def test_of_other_stored_bytes_only_size_and_hash_are_kept(data: bytes) -> None:
    assert stored_value(data) == {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def test_the_longest_text_that_is_kept_has_two_thousand_bytes() -> None:
    assert stored_value(b"x" * 2000)["text"] == "x" * 2000


def test_an_empty_file_is_an_empty_text() -> None:
    assert stored_value(b"")["text"] == ""


def test_a_delete_has_no_value() -> None:
    assert storage_effect("delete", "a", None, AT) == Effect("storage", "delete", "a", AT)


def test_a_statement_is_the_key_of_its_effect() -> None:
    statement = "insert into t values (1)"
    assert database_effect("insert", statement, AT) == Effect("database", "insert", statement, AT)
