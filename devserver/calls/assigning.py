"""Values put into the body of a callback by their paths: `menuResult.value=sales`, `callHeaders[0].key=ticket`.

A value is JSON where it is, else text. What stands in its place, there or in another body of the same event, says
which kind is right: `cli=12025550199` stays a text, because a number of a caller is one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from devserver.errors import FnError

_STEP = re.compile(r"([^.\[\]=]+)|\[(\d{1,4})\]")
_EXAMPLE = "Write a path and a value, such as menuResult.value=sales or callHeaders[0].key=ticket."

Step = str | int


def assign(document: dict[str, Any], text: str, samples: Sequence[Mapping[str, Any]] = ()) -> tuple[Step, ...]:
    """Change a document as `PATH=VALUE` says; what is missing on the way is made.

    Args:
        document: the body; it is changed.
        text: from the command line.
        samples: bodies that show of which kind values are.

    Returns:
        The path.

    Raises:
        FnError: it is no assignment, or the value cannot be there.
    """
    if not text.isascii() and text.encode("utf-8", "replace").decode() != text:
        raise FnError(f"--set {text!r} is not UTF-8.", hint=_EXAMPLE)
    written, equals, raw = text.partition("=")
    path = _path(written.strip())
    if not equals or not path:
        raise FnError(f"--set {text!r} is no assignment.", hint=_EXAMPLE)
    node: Any = document
    for place, step in enumerate(path[:-1]):
        node = _child(node, step, path[: place + 1], path[place + 1])
    step = path[-1]
    there = _there(node, step, path)
    like = (
        there
        if there is not None
        else next((value for each in samples if (value := _at(each, path)) is not None), None)
    )
    _put(node, step, _value(raw, like, path))
    return path


def _path(text: str) -> tuple[Step, ...]:
    steps: list[Step] = []
    end = 0
    while end < len(text):
        match = _STEP.match(text, end)
        if match is None:
            return ()
        steps.append(match[1] if match[1] is not None else int(match[2]))
        end = match.end()
        if text[end : end + 1] == ".":
            end += 1
            if end == len(text) or text[end] == "[":
                return ()
    return tuple(steps) if steps and isinstance(steps[0], str) else ()


def _there(node: Any, step: Step, path: Sequence[Step]) -> Any:
    """What stands at a step of an object or a list; None for nothing.

    Raises:
        FnError: there can be nothing.
    """
    owner = shown(path[:-1]) if len(path) > 1 else "the body"
    match node, step:
        case dict(), str():
            return node.get(step)
        case list(), int() if step <= len(node):
            return node[step] if step < len(node) else None
        case list(), int():
            raise FnError(
                f"{owner} has {len(node)} items, so {shown(path)} is too far.", hint=f"The next is [{len(node)}]."
            )
        case list(), _:
            raise FnError(f"{owner} is a list, so it has no {step!r}.", hint=f"Its items are {owner}[0] and so on.")
        case dict(), _:
            raise FnError(f"{owner} is an object, so it has no item [{step}].", hint=_EXAMPLE)
    raise FnError(f"{owner} is {kind(node)}, so there can be no {shown(path)}.", hint=f"Set {owner} itself.")


def _child(node: Any, step: Step, path: Sequence[Step], following: Step) -> Any:
    found = _there(node, step, path)
    if found is None:
        found = [] if isinstance(following, int) else {}
        _put(node, step, found)
    return found


def _put(node: Any, step: Step, value: Any) -> None:
    if isinstance(node, list) and step == len(node):
        node.append(value)
    else:
        node[step] = value


def _at(document: Any, path: Sequence[Step]) -> Any:
    for step in path:
        match document, step:
            case dict(), str():
                document = document.get(step)
            case list(), int() if document:
                document = document[min(step, len(document) - 1)]  # items of a list are alike
            case _:
                return None
    return document


def _value(raw: str, like: Any, path: Sequence[Step]) -> Any:
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        value = raw
    if like is None or value is None or kind(value) == kind(like):
        return value
    if isinstance(like, str):
        return raw
    raise FnError(
        f"{shown(path)} is {kind(like)}, and {raw!r} is {kind(value)}.",
        hint="Values are JSON where they can be: 5, true, [], {}, null.",
    )


def kind(value: Any) -> str:
    """Which kind of JSON a value is, in words."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
    return "an object"


def shown(path: Sequence[Step]) -> str:
    """A path as it is written."""
    first, *rest = path
    return cast("str", first) + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in rest)
