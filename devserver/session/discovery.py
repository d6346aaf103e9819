"""`.fn/session.json`: how the other commands find a running session (DESIGN 5)."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from devserver.errors import ConfigError


class SessionFile(msgspec.Struct, frozen=True):
    """A running session: process, addresses, and the token of its control API."""

    pid: int
    function: str
    console: str
    cloud: str
    token: str


def private_folder(root: Path) -> Path:
    """The project's `.fn` folder, made if need be, readable by its owner only.

    Raises:
        ConfigError: the project's folder is not writable.
    """
    folder = root / ".fn"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
        problem = "permission denied"
    except OSError as error:
        problem = error.strerror or str(error)
    raise ConfigError(
        f"{folder} cannot be written: {problem}.",
        hint="fn keeps recordings and its session there; make the project's folder writable.",
    )


def announce(root: Path, session: SessionFile) -> None:
    """Write the file, whole or not at all, readable by its owner only."""
    target = root / ".fn" / "session.json"
    temporary = target.with_suffix(f".{session.pid}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(session))
    temporary.replace(target)


def withdraw(root: Path, pid: int) -> None:
    """Remove the file, if it is still ours."""
    found = _read(root)
    if found is not None and found.pid == pid:
        (root / ".fn" / "session.json").unlink(missing_ok=True)


def find_session(root: Path) -> SessionFile | None:
    """The session that runs in a project, or None; a file left behind by a killed one does not count."""
    found = _read(root)
    return found if found is not None and is_alive(found.pid) else None


def _read(root: Path) -> SessionFile | None:
    try:
        return msgspec.json.decode((root / ".fn" / "session.json").read_bytes(), type=SessionFile)
    except (OSError, msgspec.MsgspecError):
        return None


def is_alive(pid: int) -> bool:
    """Whether a process of that number runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
