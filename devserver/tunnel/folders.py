"""Temporary folders for a tunnel's program: its home, and what it has to be told in a file.

A folder goes with its program: we remove it, or the guard when we cannot any more. Only where both are killed it stays,
and the next tunnel removes it. Whether a folder still has an owner is not asked of a process id, which can be reused:
the owner holds a lock of the kernel on the folder itself, and that ends with its process however it ends.

It must not know what is in the folders.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

from devserver.tunnel.change import TunnelFailed

PREFIX = "fn-tunnel-"
_DIRECTORY = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)


class Folder:
    """A folder that is ours for as long as we live, or until it is removed.

    Args:
        path: of a folder that exists.

    Attributes:
        path: where it is.

    Raises:
        BlockingIOError: it is somebody else's.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = _locked(path)

    @classmethod
    def make(cls) -> Self:
        """A new one, for this user's eyes only.

        Raises:
            TunnelFailed: there is no place for it.
        """
        try:
            while True:
                # Before it has its lock, somebody may take it for a leftover.
                with suppress(BlockingIOError):
                    folder = cls(Path(tempfile.mkdtemp(prefix=PREFIX)))  # 0700
                    if folder.path.exists():
                        return folder
                    folder.remove()
        except OSError as error:
            raise TunnelFailed(
                f"No temporary folder can be made: {error.strerror}.",
                hint="Make room, or name another place in TMPDIR.",
            ) from error

    def remove(self) -> None:
        """Remove it, and what is in it; one that is gone already is no error."""
        shutil.rmtree(self.path, ignore_errors=True)
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)


def sweep(place: Path | None = None) -> None:
    """Remove the folders of owners that live no more; quietly, since nobody waits for it.

    Args:
        place: where; that of temporary files when left out.
    """
    with suppress(OSError):
        for path in list(_ours(place or Path(tempfile.gettempdir()))):
            with suppress(BlockingIOError):
                lock = _locked(path)
                if lock is not None:
                    shutil.rmtree(path, ignore_errors=True)
                    os.close(lock)


def _ours(place: Path) -> Iterator[Path]:
    """Folders with our name that belong to this user. A link is nobody's: where it leads was said by somebody else."""
    if os.name != "posix":
        return
    with os.scandir(place) as entries:
        for entry in entries:
            if entry.name.startswith(PREFIX):
                with suppress(FileNotFoundError):  # its owner was quicker
                    found = entry.stat(follow_symlinks=False)
                    if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid():
                        yield Path(entry.path)


def _locked(path: Path) -> int | None:
    """A descriptor that holds the lock of a folder; None when nobody can have one there.

    Descriptors of Python are not inherited, so that neither the guard nor its program holds it on.

    Raises:
        BlockingIOError: somebody else has it.
    """
    try:
        import fcntl

        descriptor = os.open(path, _DIRECTORY)
    except (ImportError, OSError):
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            raise
        return None  # a file system that cannot lock
    return descriptor
