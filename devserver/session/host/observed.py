"""What the user's code does to the storage and the database, told to the gateway; what a write replaces is kept.

Keeping is a hard link to the old file, made before the new one takes its name: it costs no copy, whatever the size, and
works because a write never changes a file in place (see `FileStorage`). Where there are no hard links to be had, as
from one disk to another, it is a copy.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from devserver.recorder.noticing import stored_value
from devserver.runtime.backends import FileStorage
from devserver.runtime.effects import request_in_hand
from devserver.session.frames import Did, Message
from devserver.session.linking import link

Send = Callable[[Message], None]

_LOCKS = 64


class KeepingStorage(FileStorage):
    """A storage in a folder that tells each change.

    Args:
        root: the folder.
        send: takes frames for the gateway, from any thread.
        keep: folder for what writes replace; empty to keep nothing.
    """

    def __init__(self, root: Path, send: Send, keep: str) -> None:
        super().__init__(root)
        self._send = send
        self._kept = Path(keep) if keep else None
        # What was kept and who is told must come in the order of the changes of a key, or undoing them goes wrong.
        self._locks = [threading.Lock() for _ in range(_LOCKS)]

    def _write(self, path: Path, key: str, content: bytes) -> None:
        with self._lock(key):
            kept = self._keep(path)
            try:
                super()._write(path, key, content)
            except BaseException:
                self._forget(kept)
                raise
            self._tell("write", key, content, kept)

    def _delete(self, path: Path, key: str) -> bool:
        with self._lock(key):
            kept = self._keep(path)
            try:
                there = super()._delete(path, key)
            except BaseException:
                self._forget(kept)
                raise
            self._tell("delete", key, None, kept)
        return there

    def _lock(self, key: str) -> threading.Lock:
        return self._locks[hash(key) % _LOCKS]

    def _keep(self, path: Path) -> str | None:
        """Name of what keeps the file as it is; None when there is no file.

        When it cannot be kept (the disk is full) the name leads nowhere: a replay then says that the state is gone.
        """
        if self._kept is None or not path.is_file():
            return None
        name = uuid4().hex
        try:
            self._kept.mkdir(parents=True, exist_ok=True)
            link(path, self._kept / name)
        except OSError:
            self._forget(name)
            return name if path.is_file() else None
        return name

    def _forget(self, name: str | None) -> None:
        if self._kept is not None and name is not None:
            with suppress(OSError):
                (self._kept / name).unlink(missing_ok=True)

    def _tell(self, operation: str, key: str, content: bytes | None, kept: str | None) -> None:
        value = None if content is None else stored_value(content)
        self._send(Did(request_in_hand(), "storage", operation, key, time.time(), value, kept=kept))
