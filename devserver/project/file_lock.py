"""A lock that the kernel gives back when its holder ends, however it ends: it can never be stale, as a file with a
process id can.

The file holds the process id of the holder, for people. It stays when the lock is given back: deleting it could give
two processes a lock each, on different files. Where there is no `flock` (Windows) and on file systems that cannot lock,
there is no lock, and nothing is lost but this check.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

_NAMELESS = 0.2  # seconds that the holder gets to write its process id
_RETRY = 0.02  # seconds between two tries of somebody who waits


class Held(Exception):
    """Another process has the lock.

    Attributes:
        pid: of the holder; None when it has not said so in time.
    """

    def __init__(self, pid: int | None) -> None:
        super().__init__(pid)
        self.pid = pid


class FileLock:
    """A lock on a file; taken and given back by one process.

    Args:
        path: the file, in a folder that exists.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object has the lock."""
        return self._descriptor is not None

    def take(self, patience: float = 0.0) -> None:
        """Take it.

        Args:
            patience: seconds to wait for who has it; blocks the thread.

        Raises:
            Held: another process has it and keeps it.
            OSError: the file cannot be opened.
        """
        end = time.monotonic() + patience
        # Python's descriptors are not inherited, so no process that we start can hold it on. A link is not followed:
        # whoever can make one here (a project from elsewhere, a shared folder) could have another file cut.
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(self._path, flags, 0o600)
        while True:
            try:
                _lock(descriptor)
            except BlockingIOError:
                if time.monotonic() < end:
                    time.sleep(_RETRY)
                    continue
                holder = _holder(descriptor)
                os.close(descriptor)
                raise Held(holder) from None
            except OSError:  # a file system that cannot lock (some network drives)
                os.close(descriptor)
                return
            break
        self._descriptor = descriptor
        with suppress(OSError):  # a full disk: the lock is there without its name
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)

    def give_back(self) -> None:
        """Give it back, if it is ours."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with suppress(OSError):
                os.ftruncate(descriptor, 0)
            os.close(descriptor)


def _lock(descriptor: int) -> None:
    with suppress(ImportError):
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _holder(descriptor: int) -> int | None:
    """Who has it; None when it does not say so in time (between locking and writing are microseconds)."""
    patience = time.monotonic() + _NAMELESS
    while True:
        text = os.pread(descriptor, 20, 0)
        if text.isdigit():
            return int(text)
        if time.monotonic() > patience:
            return None
        time.sleep(0.005)
