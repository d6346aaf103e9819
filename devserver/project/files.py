"""Writes files that people keep: whole or not at all, so that a full disk leaves the old one as it was."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from devserver.errors import FnError


def write_whole(path: Path, chunks: Iterable[bytes]) -> int:
    """Write a file beside the old one and let it take the name at the end; gives the number of bytes.

    Links are followed and permissions kept. A device or a pipe is written to: nothing may take its place.

    Raises:
        FnError: it cannot be written; what was there is as it was.
    """
    target = Path(os.path.realpath(path))
    try:
        if target.exists() and not stat.S_ISREG(target.stat().st_mode):
            return _write(target, chunks)
        return _replace(target, chunks)
    except OSError as error:
        raise FnError(
            f"{path} cannot be written: {error.strerror or error}.", hint="What was there before is as it was."
        ) from error


def _write(path: Path, chunks: Iterable[bytes]) -> int:
    with path.open("wb") as file:
        return sum(file.write(chunk) for chunk in chunks)


def _replace(path: Path, chunks: Iterable[bytes]) -> int:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        size = _write(temporary, chunks)
        if path.exists():
            shutil.copymode(path, temporary)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    return size
