"""Names inside a folder that cannot lead out of it, for storage keys and asset names alike.

A name is refused when it could mean a file elsewhere, or a different file on another system: a function that runs on
one developer's machine must not surprise on another's. Every refusal says which rule it is. The folder itself may be a
symbolic link, and links inside it may lead to other places inside it.

This is no wall against the function, which may open any file it likes; it is one against the names that callers,
file uploads and webhooks bring.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

TEMPORARY = ".fn-write-"
"""How the names of half-written files begin; hidden, and nobody may use it."""

MAX_NAME_BYTES = 1024
_MAX_PART_BYTES = 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DRIVE = re.compile(r"[A-Za-z]:")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_NOT_ON_WINDOWS = re.compile(r'[<>:"|?*]|[. ]$')


class Refused(ValueError):
    """A name that no folder takes; the text is the rule, to follow "The storage key 'x' "."""


def check(name: object) -> str:
    """The name itself when it may be used in any folder.

    Raises:
        Refused: it may not.
    """
    if not isinstance(name, str):
        raise Refused(f"is a {type(name).__name__}, and must be a text.")
    if not name:
        raise Refused("is empty.")
    _check_characters(name)
    if name.startswith("/"):
        raise Refused("is absolute; it must be relative, without a / at its start.")
    for part in name.split("/"):
        _check_part(part)
    return name


def locate(root: Path, name: object) -> Path:
    """Where the file of that name is or would be.

    Raises:
        Refused: the name may not be used, or a symbolic link takes it out of the folder.
    """
    path = root / check(name)
    inside = os.path.realpath(root)
    if not os.path.realpath(path).startswith(os.path.join(inside, "")):  # noqa: PTH118 with its separator at the end
        raise Refused(f"leads out of {root.name}/ by a symbolic link.")
    return path


def names(root: Path) -> Iterator[str]:
    """The name of every file in the folder that `locate` would find, in no order; nothing when there is no folder."""
    for folder, _, files in os.walk(root):
        for file in files:
            path = Path(folder, file)
            name = path.relative_to(root).as_posix()
            if _is_allowed(root, name, path) and path.is_file():
                yield name


def _is_allowed(root: Path, name: str, path: Path) -> bool:
    try:
        # The walk follows no linked folders, so that only the file itself may be a link.
        if path.is_symlink():
            locate(root, name)
        check(name)
    except Refused:
        return False
    return True


def _check_characters(name: str) -> None:
    try:
        size = len(name.encode())
    except UnicodeEncodeError as error:
        raise Refused("is not valid Unicode.") from error
    if size > MAX_NAME_BYTES:
        raise Refused(f"is {size} bytes long, and the limit is {MAX_NAME_BYTES}.")
    if "\0" in name:
        raise Refused("contains a NUL.")
    if _CONTROL.search(name):
        raise Refused("contains a control character.")
    if "\\" in name:
        raise Refused("contains a backslash; folders are separated by /.")


def _check_part(part: str) -> None:
    if not part:
        raise Refused("has an empty part: // or a / at its end.")
    if part in {".", ".."}:
        raise Refused(f"contains {part!r}; it must name the file directly.")
    if _DRIVE.match(part):
        raise Refused(f"contains the drive letter {part[:2]}")
    if _RESERVED.fullmatch(part):
        raise Refused(f"contains {part!r}, a device on Windows.")
    if part.startswith(TEMPORARY):
        raise Refused(f"contains {part!r}, and names beginning with {TEMPORARY} are ours.")
    if len(part.encode()) > _MAX_PART_BYTES:
        raise Refused(f"has a part of {len(part.encode())} bytes, and the limit is {_MAX_PART_BYTES}.")
    if os.name == "nt" and _NOT_ON_WINDOWS.search(part):
        raise Refused(f"contains {part!r}, which Windows cannot keep.")
