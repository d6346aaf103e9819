"""A second name for a file, so that its content outlives a write that replaces it.

It costs no copy, whatever the size, and is safe because nothing here changes a file in place (see `FileStorage`).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def link(file: Path, target: Path) -> None:
    """Make `target` a hard link to a file, or to what a symbolic link leads to; a copy where there are no hard links.

    Raises:
        FileNotFoundError: the file, or the folder of the target, is not there.
        OSError: it cannot be copied either.
    """
    try:
        os.link(os.path.realpath(file), target)
    except FileNotFoundError:
        raise
    except OSError:  # from one disk to another, for instance
        shutil.copyfile(file, target)
