"""An answer in words: one line for the console, and what the caller hears.

For people, so it never fails and never judges: half a document gives half a line. Whatever comes from the document is
cut and kept on one line, because the console prints it as it is.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

from devserver.svaml.canonical import canonical
from devserver.svaml.findings import json_kind
from devserver.svaml.parts import MAIN
from devserver.svaml.prompts import parse, spoken

_SHOWN = 60


def describe(document: object) -> str:
    """The answer in one line, like "say x2 + connectPstn +15551234567"; "nothing" when it is empty."""
    if document is None or document == {}:
        return "nothing"
    if not isinstance(document, dict):
        return f"{json_kind(document)}, no SVAML"
    read = canonical(document)
    names = [_name(item) for item in _instructions(read)]
    words = [_repeated(name, len(list(same))) for name, same in groupby(names)]
    return " + ".join([*words, _action(read.get("action"))])


def heard(document: object) -> tuple[str, ...]:
    """What a caller hears before the next callback, in order: one entry a prompt, as `prompts.spoken` gives it.

    Of a menu it is the first prompt of the menu that starts, of a parked call the two prompts.
    """
    read = canonical(document)
    texts = [text for item in _instructions(read) for text in _played(item)]
    action = read.get("action")
    return tuple(text for text in (*texts, *_prompts(action if isinstance(action, dict) else {})) if text)


def start_menu(action: dict[str, Any]) -> dict[str, Any] | None:
    """The menu that a canonical runMenu action plays first; None when it is not there (voice-v1.md 2.2)."""
    menus = action.get("menus")
    start = action.get("mainMenu") or MAIN
    listed = [menu for menu in menus if isinstance(menu, dict)] if isinstance(menus, list) else []
    return next((menu for menu in listed if menu.get("id") == start), None)


def _instructions(read: dict[str, Any]) -> list[Any]:
    listed = read.get("instructions")
    return listed if isinstance(listed, list) else []


def _name(thing: object) -> str:
    name = thing.get("name") if isinstance(thing, dict) else None
    return _line(name) if isinstance(name, str) and name else "?"


def _repeated(name: str, times: int) -> str:
    return name if times == 1 else f"{name} x{times}"


def _line(text: str) -> str:
    line = "".join(character if character.isprintable() else " " for character in text[: _SHOWN + 1])
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 2]}.."


def _action(action: object) -> str:
    if action is None:
        return "no action"
    if not isinstance(action, dict):
        return "?"
    name = _name(action)
    target = _target(name, action)
    return f"{name} {_line(target)}" if target else name


def _target(name: str, action: dict[str, Any]) -> str:
    """What an action is about, in one word."""
    match name:
        case "runMenu":
            target = action.get("mainMenu") or MAIN
        case "connectPstn":
            target = action.get("number") or _endpoint(action)
        case "connectConf":
            target = action.get("conferenceId")
        case _:
            target = _endpoint(action)
    return target if isinstance(target, str) else ""


def _endpoint(action: dict[str, Any]) -> Any:
    destination = action.get("destination")
    return destination.get("endpoint") if isinstance(destination, dict) else None


def _played(item: object) -> list[str]:
    match item:
        case {"name": "say", "text": str() as text}:
            return [" ".join(text.split())]
        case {"name": "playFiles", "ids": [*ids]}:
            return [text for name in ids if isinstance(name, str) for text in _spoken_each(name)]
        case _:
            return []


def _prompts(action: dict[str, Any]) -> list[str]:
    match action.get("name"):
        case "runMenu":
            texts = [(start_menu(action) or {}).get("mainPrompt")]
        case "park":
            texts = [action.get("introPrompt"), action.get("holdPrompt")]
        case _:
            texts = []
    return [part for text in texts if isinstance(text, str) for part in _spoken_each(text)]


def _spoken_each(text: str) -> list[str]:
    return [spoken(prompt.raw) for prompt in parse(text)]
