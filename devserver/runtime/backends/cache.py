"""The cache in memory, and its remote face.

The gateway owns the one `MemoryCache` of a session, so that values survive reloads and crashes of the host, where the
user's code runs; the host has a `RemoteCache`, which sends each operation over a call that it is given. Values travel
and rest as JSON bytes: nobody can change what is kept, and a value costs what it weighs. Expiry needs no background
task: every operation first drops what is over, soonest first.

This module knows neither sockets nor the event loop.
"""

from __future__ import annotations

import fnmatch
import heapq
import math
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple, Protocol

from devserver.clock import Clock
from devserver.runtime.backends.json_values import NotJson, decode_json, encode_json
from devserver.runtime.backends.protocols import CacheError

MAX_VALUE_BYTES = 8 * 1024 * 1024
MAX_TOTAL_BYTES = 64 * 1024 * 1024
_OVERHEAD_BYTES = 300  # what Python spends on an entry beside its bytes


class _Entry(NamedTuple):
    expires: float
    data: bytes


class CacheCalls(Protocol):
    """The face of `Cache` in terms of one call; the two caches differ in where the call ends.

    Keys and times are checked before the call as well as after it: an argument that cannot be must not reach a wire
    that cannot carry it.
    """

    async def _call(self, operation: str, arguments: list[Any]) -> Any: ...

    async def set(self, key: str, value: Any, ttl: float = 3600) -> None:
        """See `Cache.set`."""
        await self._call("set", [_key(key), _encode(key, value), _seconds(key, ttl)])

    async def get(self, key: str) -> Any:
        """See `Cache.get`."""
        return _decode(await self._call("get", [_key(key)]))

    async def has(self, key: str) -> bool:
        """See `Cache.has`."""
        return bool(await self._call("has", [_key(key)]))

    async def delete(self, key: str) -> bool:
        """See `Cache.delete`."""
        return bool(await self._call("delete", [_key(key)]))

    async def extend(self, key: str, seconds: float) -> bool:
        """See `Cache.extend`."""
        return bool(await self._call("extend", [_key(key), _seconds(key, seconds)]))

    async def keys(self, pattern: str = "*") -> list[str]:
        """See `Cache.keys`."""
        return list(await self._call("keys", [_pattern(pattern)]))

    async def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """See `Cache.get_many`."""
        found = await self._call("get_many", [_keys(keys)])
        return {key: _decode(data) for key, data in found.items()}


class MemoryCache(CacheCalls):
    """The contract of `Cache` in the memory of this process; see there for what each operation does.

    At most `max_total` bytes are kept: a write that would exceed it removes the values that are closest to their end.

    Args:
        clock: its steady side decides when a value is over.
        max_total: bytes, keys and bookkeeping included.
    """

    def __init__(self, clock: Clock, *, max_total: int = MAX_TOTAL_BYTES) -> None:
        self._clock = clock
        self._max_total = max_total
        self._entries: dict[str, _Entry] = {}
        self._endings: list[tuple[float, str]] = []  # a heap; items that no entry agrees with are stale
        self._bytes = 0

    def apply(self, operation: str, arguments: list[Any]) -> Any:
        """One operation as `RemoteCache` sends it: plain values in and out, cached values as JSON bytes.

        Raises:
            CacheError: an argument cannot be, or there is no such operation.
        """
        self._drop_expired()
        result: Any
        match operation, arguments:
            case "set", [key, bytes(data), ttl]:
                result = None
                self._set(_key(key), data, _seconds(key, ttl))
            case "get", [key]:
                result = self._data(_key(key))
            case "has", [key]:
                result = _key(key) in self._entries
            case "delete", [key]:
                result = self._remove(_key(key))
            case "extend", [key, seconds]:
                result = self._extend(_key(key), _seconds(key, seconds))
            case "keys", [pattern]:
                result = self._matching(_pattern(pattern))
            case "get_many", [list(keys)]:
                result = {key: self._data(_key(key)) for key in keys}
            case _:
                raise CacheError(f"The cache has no operation {operation!r} with {len(arguments)} such arguments.")
        return result

    async def _call(self, operation: str, arguments: list[Any]) -> Any:
        return self.apply(operation, arguments)

    def kept(self, key: str) -> tuple[bytes | None, float]:
        """The JSON of a value and the seconds that it has left; (None, 0) when there is none."""
        entry = self._entries.get(key)
        left = entry.expires - self._clock.steady() if entry else 0.0
        return (entry.data, left) if entry and left > 0 else (None, 0.0)

    def fill(self, entries: Iterable[tuple[str, bytes, float]]) -> None:
        """Keep these values (key, JSON, seconds left) and no others: the cache of another moment."""
        self._entries.clear()
        self._endings.clear()
        self._bytes = 0
        for key, data, seconds in entries:
            self._set(key, data, seconds)

    def _data(self, key: str) -> bytes | None:
        entry = self._entries.get(key)
        return entry.data if entry else None

    def _set(self, key: str, data: bytes, ttl: float) -> None:
        self._remove(key)
        if ttl > 0:
            self._make_room(_weight(key, data))
            self._keep(key, _Entry(self._clock.steady() + ttl, data))

    def _extend(self, key: str, seconds: float) -> bool:
        entry = self._entries.get(key)
        if entry is None:
            return False
        self._remove(key)
        self._keep(key, entry._replace(expires=entry.expires + seconds))
        self._drop_expired()
        return True

    def _matching(self, pattern: str) -> list[str]:
        # Not fnmatch.filter: it ignores case on some systems.
        matches = re.compile(fnmatch.translate(pattern)).match
        return sorted(key for key in self._entries if matches(key))

    def _keep(self, key: str, entry: _Entry) -> None:
        self._entries[key] = entry
        self._bytes += _weight(key, entry.data)
        heapq.heappush(self._endings, (entry.expires, key))
        if len(self._endings) > 2 * len(self._entries) + 100:
            self._endings = [(kept.expires, name) for name, kept in self._entries.items()]
            heapq.heapify(self._endings)

    def _remove(self, key: str) -> bool:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= _weight(key, entry.data)
        return entry is not None

    def _drop_expired(self) -> None:
        now = self._clock.steady()
        while self._endings and self._endings[0][0] <= now:
            self._drop_next()

    def _make_room(self, needed: int) -> None:
        while self._endings and self._bytes + needed > self._max_total:
            self._drop_next()

    def _drop_next(self) -> None:
        expires, key = heapq.heappop(self._endings)
        entry = self._entries.get(key)
        if entry is not None and entry.expires == expires:
            self._remove(key)


