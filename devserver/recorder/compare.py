"""What changed between two answers, in words.

Not a text diff: keys have no order, menus are known by their id and options by the key a caller presses, so moving one
is no change and a new one in front does not make all others look different. Everything else in a list is known by its
place.

Pure, and it must not judge: whether a difference matters is the business of whoever asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from devserver.recorder.exchange import Answer
from devserver.svaml.canonical import canonical

_IDENTITIES = ("id", "dtmf")
_WIDTH = 100  # characters of a value that are shown
_BEFORE = 30  # characters shown before the place where two long texts part
_DEEPEST = 100


class Difference(msgspec.Struct, frozen=True):
    """One thing that is not as it was.

    Attributes:
        path: inside the document, like `action.menus[0].options[1].action`; `status`, `body` or `content-type` for
            what is none; empty for the whole document. Numbers are places in the old document, in the new one for
            what is new.
        was: the old value; None when there was none.
        now: the new value; None when it is gone.
        text: a line for people; text from the documents may hold anything, also control characters of a terminal.
    """

    path: str
    was: Any
    now: Any
    text: str


class _Absent:
    """In place of a value that is not there: null is a value."""


_ABSENT = _Absent()


def differences(old: object, new: object) -> list[Difference]:
    """All differences between two JSON documents, in the order of the old one."""
    try:
        return list(_compare(old, new, "", "", 0))
    except RecursionError:
        return [Difference("", None, None, "The answers are nested too deeply to be compared.")]


def answer_differences(old: Answer | None, new: Answer | None, *, svaml: bool) -> list[Difference]:
    """All differences between two answers: their status, and their bodies by what they are.

    Args:
        old: None when there was no answer.
        new: the same.
        svaml: the bodies are read as the platform reads them: names in any case, and no body is the empty document.
    """
    if old is None or new is None:
        was, now = (None if answer is None else answer.status for answer in (old, new))
        words = ("no answer" if status is None else f"status {status}" for status in (was, now))
        return [] if old is new else [Difference("status", was, now, " -> ".join(words))]
    found = []
    if old.status != new.status:
        found.append(Difference("status", old.status, new.status, f"status: {old.status} -> {new.status}"))
    if not svaml and (types := (_content_type(old), _content_type(new)))[0] != types[1]:
        found.append(Difference("content-type", *types, f"content type: {types[0] or 'none'} -> {types[1] or 'none'}"))
    return found + _body_differences(old.body, new.body, svaml=svaml)


def _body_differences(old: bytes, new: bytes, *, svaml: bool) -> list[Difference]:
    if old == new:
        return []
    try:
        documents = [msgspec.json.decode(body or b"{}" if svaml else body) for body in (old, new)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        was, now = _as_text(old), _as_text(new)
        return [Difference("body", was, now, f"body: {_pair(was, now)}")]
    if svaml:
        documents = [canonical(each) if isinstance(each, dict) else each for each in documents]
    return differences(*documents)


def _as_text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return f"{len(body)} bytes"


def _content_type(answer: Answer) -> str:
    values = [value for name, value in answer.headers if name.lower() == "content-type"]
    return values[0].partition(";")[0].strip().lower() if values else ""


# --- walking ---------------------------------------------------------------------------------------------------


def _compare(old: Any, new: Any, path: str, place: str, depth: int) -> Iterator[Difference]:
    """`path` is where it is, `place` is that in words."""
    match old, new:
        case dict(), dict() if depth < _DEEPEST and _same_kind(old, new):
            for key in [*old, *(key for key in new if key not in old)]:
                inner = f"{path}.{key}" if path else key
                yield from _compare(
                    old.get(key, _ABSENT), new.get(key, _ABSENT), inner, _place_of_key(place, key), depth + 1
                )
        case list(), list() if depth < _DEEPEST:
            for index, was, now in _paired(old, new):
                item = was if now is _ABSENT else now
                inner_place = _place_of_item(path, place, index, item)
                yield from _compare(was, now, f"{path}[{index}]", inner_place, depth + 1)
        case _ if not _equal(old, new):
            yield _difference(old, new, path, place)


def _equal(old: Any, new: Any) -> bool:
    # In Python, true is 1; in JSON it is not.
    return bool(old == new) and isinstance(old, bool) == isinstance(new, bool)


def _same_kind(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether two objects are worth comparing field by field: a hangup and a connectPstn are not."""
    names = old.get("name"), new.get("name")
    return not all(isinstance(name, str) for name in names) or names[0] == names[1]


