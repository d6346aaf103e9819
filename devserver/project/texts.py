"""Small text files that people edit: read them, or say in one sentence why not.

It must not know what the files mean. Editors on Windows add a byte order mark and end lines with CR LF; both are
taken as they are meant.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from devserver.errors import ConfigError


def read_text(path: Path, name: str) -> str:
    r"""The text of a UTF-8 file, without byte order mark, with `\n` line ends.

    Args:
        path: the file.
        name: what to call it in an error.

    Raises:
        ConfigError: it cannot be read, or is not UTF-8; with the line.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{name} cannot be read: {error.strerror}.", hint=f"Look at {path}.") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{name} line {line}: this is not UTF-8 text.", hint="Save the file as UTF-8.") from None
    return text.replace("\r\n", "\n")


def nearest(word: str, known: Iterable[str]) -> str:
    """` Did you mean "x"?`, or nothing when no known word is near."""
    import difflib

    matches = difflib.get_close_matches(word.lower(), {name.lower() for name in known}, n=1)
    spelt = next((name for name in known if matches and name.lower() == matches[0]), None)
    return f'Did you mean "{spelt}"?' if spelt else ""
