"""What a function may rely on: `Cache` and `Storage`, whoever keeps the data.

`fn dev` keeps the cache in the memory of the gateway and the storage in a folder; production has other keepers of the
same promises, which are tested by the same contract tests. Nothing here knows of any of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol


class CacheError(Exception):
    """A key, value or time to live that no cache takes; the text names the key and what is wrong."""


class StorageError(Exception):
    """A key that no storage takes, or data that cannot be kept; the text names the key and what is wrong."""


class NotStored(StorageError, KeyError):
    """There is nothing under that key; the text names near keys."""

    def __str__(self) -> str:
        return str(self.args[0])


class Cache(Protocol):
    """JSON values by key that go away after their time (functions-platform.md 3).

    Keys are texts that are not empty. Values are what JSON can say: None, bool, int, finite float, str, list, tuple
    (comes back as a list) and dict with text keys, up to 8 MiB as JSON. What `get` returns is a copy. Each operation
    is atomic, and of concurrent writes of one key the last wins; there is no increment, so that "read, add one, write"
    can lose a count. Every operation raises `CacheError` for an argument that cannot be.
    """

    async def set(self, key: str, value: Any, ttl: float = 3600) -> None:
        """Keep a value for `ttl` seconds; zero or less means "over already", which removes the key."""
        ...

    async def get(self, key: str) -> Any:
        """A copy of the value, or None when there is none or its time is over."""
        ...

    async def has(self, key: str) -> bool:
        """Whether there is a value, which `get` cannot tell from a None that was kept."""
        ...

    async def delete(self, key: str) -> bool:
        """Remove a value; whether there was one."""
        ...

    async def extend(self, key: str, seconds: float) -> bool:
        """Add seconds to the time that a value has left; whether there was one. A negative number shortens it."""
        ...

    async def keys(self, pattern: str = "*") -> list[str]:
        """The keys that match a glob, sorted. `*` also matches `:` and `/`; `?` and `[abc]` work, case counts."""
        ...

    async def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """The value of every key that was asked for, None for a miss, as `get` says it."""
        ...


class Storage(Protocol):
    """Files by key (functions-platform.md 3).

    A key is a relative path with `/`, up to 1024 bytes: no `..`, no empty parts, nothing that another system
    would read differently. A write replaces the whole file at once: a reader sees the old bytes or the new ones, and
    of concurrent writes one wins entirely. There is no limit of size but the disk.
    """

    async def write(self, key: str, data: str | bytes) -> None:
        """Keep bytes, or text as UTF-8, under a key.

        Raises:
            StorageError: the key cannot be, or the data is neither text nor bytes.
        """
        ...

    async def read(self, key: str) -> bytes:
        """What is kept under a key.

        Raises:
            NotStored: nothing is; also a `KeyError`.
            StorageError: the key cannot be.
        """
        ...

    async def list(self, prefix: str = "") -> list[str]:
        """All keys that begin with a prefix, sorted."""
        ...

    async def exists(self, key: str) -> bool:
        """Whether something is kept under a key."""
        ...

    async def delete(self, key: str) -> bool:
        """Remove what is kept under a key; whether there was something."""
        ...