def _paired(old: list[Any], new: list[Any]) -> Iterator[tuple[int, Any, Any]]:
    """Items that belong together, with their place."""
    for identity in _IDENTITIES:
        olds, news = _by_identity(old, identity), _by_identity(new, identity)
        if olds is not None and news is not None and (olds or news):
            for key, (index, item) in olds.items():
                yield index, item, news.get(key, (0, _ABSENT))[1]
            for key, (index, item) in news.items():
                if key not in olds:
                    yield index, _ABSENT, item
            return
    for index in range(max(len(old), len(new))):
        yield index, old[index] if index < len(old) else _ABSENT, new[index] if index < len(new) else _ABSENT


def _by_identity(items: list[Any], identity: str) -> dict[Any, tuple[int, Any]] | None:
    """Items by a field that tells them apart; None when it does not."""
    found: dict[Any, tuple[int, Any]] = {}
    for index, item in enumerate(items):
        key = item.get(identity) if isinstance(item, dict) else None
        if not isinstance(key, str | int) or key in found:
            return None
        found[key] = (index, item)
    return found


# --- words -----------------------------------------------------------------------------------------------------


def _place_of_key(place: str, key: str) -> str:
    if key == "action" and place.startswith("option "):
        return place  # what an option does is the option
    if key in {"menus", "options", "instructions"}:
        return place
    return f"{place}, {key}" if place and place != "action" else f"{place} {key}".strip()


def _place_of_item(path: str, place: str, index: int, item: Any) -> str:
    known = item if isinstance(item, dict) else {}
    if path.endswith("instructions"):
        name = known.get("name")
        return f"instruction {index + 1} ({name})" if isinstance(name, str) else f"instruction {index + 1}"
    if path.endswith("menus") and "id" in known:
        return f"menu {known['id']}"
    if path.endswith("options") and "dtmf" in known:
        return f"option {known['dtmf']} of {place}"
    return f"{place} {index + 1}".strip()


def _difference(old: Any, new: Any, path: str, place: str) -> Difference:
    where = place or "the answer"
    if old is _ABSENT:
        return Difference(path, None, new, f"{where} is new: {_words(new)}")
    if new is _ABSENT:
        return Difference(path, old, None, f"{where} is gone; it was {_words(old)}")
    if where.startswith("instruction ") and isinstance(old, dict) and isinstance(new, dict):
        where = where.partition(" (")[0]
    return Difference(path, old, new, f"{where}: {_pair(old, new)}")


def _pair(old: Any, new: Any) -> str:
    was, now = _words(old, cut=False), _words(new, cut=False)
    if max(len(was), len(now)) > _WIDTH:
        # Long prompts often differ far from their beginning.
        apart = next((index for index, pair in enumerate(zip(was, now, strict=False)) if pair[0] != pair[1]), 0)
        was, now = _window(was, apart), _window(now, apart)
    return f"{was} -> {now}"


def _window(text: str, apart: int) -> str:
    start = max(0, apart - _BEFORE) if len(text) > _WIDTH else 0
    end = start + _WIDTH
    return ("..." if start else "") + text[start:end] + ("..." if end < len(text) else "")


def _words(value: Any, *, cut: bool = True) -> str:
    match value:
        case str() if value and value.isprintable() and value == value.strip():
            words = value
        case {"name": str() as name, **others}:
            words = " ".join([name, *(f"{key} {_json(item)}" for key, item in others.items())])
        case {"dtmf": _, "action": str() as action}:
            words = action
        case _:
            words = _json(value)
    return _window(words, 0) if cut else words


def _json(value: Any) -> str:
    return value if isinstance(value, str) and value.isprintable() and value else msgspec.json.encode(value).decode()
