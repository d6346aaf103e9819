"""Reads `.env`: keys with values, and keys that are listed empty because their value is in the keyring.

It must not know where a value finally comes from. python-dotenv does the quoting rules; `${NAME}` is left as it
stands, since a password with a dollar sign in it must arrive unchanged. Lines of a `.env` can be secrets, so an error
names the line's number and never shows the line.
"""

from __future__ import annotations

from pathlib import Path

from devserver.errors import ConfigError
from devserver.project.texts import read_text

FILE = ".env"


def read_env_file(folder: Path) -> dict[str, str]:
    """The keys of `.env` in `folder` in their order; an empty text for a key without a value; `{}` without the file.

    Raises:
        ConfigError: it cannot be read, or a line is not `KEY=value`; with the line.
    """
    path = folder / FILE
    if not path.exists():
        return {}
    text = read_text(path, FILE)
    if all(line.lstrip()[:1] in {"", "#"} for line in text.split("\n")):
        return {}  # nothing but comments, as in a new project: no reason to import a parser
    from io import StringIO

    from dotenv.parser import parse_stream

    values: dict[str, str] = {}
    for binding in parse_stream(StringIO(text)):
        before = binding.original.string
        line = binding.original.line + before.count("\n", 0, len(before) - len(before.lstrip()))
        if binding.error or "=" in (binding.key or ""):
            raise ConfigError(f"{FILE} line {line}: this is not KEY=value.", hint="A quote may not be closed.")
        if binding.key is None:
            continue
        if binding.value is None:
            raise ConfigError(
                f'{FILE} line {line}: there is no "=" after the key.',
                hint="A value of several lines needs quotes around it.",
            )
        if "\0" in binding.key + binding.value:
            raise ConfigError(f"{FILE} line {line}: there is a NUL, which no environment variable can hold.")
        values[binding.key] = binding.value
    return values
