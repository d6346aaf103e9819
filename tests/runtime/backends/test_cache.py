from __future__ import annotations

import asyncio
import enum
import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.clock import ManualClock
from devserver.runtime.backends import Cache, CacheError, MemoryCache, RemoteCache
from devserver.runtime.backends.cache import MAX_VALUE_BYTES


def over_the_wire(value: Any) -> Any:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(value))


def remote(store: MemoryCache) -> RemoteCache:
    """A `RemoteCache` whose calls are turned into bytes and back, errors included, as between two processes."""

    async def call(operation: str, arguments: list[Any]) -> Any:
        try:
            return over_the_wire(store.apply(over_the_wire(operation), over_the_wire(arguments)))
        except CacheError as error:
            raise RemoteCache.error(over_the_wire(str(error))) from None

    return RemoteCache(call)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["memory", "remote"])
def cache(request: pytest.FixtureRequest, clock: ManualClock) -> Cache:
    store = MemoryCache(clock)
    return store if request.param == "memory" else remote(store)


async def message_of(awaitable: Any) -> str:
    with pytest.raises(CacheError) as caught:
        await awaitable
    return str(caught.value)


@pytest.mark.parametrize(
    "value", ["text", "", 1, 2**80, -1.5, True, None, [], {}, {"a": [1, {"b": None}]}, "żółć 📞", [[[[1]]]]]
)
async def test_a_value_comes_back_as_it_was(cache: Cache, value: Any) -> None:
    await cache.set("key", value)

    assert await cache.get("key") == value
    assert type(await cache.get("key")) is type(value)


async def test_a_key_that_was_never_set_is_none(cache: Cache) -> None:
    assert await cache.get("nobody") is None
    assert await cache.has("nobody") is False
    assert await cache.delete("nobody") is False
    assert await cache.extend("nobody", 10) is False


async def test_has_tells_a_kept_none_from_a_miss(cache: Cache) -> None:
    await cache.set("nothing", None)

    assert await cache.get("nothing") is None
    assert await cache.has("nothing") is True


async def test_delete_removes_and_says_so(cache: Cache) -> None:
    await cache.set("key", 1)

    assert await cache.delete("key") is True
    assert await cache.has("key") is False


async def test_a_later_write_wins(cache: Cache) -> None:
    await cache.set("key", 1)
    await cache.set("key", {"now": 2})

    assert await cache.get("key") == {"now": 2}


async def test_a_value_lives_for_an_hour_unless_told_otherwise(cache: Cache, clock: ManualClock) -> None:
    await cache.set("key", 1)
    clock.advance(3599.9)
    assert await cache.has("key")

    clock.advance(0.2)

    assert await cache.get("key") is None
    assert await cache.keys() == []


async def test_a_value_is_gone_when_its_time_is_over(cache: Cache, clock: ManualClock) -> None:
    await cache.set("short", 1, ttl=0.5)
    await cache.set("long", 2, 60)

    clock.advance(0.5)

    assert await cache.get_many(["short", "long"]) == {"short": None, "long": 2}
    assert await cache.delete("short") is False


async def test_writing_again_starts_a_new_time(cache: Cache, clock: ManualClock) -> None:
    await cache.set("key", 1, ttl=10)
    clock.advance(9)
    await cache.set("key", 2, ttl=10)
    clock.advance(9)

    assert await cache.get("key") == 2


@pytest.mark.parametrize("ttl", [0, -1, -0.5])
async def test_no_time_to_live_removes_the_key(cache: Cache, ttl: float) -> None:
    await cache.set("key", "old")

    await cache.set("key", "new", ttl=ttl)

    assert await cache.has("key") is False


async def test_extend_adds_to_the_time_that_is_left(cache: Cache, clock: ManualClock) -> None:
    await cache.set("key", 1, ttl=10)
    clock.advance(5)

    assert await cache.extend("key", 10) is True

    clock.advance(14)
    assert await cache.has("key")
    clock.advance(1)
    assert not await cache.has("key")


async def test_extend_by_a_negative_time_shortens_it(cache: Cache) -> None:
    await cache.set("key", 1, ttl=10)

    assert await cache.extend("key", -10) is True

    assert not await cache.has("key")


async def test_extend_does_not_wake_the_dead(cache: Cache, clock: ManualClock) -> None:
    await cache.set("key", 1, ttl=10)
    clock.advance(10)

    assert await cache.extend("key", 100) is False
    assert not await cache.has("key")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*", ["Session:3", "call:1", "session:1", "session:1:digits", "session:2"]),
        ("session:*", ["session:1", "session:1:digits", "session:2"]),
        ("session:?", ["session:1", "session:2"]),
        ("session:[2-9]", ["session:2"]),
        ("call:1", ["call:1"]),
        ("call", []),
        ("", []),
        ("se.*", []),
    ],
)
async def test_keys_are_found_by_glob_and_sorted(cache: Cache, pattern: str, found: list[str]) -> None:
    for key in ("session:2", "session:1", "call:1", "session:1:digits", "Session:3"):
        await cache.set(key, 1)

    assert await cache.keys(pattern) == found


