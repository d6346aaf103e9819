"""Writes the one answer that `fn` keeps in `sinch.json`: whether to use a tunnel.

The file belongs to the developer and to version control, so it is edited as text: order, indentation, line ends and
every other key stay as they are, and the result is read back before it takes the place of the file. Whatever cannot be
edited like that is left alone and said. It must not know who asks, or how.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from devserver.errors import ConfigError
from devserver.project.files import write_whole

FILE = "sinch.json"

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


def tunnel_preference(folder: Path) -> Literal["on", "off", "unset", "unknown"]:
    """The stored answer; `unset` when there is none yet, `unknown` when `sinch.json` cannot be read or is wrong."""
    try:
        document = json.loads((folder / FILE).read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return "unknown"
    tunnel = document.get("tunnel", {}) if isinstance(document, dict) and document.get("name") else None
    if not isinstance(tunnel, dict):
        return "unknown"
    match tunnel.get("preference"):
        case None:
            return "unset"
        case "on":
            return "on"
        case "off":
            return "off"
        case _:
            return "unknown"


def store_tunnel_preference(folder: Path, value: Literal["on", "off"]) -> None:
    """Store the answer as `tunnel.preference` of `sinch.json`.

    Raises:
        ConfigError: the file cannot be read or edited; it is as it was.
        FnError: it cannot be written; it is as it was.
    """
    path = folder / FILE
    try:
        data = path.read_bytes()
        edited = _edited(data, value)
    except OSError as error:
        raise _unchanged(f"cannot be read ({error.strerror})", value) from error
    except (ValueError, LookupError, RecursionError) as error:
        raise _unchanged("is not written in a way that fn can edit", value) from error
    if edited != data:
        write_whole(path, [edited])


def _unchanged(why: str, value: str) -> ConfigError:
    return ConfigError(
        f"{FILE} {why}, so the answer is not kept.",
        hint=f'To keep it, write "tunnel": {{"preference": "{value}"}} there.',
    )


def _edited(data: bytes, value: str) -> bytes:
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    text = data.removeprefix(mark).decode()
    before = json.loads(text)
    after = _with_preference(text, value)
    tunnel = {**before.get("tunnel", {}), "preference": value}
    # Whatever the editing has done, this is what the file is to mean, in this order.
    if _in_order(json.loads(after)) != _in_order({**before, "tunnel": tunnel}):
        raise ValueError("edited wrongly")
    return mark + after.encode()


def _in_order(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class _Member:
    """One member of a JSON object, by its places in the text."""

    key: str
    key_start: int
    key_end: int
    start: int
    end: int


def _with_preference(text: str, value: str) -> str:
    quoted = json.dumps(value)
    outer = _after_space(text, 0)
    members = {member.key: member for member in _members(text, outer)}  # of two with one key the last counts
    if not members:
        raise ValueError("an empty object is no project")
    if "tunnel" not in members:
        first = next(iter(members.values()))
        gap = text[outer + 1 : first.key_start]
        inner = gap + gap.rpartition("\n")[2] if "\n" in gap else ""
        close = gap if "\n" in gap else ""
        colon = text[first.key_end : first.start]
        return _appended(text, outer, f'"tunnel"{colon}{{{inner}"preference"{colon}{quoted}{close}}}')
    place = members["tunnel"].start
    inside = {member.key: member for member in _members(text, place)}
    if "preference" in inside:
        found = inside["preference"]
        return f"{text[: found.start]}{quoted}{text[found.end :]}"
    return _appended(text, place, f'"preference": {quoted}')


def _appended(text: str, place: int, member: str) -> str:
    """The text with one more member at the end of the object at `place`, set off like its others."""
    members = list(_members(text, place))
    if not members:
        return f"{text[: place + 1]}{member}{text[place + 1 :]}"
    gap = text[place + 1 : members[0].key_start]
    end = members[-1].end
    return f"{text[:end]},{gap if chr(10) in gap else ' '}{member}{text[end:]}"


def _members(text: str, place: int) -> Iterator[_Member]:
    """The members of the JSON object that begins at `place`.

    Raises:
        ValueError: there is no object.
    """
    if text[place] != "{":
        raise ValueError("no object")
    place = _after_space(text, place + 1)
    while text[place] != "}":
        key, key_end = _DECODER.raw_decode(text, place)
        start = _after_space(text, _after_space(text, key_end) + 1)  # the colon is between
        _, end = _DECODER.raw_decode(text, start)
        yield _Member(key, place, key_end, start, end)
        place = _after_space(text, end)
        if text[place] == ",":
            place = _after_space(text, place + 1)


def _after_space(text: str, place: int) -> int:
    match = _SPACE.match(text, place)
    return match.end() if match else place
