"""How a test arranges and looks at what a function keeps: plain mappings, without `await`.

`function.cache["caller:c1"] = "+12025550199"` before, `assert function.cache == {}` after. What a test does here is no
effect of the handler.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, MutableMapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from devserver.runtime.backends import MemoryCache, ensure_database
from devserver.runtime.backends.json_values import decode_json, encode_json
from devserver.testing.memory_storage import MemoryStorage

_HOUR = 3600.0  # seconds; what `context.cache.set` takes when it is told nothing


class CacheView(MutableMapping[str, Any]):
    """The cache, as a dict of what has not ended yet."""

    def __init__(self, cache: MemoryCache) -> None:
        self._cache = cache

    def set(self, key: str, value: Any, ttl: float = _HOUR) -> None:
        """Keep a value for `ttl` seconds."""
        self._cache.apply("set", [key, encode_json(value), ttl])

    def ttl(self, key: str) -> float:
        """Seconds that a value has left; 0 when there is none."""
        self._cache.apply("has", [key])  # drops what has ended
        return self._cache.kept(key)[1]

    def __getitem__(self, key: str) -> Any:
        data = self._cache.apply("get", [key])
        if data is None:
            raise KeyError(key)
        return decode_json(data)

    def __setitem__(self, key: str, value: Any) -> None:
        self.set(key, value)

    def __delitem__(self, key: str) -> None:
        if not self._cache.apply("delete", [key]):
            raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._cache.apply("keys", ["*"]))

    def __len__(self) -> int:
        return len(self._cache.apply("keys", ["*"]))

    def __repr__(self) -> str:
        return repr(dict(self))


class StorageView(MutableMapping[str, bytes]):
    """The storage, as a dict of bytes; text may be put in, too."""

    def __init__(self, storage: MemoryStorage) -> None:
        self._storage = storage

    def text(self, key: str) -> str:
        """What is stored, as text."""
        return self[key].decode()

    def __getitem__(self, key: str) -> bytes:
        return self._storage.files[key]

    def __setitem__(self, key: str, data: str | bytes) -> None:
        self._storage.put(key, data)

    def __delitem__(self, key: str) -> None:
        del self._storage.files[key]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._storage.files))

    def __len__(self) -> int:
        return len(self._storage.files)

    def __repr__(self) -> str:
        return repr(dict(self))


class Database:
    """The function's SQLite file, in a folder that goes away after the test.

    Attributes:
        path: of the file; it is there after the first use.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Execute one statement with its values and commit; returns the rows."""
        with self._opened() as connection:
            return connection.execute(statement, values).fetchall()

    def script(self, *statements: str) -> None:
        """Execute several statements and commit."""
        with self._opened() as connection:
            connection.executescript("\n".join(statements))

    def fill(self, content: bytes) -> None:
        """Make the file what it was elsewhere."""
        Path(self.path).write_bytes(content)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        # Not `connect`, which is watched: what a test does is no effect of the handler.
        with closing(sqlite3.Connection(ensure_database(Path(self.path)))) as connection, connection:
            yield connection

    def __fspath__(self) -> str:
        return self.path

    def __repr__(self) -> str:
        return f"Database({self.path!r})"


class Variables(MutableMapping[str, str]):
    """The variables of the function, also as its `os.environ` has them while it is loaded.

    Args:
        values: by name; changed in place.
    """

    def __init__(self, values: dict[str, str]) -> None:
        self.values_by_name = values
        self._before: dict[str, str | None] | None = None

    def enter(self, hidden: frozenset[str]) -> None:
        """Put them into `os.environ`.

        Args:
            hidden: names that are taken out of it: what the machine has set there is not the test's.
        """
        self._before = {}
        for name in hidden:
            self._put(name, None)
        for name, value in self.values_by_name.items():
            self._put(name, value)

    def leave(self) -> None:
        """Put back what was there."""
        before, self._before = self._before, None
        for name, value in (before or {}).items():
            _set(name, value)

    def _put(self, name: str, value: str | None) -> None:
        if self._before is not None:
            self._before.setdefault(name, os.environ.get(name))
            _set(name, value)

    def __getitem__(self, name: str) -> str:
        return self.values_by_name[name]

    def __setitem__(self, name: str, value: str) -> None:
        self.values_by_name[name] = value
        self._put(name, value)

    def __delitem__(self, name: str) -> None:
        del self.values_by_name[name]
        self._put(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_by_name)

    def __len__(self) -> int:
        return len(self.values_by_name)

    def __repr__(self) -> str:
        return f"Variables({', '.join(self)})"  # some of the values are secret


def _set(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
