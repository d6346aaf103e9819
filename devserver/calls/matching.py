"""When something that happened in a call is what a person wrote about it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_ABOUT: Mapping[str, Sequence[tuple[str, ...]]] = {
    "ace": (("amd", "status"),),
    "pie": (("menuResult", "value"), ("menuResult", "type"), ("menuResult", "menuId")),
    "dice": (("reason",), ("result",)),
    "notify": (("type",),),
}
"""What a callback is about, most telling first: where it stands in the payload."""


def is_heard(part: str, text: str) -> bool:
    """Whether a part of a text was meant; spaces and letter case do not matter."""
    return _plain(part) in _plain(text)


def in_order(parts: Iterable[str], texts: Sequence[str], start: int = 0) -> tuple[int, str | None]:
    """Look for parts in texts, each after the one before.

    Args:
        parts: what is looked for.
        texts: where.
        start: the first text that counts.

    Returns:
        The place after the last one that was found, and the first part that was not.
    """
    for part in parts:
        place = next((at for at in range(start, len(texts)) if is_heard(part, texts[at])), None)
        if place is None:
            return start, part
        start = place + 1
    return start, None


def is_same_party(wanted: str, party: str) -> bool:
    """Whether two spellings of a number, a user or an address mean the same."""
    return _bare(wanted) == _bare(party)


def is_callback(wanted: str, event: str, request: Mapping[str, Any]) -> bool:
    """Whether a callback is the one that is written as `pie` or `pie sales`."""
    name, _, about = wanted.partition(" ")
    return name == event and (not about or about.lower() in [word.lower() for word in _abouts(event, request)])


def callback_words(event: str, request: Mapping[str, Any]) -> str:
    """A callback as it would be written: `pie sales`."""
    return " ".join([event, *_abouts(event, request)[:1]])


def _abouts(event: str, request: Mapping[str, Any]) -> list[str]:
    found = [_at(request, path) for path in _ABOUT.get(event, ())]
    return [word for word in found if word]


def _at(request: Mapping[str, Any], path: tuple[str, ...]) -> str:
    value: Any = request
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _bare(party: str) -> str:
    return party.strip().casefold().removeprefix("sip:").removeprefix("+")
