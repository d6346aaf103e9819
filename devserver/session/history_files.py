"""The files in `.fn/state/database/`: `history_archive.py` is the one who writes them, `history_restore.py` reads them.

| file | holds |
|---|---|
| `index.json` | the chains, oldest first, each a list of epochs; the last epoch of the last chain is the current one |
| `EPOCH.db` | the database file as it was when that epoch, the first of its chain, began: the chain's start |
| `EPOCH.wal` | the write-ahead log of that epoch: all that was committed in it, in order |

The state at frame `f` of an epoch is the start of its chain, and over it the logs of the epochs before, and `f` frames
of its own. A log may be cut off anywhere by a crash: what counts is whole frames. It must not know SQLite, nor who
writes to the database.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec

from devserver.errors import FnError

LOG_HEADER = 32  # bytes before the first frame, with the page size at 8 and the salts at 16; sqlite.org/fileformat2 4.1
FRAME_HEADER = 24  # bytes before each page
HELD: set[tuple[int, int]] = set()
"""Device and inode of the databases that this process holds: to open and close one of them here would lose its locks,
and with them what the function commits."""
_VERSION = 1
_BLOCK = 1 << 20


class Stamp(msgspec.Struct, frozen=True):
    """By which a file is known to be as it was: bytes, nanoseconds since 1970, inode."""

    size: int
    changed: int
    inode: int


class Index(msgspec.Struct, frozen=True):
    """What `index.json` holds.

    Attributes:
        chains: epochs, oldest first.
        stamp: of the database file when the current epoch began; None once it may hold more than it did then.
    """

    chains: tuple[tuple[str, ...], ...] = ()
    stamp: Stamp | None = None
    version: int = _VERSION

    @property
    def current(self) -> str | None:
        """The epoch that goes on, or with which the last session ended."""
        return self.chains[-1][-1] if self.chains else None

    def chain_of(self, epoch: str) -> tuple[str, ...] | None:
        """The chain of an epoch; None when it is not kept."""
        return next((chain for chain in self.chains if epoch in chain), None)


def stamp_of(found: os.stat_result) -> Stamp:
    """The stamp of a file."""
    return Stamp(found.st_size, found.st_mtime_ns, found.st_ino)


def start_file(folder: Path, chain: tuple[str, ...]) -> Path:
    """Where the start of a chain is."""
    return folder / f"{chain[0]}.db"


def log_file(folder: Path, epoch: str) -> Path:
    """Where the log of an epoch is."""
    return folder / f"{epoch}.wal"


def frame_size(log_header: bytes) -> int:
    """Bytes of a frame with its header, by the header of its log; 0 when that is none."""
    page = int.from_bytes(log_header[8:12], "big")
    return page + FRAME_HEADER if len(log_header) == LOG_HEADER and page else 0


def read_index(folder: Path) -> Index:
    """The index; an empty one when there is none that can be read.

    Raises:
        FnError: a newer `fn` wrote it.
    """
    try:
        index = msgspec.json.decode((folder / "index.json").read_bytes(), type=Index)
    except (OSError, msgspec.MsgspecError):
        return Index()
    if index.version > _VERSION:
        raise FnError(
            "The history of the database was made by a newer fn.",
            hint="Update fn, or remove .fn/state/database to begin a new one.",
        )
    return index


def copy_bytes(source: int, target: int, size: int) -> None:
    """Copy the first bytes of a file into an empty one; they share the disk's blocks where the file system can.

    Raises:
        OSError: of the disk, or the source is shorter.
    """
    done = _clone(source, target, size)
    while done < size:
        block = os.pread(source, min(_BLOCK, size - done), done)
        if not block:
            raise OSError("the file is shorter than it was")
        done += write_bytes(target, block, done)


def write_bytes(target: int, block: bytes, offset: int) -> int:
    """Write all of a block; its length."""
    rest = memoryview(block)
    while rest:
        written = os.pwrite(target, rest, offset)
        rest, offset = rest[written:], offset + written
    return len(block)


def _clone(source: int, target: int, size: int) -> int:
    """Let the kernel copy; how far it came."""
    done = 0
    if sys.platform == "linux":
        try:
            while done < size:
                copied = os.copy_file_range(source, target, size - done, done, done)
                if not copied:
                    break
                done += copied
        except OSError:  # not on this kind of file system, or not between the two
            return done
    return done
