"""Writes files that people keep: whole or not at all, so that a full disk leaves the old one as it was."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from devserver.errors import FnError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def write_whole(path: Path, pieces: Iterable[bytes], mode: int = 0o600) -> int:
    """Write a file beside the old one and let it take the name at the end; gives the number of bytes.

    Links are followed. A device or a pipe is written to: nothing may take its place.

    Args:
        path: the file.
        pieces: its content, taken as it is written.
        mode: permissions of a new file; an old one keeps its own.

    Raises:
        FnError: it cannot be written; what was there is as it was.
    """
    target = Path(os.path.realpath(path))
    try:
        if target.exists() and not stat.S_ISREG(target.stat().st_mode):
            with target.open("wb") as file:
                return _written(file.fileno(), pieces)
        return _replace(target, pieces, mode)
    except OSError as error:
        raise not_written(str(path), error) from error


def not_written(name: str, error: OSError) -> FnError:
    """What to say when writing failed."""
    if error.errno in _FULL:
        return FnError(
            f"{name} cannot be written: the disk is full ({error.strerror}).",
            hint="Make room, or name another place. A file that was there before is as it was.",
        )
    return FnError(
        f"{name} cannot be written: {error.strerror or error}.", hint="Name a file in a folder that you may write to."
    )


def _replace(path: Path, pieces: Iterable[bytes], mode: int) -> int:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with suppress(FileNotFoundError):
            temporary.unlink()
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            size = _written(descriptor, pieces)
        finally:
            os.close(descriptor)
        if path.exists():
            shutil.copymode(path, temporary)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    return size


def _written(descriptor: int, pieces: Iterable[bytes]) -> int:
    with open(descriptor, "wb", closefd=False) as file:
        return sum(file.write(piece) for piece in pieces)
