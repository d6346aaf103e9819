"""Reads `sinch.json`: text in, a checked `Manifest` out, or one sentence with the line of the mistake.

It must not know what the values are for. The common case is one decode by msgspec; `mistakes` looks for the line and
the words only when something is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from devserver.errors import ConfigError
from devserver.project.settings import Manifest
from devserver.project.texts import read_text

FILE = "sinch.json"
KNOWN_KEYS = tuple(field.encode_name for field in msgspec.structs.fields(Manifest))


@dataclass(frozen=True, slots=True)
class ReadManifest:
    """`sinch.json` as read: what we know, and the top-level keys that we do not, which stay as they are."""

    manifest: Manifest
    unknown: tuple[str, ...]


def read_manifest(folder: Path) -> ReadManifest:
    """Read and check `sinch.json` in `folder`.

    Raises:
        ConfigError: it cannot be read, is not JSON, or has a missing, misspelt or wrong value; with its line.
    """
    text = read_text(folder / FILE, FILE)
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        from devserver.project import mistakes

        raise mistakes.malformed(FILE, text, str(error)) from None
    try:
        manifest = msgspec.convert(document, Manifest)
    except msgspec.ValidationError as error:
        from devserver.project import mistakes

        raise mistakes.invalid(FILE, text, document, str(error)) from None
    for name, value in manifest.variables.items():
        if "\0" in value:
            raise ConfigError(f'{FILE}: the variable "{name}" holds a NUL, which no environment variable can.')
    return ReadManifest(manifest, tuple(key for key in document if key not in KNOWN_KEYS))
