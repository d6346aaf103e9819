"""What a file or folder from elsewhere holds, whatever it is: ours, a HAR, a log of ngrok, bodies of callbacks.

A file is known by its content, not by its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from devserver.errors import FnError
from devserver.recorder import portable
from devserver.recorder.exchange import Exchange, Request
from devserver.recorder.foreign import Found, exchange_from
from devserver.recorder.portable import PortableCall
from devserver.recorder.portable_lines import Numbers
from devserver.recorder.takes import from_file
from devserver.runtime.routing import event_name

_FIRST = 4096  # bytes that tell what a file is
_EVENT = re.compile(r"(?:^|[^a-z])(ice|ace|pie|dice|notify)(?:[^a-z]|$)", re.IGNORECASE)
_KNOWN = "It can be a file of `fn recordings export`, a HAR, a log of ngrok, or a folder with bodies of callbacks."


class Material(msgspec.Struct, frozen=True):
    """What was found.

    Attributes:
        calls: in the order in which they were recorded.
        project: name of the project they were recorded in; None when the file does not say.
        numbers: `pseudonyms` or `kept`; None when the file does not say.
    """

    calls: list[PortableCall]
    project: str | None = None
    numbers: Numbers | None = None


class _Probe(msgspec.Struct):
    log: msgspec.Raw = msgspec.Raw()
    requests: msgspec.Raw = msgspec.Raw()


def read(path: Path) -> Material:
    """Read a file or a folder.

    Raises:
        FnError: it cannot be read, is none of what is known, or is not whole.
    """
    try:
        return _folder(path) if path.is_dir() else _file(path)
    except OSError as error:
        raise FnError(f"{path} cannot be read: {error.strerror}.", hint="Name a file or a folder.") from error


def refuse_other_project(material: Material, name: str, file: str) -> None:
    """Recordings of another project would be replayed against code that never saw them.

    Args:
        material: what the file holds.
        name: of the project they are imported into.
        file: for the error.

    Raises:
        FnError: they are of another project.
    """
    if material.project is not None and material.project != name:
        raise FnError(
            f'{file} was recorded in the project "{material.project}", and this one is "{name}".',
            hint="Name another project with --dir, or import it all the same with --force.",
        )


def _file(path: Path) -> Material:
    with path.open("rb") as file:
        start = file.read(_FIRST)
        file.seek(0)
        if portable.is_portable(start):
            found = portable.read(file, path.name)
            return Material(found.calls, found.project, found.numbers)
        data = file.read()
    if not data.strip():
        raise FnError(f"{path.name} is empty.", hint=_KNOWN)
    return Material([PortableCall(None, _exchanges(data, path))])


def _exchanges(data: bytes, path: Path) -> list[Exchange]:
    try:
        probe = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=_Probe)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FnError(f"{path.name} is nothing that can be imported: {error}.", hint=_KNOWN) from error
    if bytes(probe.log):
        from devserver.recorder import har

        return _made(har.read(data, path.name))
    if bytes(probe.requests):
        from devserver.recorder import ngrok

        return _made(ngrok.read(data, path.name))
    return _made([_callback(path, data, 0)])


def _folder(path: Path) -> Material:
    files = sorted(path.glob("*.json"))
    if not files:
        raise FnError(f"There are no .json files in {path}.", hint=_KNOWN)
    found = [_callback(file, file.read_bytes(), place) for place, file in enumerate(files)]
    return Material([PortableCall(None, _made(found))])


def _callback(path: Path, data: bytes, place: int) -> Found:
    """The body of a callback; what it is may stand in the name of its file."""
    named = _EVENT.search(path.stem)
    try:
        document = msgspec.json.decode(data)
        is_told = isinstance(document, dict) and event_name(document) is not None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        document, is_told = None, False
    try:
        item = from_file(path.name, data, None if is_told or named is None else named[1].lower())
    except FnError as error:
        raise FnError(error.message, hint=f"Give it a name like 02-pie.json. {_KNOWN}") from error
    # A thousandth apart, because the times of callbacks are whole seconds, and two of them may be the same.
    at = _time(document) or path.stat().st_mtime
    return Found(at + place / 1000, Request(item.method, item.path, item.headers, item.body))


def _time(document: object) -> float | None:
    told = document.get("timestamp") if isinstance(document, dict) else None
    try:
        found = datetime.fromisoformat(told) if isinstance(told, str) else None
        return None if found is None else (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _made(found: Iterable[Found]) -> list[Exchange]:
    return [exchange_from(one) for one in found]
