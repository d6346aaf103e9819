"""One `fn dev` for each project: a lock on `.fn/session.lock`, held for as long as the session's process lives.

It is there before ports are bound and code is loaded: a second `fn dev` is refused also while the first starts.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from devserver.errors import FnError
from devserver.project.file_lock import FileLock, Held
from devserver.session.discovery import find_session

_HINT = "Stop it with Ctrl-C where it runs, or use it: its console and the `fn` commands do. Or work in another folder."


class ProjectLock:
    """The lock of one project; a context manager.

    Args:
        root: the project's folder; its `.fn` exists and is writable.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = FileLock(root / ".fn" / "session.lock")

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
            FnError: another process has it, or it cannot be opened.
        """
        try:
            self._lock.take()
        except Held as held:
            raise self._refusal(held.pid) from None
        except OSError as error:  # another user's, after a `sudo`, or a link
            raise FnError(
                f"{error.filename} cannot be opened: {error.strerror}.",
                hint="Is it yours? When no `fn dev` runs in this project, it may be removed.",
            ) from error

    def give_back(self) -> None:
        """Give it back."""
        self._lock.give_back()

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
