"""One `fn dev` for each project: a lock on `.fn/session.lock`, held for as long as the session's process lives.

The kernel gives it back when the process ends, however it ends, so it can never be stale as a file with a process id
can. It is there before ports are bound and code is loaded: a second `fn dev` is refused also while the first starts.
On a system without `flock` (Windows) there is no lock.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from devserver.errors import FnError
from devserver.session.discovery import find_session

_HINT = "Stop it with Ctrl-C where it runs, or use it: its console and the `fn` commands do. Or work in another folder."
_NAMELESS = 0.2  # seconds that the holder gets to write its process id


class ProjectLock:
    """The lock of one project; a context manager.

    Args:
        root: the project's folder; its `.fn` exists and is writable.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._path = root / ".fn" / "session.lock"
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        self.take()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.give_back()

    def take(self) -> None:
        """Take it.

        Raises:
            FnError: another process has it.
        """
        # Python's descriptors are not inherited, so no host and no --exec command can hold it on.
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            _lock(descriptor)
        except BlockingIOError:
            holder = _holder(descriptor)
            os.close(descriptor)
            raise self._refusal(holder) from None
        except OSError:  # a file system that cannot lock (some network drives): nothing is lost but this check
            os.close(descriptor)
            return
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._descriptor = descriptor

    def give_back(self) -> None:
        """Give it back. The file stays: deleting it could give two sessions a lock each, on different files."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def _refusal(self, holder: int | None) -> FnError:
        session = find_session(self._root)
        who = [f"pid {holder}"] if holder else []
        if session is not None and session.pid == holder:
            who.append(session.function)
        known = f" ({', '.join(who)})" if who else ""
        return FnError(
            f"fn dev is already running in this folder{known}.",
            hint=_HINT,
        )


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
