"""A difference, where it is, and values as they stand in its line of text.

The parts that all kinds of comparison share. It must not know what is compared: SVAML, effects and JSON of custom
handlers each have their own words.

A line is for people and for machines that look for a part of it, so it is one line of at most `LONGEST` characters
without control characters, and the same two values always give the same line.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from devserver.svaml.shapes import Field

LONGEST = 240
"""Characters of a line."""
WIDTH = 80
"""Characters of a value that are shown."""
_BEFORE = 30  # characters shown before the place where two long texts part


class Difference(msgspec.Struct, frozen=True):
    """One thing that is not as it was.

    Attributes:
        path: inside the document, like `action.menus[0].options[1].action`; `status`, `body` or `content-type` for
            what is none; empty for the whole document. Numbers are places in the old document, in the new one for
            what is new. Of effects: `cache[KEY]`, `storage[KEY]`, `database[N]`, `outbound[N].sent`, each with what is
            below, N counting from 0.
        was: the old value; None when there was none.
        now: the new value; None when it is gone.
        text: a line for people; text from the documents may hold anything that can be printed.
    """

    path: str
    was: Any
    now: Any
    text: str


class Absent:
    """In place of a value that is not there: null is a value."""


ABSENT = Absent()


class Item(NamedTuple):
    """A step of a path into a list: the place, and the id, key or name by which the item is known."""

    place: int
    known: str = ""


class Key(NamedTuple):
    """A step of a path to an effect: the key of the cache or the storage."""

    name: str


Step = str | Item | Key
Steps = tuple[Step, ...]


class Found(NamedTuple):
    """A difference without words.

    Attributes:
        steps: where it is.
        was: the old value, or `ABSENT`.
        now: the new value, or `ABSENT`.
        field: of the markup, when it is one.
        owner: name of the instruction or the action that it belongs to.
    """

    steps: Steps
    was: Any
    now: Any
    field: Field | None = None
    owner: str = ""

    def told(self, text: str) -> Difference:
        """With its words."""
        was, now = (None if value is ABSENT else value for value in (self.was, self.now))
        return Difference(path_of(self.steps), was, now, line(text))


def path_of(steps: Sequence[Step]) -> str:
    """Steps as people write them."""
    text = ""
    for step in steps:
        match step:
            case Item(place):
                text += f"[{place}]"
            case Key(name):
                text += f"[{name}]"
            case str():
                text += f".{step}" if text else step
    return text


# --- values in a line ------------------------------------------------------------------------------------------


def line(text: str) -> str:
    """One line without control characters, cut at its end if it must be."""
    return cut(plain(text), LONGEST)


def plain(text: str) -> str:
    """Text whose line breaks, control characters and other invisible ones are escapes."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def cut(text: str, width: int = WIDTH) -> str:
    """The beginning of a text, with dots where something is left out."""
    return text if len(text) <= width else f"{text[: width - 3]}..."


def quoted(text: str) -> str:
    """A text in quotes, whole."""
    return f'"{plain(text)}"'


def value(thing: Any) -> str:
    """A JSON value, whole, texts in quotes."""
    return quoted(thing) if isinstance(thing, str) else compact(thing)


def bare(thing: Any) -> str:
    """Like `value`, but without quotes around a text that does not need them to be seen."""
    is_clear = isinstance(thing, str) and thing and thing.isprintable() and thing == thing.strip()
    return thing if is_clear else compact(thing)


def compact(thing: Any) -> str:
    """A JSON value as JSON on one line, whatever is in it."""
    try:
        return plain(json.dumps(thing, ensure_ascii=False, separators=(",", ":"), default=repr))
    except ValueError:
        # An integer with more digits than Python is willing to print.
        return "a value that is too large to be shown"


def pair(was: str, now: str, *, width: int = WIDTH) -> tuple[str, str]:
    """Two values, each cut so that one sees where they part: long prompts often differ far from their beginning."""
    if max(len(was), len(now)) <= width:
        return was, now
    apart = next((index for index, both in enumerate(zip(was, now, strict=False)) if both[0] != both[1]), 0)
    return _window(was, apart, width), _window(now, apart, width)


def _window(text: str, apart: int, width: int) -> str:
    if len(text) <= width:
        return text
    start = min(max(0, apart - _BEFORE), len(text) - width)
    end = start + width
    return ("..." if start else "") + text[start:end] + ("..." if end < len(text) else "")
