"""Writes files that people keep: whole or not at all, so that a full disk leaves the old one as it was."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from devserver.errors import FnError


def write_whole(path: Path, chunks: Iterable[bytes]) -> int:
    """Write a file beside the old one and let it take the name at the end; gives the number of bytes.

    Raises:
        FnError: it cannot be written; what was there is as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            size = sum(file.write(chunk) for chunk in chunks)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise FnError(
            f"{path} cannot be written: {error.strerror or error}.", hint="What was there before is as it was."
        ) from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return size
