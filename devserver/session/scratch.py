"""Where a replay runs: a copy of the function's data as it was when a callback arrived, never the data itself.

The copy is cheap: files of the storage are hard links (a write through `context.storage` replaces a file, it never
changes one in place), what has changed since is undone from the kept versions, and the database is rebuilt from its
history. The area is in the project's `.fn`, on the same disk, and is removed afterwards; one that a killed replay left
behind goes with the next replay.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from devserver.errors import FnError
from devserver.recorder.exchange import Exchange
from devserver.recorder.importing import load_state
from devserver.recorder.portable import State
from devserver.recorder.reader import RecordingReader
from devserver.recorder.state import CacheEntry, Snapshot
from devserver.runtime.backends import folders
from devserver.session.discovery import is_alive, private_folder
from devserver.session.house import Places
from devserver.session.linking import link

Source = Snapshot | State | None
"""The state to begin with: recorded here, or from a file; None is that of today with an empty cache."""

_LARGEST_DATABASE = 64 << 20  # bytes of a database that may go into a file


class Scratch:
    """The area of one replay.

    Args:
        root: the project.
        folder: the area; it is made and removed by `scratch_area`.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self._root = root
        self._state = root / ".fn" / "state"
        self._folder = folder
        self.places = Places(folder / "storage", folder / "function.db", None, sealed=True)

    def lay_out(self, source: Source) -> list[CacheEntry]:
        """Make the area what the source says; gives what belongs into the cache.

        Raises:
            FnError: the state of that moment is gone, or the disk is full.
        """
        try:
            self._clear()
            match source:
                case State():
                    self._write(source)
                    return source.cache
                case Snapshot():
                    self._link_storage(source.storage)
                    self._rebuild_database(source)
                    return source.cache
                case None:
                    self._link_storage({})
                    self._copy_database()
                    return []
        except OSError as error:
            raise _not_made(error, self._folder.parent) from error
        except folders.Refused as error:
            raise FnError(
                f"The replay's copy of the data cannot be made: one of its storage keys {error}",
                hint="It comes from a file that was not made by fn, or was changed since.",
            ) from error

    @property
    def has_database(self) -> bool:
        """Whether there is a database, to which the function may hold connections."""
        return self.places.database.exists()

    def _clear(self) -> None:
        shutil.rmtree(self.places.storage, ignore_errors=True)
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(f"{self.places.database}{suffix}").unlink(missing_ok=True)

    def _write(self, state: State) -> None:
        for key, data in state.storage.items():
            target = folders.locate(self.places.storage, key)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        if state.database is not None:
            self.places.database.write_bytes(state.database)

    def _link_storage(self, changed: dict[str, str | None]) -> None:
        live = self._root / "storage"
        for key in folders.names(live):
            if key not in changed:
                with suppress(FileNotFoundError):  # deleted meanwhile
                    self._link(live / key, key)
        for key, kept in changed.items():
            if kept is not None:
                self._link_kept(kept, key)

    def _link_kept(self, kept: str, key: str) -> None:
        try:
            self._link(self._state / "storage" / kept, key)
        except FileNotFoundError as error:
            raise FnError(
                f"The state of that moment is gone: what was stored under {key!r} is not kept any more.",
                hint="`--live-state` replays on the data of today.",
            ) from error

    def _link(self, file: Path, key: str) -> None:
        target = self.places.storage / key
        target.parent.mkdir(parents=True, exist_ok=True)
        link(file, target)

    def _rebuild_database(self, snapshot: Snapshot) -> None:
        if snapshot.database is not None:
            from devserver.session.history import restore

            restore(self._state / "database", self._database, snapshot.database, self.places.database)
        elif not snapshot.follows_database:
            self._copy_database()

    @property
    def _database(self) -> Path:
        return self._root / "data" / "function.db"

    def _copy_database(self) -> None:
        if not self._database.exists():
            return
        # Through SQLite: what is still in its log belongs to it, and somebody may be writing.
        with suppress(sqlite3.Error), closing(sqlite3.connect(f"{self._database.as_uri()}?mode=ro", uri=True)) as live:
            with closing(sqlite3.connect(self.places.database)) as copy:
                live.backup(copy)
            return
        shutil.copyfile(self._database, self.places.database)


@contextmanager
def scratch_area(root: Path) -> Iterator[Scratch]:
    """A new area in the project, gone afterwards. A process may have several.

    Raises:
        FnError: it cannot be made.
    """
    parent = root / ".fn" / "scratch"
    try:
        private_folder(root)
        parent.mkdir(mode=0o700, exist_ok=True)
        _sweep(parent)
        folder = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=parent))
    except OSError as error:
        raise _not_made(error, parent) from error
    try:
        yield Scratch(root, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(parent: Path) -> None:
    for folder in parent.iterdir():
        owner = folder.name.partition("-")[0]
        if owner.isdecimal() and not is_alive(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _not_made(error: OSError, parent: Path) -> FnError:
    return FnError(
        f"The replay's copy of the data cannot be made: {error.strerror or error}.",
        hint=f"It is made in {parent}; is the disk full?",
    )


def source_of(root: Path, reader: RecordingReader, exchange: Exchange) -> Source:
    """The state that a recorded exchange began with."""
    return load_state(root / ".fn", exchange.id) or reader.snapshot(exchange)


def portable_state(root: Path, reader: RecordingReader, exchange: Exchange, *, with_binaries: bool) -> State | None:
    """The state that an exchange began with, to be put into a file.

    Args:
        root: the project.
        reader: its recordings.
        exchange: the first one of a call.
        with_binaries: also stored files that are no text.

    Returns:
        None when that state was not recorded.

    Raises:
        FnError: it is gone.
    """
    source = source_of(root, reader, exchange)
    if source is None:
        return None
    with scratch_area(root) as scratch:
        cache = scratch.lay_out(source)
        storage = {}
        for key in sorted(folders.names(scratch.places.storage)):
            data = (scratch.places.storage / key).read_bytes()
            if with_binaries or _is_text(data):
                storage[key] = data
        database = None
        if scratch.has_database and scratch.places.database.stat().st_size <= _LARGEST_DATABASE:
            database = scratch.places.database.read_bytes()
        return State(cache, storage, database)


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
