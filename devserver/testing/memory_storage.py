"""Storage in the memory of a test: the contract of `Storage` without a file.

Keys are refused by the same rules as under `fn dev`, those that only a folder has included (a key is no folder of
keys): a test must not pass with a key that fails on disk.
"""

from __future__ import annotations

from devserver.runtime.backends import StorageError, folders
from devserver.runtime.backends.storage import content_of, nothing_under


class MemoryStorage:
    """The contract of `Storage` in a dict; see there for what each operation does.

    Attributes:
        files: what is kept, by key. To arrange and to look; what is put in here must be a key that may be.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    async def write(self, key: str, data: str | bytes) -> None:
        """See `Storage.write`."""
        self.put(key, data)

    async def read(self, key: str) -> bytes:
        """See `Storage.read`."""
        found = self.files.get(_checked(key))
        if found is None:
            raise nothing_under(key, list(self.files))
        return found

    async def list(self, prefix: str = "") -> list[str]:
        """See `Storage.list`."""
        if not isinstance(prefix, str):
            raise StorageError(f"The prefix of storage keys is a text, not a {type(prefix).__name__}.")
        return sorted(key for key in self.files if key.startswith(prefix))

    async def exists(self, key: str) -> bool:
        """See `Storage.exists`."""
        return _checked(key) in self.files

    async def delete(self, key: str) -> bool:
        """See `Storage.delete`."""
        return self.files.pop(_checked(key), None) is not None

    def put(self, key: str, data: str | bytes) -> None:
        """`write`, for code that is not async."""
        content = content_of(key, data)
        self._refuse_folders(_checked(key))
        self.files[key] = content

    def _refuse_folders(self, key: str) -> None:
        if any(other.startswith(f"{key}/") for other in self.files):
            raise StorageError(f"The storage key {key!r} cannot be written: there are keys that begin with '{key}/'.")
        parts = key.split("/")
        for length in range(1, len(parts)):
            taken = "/".join(parts[:length])
            if taken in self.files:
                raise StorageError(f"The storage key {key!r} cannot be written: {taken!r} is a key itself.")


def _checked(key: str) -> str:
    try:
        return folders.check(key)
    except folders.Refused as error:
        raise StorageError(f"The storage key {key!r:.200} {error}") from None
