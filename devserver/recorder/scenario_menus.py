"""What a caller did in a menu, found from what the menu returned: for scenarios of recorded calls.

The recording says which option was taken, not which keys were pressed, nor which menus lay on the way. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]

NO_WAY = "?"
"""Stands for a key that nothing in the recording tells; a scenario with it is refused until a person puts it in."""

_CHOICE = re.compile(r"\s*(menu|return)\s*\((.*)\)\s*", re.IGNORECASE | re.DOTALL)
_NOT_A_KEY = "*"  # where the caller pressed one that the menu does not have
_KEYS = "0123456789*#"
_TYPED = re.compile(r"[0-9*#]+")


def input_steps(result: Document, action: Document) -> Iterator[Document]:
    """What the caller did in the menus that were running."""
    menu, value = as_word(result.get("menuId")), as_word(result.get("value"))
    yield from _way(action, menu)
    step: Document = {"menu": menu} if menu else {}
    match as_word(result.get("type")).lower():
        case "hangup":
            yield {**step, "hangup": "caller"}
        case "timeout":
            yield from [step] if step else []
            yield {"callback": "pie timeout"}
        case _ if as_word(result.get("inputMethod")).lower() == "voice":
            yield {**step, "say": value or NO_WAY}
        case "return":
            yield {**step, "press": _key_of(action, menu, value)}
        case "sequence":
            yield {**step, "press": value if _TYPED.fullmatch(value) else NO_WAY}
        case _:
            yield {**step, "press": _unknown_key(action, menu)}


def _menus(action: Document) -> dict[str, Document]:
    return {as_word(menu.get("id")): menu for menu in as_list(action.get("menus")) if isinstance(menu, dict)}


def _options(menu: Document) -> Iterator[tuple[str, str, str]]:
    """Key, `menu` or `return`, and what stands in its parentheses."""
    for option in as_list(menu.get("options")):
        found = _CHOICE.fullmatch(as_word(as_object(option).get("action")))
        if found is not None:
            yield as_word(as_object(option).get("dtmf")), found[1].lower(), found[2]


def _way(action: Document, menu: str) -> list[Document]:
    """What is pressed from the first menu to another one, in the fewest steps; nothing when there is no way."""
    menus = _menus(action)
    start = _start(action)
    ways: list[tuple[str, list[Document]]] = [(start, [])]
    seen = {start}
    for at, steps in ways:
        if at == menu:
            return steps
        for key, kind, name in _options(menus.get(at, {})):
            if kind == "menu" and name not in seen:
                seen.add(name)
                ways.append((name, [*steps, {"menu": at, "press": key}]))
    return []


def _key_of(action: Document, menu: str, value: str) -> str:
    """The key that returns a value in a menu, or in any if that is not known; `?` when there is none."""
    menus = _menus(action)
    searched = [menus.get(menu, {})] if menu else list(menus.values())
    for each in searched:
        for key, kind, name in _options(each):
            if kind == "return" and name == value:
                return key
    return NO_WAY


def _start(action: Document) -> str:
    return as_word(action.get("mainMenu")) or "main"


def _unknown_key(action: Document, menu: str) -> str:
    taken = {key for key, _, _ in _options(_menus(action).get(menu, {}))}
    return next((key for key in reversed(_KEYS) if key not in taken), _NOT_A_KEY)


def as_object(value: object) -> Document:
    """A value that is an object; empty when it is none."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """A value that is a list; empty when it is none."""
    return value if isinstance(value, list) else []


def as_word(value: object) -> str:
    """A value that is a word; a number is one, too, because keys are sometimes written as one."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
