"""Storage in a folder: `./storage/` under `fn dev`, one file per key, so that people can look at what is kept.

A write goes to a hidden file beside its target and takes the target's name at once, so that nobody ever reads half a
file and concurrent writers never mix. It is safe from a crash of the process, not from one of the machine. The folder
appears with the first write; folders that a delete leaves empty go, so that their name can be a key again.
All file work runs in threads.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Iterable
from pathlib import Path

from devserver.runtime.backends import folders
from devserver.runtime.backends.protocols import NotStored, StorageError

_TRIES = 20
_FOLDER_TROUBLE = (FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError)
_CANDIDATES = 1000


class FileStorage:
    """The contract of `Storage` in a folder; see there for what each operation does.

    Args:
        root: the folder; it need not exist.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    async def write(self, key: str, data: str | bytes) -> None:
        """See `Storage.write`."""
        content = content_of(key, data)
        await asyncio.to_thread(self._write, self._locate(key), key, content)

    async def read(self, key: str) -> bytes:
        """See `Storage.read`."""
        return await asyncio.to_thread(self._read, self._locate(key), key)

    async def list(self, prefix: str = "") -> list[str]:
        """See `Storage.list`."""
        if not isinstance(prefix, str):
            raise StorageError(f"The prefix of storage keys is a text, not a {type(prefix).__name__}.")
        return await asyncio.to_thread(_beginning_with, prefix, self._root)

    async def exists(self, key: str) -> bool:
        """See `Storage.exists`."""
        return await asyncio.to_thread(self._locate(key).is_file)

    async def delete(self, key: str) -> bool:
        """See `Storage.delete`."""
        return await asyncio.to_thread(self._delete, self._locate(key), key)

    def _locate(self, key: str) -> Path:
        try:
            return folders.locate(self._root, key)
        except folders.Refused as error:
            raise StorageError(f"The storage key {key!r:.200} {error}") from None

    def _read(self, path: Path, key: str) -> bytes:
        try:
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise nothing_under(key, itertools.islice(folders.names(self._root), _CANDIDATES)) from None
        except OSError as error:
            raise _failed("read", key, error) from error

    def _write(self, path: Path, key: str, content: bytes) -> None:
        for tries_left in reversed(range(_TRIES)):
            try:
                _replace(path, content)
            except _FOLDER_TROUBLE as error:
                # When nothing is in the way, a delete next door has just removed the folder as an empty one: the
                # file is not found, or the folder "exists" for mkdir and is gone when it looks what exists there.
                if in_the_way := self._in_the_way(path, key):
                    raise in_the_way from error
                if not tries_left:
                    raise _failed("written", key, error) from error
            except OSError as error:
                raise _failed("written", key, error) from error
            else:
                return

    def _in_the_way(self, path: Path, key: str) -> StorageError | None:
        if path.is_dir():
            return StorageError(f"The storage key {key!r} cannot be written: there are keys that begin with '{key}/'.")
        for parent in itertools.takewhile(lambda folder: folder != self._root, path.parents):
            if parent.is_file():
                taken = parent.relative_to(self._root).as_posix()
                return StorageError(f"The storage key {key!r} cannot be written: {taken!r} is a key itself.")
        return None

    def _delete(self, path: Path, key: str) -> bool:
        try:
            path.unlink()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            if path.is_dir():  # what unlink says of a folder differs between systems
                return False
            raise _failed("deleted", key, error) from error
        for parent in itertools.takewhile(lambda folder: folder != self._root, path.parents):
            if not _removed(parent):
                break
        return True


def _beginning_with(prefix: str, root: Path) -> list[str]:
    return sorted(key for key in folders.names(root) if key.startswith(prefix))


def nothing_under(key: str, candidates: Iterable[str]) -> NotStored:
    """The error of a key under which nothing is stored; it names those of the candidates that are near."""
    some = list(candidates)
    if not some:
        return NotStored(f"Nothing is stored under {key!r}. The storage is empty.")
    import difflib  # only for a message

    near = difflib.get_close_matches(key, some, n=3, cutoff=0.5) or sorted(some)[:3]
    more = ", ..." if len(some) > len(near) else ""
    return NotStored(f"Nothing is stored under {key!r}. There is {', '.join(map(repr, near))}{more}.")


def content_of(key: str, data: object) -> bytes:
    """What is kept of text or bytes.

    Raises:
        StorageError: it is neither.
    """
    if isinstance(data, str):
        try:
            return data.encode()
        except UnicodeEncodeError as error:
            raise StorageError(f"The text for the storage key {key!r} is not valid Unicode.") from error
    if isinstance(data, bytes | bytearray | memoryview):
        return bytes(data)
    raise StorageError(
        f"The data for the storage key {key!r} is a {type(data).__name__}, and must be text or bytes; "
        "json.dumps makes a text of lists and dicts."
    )


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f"{folders.TEMPORARY}{os.urandom(8).hex()}"
    try:
        with temporary.open("xb") as file:
            file.write(content)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:
        return False
    return True


def _failed(done: str, key: str, error: OSError) -> StorageError:
    return StorageError(f"The storage key {key!r} could not be {done}: {error.strerror or error}.")
