"""Holds the function's database so that nothing that is committed to it is overwritten: the SQLite side of its history.

A connection in a read transaction that began when the write-ahead log was wholly copied into the database file has
"read lock 0" (sqlite.org/walformat 2.3.1). While somebody has it, no checkpoint writes into the file and the log
is not begun afresh: the file stays as it is, and what others commit follows in the log, in order. Others read and write
as ever. What they cannot do meanwhile: leave the WAL mode, or empty the log.

How many frames are committed stands in the header of the log's index, the `-shm` file (walformat 2.1); reading it
costs a microsecond and takes no lock.

**Locks are lost when any descriptor of a file is closed in the process that has them** (POSIX; sqlite.org/howtocorrupt
2.2). A function that closes its last connection would then delete the log, with what was committed. So the descriptors
that are opened here stay open until the connections are closed, and nothing else in this process may open these files.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from devserver.errors import FnError
from devserver.session.history_files import HELD, LOG_HEADER, Stamp, stamp_of

HEADER = 48  # bytes of the index's header, which is there twice
_TURNS = 100
_BLOCK = 4096
_BLOCKS = 1024
_HELD = 42
_PROBE = f"""
import fcntl, os, sys
index = os.open(sys.argv[1], os.O_RDWR)
try:
    fcntl.lockf(index, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 123)  # byte 120 and WAL_READ_LOCK(0): walformat 2.3
except BlockingIOError:
    sys.exit({_HELD})
