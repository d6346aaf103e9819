"""A user's traceback, cut at our frames: what they wrote, not what called it.

Frames of this package are left out wherever they stand, unless nothing else is left. The texts can always be encoded:
they go over a wire, into a recording and into an answer.
"""

from __future__ import annotations

import concurrent.futures
import importlib
import os
import traceback
from collections.abc import Iterator
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
_NOT_THEIRS = (
    f"{_PACKAGE}{os.sep}",
    f"{_PACKAGE.resolve()}{os.sep}",
    "<frozen importlib",
    importlib.__file__,
    # What calls a plain `def` handler in its thread.
    str(Path(concurrent.futures.__file__).with_name("thread.py")),
)


def render(error: BaseException, root: str = "") -> str:
    """The traceback as text, without our frames; file names below `root` are shown relative to it.

    A syntax error that no frame of the user leads to is shown by its file and line alone.
    """
    if isinstance(error, SyntaxError) and not _has_user_frames(error):
        text = "".join(traceback.format_exception_only(error)).rstrip()
    else:
        whole = traceback.TracebackException.from_exception(error, limit=-60)
        _cut(list(_parts(whole, set())))
        text = "".join(whole.format()).rstrip()
    return encodable(text.replace(f'File "{root}{os.sep}', 'File "') if root else text)


def _has_user_frames(error: BaseException) -> bool:
    return any(not is_ours(frame.f_code.co_filename) for frame, _ in traceback.walk_tb(error.__traceback__))


def summary(error: BaseException) -> str:
    """The last line of the traceback: class and message."""
    lines = traceback.format_exception_only(error)
    # A syntax error is preceded by its file, line and source.
    return encodable("".join(line for line in lines if not line.startswith("  ")).strip())


def is_ours(filename: str) -> bool:
    """Whether a file belongs to this package (or to Python's own machinery around it) and not to the user."""
    return filename.startswith(_NOT_THEIRS)


def _parts(part: traceback.TracebackException | None, seen: set[int]) -> Iterator[traceback.TracebackException]:
    if part is None or id(part) in seen:
        return
    seen.add(id(part))
    yield part
    for other in (part.__cause__, part.__context__, *(part.exceptions or ())):
        yield from _parts(other, seen)


def _cut(parts: list[traceback.TracebackException]) -> None:
    kept = [[frame for frame in part.stack if not is_ours(frame.filename)] for part in parts]
    if any(kept):
        for part, frames in zip(parts, kept, strict=True):
            part.stack = traceback.StackSummary.from_list(frames)


def encodable(text: str) -> str:
    """The text with what UTF-8 cannot say, lone surrogates, written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()
