"""Puts the function's database together as it was at a position of its history.

Called by other processes than the session's, while one runs, after it, or after a crash. It only reads: no lock is
taken and SQLite is not used, because SQLite would write into the log's index and, as the last to close, into the
database. That is safe because the session keeps the database file as it is while an epoch lasts and its log only
grows (`history.py`); when an epoch ends meanwhile, the index says so, and it begins again from what is kept.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from devserver.errors import FnError
from devserver.session.history_files import (
    FRAME_HEADER,
    HELD,
    LOG_HEADER,
    Index,
    copy_bytes,
    frame_size,
    log_file,
    read_index,
    stamp_of,
    start_file,
)

_TRIES = 5  # an epoch lasts a second or more; a copy of 200 MB takes less


class _Gone(Exception):
    """Something that is needed is not there, or not any more."""


@dataclass(frozen=True, slots=True)
class _Sources:
    """Where a state can come from; `database` is the live file."""

    index: Index
    folder: Path
    database: Path
    files: ExitStack

    def start(self, chain: tuple[str, ...], epoch: str) -> tuple[int, tuple[str, ...]]:
        """The file to begin with, and the epochs whose whole logs come over it."""
        if epoch == self.index.current and self.index.stamp is not None:
            with suppress(_Gone):
                live = self.opened(self.database)
                if stamp_of(os.fstat(live)) == self.index.stamp:
                    return live, ()
        return self.opened(start_file(self.folder, chain)), chain[: chain.index(epoch)]

    def log(self, epoch: str, frames: int) -> int:
        """The log that has so many frames of an epoch: the one that is kept, or the live one when that is ahead."""
        kept = b""
        with suppress(_Gone):
            log = self.opened(log_file(self.folder, epoch))
            if _frames(log) >= frames:
                return log
            kept = os.pread(log, LOG_HEADER, 0)
        if epoch == self.index.current:
            log = self.opened(self.database.with_name(f"{self.database.name}-wal"))
            if kept in {b"", os.pread(log, LOG_HEADER, 0)} and _frames(log) >= frames:
                return log
        raise _Gone

    def opened(self, path: Path) -> int:
        """A descriptor, closed with the others."""
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except OSError as error:
            raise _Gone from error
        self.files.callback(os.close, descriptor)
        return descriptor


def restore(folder: Path, database: Path, position: str, target: Path) -> None:
    """Write the database as it was at a position.

    Not in the process that holds the history (`HELD` says why).

    Args:
        folder: `.fn/state/database` of the project.
        database: the live file; it, its log and its index are left alone.
        position: from `DatabaseHistory.position`.
        target: a file of its own, whole or not there at all; what was there is replaced.

    Raises:
        FnError: the position is not kept any more, or the target cannot be written.
        RuntimeError: this process holds the history.
    """
    live = Path(os.path.realpath(database))  # the log is beside the file, not beside a link to it
    _refuse_in_session(live)
    temporary = target.with_name(f"{target.name}.part")
    try:
        if any(_attempt(folder, live, position, temporary) for _ in range(_TRIES)):
            temporary.replace(target)
            return
    except OSError as error:
        raise FnError(
            f"The database as it was at that call could not be written to {target}: {error.strerror or error}."
        ) from error
    except _Gone:
        pass
    finally:
        temporary.unlink(missing_ok=True)
    raise FnError(
        "The database as it was at that call is no longer kept.",
        hint="Use --live-state to replay it on the data of today.",
    )


def _refuse_in_session(database: Path) -> None:
    with suppress(OSError):
        found = os.stat(database)
        if (found.st_dev, found.st_ino) in HELD:
            raise RuntimeError("a database is restored by another process than the one that holds its history")


def _attempt(folder: Path, database: Path, position: str, target: Path) -> bool:
    """Whether it could be built while the index stayed as it was; raises _Gone when that will never be."""
    index = read_index(folder)
    epoch, _, frames = position.partition("/")
    chain = index.chain_of(epoch)
    if chain is None or not frames.isdecimal():
        raise _Gone
    with ExitStack() as files:
        try:
            _build(_Sources(index, folder, database, files), chain, epoch, int(frames), target)
        except _Gone:
            if read_index(folder) == index:
                raise
            return False
    return read_index(folder) == index


def _build(sources: _Sources, chain: tuple[str, ...], epoch: str, frames: int, target: Path) -> None:
    start, before = sources.start(chain, epoch)
    logs = [(log, _frames(log)) for log in (sources.opened(log_file(sources.folder, each)) for each in before)]
    if frames:
        logs.append((sources.log(epoch, frames), frames))
    written = os.open(target, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        copy_bytes(start, written, os.fstat(start).st_size)
        _apply(logs, written)
    finally:
        os.close(written)


def _frames(log: int) -> int:
    """How many whole frames a log has room for; those behind the last commit count as well."""
    size = frame_size(os.pread(log, LOG_HEADER, 0))
    return (os.fstat(log).st_size - LOG_HEADER) // size if size else 0


def _apply(logs: list[tuple[int, int]], target: int) -> None:
    """Write the last version of each page, as a checkpoint does (sqlite.org/fileformat2 4.3)."""
    newest: dict[int, tuple[int, int]] = {}
    pages = page_size = 0
    for log, frames in logs:
        header = os.pread(log, LOG_HEADER, 0)
        size = frame_size(header)
        for offset in range(LOG_HEADER, LOG_HEADER + frames * size, size):
            frame = os.pread(log, FRAME_HEADER, offset)
            if frame[8:16] != header[16:24]:  # salts: the frame belongs to another log
                raise _Gone
            newest[int.from_bytes(frame[:4], "big")] = log, offset + FRAME_HEADER
            pages, page_size = int.from_bytes(frame[4:8], "big"), size - FRAME_HEADER
        if frames and not pages:  # the last frame does not end a transaction
            raise _Gone
    for page in sorted(page for page in newest if page <= pages):
        log, offset = newest[page]
        os.pwrite(target, os.pread(log, page_size, offset), (page - 1) * page_size)
    if pages:
        os.ftruncate(target, pages * page_size)
