"""The platform's own store of recordings, "Sinch Drive": list, download, delete (voice-v1.md 5.2).

Here it is a folder into which the simulator writes. A key is the name of a file in it and nothing else: it is looked
up in the list of the folder, never joined to a path, so no key leads out of it. Shapes and errors are from the
documentation of 2021, which is the only one.
"""

from __future__ import annotations

import asyncio
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from devserver.cloud.asking import Answer, Asked
from devserver.cloud.errors import Code, Refused
from devserver.cloud.voice_terms import Voice
from devserver.errors import FnError

FOLDER = "voice-recordings"
"""Name of the folder inside the project's `.fn`."""

_KEPT = 30 * 86_400.0  # seconds until `expiresOn`; not published, and nothing is deleted here
_PAGE_SIZE = 20
_LARGEST_PAGE = 1000


@dataclass(frozen=True, slots=True)
class _Recording:
    """A file of the folder; `at` in seconds since 1970."""

    path: Path
    at: float
    size: int


async def list_recordings(voice: Voice, asked: Asked) -> Answer:
    """`GET /recording?from&to&page&pageSize`, newest first."""
    begin, end = _time(asked, "from"), _time(asked, "to")
    if begin is not None and end is not None and end <= begin:
        raise Refused(Code.ILLEGAL_PARAMETER, "'to' must be greater than 'from'")
    page = _whole(asked, "page", 1, "'pageNumber' must be greater than 0")
    size = min(_whole(asked, "pageSize", _PAGE_SIZE, "'pageSize' must be a positive integer"), _LARGEST_PAGE)
    found = [
        each
        for each in await asyncio.to_thread(_stored, voice.recordings)
        if (begin is None or each.at >= begin) and (end is None or each.at <= end)
    ]
    shown = found[(page - 1) * size : page * size]
    return Answer(document=[_shape(each, asked.address) for each in shown])


async def get_recording(voice: Voice, asked: Asked) -> Answer:
    """`GET /recording/{key}`."""
    return Answer(file=(await _found(voice, asked)).path)


async def delete_recording(voice: Voice, asked: Asked) -> Answer:
    """`DELETE /recording/{key}`."""
    found = await _found(voice, asked)
    try:
        found.path.unlink(missing_ok=True)
    except OSError as error:
        raise Refused(Code.INTERNAL, f"The recording cannot be deleted: {error.strerror}.") from error
    return Answer()


def delete_all(folder: Path) -> int:
    """Delete every recording; gives how many there were.

    Raises:
        FnError: one cannot be deleted.
    """
    stored = _stored(folder)
    for each in stored:
        try:
            each.path.unlink(missing_ok=True)
        except OSError as error:
            raise FnError(f"{each.path} cannot be deleted: {error.strerror}.", hint="Delete it by hand.") from error
    return len(stored)


async def _found(voice: Voice, asked: Asked) -> _Recording:
    key = asked.parameters["key"]
    for each in await asyncio.to_thread(_stored, voice.recordings):
        if each.path.name == key:
            return each
    raise Refused(Code.NOT_FOUND, "Recording not found")


def _stored(folder: Path) -> list[_Recording]:
    """Regular files only: a link may lead anywhere."""
    found: list[_Recording] = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                facts = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(facts.st_mode) and _is_shown(entry.name):
                    found.append(_Recording(Path(entry.path), facts.st_mtime, facts.st_size))
    return sorted(found, key=lambda each: (-each.at, each.path.name))


def _is_shown(name: str) -> bool:
    """Hidden files are being written; a name that is no text cannot be told in JSON."""
    return not name.startswith(".") and name.isprintable() and name.encode("utf-8", "replace").decode() == name


def _shape(recording: _Recording, address: str) -> dict[str, Any]:
    name = recording.path.name
    return {
        "key": name,
        "url": f"{address}/calling/v1/recording/{quote(name, safe='')}",
        "createdOn": _stamp(recording.at),
        "expiresOn": _stamp(recording.at + _KEPT),
        "headers": {"Content-Length": str(recording.size)},
    }


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(int(at), UTC).isoformat().replace("+00:00", "Z")


def _time(asked: Asked, key: str) -> float | None:
    value = asked.query.get(key)
    if not value:
        return None
    try:
        # A plus sign in a query is a space once it is decoded.
        stamp = datetime.fromisoformat(value.replace(" ", "+") if value.count(" ") == 1 and "T" in value else value)
    except ValueError:
        raise Refused(
            Code.ILLEGAL_PARAMETER, f"Invalid parameters: {key} {value[:60]!r} is not an ISO 8601 time."
        ) from None
    return (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp()


def _whole(asked: Asked, key: str, default: int, said: str) -> int:
    value = asked.query.get(key)
    if value is None:
        return default
    if not (value.isascii() and value.isdigit() and len(value) < 10 and int(value)):
        raise Refused(Code.ILLEGAL_PARAMETER, said)
    return int(value)
