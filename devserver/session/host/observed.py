"""What the user's code does to the storage and the database, told to the gateway; what a write replaces is kept.

Keeping is a hard link to the old file, made before the new one takes its name: it costs no copy, whatever the size, and
works because a write never changes a file in place (see `FileStorage`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from devserver.recorder.noticing import stored_value
from devserver.runtime.backends import FileStorage
from devserver.runtime.effects import request_in_hand
from devserver.session.frames import Did, Message

Send = Callable[[Message], None]


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

    def _write(self, path: Path, key: str, content: bytes) -> None:
        kept = self._keep(path)
        super()._write(path, key, content)
        self._tell("write", key, content, kept)

    def _delete(self, path: Path, key: str) -> bool:
        kept = self._keep(path)
        there = super()._delete(path, key)
        self._tell("delete", key, None, kept if there else None)
        return there

    def _keep(self, path: Path) -> str | None:
        """Name of a link to the file as it is; None when there is none, or it cannot be linked."""
        if self._kept is None:
            return None
        name = uuid4().hex
        try:
            self._kept.mkdir(parents=True, exist_ok=True)
            os.link(path, self._kept / name)
        except OSError:
            return None
        return name

    def _tell(self, operation: str, key: str, content: bytes | None, kept: str | None) -> None:
        value = None if content is None else stored_value(content)
        self._send(Did(request_in_hand(), "storage", operation, key, time.time(), value, kept=kept))