async def test_get_many_has_none_for_a_miss(cache: Cache) -> None:
    await cache.set("a", [1])

    assert await cache.get_many(["a", "b"]) == {"a": [1], "b": None}
    assert await cache.get_many(iter(["a"])) == {"a": [1]}
    assert await cache.get_many([]) == {}


async def test_get_many_does_not_take_a_text_apart(cache: Cache) -> None:
    assert "use get for one key" in await message_of(cache.get_many("session"))


async def test_changing_a_value_does_not_change_what_is_kept(cache: Cache) -> None:
    given_value = {"steps": [1]}
    await cache.set("key", given_value)
    given_value["steps"].append(2)

    taken = await cache.get("key")
    taken["steps"].append(3)

    assert await cache.get("key") == {"steps": [1]}


async def test_a_tuple_comes_back_as_a_list_and_an_enum_as_its_value(cache: Cache) -> None:
    class Color(enum.StrEnum):
        RED = "red"

    await cache.set("key", (1, Color.RED))

    assert await cache.get("key") == [1, "red"]


class Opaque:
    pass


def endless() -> list[Any]:
    loop: list[Any] = []
    loop.append(loop)
    return loop


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (b"x", "has a value of type bytes at its top"),
        ({"user": {"since": datetime(2026, 1, 1, tzinfo=UTC)}}, "has a value of type datetime at user.since"),
        ({"tags": ["a", {"b"}]}, "has a value of type set at tags[1]"),
        ([Opaque()], "has a value of type Opaque at [0]"),
        ({"n": math.nan}, "has nan at n"),
        (math.inf, "has inf at its top"),
        ({"by": {1: "a"}}, "has the key 1 (int) at by; JSON has text keys only"),
        (endless(), "contains itself"),
        ("\ud800", "not valid Unicode"),
        ({"\ud800": 1}, "not valid Unicode"),
        (10**5000, "too many digits"),
    ],
    ids=["bytes", "datetime", "set", "object", "nan", "inf", "int key", "endless", "surrogate", "surrogate key", "int"],
)
async def test_a_value_that_json_cannot_say_is_refused_by_place(cache: Cache, value: Any, why: str) -> None:
    await cache.set("call:7", "before")

    text = await message_of(cache.set("call:7", value))

    assert "The value for the cache key 'call:7'" in text
    assert why in text
    assert await cache.get("call:7") == "before"


async def test_a_value_of_the_size_limit_fits_and_a_byte_more_does_not(cache: Cache) -> None:
    biggest = "x" * (MAX_VALUE_BYTES - 2)
    await cache.set("big", biggest)
    assert await cache.get("big") == biggest

    text = await message_of(cache.set("big", biggest + "x"))

    assert "'big' is 8.0 MiB of JSON, and the limit is 8 MiB" in text
    assert "context.storage" in text


@pytest.mark.parametrize("key", ["", None, 5, b"key", ["key"]])
async def test_a_key_is_a_text_that_is_not_empty(cache: Cache, key: Any) -> None:
    for operation in (
        cache.set(key, 1),
        cache.get(key),
        cache.has(key),
        cache.delete(key),
        cache.extend(key, 1),
        cache.get_many([key]),
    ):
        assert "A cache key is a text that is not empty" in await message_of(operation)


async def test_a_key_is_valid_unicode(cache: Cache) -> None:
    assert "not valid Unicode" in await message_of(cache.get("\ud800"))
    assert "not valid Unicode" in await message_of(cache.keys("\ud800"))


@pytest.mark.parametrize("ttl", ["60", None, True, math.nan, math.inf, 10**400, [1]])
async def test_a_time_to_live_is_a_finite_number(cache: Cache, ttl: Any) -> None:
    assert "'key' is a" in await message_of(cache.set("key", 1, ttl))
    assert "number" in await message_of(cache.extend("key", ttl))
    assert not await cache.has("key")


async def test_a_pattern_is_a_text(cache: Cache) -> None:
    pattern: Any = 5
    assert "such as 'session:*'" in await message_of(cache.keys(pattern))


async def test_of_concurrent_writes_one_wins_entirely(cache: Cache) -> None:
    values = [{"n": n, "text": str(n) * 100} for n in range(50)]

    await asyncio.gather(*(cache.set("key", value) for value in values))

    assert await cache.get("key") in values


async def test_concurrent_operations_on_many_keys_do_not_mix(cache: Cache) -> None:
    async def one(n: int) -> bool:
        await cache.set(f"k{n}", n)
        return bool(await cache.get(f"k{n}") == n and await cache.delete(f"k{n}"))

    assert all(await asyncio.gather(*(one(n) for n in range(50))))
    assert await cache.keys() == []


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(value=JSON)
async def test_any_json_value_survives_the_trip(value: Any) -> None:
    cache = remote(MemoryCache(ManualClock()))

    await cache.set("key", value)

    assert await cache.get("key") == value


# --- the store itself ----------------------------------------------------------------------------------------------


def held(store: MemoryCache) -> int:
    return store._bytes