"""


_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class NotWal(Exception):
    """The database cannot be in WAL mode where it is; the text names the mode."""


class InUse(Exception):
    """Somebody reads an older state of the database, for too long."""


def is_busy(error: Exception) -> bool:
    """Whether it may work later: another program reads or writes."""
    return isinstance(error, InUse) or getattr(error, "sqlite_errorcode", 0) & 0xFF in _BUSY


def reason(error: Exception) -> str:
    """Why the database cannot be held, in words."""
    match error:
        case _ if is_busy(error):
            return "another program is using it"
        case NotWal():
            return f"it stays in journal mode {error}"
        case FnError():
            return str(error).rstrip(".")
        case OSError():
            return error.strerror or str(error)
        case _:
            return str(error)


def committed(header: bytes) -> int:
    """Frames in the log, up to the last commit; native byte order."""
    return int.from_bytes(header[16:20], sys.byteorder)


def read_header(index: int) -> bytes:
    """The header of the log's index, read while others may write it.

    Args:
        index: descriptor of the `-shm` file.
    """
    raw = b""
    for _ in range(_TURNS):
        raw = os.pread(index, 2 * HEADER, 0)
        if raw[:HEADER] == raw[HEADER:]:
            return raw[:HEADER]
    # The writer died between the two copies. The second is written first, when the log has everything.
    return raw[HEADER:]


class Hold:
    """Two connections and three descriptors on one database.

    Args:
        path: the file, without symbolic links.
        wait: seconds to wait for others.

    Raises:
        sqlite3.Error: it is no database, is locked, or cannot be written.
        NotWal: see there.
        OSError: a file cannot be opened.
    """

    def __init__(self, path: str, wait: float) -> None:
        self._path = path
        self._open: list[int] = []
        self._reader = _connect(path, wait)
        self._writer = _connect(path, wait)
        try:
            _use_wal(self._reader)
            self.database = self._descriptor(path, os.O_RDONLY)
            HELD.add(self._key())
            self.log = self._descriptor(f"{path}-wal", os.O_RDWR)
            self.index = self._descriptor(f"{path}-shm", os.O_RDWR)
        except BaseException:
            self.release()
            raise

    def _descriptor(self, path: str, flags: int) -> int:
        descriptor = os.open(path, flags)
        self._open.append(descriptor)
        return descriptor

    def _key(self) -> tuple[int, int]:
        found = os.fstat(self.database)
        return found.st_dev, found.st_ino

    def header(self) -> bytes:
        """See `read_header`."""
        return read_header(self.index)

    def log_header(self) -> bytes:
        """The first bytes of the log."""
        return os.pread(self.log, LOG_HEADER, 0)

    def stamp(self) -> Stamp:
        """Of the database file that is held, even when it has no name any more."""
        return stamp_of(os.fstat(self.database))

    def fingerprint(self) -> int:
        """By which another content of the same size is told from a new time of change: of all of a small file, and of
        blocks from all over a large one.
        """
        size = os.fstat(self.database).st_size
        step = max(_BLOCK, size // _BLOCKS // _BLOCK * _BLOCK)
        checksum = 0
        for offset in range(0, size, step):
            checksum = zlib.crc32(os.pread(self.database, _BLOCK, offset), checksum)
        return checksum

    def is_frozen(self) -> bool:
        """Whether read lock 0 is held, as another process finds it: this one cannot see its own locks."""
        probe = [sys.executable, "-I", "-S", "-c", _PROBE, f"{self._path}-shm"]
        try:
            return subprocess.run(probe, check=False, capture_output=True).returncode == _HELD
        except OSError:
            return False

    def lock(self, wait: float) -> None:
        """Keep others from writing.

        Args:
            wait: seconds to wait for those who write now.

        Raises:
            sqlite3.OperationalError: somebody writes for longer.
        """
        self._writer.execute(f"PRAGMA busy_timeout={round(wait * 1000)}")
        self._writer.execute("BEGIN IMMEDIATE")

    def unlock(self) -> None:
        """Let others write."""
        if self._writer.in_transaction:
            self._writer.execute("ROLLBACK")

    def freeze(self, wait: float) -> bool:
        """Copy the log into the database file, which from then on stays as it is. Only with others kept from writing.

        Args:
            wait: seconds to wait for those who still read an older state, or checkpoint.

        Returns:
            False when they did not end: the log is held, as it is, but the file is not.
        """
        if self._reader.in_transaction:
            self._reader.execute("COMMIT")
        deadline = time.monotonic() + wait
        while not (done := self._checkpoint()) and time.monotonic() < deadline:
            time.sleep(0.005)
        self._reader.execute("BEGIN")
        _look(self._reader)
        return done

    def _checkpoint(self) -> bool:
        busy, frames, copied = self._reader.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return not busy and frames == copied

    def empty_log(self) -> None:
        """Let everybody begin with an empty log: the file that it belongs to was replaced by another.

        A log over a file that it does not belong to is a damaged database. Who has the log open finds no valid header
        in its index, and reads the log again, which is empty.
        """
        with suppress(OSError):
            if os.path.samestat(os.stat(f"{self._path}-wal"), os.fstat(self.log)):
                os.ftruncate(self.log, 0)
        os.pwrite(self.index, bytes(2 * HEADER), 0)

    def release(self) -> None:
        """Let go. The last to close the database copies the log into it and removes it."""
        self._reader.close()
        self._writer.close()
        if self._open:
            HELD.discard(self._key())
        for descriptor in self._open:
            os.close(descriptor)
        self._open.clear()


@dataclass(frozen=True, slots=True)
class Epoch:
    """From one freezing of the database file to the next: what positions are read by.

    Attributes:
        start: header of the log's index when the epoch began.
        index: descriptor of the log's index.
        inode: of the database file.
        frozen: the stamp that the database file keeps; None while it may change.
        fingerprint: of its content.
    """

    name: str
    start: bytes
    index: int
    inode: int
    frozen: Stamp | None
    fingerprint: int

    def position(self, header: bytes) -> str:
        """The name of the state that a header tells of."""
        return f"{self.name}/{0 if header == self.start else committed(header)}"


def _connect(path: str, wait: float) -> sqlite3.Connection:
    uri = f"{Path(path).as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=wait, isolation_level=None, check_same_thread=False)


def _use_wal(connection: sqlite3.Connection) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
    if mode != "wal":
        raise NotWal(mode)
    _look(connection)


def _look(connection: sqlite3.Connection) -> None:
    connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
