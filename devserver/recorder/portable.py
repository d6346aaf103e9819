"""Our portable file: recorded calls as JSON lines, to be mailed, kept with the code, and read back anywhere.

| line | is |
|---|---|
| first | `{"fn": "recording", "version": 1, "project", "made_by", "at", "numbers", "warning"}` |
| `{"kind": "call", "callid"}` | a call begins |
| `{"kind": "state", "cache", "storage", "database"}` | the state that the call began with, if it is known |
| `{"kind": "exchange", ...}` | one exchange of the call: everything there is in `Exchange` |
| `{"kind": "end"}` | last: without it the file has been cut |

Lines, because a long recording is then written and read without a second copy of it in memory, and because a line has
a number that an error can name. A file of an older version goes through `CONVERTERS`, one step a version, before
anything else looks at it. What each line holds is in `portable_lines`.

It must not know where a file lies, nor whether its phone numbers are real.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from devserver.errors import FnError
from devserver.recorder.exchange import Exchange
from devserver.recorder.portable_lines import (
    WARNING,
    CallLine,
    EndLine,
    ExchangeLine,
    HeaderLine,
    Line,
    Numbers,
    State,
    StateLine,
    packed,
    packed_name,
    packed_state,
    unpacked,
    unpacked_name,
    unpacked_state,
)

__all__ = ["WARNING", "Portable", "PortableCall", "State", "is_portable", "read", "write"]

VERSION = 1

Converter = Callable[[dict[str, Any]], dict[str, Any]]
CONVERTERS: Mapping[int, Converter] = {}
"""From the JSON object of a line of that version to one of the next version; also of the first line."""

_START = re.compile(rb'\s*\{\s*"fn"\s*:\s*"recording"')
_decode_line = msgspec.json.Decoder(Line).decode
_decode_object = msgspec.json.Decoder(dict[str, Any]).decode
_HINT = "Export the call again, or get a whole copy of the file."


class PortableCall(msgspec.Struct, frozen=True):
    """The exchanges of one call in order, or one that belongs to none; `state` as far as it is known."""

    callid: str | None
    exchanges: list[Exchange]
    state: State | None = None


class Portable(msgspec.Struct, frozen=True):
    """What a file holds.

    Attributes:
        project: name of the project it was recorded in.
        numbers: `pseudonyms`, or `kept` when phone numbers are the real ones.
    """

    project: str
    numbers: Numbers
    calls: list[PortableCall]


def write(portable: Portable, now: str) -> Iterator[bytes]:
    """The lines of a file, each with its line end.

    Args:
        portable: what it holds.
        now: for the header, ISO 8601 in UTC.
    """
    from importlib.metadata import version

    encode = msgspec.json.Encoder(enc_hook=repr).encode
    made_by = f"fn {version('fn-dev')}"
    lines: list[Any] = [HeaderLine("recording", VERSION, portable.project, made_by, now, portable.numbers)]
    for call in portable.calls:
        lines.append(CallLine(packed_name(call.callid)))
        if call.state is not None:
            lines.append(packed_state(call.state))
        yield from (encode(line) + b"\n" for line in lines)
        yield from (encode(packed(exchange)) + b"\n" for exchange in call.exchanges)
        lines.clear()
    yield from (encode(line) + b"\n" for line in [*lines, EndLine()])


def is_portable(first_bytes: bytes) -> bool:
    """Whether a file that begins so is one of ours, whatever its name and version."""
    if _START.match(first_bytes.removeprefix(b"\xef\xbb\xbf")):
        return True
    try:
        return _decode_object(first_bytes.partition(b"\n")[0]).get("fn") == "recording"
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def read(lines: Iterable[bytes], name: str, converters: Mapping[int, Converter] = CONVERTERS) -> Portable:
    """What the lines of a file hold.

    Args:
        lines: with their ends, as a file opened for reading bytes gives them.
        name: of the file, for errors.
        converters: see `CONVERTERS`.

    Raises:
        FnError: it is no such file, was made by a newer fn, is cut short, or a line (its number is told) is wrong.
    """
    numbered = enumerate(lines, 1)
    first = next(numbered, (0, b""))[1]
    header, steps = _header(first, name, converters)
    calls: list[PortableCall] = []
    number, ended = 1, False
    for number, line in numbered:
        if not line.strip():
            continue
        if ended:
            raise _wrong(name, number, "there is something behind the end")
        match _parsed(line, number, name, steps):
            case CallLine(callid):
                calls.append(PortableCall(unpacked_name(callid), []))
            case EndLine():
                ended = True
            case StateLine() | ExchangeLine() if not calls:
                raise _wrong(name, number, "it belongs to no call")
            case StateLine() as state:
                calls[-1] = PortableCall(calls[-1].callid, calls[-1].exchanges, unpacked_state(state))
            case ExchangeLine() as exchange:
                calls[-1].exchanges.append(unpacked(exchange))
    if not ended:
        raise FnError(f"{name} is cut short: it stops behind line {number}, and its end is missing.", hint=_HINT)
    return Portable(header.project, header.numbers, calls)


def _header(line: bytes, name: str, converters: Mapping[int, Converter]) -> tuple[HeaderLine, list[Converter]]:
    """The first line, and the steps that bring the lines of this file to our version."""
    if not line.strip():
        raise FnError(f"{name} is empty.", hint="`fn recordings export` makes such a file.")
    line = line.removeprefix(b"\xef\xbb\xbf")
    if not is_portable(line):
        raise FnError(f"{name} is no recording of fn: its first line does not say so.", hint=_HINT)
    try:
        found = _decode_object(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(line, name, 1, error) from error
    version = found.get("version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise FnError(f"{name} does not say which version of the format it has.", hint=_HINT)
    if version > VERSION:
        raise FnError(
            f"{name} was made by a newer fn (format {version}, this one knows {VERSION}).",
            hint=f"Update fn; the file says that it was made by {found.get('made_by', 'an unknown version')}.",
        )
    missing = next((old for old in range(version, VERSION) if old not in converters), None)
    if missing is not None:
        raise FnError(f"{name} has the format {version}, which this fn cannot read.", hint=_HINT)
    steps = [converters[old] for old in range(version, VERSION)]
    try:
        return msgspec.convert(_converted(found, steps), HeaderLine), steps
    except msgspec.ValidationError as error:
        raise _wrong(name, 1, str(error)) from error


def _parsed(line: bytes, number: int, name: str, steps: list[Converter]) -> Line:
    try:
        if steps:
            converted: Line = msgspec.convert(_converted(_decode_object(line), steps), Line)
            return converted
        decoded: Line = _decode_line(line)
    except msgspec.ValidationError as error:
        if "missing required field `request`" in str(error):
            raise _wrong(name, number, "the exchange has no request") from error
        raise _wrong(name, number, str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(line, name, number, error) from error
    return decoded


def _converted(found: dict[str, Any], steps: list[Converter]) -> dict[str, Any]:
    for step in steps:
        found = step(found)
    return found


def _unreadable(line: bytes, name: str, number: int, error: Exception) -> FnError:
    if not line.endswith(b"\n"):
        return FnError(f"{name} is cut short: line {number} ends in the middle.", hint=_HINT)
    return _wrong(name, number, str(error))


def _wrong(name: str, number: int, what: str) -> FnError:
    return FnError(f"{name}, line {number}: {what.rstrip('.')}.", hint=_HINT)
