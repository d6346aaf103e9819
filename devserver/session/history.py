"""The history of the function's SQLite file: at any moment its state has a name, at the cost of a look at two files.

While a session runs, the gateway holds the database so that the file stays as it is and all that is committed follows
in the write-ahead log (`history_hold.py`). So the state at any moment is the file and a number of frames of the log,
and its name is `EPOCH/FRAMES`. An epoch lasts from one freezing of the file to the next: when nothing was written for
a moment, or the log has grown long, a thread keeps the log (`history_archive.py`), lets it be copied into the file, and
begins the next epoch. The function waits for that as for any other writer. `history_restore.py` goes back to a state.

The user's data comes first. Whatever goes wrong here, the database is let go, and SQLite does what it does
without us. A file that was replaced under our hands gets an empty log, as a log of another file would damage it.
In the process that holds the history nothing else may open and close the database file or its `-shm`: see
`history_hold.py`. It must not know of calls, requests or recordings.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Event, RLock, Thread

from devserver.errors import FnError
from devserver.session.history_archive import LONGEST_LOG, Archive
from devserver.session.history_files import frame_size, stamp_of
from devserver.session.history_hold import HEADER, Epoch, Hold, InUse, NotWal, committed, is_busy, reason
from devserver.session.history_restore import restore

__all__ = ["DatabaseHistory", "restore"]

_LIMIT = 512 << 20  # bytes
_PACE = 0.5  # seconds between two looks of the thread; nothing written between two is a quiet moment
_PATIENCE = 0.5  # seconds to wait for others at the start and the end of a session
_SHORT_PATIENCE = 0.02  # seconds, while a request or the function waits for us
_PAUSE = 0.2  # seconds before the next attempt to hold a database that is in use
_ATTEMPTS = 20
_REST = 10.0  # seconds before the next epoch is tried again, when somebody reads an older state


class DatabaseHistory:
    """Holds the database for a session.

    `open`, `position` and `close` are for one thread at a time; `close` may run in another one than the others.

    Args:
        database: `data/function.db` of the project; it need not be there.
        folder: `.fn/state/database` of the project.
        say: given a sentence for the user, when calls are recorded without the database.
        max_bytes: of what is kept in the folder; see `history_archive.py`.
    """

    def __init__(self, database: Path, folder: Path, say: Callable[[str], None], *, max_bytes: int = _LIMIT) -> None:
        self._path = os.path.realpath(database)
        self._name = f"{database.parent.name}/{database.name}"
        self._folder = folder
        self._max_bytes = max_bytes
        self._say = say
        self._archive: Archive | None = None
        self._hold: Hold | None = None
        self._epoch: Epoch | None = None
        self._known: tuple[Epoch | None, bytes, str] = (None, b"", "")
        self._refused = 0  # inode of a database that cannot be held
        self._attempts = 0
        self._again = 0.0
        self._rest = 0.0
        self._seen = b""
        self._guard = RLock()  # of all but a look at the position
        self._ended = Event()
        self._thread: Thread | None = None

    def open(self) -> None:
        """Hold the database, if it is there, and rescue what a killed session left. Before any host opens it."""
        try:
            inode = os.stat(self._path).st_ino
        except OSError:
            return
        self._attempts = _ATTEMPTS
        self._take(inode, _PATIENCE)

    def position(self) -> str | None:
        """The name of the database's state now; None when there is none, or it cannot be told.

        Takes microseconds, except when the file has just been created, deleted or replaced.
        """
        epoch = self._epoch
        try:
            found = os.stat(self._path)
        except OSError:
            if epoch is not None:
                self._replaced()
            return None
        if epoch is None:
            return self._taken(found.st_ino)
        frozen = epoch.frozen
        if found.st_ino != epoch.inode or (
            frozen is not None and (found.st_mtime_ns != frozen.changed or found.st_size != frozen.size)
        ):
            self._replaced()
            return self.position() if self._epoch is not None else self._taken(found.st_ino)
        known, seen, text = self._known
        raw = os.pread(epoch.index, 2 * HEADER, 0)
        if raw == seen and known is epoch:
            return text
        if raw[:HEADER] == raw[HEADER:] and self._epoch is epoch:  # it was read in this epoch
            text = epoch.position(raw[:HEADER])
            self._known = epoch, raw, text
            return text
        return self._look()

    def close(self) -> None:
        """Keep what is needed, bring the database file up to date, and let it go. After the hosts have ended."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        with self._guard, suppress(OSError, sqlite3.Error, InUse):  # the log stays, and the next session keeps it
            hold, epoch = self._hold, self._epoch
            if epoch is not None and self._is_moved(epoch):
                self._replaced()
            elif hold is not None and epoch is not None and hold.header() != epoch.start:
                self._turn(hold, goes_on=True, patience=_PATIENCE)
        self._release()

    # --- positions ---------------------------------------------------------------------------------------------

    def _look(self) -> str | None:
        while (epoch := self._epoch) is not None and (hold := self._hold) is not None:
            header = hold.header()
            if self._epoch is epoch:
                return epoch.position(header)
        return None

    def _taken(self, inode: int) -> str | None:
        """Hold a database that has come up during the session."""
        if inode == self._refused or time.monotonic() < self._again:
            return None
        self._attempts += 1
        self._take(inode, _SHORT_PATIENCE)
        return self._look()

    # --- taking and letting go ---------------------------------------------------------------------------------

    def _take(self, inode: int, patience: float) -> None:
        with self._guard:
            try:
                if self._archive is None:
                    self._archive = Archive(self._folder, self._max_bytes)
                self._hold = Hold(self._path, patience)
                self._hold.lock(patience)
                self._turn(self._hold, goes_on=self._is_expected(self._hold), patience=patience)
            except (OSError, sqlite3.Error, NotWal, FnError, InUse) as error:
                self._release()
                self._failed(inode, error)
            else:
                self._attempts = 0
                self._start_thread()

    def _is_expected(self, hold: Hold) -> bool:
        archive = self._archive
        return archive is not None and archive.expects(hold.stamp(), hold.log_header(), committed(hold.header()))

    def _failed(self, inode: int, error: Exception) -> None:
        if self._attempts < _ATTEMPTS:
            self._again = time.monotonic() + _PAUSE
            return
        self._refused, self._attempts = inode, 0
        self._say(f"Calls are recorded without {self._name}: {reason(error)}.")

    def _release(self) -> None:
        hold, self._hold, self._epoch = self._hold, None, None
        if hold is not None:
            hold.unlock()
            hold.release()

    def _replaced(self) -> None:
        """The file has another name, or none, or other content, or was only touched."""
        with self._guard:
            hold, epoch, archive = self._hold, self._epoch, self._archive
            if hold is None or epoch is None or archive is None or not self._is_moved(epoch):
                return
            in_place = self._is_named(epoch)
            stamp = hold.stamp()
            if (
                in_place
                and epoch.frozen
                and stamp.size == epoch.frozen.size
                and hold.fingerprint() == epoch.fingerprint
            ):
                archive.restamp(stamp)
                self._epoch = replace(epoch, frozen=stamp)
                return
            with suppress(sqlite3.Error):
                hold.lock(_SHORT_PATIENCE)
            self._part(hold, archive, in_place=in_place)
            self._release()

    def _part(self, hold: Hold, archive: Archive, *, in_place: bool) -> None:
        """Keep what the file was that is replaced, and see to it that its log does not damage the other one."""
        ours = not in_place or hold.is_frozen()
        try:
            archive.unsettle()
            if ours:  # or else the lock was lost and a checkpoint changed the file: the log belongs to it
                archive.keep(hold.database, hold.log, committed(hold.header()), start=not in_place)
        except OSError as error:
            self._say(f"The history of {self._name} ends: {reason(error)}.")
        if ours:
            hold.empty_log()

    def _is_named(self, epoch: Epoch) -> bool:
        try:
            return os.stat(self._path).st_ino == epoch.inode
        except OSError:
            return False

    # --- epochs ------------------------------------------------------------------------------------------------

    def _turn(self, hold: Hold, *, goes_on: bool, patience: float) -> None:
        """Keep the log, copy it into the file, and begin an epoch, while others are kept from writing.

        Args:
            hold: the database.
            goes_on: whether it is what the current epoch left.
            patience: seconds to wait for others.

        Raises:
            OSError: of the disk.
            sqlite3.Error: the same, or somebody writes for longer.
            InUse: somebody reads for longer; the epoch goes on, or there is none yet.
        """
        archive = self._archive
        if archive is None:
            return
        if self._epoch is not None:
            hold.lock(patience)
        try:
            frames = committed(hold.header())
            if frames or not goes_on:
                goes_on = goes_on and archive.keep(hold.database, hold.log, frames)
                archive.unsettle()
            if self._epoch is not None:
                self._epoch = replace(self._epoch, frozen=None)
            if not hold.freeze(patience):
                raise InUse
            if frames or not goes_on:
                archive.begin(hold.stamp(), goes_on=goes_on)
            self._begin(hold, archive)
        finally:
            hold.unlock()

    def _begin(self, hold: Hold, archive: Archive) -> None:
        stamp = hold.stamp()
        name = archive.index.current or ""
        self._epoch = Epoch(name, hold.header(), hold.index, stamp.inode, stamp, hold.fingerprint())

    # --- the thread --------------------------------------------------------------------------------------------

    def _start_thread(self) -> None:
        if self._thread is None:
            self._thread = Thread(target=self._tend, name="fn-database", daemon=True)
            self._thread.start()

    def _tend(self) -> None:
        while not self._ended.wait(_PACE):
            with self._guard:
                hold, epoch = self._hold, self._epoch
                if hold is None or epoch is None:
                    continue
                try:
                    self._tend_epoch(hold, epoch)
                except (OSError, sqlite3.Error) as error:
                    if not is_busy(error):
                        self._release()
                        self._failed(epoch.inode, error)
                except InUse:
                    self._rest = time.monotonic() + _REST

    def _tend_epoch(self, hold: Hold, epoch: Epoch) -> None:
        header = hold.header()
        quiet, self._seen = header == self._seen, header
        if header == epoch.start or self._archive is None:
            return
        if self._is_moved(epoch):
            self._replaced()
            return
        kept = self._archive.keep(hold.database, hold.log, committed(header), start=epoch.frozen is not None)
        length = committed(header) * frame_size(hold.log_header())
        if ((quiet and kept) or length > LONGEST_LOG) and time.monotonic() >= self._rest:
            self._turn(hold, goes_on=kept, patience=_SHORT_PATIENCE)

    def _is_moved(self, epoch: Epoch) -> bool:
        try:
            found = stamp_of(os.stat(self._path))
        except OSError:
            return True
        return found.inode != epoch.inode or (epoch.frozen is not None and found != epoch.frozen)
