"""`.vscode/launch.json`: our configurations added to what is there, and nothing else changed.

The file is JSON with comments and trailing commas, written by people. It is read by a scanner that keeps positions, and
what is added is put in at one place, so that every byte of theirs stays. Text in, text out: no files here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(
    r"""
      (?P<skip> \s+ | //[^\n]* | /\*.*?\*/ )
    | (?P<string> "(?:[^"\\\x00-\x1f]|\\.)*" )
    | (?P<mark> [\[\]{},:] )
    | (?P<literal> -?\d[\d.eE+-]* | true | false | null )
    """,
    re.VERBOSE | re.DOTALL,
)
_SCALARS = ("string", "literal")


class NotJson(Exception):
    """The text is not what it should be; the message says where."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


@dataclass(slots=True)
class _Value:
    """Something in the file: where it is, and what of it is of interest.

    Attributes:
        members: of an object.
        items: of an array.
        scalar: of anything else.
        comma: position after a comma that follows the last member or item.
    """

    start: int
    end: int = 0
    members: dict[str, _Value] = field(default_factory=dict)
    items: list[_Value] = field(default_factory=list)
    is_array: bool = False
    is_object: bool = False
    scalar: Any = None
    comma: int | None = None


def merge(text: str, configurations: Sequence[dict[str, Any]]) -> str:
    """The text of a `launch.json` with these configurations in it; those whose names it has are left as they are.

    Args:
        text: the file; empty for a new one.
        configurations: by `name`.

    Raises:
        NotJson: it cannot be read, or is no `launch.json`.
    """
    if not text.strip().lstrip("\ufeff"):
        return _new(configurations)
    root = _parse(text)
    if not root.is_object:
        raise NotJson("it is no JSON object")
    known = root.members.get("configurations")
    if known is None:
        return _with_member(text, root, configurations)
    if not known.is_array:
        raise NotJson('its "configurations" are no list')
    names = {item.members["name"].scalar for item in known.items if "name" in item.members}
    added = [each for each in configurations if each["name"] not in names]
    return _with_items(text, known, added) if added else text


def _new(configurations: Sequence[dict[str, Any]]) -> str:
    return json.dumps({"version": "0.2.0", "configurations": list(configurations)}, indent=4) + "\n"


def _with_items(text: str, array: _Value, added: Sequence[dict[str, Any]]) -> str:
    line = _newline(text)
    step = _indent_of(text, array.start)
    unit = _unit(text, array)
    inner = _indent_of(text, array.items[-1].start) if _stands_alone(text, array) else step + unit
    pieces = [_piece(each, inner, unit, line) for each in added]
    body = f",{line}".join(pieces)
    # What is between the last item and the end are white space and comments of theirs, which stay with that item.
    last = array.comma or (array.items[-1].end if array.items else array.start + 1)
    rest = text[last : array.end - 1].rstrip()
    before, after = ("", "," if array.comma else "") if array.comma or not array.items else (",", "")
    return f"{text[:last]}{before}{rest}{line}{body}{after}{line}{step}{text[array.end - 1 :]}"


def _with_member(text: str, root: _Value, added: Sequence[dict[str, Any]]) -> str:
    line, unit = _newline(text), _unit(text, root)
    pieces = f",{line}".join(_piece(each, unit * 2, unit, line) for each in added)
    member = f'{line}{unit}"configurations": [{line}{pieces}{line}{unit}]'
    last = max((value.end for value in root.members.values()), default=root.start + 1)
    if root.comma is not None:
        return text[: root.comma] + member + text[root.comma :]
    return text[:last] + ("," if root.members else "") + member + ("" if root.members else line) + text[last:]


def _piece(value: dict[str, Any], indent: str, unit: str, line: str) -> str:
    return line.join(indent + each for each in json.dumps(value, indent=unit).splitlines())


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _indent_of(text: str, position: int) -> str:
    """White space at the start of the line of a position."""
    start = text.rfind("\n", 0, position) + 1
    match = re.match(r"[ \t]*", text[start:position])
    return match[0] if match else ""


def _stands_alone(text: str, array: _Value) -> bool:
    """Whether the last item begins its line, so that its indentation says something."""
    if not array.items:
        return False
    position = array.items[-1].start
    return not text[text.rfind("\n", 0, position) + 1 : position].strip()


def _unit(text: str, value: _Value) -> str:
    """How this file indents one level."""
    outer = _indent_of(text, value.start)
    for inner in (*value.members.values(), *value.items):
        found = _indent_of(text, inner.start)
        if len(found) > len(outer) and found.startswith(outer):
            return found[len(outer) :]
    return outer or "    "


# --- reading ----------------------------------------------------------------------------------------------------


def _tokens(text: str) -> Iterator[_Token]:
    at = 1 if text.startswith("\ufeff") else 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise NotJson(f"line {text.count(chr(10), 0, at) + 1} is not JSON")
        if match.lastgroup != "skip":
            yield _Token(match.lastgroup, match[0], at, match.end())
        at = match.end()
    yield _Token("end", "", at, at)


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._at = 0

    def next(self) -> _Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def peek(self) -> str:
        return self._tokens[self._at].text

    def wrong(self, token: _Token) -> NotJson:
        what = token.text or "its end"
        return NotJson(f"line {self._text.count(chr(10), 0, token.start) + 1}: {what[:20]} is not expected")

    def value(self) -> _Value:
        token = self.next()
        value = _Value(token.start)
        if token.kind in _SCALARS:
            try:
                value.scalar = json.loads(token.text)
            except ValueError as error:
                raise self.wrong(token) from error
            value.end = token.end
        elif token.text == "{":
            value.is_object = True
            self._inside(value, "}")
        elif token.text == "[":
            value.is_array = True
            self._inside(value, "]")
        else:
            raise self.wrong(token)
        return value

    def _inside(self, value: _Value, closing: str) -> None:
        while self.peek() != closing:
            if value.is_object:
                name = self.next()
                if name.kind != "string" or self.next().text != ":":
                    raise self.wrong(name)
                value.members[json.loads(name.text)] = self.value()
            else:
                value.items.append(self.value())
            value.comma = None
            if self.peek() == ",":
                value.comma = self.next().end
            elif self.peek() != closing:
                raise self.wrong(self.next())
        value.end = self.next().end


def _parse(text: str) -> _Value:
    parser = _Parser(text)
    try:
        value = parser.value()
        last = parser.next()
    except RecursionError as error:
        raise NotJson("it is nested too deeply") from error
    if last.kind != "end":
        raise parser.wrong(last)
    return value
