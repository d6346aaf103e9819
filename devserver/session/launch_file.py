"""Puts our configurations into a project's `.vscode/launch.json`, once.

Once: whoever takes them out again does not want them. What they are is known in `devserver/debug/`.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from devserver.debug.editors import vscode_configurations
from devserver.debug.launch_json import NotJson, merge

_DONE = "launch-json"  # in `.fn/`: it was written


def offer(root: Path, port: int) -> str:
    """Write or extend the file, when that has not been done in this project; gives the sentence about it, or nothing.

    Args:
        root: of the project.
        port: the debugger's.
    """
    done = root / ".fn" / _DONE
    if done.exists():
        return ""
    file = root / ".vscode" / "launch.json"
    try:
        before = file.read_bytes().decode() if file.exists() else ""
        after = merge(before, vscode_configurations(port))
        if after != before:
            _replace(file, after)
        done.touch()
    except (NotJson, UnicodeDecodeError) as error:
        why = error if isinstance(error, NotJson) else "it is no text"
        return f".vscode/launch.json was left alone: {why}. `fn debug config vscode` prints what belongs there."
    except OSError as error:
        return f".vscode/launch.json cannot be written: {error.strerror}."
    if after == before:
        return ""
    return ".vscode/launch.json has two configurations more." if before else ".vscode/launch.json was written."


def _replace(file: Path, text: str) -> None:
    """Whole or not at all: it may hold more of theirs than of ours."""
    file.parent.mkdir(exist_ok=True)
    real = Path(os.path.realpath(file))
    new = real.with_name(f".{real.name}.{os.getpid()}")
    try:
        new.write_bytes(text.encode())
        if real.exists():
            new.chmod(real.stat().st_mode & 0o7777)
        new.replace(real)
    finally:
        with suppress(FileNotFoundError):
            new.unlink()