class RemoteCache(CacheCalls):
    """The contract of `Cache` over a call to the process that owns the `MemoryCache`.

    Args:
        call: sends an operation with its arguments to `MemoryCache.apply` and returns its result. It raises
            `RemoteCache.error(text)` when `apply` raised a `CacheError` of that text.
    """

    def __init__(self, call: Callable[[str, list[Any]], Awaitable[Any]]) -> None:
        self._send = call

    @staticmethod
    def error(text: str) -> CacheError:
        """The error that `apply` raised, from its text: there is one type, and all it says is in its text."""
        return CacheError(text)

    async def _call(self, operation: str, arguments: list[Any]) -> Any:
        return await self._send(operation, arguments)


def _key(key: Any) -> str:
    if not isinstance(key, str) or not key:
        raise CacheError(f"A cache key is a text that is not empty, not {_named(key)}.")
    return _unicode(key)


def _keys(keys: Iterable[str]) -> list[str]:
    if isinstance(keys, str):
        raise CacheError(f"get_many takes a list of keys, not the text {keys!r}; use get for one key.")
    return [_key(key) for key in keys]


def _pattern(pattern: Any) -> str:
    if not isinstance(pattern, str):
        raise CacheError(f"A pattern of cache keys is a text such as 'session:*', not {_named(pattern)}.")
    return _unicode(pattern)


def _unicode(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise CacheError(f"The cache key {text!r} is not valid Unicode.") from error
    return text


def _seconds(key: str, seconds: Any) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise CacheError(f"The time to live of the cache key {key!r} is a number of seconds, not {_named(seconds)}.")
    try:
        number = float(seconds)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise CacheError(f"The time to live of the cache key {key!r} is a finite number of seconds, not {number}.")
    return number


def _encode(key: str, value: Any) -> bytes:
    try:
        data = encode_json(value)
    except NotJson as error:
        raise CacheError(
            f"The value for the cache key {key!r} {error}. Keep text, numbers, lists and dicts in the cache, "
            "and bytes in context.storage."
        ) from error
    if len(data) > MAX_VALUE_BYTES:
        raise CacheError(
            f"The value for the cache key {key!r} is {len(data) / 1024 / 1024:.1f} MiB of JSON, and the limit is "
            f"{MAX_VALUE_BYTES // 1024 // 1024} MiB. Keep it in context.storage."
        )
    return data


def _decode(data: bytes | None) -> Any:
    return None if data is None else decode_json(data)


def _weight(key: str, data: bytes) -> int:
    return len(data) + len(key) + _OVERHEAD_BYTES


def _named(value: Any) -> str:
    return "an empty one" if isinstance(value, str) and not value else f"{value!r:.60} ({type(value).__name__})"
