"""What to say when recording does not work, how often, and when to try again.

A full disk fails every write; a person wants to hear of it once, and once more when it is over. Attempts grow apart, so
that a broken disk costs nothing.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable
from pathlib import Path

from devserver.clock import Clock
from devserver.errors import ConfigError

_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 30.0

_KINDS = {
    "SQLITE_FULL": ("the disk is full", "Make room, or delete old recordings with `fn recordings purge`."),
    "SQLITE_READONLY": ("it is read-only", "Make it writable for you."),
    "SQLITE_BUSY": ("another process holds it", "It is tried again; a large `fn recordings purge` takes a while."),
    "SQLITE_LOCKED": ("another process holds it", "It is tried again; a large `fn recordings purge` takes a while."),
    "SQLITE_CANTOPEN": ("it cannot be opened", "Look at what is there; `fn` needs a file it can write."),
    "SQLITE_PERM": ("permission is denied", "Make it writable for you."),
    "SQLITE_IOERR": ("the disk reports an error", "Look at the disk; the recordings may be damaged."),
    "SQLITE_TOOBIG": ("an exchange is too large for it", "It was left out."),
}
_ERRNOS = {errno.ENOSPC: "SQLITE_FULL", errno.EROFS: "SQLITE_READONLY", errno.EDQUOT: "SQLITE_FULL"}
_LOOK = "Look at the file; moving it away starts a new one."


class Trouble:
    """The state of recording: fine, or failing since some time.

    Attributes:
        lost: exchanges that have not been recorded since it was last said.
    """

    def __init__(self, path: Path, clock: Clock, on_trouble: Callable[[str], None]) -> None:
        self.lost = 0
        self._path = path
        self._clock = clock
        self._tell = on_trouble
        self._told: set[str] = set()
        self._pause = 0.0
        self._again_at = 0.0

    def happened(self, error: Exception) -> None:
        """Writing failed: say so if it is new, and wait longer than last time."""
        self.say(error)
        self._pause = min(self._pause * 2 or _FIRST_PAUSE, _LONGEST_PAUSE)
        self._again_at = self._clock.steady() + self._pause

    def say(self, error: Exception) -> None:
        """Tell about an error, once for each kind."""
        kind, what, advice = _words(error)
        if kind not in self._told:
            self._told.add(kind)
            self._tell(f"Recording to {self._path} does not work: {what}. Calls go on unrecorded. {advice}")

    def moved_aside(self, broken: Path) -> None:
        """Tell that the file was damaged and a new one begins."""
        self._tell(f"{self._path} is damaged. It was moved to {broken.name}, and a new file begins.")

    def pause(self) -> float:
        """Seconds until writing should be tried again; 0 when it may be tried now."""
        return max(0.0, self._again_at - self._clock.steady()) if self._pause else 0.0

    def over(self) -> None:
        """Writing worked: say so if it did not before."""
        if not self._pause and not self.lost:
            return
        self._tell(f"Recording works again. {_count(self.lost)}")
        self._pause, self.lost = 0.0, 0
        self._told.clear()

    def ended(self) -> None:
        """Nothing more will be written: say what is missing."""
        if self.lost:
            self._tell(f"Recording ends. {_count(self.lost)}")


def _count(lost: int) -> str:
    match lost:
        case 0:
            return "Nothing was lost."
        case 1:
            return "1 exchange was not recorded."
        case _:
            return f"{lost} exchanges were not recorded."


def _words(error: Exception) -> tuple[str, str, str]:
    """Kind, what it is, what to do."""
    if isinstance(error, ConfigError):
        return "config", error.message.rstrip("."), error.hint
    if isinstance(error, OSError):
        name = _ERRNOS.get(error.errno or 0, "")
        return _known(name) or (f"errno {error.errno}", error.strerror or str(error), _LOOK)
    name = getattr(error, "sqlite_errorname", None) or type(error).__name__
    return _known(name) or (name, str(error), _LOOK)


def _known(name: str) -> tuple[str, str, str] | None:
    return next(((prefix, *words) for prefix, words in _KINDS.items() if name.startswith(prefix)), None)


def is_busy(error: Exception) -> bool:
    """Whether another process holds the file for the moment."""
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorname", "").startswith(
        ("SQLITE_BUSY", "SQLITE_LOCKED")
    )
