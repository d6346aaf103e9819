"""Seams through which whoever runs a function sees what it does besides answering; a function knows nothing of them.

`fn dev` records it with the request, tests look at it. Production has no need of it and uses the backends as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from devserver.runtime.application import current
from devserver.runtime.backends.cache import CacheCalls
from devserver.runtime.backends.protocols import Storage

CHANGING = frozenset({"set", "delete", "extend"})
"""Operations of the cache that change it."""


def request_in_hand() -> str:
    """Id of the request whose handler runs here; empty in threads and tasks that belong to none."""
    running = current.get()
    return running.request_id if running is not None else ""


class ObservedCache(CacheCalls):
    """A cache that tells each change after it was made.

    Args:
        cache: keeps the values.
        notice: gets the operation and its arguments as `MemoryCache.apply` takes them.
    """

    def __init__(self, cache: CacheCalls, notice: Callable[[str, list[Any]], None]) -> None:
        self._cache = cache
        self._notice = notice

    async def _call(self, operation: str, arguments: list[Any]) -> Any:
        result = await self._cache._call(operation, arguments)  # noqa: SLF001 the same face
        if operation in CHANGING:
            self._notice(operation, arguments)
        return result


class ObservedStorage:
    """A storage that tells each change after it was made.

    Args:
        storage: keeps the files.
        notice: gets `write` with the key and its bytes, or `delete` with the key and None.
    """

    def __init__(self, storage: Storage, notice: Callable[[str, str, bytes | None], None]) -> None:
        self._storage = storage
        self._notice = notice

    async def write(self, key: str, data: str | bytes) -> None:
        """See `Storage.write`."""
        await self._storage.write(key, data)
        self._notice("write", key, data.encode() if isinstance(data, str) else bytes(data))

    async def read(self, key: str) -> bytes:
        """See `Storage.read`."""
        return await self._storage.read(key)

    async def list(self, prefix: str = "") -> list[str]:
        """See `Storage.list`."""
        return await self._storage.list(prefix)

    async def exists(self, key: str) -> bool:
        """See `Storage.exists`."""
        return await self._storage.exists(key)

    async def delete(self, key: str) -> bool:
        """See `Storage.delete`."""
        there = await self._storage.delete(key)
        self._notice("delete", key, None)
        return there
