"""The journal of leases: one file for each application, in the user's state directory, because a lease belongs to an
application and not to a project.

    <state directory>/leases/<application key>.json     what is to be given back; there exactly while something is
    <state directory>/leases/<application key>.lock     in lower case; held by who holds it, or is giving it back

A file is written beside the old one, synced, renamed, and its folder synced: after a power cut there is the old one or
the new one. It is removed only when the callback is known to be back, or to be somebody else's.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from devserver.errors import ConfigError, FnError
from devserver.project.file_lock import FileLock
from devserver.project.places import make_private
from devserver.voiceapp.entry import VERSION, Entry

FOLDER = "leases"
_KEY = re.compile(r"[A-Za-z0-9._-]{1,64}")  # a GUID, in the wild also other words; it becomes a file's name


class Unreadable(FnError):
    """A file of the journal that says nothing to us.

    Attributes:
        path: the file.
        damaged: it is lost anyway. Otherwise it may be good, for a newer version of fn or for whoever may read it.
    """

    def __init__(self, path: Path, message: str, *, hint: str = "", damaged: bool = False) -> None:
        self.path = path
        self.damaged = damaged
        super().__init__(message, hint=hint)

    @property
    def application(self) -> str:
        """The application that it belongs to, by its name."""
        return self.path.name.partition(".json")[0]


class _Version(msgspec.Struct):
    version: int


@dataclass(frozen=True, slots=True)
class Journal:
    """The folder of leases.

    Attributes:
        folder: `leases` of the state directory; made when something is written.
    """

    folder: Path

    def read(self, application: str) -> Entry | None:
        """The entry of an application; None when nothing is to be given back.

        Raises:
            Unreadable: there is one that cannot be understood.
            ConfigError: the key cannot be a file's name.
        """
        return _read(self._path(application))

    def all(self) -> Iterator[Entry | Unreadable]:
        """Every entry, by name of the file."""
        for path in sorted(self.folder.glob("*.json")):
            try:
                entry = _read(path)
            except Unreadable as error:
                yield error
            else:
                if entry is not None:
                    yield entry

    def aside(self) -> Iterator[Unreadable]:
        """What was set aside, until somebody has looked at it and removes it."""
        return map(_damaged, sorted(self.folder.glob("*.json.broken-*")))

    def write(self, entry: Entry) -> None:
        """Write an entry, so that it survives a power cut.

        Raises:
            ConfigError: it cannot be written; the old one is as it was.
        """
        make_private(self.folder.parent)
        make_private(self.folder)
        path = self._path(entry.application)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            _write_synced(temporary, msgspec.json.format(msgspec.json.encode(entry)))
            temporary.replace(path)
            _sync_folder(self.folder)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise ConfigError(
                f"The lease of {entry.application} cannot be written down: {path}: {error.strerror}.",
                hint="Nothing is changed without it. Make room there, or set FN_STATE_DIR to another folder.",
            ) from error

    def age(self, application: str) -> float:
        """Seconds since the entry of an application was written; endless when there is none."""
        try:
            return time.time() - self._path(application).stat().st_mtime
        except OSError:
            return float("inf")

    def remove(self, application: str) -> None:
        """Nothing is to be given back any more."""
        path = self._path(application)
        with suppress(OSError):
            path.unlink(missing_ok=True)
            # Who was killed while writing has left this; nobody else writes, since we have the lock.
            for part in self.folder.glob(f".{path.name}.*"):
                if part.name.removeprefix(f".{path.name}.").isdigit():
                    part.unlink(missing_ok=True)
            _sync_folder(self.folder)

    def set_aside(self, application: str) -> Path:
        """Rename a damaged file, so that it is out of the way and not lost; gives its new name."""
        path = self._path(application)
        aside = path.with_name(f"{path.name}.broken-{time.strftime('%Y%m%d-%H%M%S')}")
        path.replace(aside)
        return aside

    def lock(self, application: str) -> FileLock:
        """The lock of an application's lease; not taken.

        Raises:
            ConfigError: the folder cannot be made.
        """
        make_private(self.folder.parent)
        make_private(self.folder)
        # In lower case, so that two spellings of a key are one lock before anything is written down, too.
        _checked(application)
        return FileLock(self.folder / f"{application.lower()}.lock")

    def _path(self, application: str) -> Path:
        _checked(application)
        # Keys are compared without case (voice-v1.md 4.2), so two spellings are one lease.
        wanted = f"{application}.json".lower()
        with suppress(OSError):
            for path in self.folder.iterdir():
                if path.name.lower() == wanted:
                    return path
        return self.folder / f"{application}.json"


def _checked(application: str) -> None:
    if not _KEY.fullmatch(application):
        raise ConfigError(
            f'"{application}" is no application key.', hint="Copy the key of the Voice App from the dashboard."
        )


def _read(path: Path) -> Entry | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unreadable(
            path,
            f"{path} cannot be read: {error.strerror}.",
            hint="It says what callback is to be given back; make it readable, then `fn lease restore`.",
        ) from error
    try:
        if msgspec.json.decode(content, type=_Version).version <= VERSION:
            entry = msgspec.json.decode(content, type=Entry)
            # A copy would be given back in the name of the one that it was copied from, and would never go.
            if entry.application.lower() == path.stem.lower() and _KEY.fullmatch(entry.application):
                return entry
            raise _damaged(path)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _damaged(path) from error
    raise Unreadable(
        path,
        f"{path} was written by a newer version of fn, and is left alone.",
        hint="Give the callback back with that version (`fn lease restore`), or update this one.",
    )


def _damaged(path: Path) -> Unreadable:
    return Unreadable(
        path,
        f"{path} is damaged and says nothing about the callback that is to be given back.",
        hint="Look at the callback addresses in the Sinch dashboard (or `fn voice callbacks get --live`), "
        "then remove the file.",
        damaged=True,
    )


def _write_synced(path: Path, content: bytes) -> None:
    # Where others may write, a link of theirs must not lead to a file of ours.
    links = getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | links, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":  # elsewhere a folder cannot be opened
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
