"""A file written whole or not at all: whatever happens, what was there before is still there or the new one is."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from devserver.errors import FnError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def write_whole(path: Path, pieces: Iterable[bytes], mode: int = 0o600) -> None:
    """Write a file beside it and put it in its place; a device or a pipe is written to as it is.

    Args:
        path: the file; a link is followed.
        pieces: its content, taken as it is written.
        mode: permissions of the file.

    Raises:
        FnError: it cannot be written.
    """
    try:
        target = path.resolve()
        if target.exists() and not stat.S_ISREG(target.stat().st_mode):
            with target.open("wb") as file:
                file.writelines(pieces)
            return
        temporary = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:  # noqa: PTH123
                file.writelines(pieces)
            temporary.replace(target)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
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
