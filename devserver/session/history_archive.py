"""Keeps in `.fn/state/database/` what older states of the function's database are put together from.

The next epoch of a chain begins where the last one ended, so that a session need not copy the database again while
nobody else changed the file: its size, time of change and inode are noted for that (`history_files.py` has the format).

The limit: whole chains go, the oldest first, but never the newest one. That one is bounded by its own rule: when the
logs of a chain outgrow its start, the next epoch begins a new chain. A database larger than the limit is not copied.

Files are not synced to the disk: they help a developer look back, and are no part of the user's data.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import msgspec

from devserver.session.history_files import (
    LOG_HEADER,
    Index,
    Stamp,
    copy_bytes,
    frame_size,
    log_file,
    read_index,
    start_file,
    write_bytes,
)

LONGEST_LOG = 32 << 20  # bytes; in a longer one every commit of the function would take a tenth of a millisecond more
_MOST_EPOCHS = 1000
_BLOCK = 1 << 20


class Archive:
    """The one writer of the folder.

    Args:
        folder: `.fn/state/database` of the project; made when there is something to keep.
        max_bytes: see the limit above.

    Raises:
        FnError: a newer `fn` wrote the folder.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self.index = read_index(folder)
        self._folder = folder
        self._max_bytes = max_bytes

    def expects(self, stamp: Stamp, log_header: bytes, frames: int) -> bool:
        """Whether database and log are what the current epoch goes on with: nobody else changed them since.

        Args:
            stamp: of the database file now.
            log_header: the first bytes of its log.
            frames: committed ones in the log.
        """
        epoch = self.index.current
        kept = _log_header(log_file(self._folder, epoch)) if epoch else b""
        if kept:
            return frames > 0 and kept == log_header
        return epoch is not None and stamp == self.index.stamp

    def keep(self, database: int, log: int, frames: int, *, start: bool = True) -> bool:
        """Keep what the current epoch needs up to a frame; what is kept already is not copied again.

        Args:
            database: descriptor of the database file, as it was when the chain began if its start is not kept yet.
            log: descriptor of the write-ahead log.
            frames: committed ones.
            start: whether the database file may be copied.

        Returns:
            False when the database is too large to be kept, or its start or the begin of the log is lost.

        Raises:
            OSError: of the disk.
        """
        chain = self.index.chains[-1]
        target = start_file(self._folder, chain)
        if not target.exists():
            size = os.fstat(database).st_size
            if not start or size > self._max_bytes:
                return False
            _copy_to(database, size, target)
        return not frames or _append(log, log_file(self._folder, chain[-1]), frames)

    def unsettle(self) -> None:
        """Note that from now on the database file may differ from what it was when the current epoch began."""
        self.restamp(None)

    def restamp(self, stamp: Stamp | None) -> None:
        """Note how the file looks that still holds what it held when the current epoch began."""
        if self.index.stamp != stamp:
            self._save(Index(self.index.chains, stamp))

    def begin(self, stamp: Stamp, *, goes_on: bool) -> str:
        """Begin an epoch: the database file holds all that was committed.

        Args:
            stamp: of the file.
            goes_on: whether it holds what the current epoch ended with, as far as that is kept.

        Returns:
            Its name.
        """
        epoch = secrets.token_hex(4)
        chains = self.index.chains
        if chains and not start_file(self._folder, chains[-1]).exists():
            chains, goes_on = chains[:-1], False
        if goes_on and not self._is_full(chains[-1]):
            chains = (*chains[:-1], (*chains[-1], epoch))
        else:
            chains = (*chains, (epoch,))
        self._save(Index(self._within_limit(chains), stamp))
        self._sweep()
        return epoch

    def _is_full(self, chain: tuple[str, ...]) -> bool:
        start = start_file(self._folder, chain)
        logs = self._size(chain) - _size(start)
        return len(chain) >= _MOST_EPOCHS or logs > max(_size(start), LONGEST_LOG)

    def _within_limit(self, chains: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        sizes = [self._size(chain) for chain in chains]
        dropped = 0
        while dropped < len(chains) - 1 and sum(sizes[dropped:]) > self._max_bytes:
            dropped += 1
        return chains[dropped:]

    def _size(self, chain: tuple[str, ...]) -> int:
        logs = sum(_size(log_file(self._folder, epoch)) for epoch in chain)
        return _size(start_file(self._folder, chain)) + logs

    def _save(self, index: Index) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = self._folder / "index.json.part"
        temporary.write_bytes(msgspec.json.encode(index))
        temporary.replace(self._folder / "index.json")
        self.index = index

    def _sweep(self) -> None:
        known = {epoch for chain in self.index.chains for epoch in chain}
        for file in self._folder.iterdir():
            if file.suffix in {".db", ".wal", ".part"} and file.stem not in known:
                file.unlink(missing_ok=True)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _log_header(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            header = file.read(LOG_HEADER)
    except OSError:
        return b""
    return header if frame_size(header) else b""


def _copy_to(source: int, size: int, target: Path) -> None:
    temporary = target.with_suffix(".part")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        copy_bytes(source, descriptor, size)
    finally:
        os.close(descriptor)
    temporary.replace(target)


def _append(log: int, target: Path, frames: int) -> bool:
    """Add what is not there yet; False when what is there is of another log."""
    header = os.pread(log, LOG_HEADER, 0)
    size = frame_size(header)
    if not size:
        raise OSError("the write-ahead log has no header")
    descriptor = os.open(target, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        kept = os.pread(descriptor, LOG_HEADER, 0)
        if not kept:
            write_bytes(descriptor, header, 0)
        elif kept != header:
            return False
        whole = max(0, os.fstat(descriptor).st_size - LOG_HEADER) // size
        done, end = LOG_HEADER + whole * size, LOG_HEADER + frames * size
        while done < end:
            block = os.pread(log, min(_BLOCK, end - done), done)
            if not block:
                raise OSError("the write-ahead log is shorter than it was")
            done += write_bytes(descriptor, block, done)
    finally:
        os.close(descriptor)
    return True