async def test_a_full_cache_drops_what_is_closest_to_its_end(clock: ManualClock) -> None:
    store = MemoryCache(clock, max_total=4000)
    await store.set("late", "x" * 1000, ttl=300)
    await store.set("soon", "x" * 1000, ttl=100)
    await store.set("middle", "x" * 1000, ttl=200)

    await store.set("new", "x" * 1000, ttl=1)

    assert await store.keys() == ["late", "middle", "new"]
    assert held(store) <= 4000


async def test_replacing_a_value_in_a_full_cache_drops_no_other(clock: ManualClock) -> None:
    store = MemoryCache(clock, max_total=3000)
    await store.set("a", "x" * 1000, ttl=10)
    await store.set("b", "x" * 1000, ttl=20)

    await store.set("b", "y" * 1000, ttl=20)

    assert await store.keys() == ["a", "b"]


async def test_expired_values_are_freed_without_being_asked_for(clock: ManualClock) -> None:
    store = MemoryCache(clock)
    for n in range(1000):
        await store.set(f"call:{n}", "x" * 100, ttl=10)
    clock.advance(10)

    await store.get("anything else")

    assert held(store) == 0
    assert not store._entries
    assert not store._endings


async def test_memory_stays_flat_when_keys_are_written_again_and_again(clock: ManualClock) -> None:
    store = MemoryCache(clock)
    for n in range(5000):
        await store.set("counter", n)
        await store.extend("counter", 1)
        clock.advance(0.001)

    assert len(store._endings) < 200
    assert await store.get("counter") == 4999


async def test_deleted_values_are_not_counted(clock: ManualClock) -> None:
    store = MemoryCache(clock)
    await store.set("a", "x" * 1000)
    await store.set("a", "x")
    await store.delete("a")

    assert held(store) == 0


@pytest.mark.parametrize(
    ("operation", "arguments"), [("flush", []), ("get", []), ("set", ["a", "not bytes", 1]), ("get_many", ["a"])]
)
def test_an_operation_that_does_not_exist_is_refused(operation: str, arguments: list[Any]) -> None:
    with pytest.raises(CacheError, match="The cache has no operation"):
        MemoryCache(ManualClock()).apply(operation, arguments)


@pytest.mark.parametrize(
    ("operation", "arguments"), [("get", [""]), ("set", ["a", b"1", "x"]), ("keys", [1]), ("get_many", [[1]])]
)
def test_the_owner_checks_arguments_too(operation: str, arguments: list[Any]) -> None:
    with pytest.raises(CacheError, match="cache key"):
        MemoryCache(ManualClock()).apply(operation, arguments)


async def test_an_error_of_the_owner_is_the_same_error_at_the_remote_side(clock: ManualClock) -> None:
    store = MemoryCache(clock)
    apply: Callable[..., Any] = store.apply
    with pytest.raises(CacheError) as here:
        apply("flush", [])

    there = await message_of(remote(store)._call("flush", []))

    assert there == str(here.value)


# --- the cache of another moment -------------------------------------------------------------------------------


async def test_what_is_kept_is_told_with_the_seconds_it_has_left(clock: ManualClock) -> None:
    store = MemoryCache(clock)
    await store.set("k", {"a": 1}, ttl=10)
    assert store.kept("k") == (b'{"a":1}', 10.0)
    clock.advance(4)
    assert store.kept("k") == (b'{"a":1}', 6.0)
    await store.extend("k", 2)
    assert store.kept("k") == (b'{"a":1}', 8.0)


async def test_nothing_is_kept_of_what_is_over_deleted_or_was_never_there(clock: ManualClock) -> None:
    store = MemoryCache(clock)
    await store.set("over", 1, ttl=10)
    await store.set("gone", 1)
    await store.delete("gone")
    await store.set("at once", 1, ttl=0)
    clock.advance(10)
    assert [store.kept(key) for key in ("over", "gone", "at once", "never")] == [(None, 0.0)] * 4


async def test_filled_it_has_these_values_and_no_others(clock: ManualClock) -> None:
    store = MemoryCache(clock)
    await store.set("before", 1, ttl=5)
    store.fill([("a", b"1", 10.0), ("b", b'"x"', 20.0), ("over", b"1", 0.0)])
    assert await store.get_many(["a", "b", "before", "over"]) == {"a": 1, "b": "x", "before": None, "over": None}
    assert await store.keys() == ["a", "b"]
    clock.advance(10)
    assert await store.keys() == ["b"]


async def test_filled_it_holds_as_much_as_before(clock: ManualClock) -> None:
    store = MemoryCache(clock, max_total=1000)
    for _ in range(5):
        store.fill([("a", b"1" * 300, 10.0)])
    await store.set("b", "1", ttl=5)
    assert await store.keys() == ["a", "b"]


async def test_what_is_kept_fills_another_one(clock: ManualClock) -> None:
    store, other = MemoryCache(clock), MemoryCache(clock)
    await store.set("a", [1, None], ttl=30)
    data, left = store.kept("a")
    assert data is not None
    other.fill([("a", data, left)])
    assert other.kept("a") == store.kept("a")
