"""Differences of answers in words: "option 2 of menu main now returns(billing), was return(support)".

Two dialects: the markup is told in the words of the field, JSON of custom handlers by its names. It must not find
differences, only say them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from devserver.recorder.compare.alike import heard, said
from devserver.recorder.compare.difference import (
    ABSENT,
    WIDTH,
    Difference,
    Found,
    Item,
    Steps,
    bare,
    cut,
    pair,
    path_of,
    plain,
    quoted,
)
from devserver.svaml.menu_rules import option_action
from devserver.svaml.prompts import parse
from devserver.svaml.shapes import Field
from devserver.svaml.words import describe

_PROMPTS = {
    "mainPrompt": "the prompt",
    "repeatPrompt": "the repeat prompt",
    "introPrompt": "the intro prompt",
    "holdPrompt": "the hold prompt",
}
_VERBS = {
    ("connectPstn", "number"): "calls",
    ("connectPstn", "destination.endpoint"): "calls",
    ("connectMxp", "destination.endpoint"): "calls",
    ("connectSip", "destination.endpoint"): "calls",
    ("connectStream", "destination.endpoint"): "streams to",
    ("connectConf", "conferenceId"): "joins",
    ("runMenu", "mainMenu"): "starts with menu",
    ("sendDtmf", "value"): "sends",
}
_SPEECH = frozenset({"tts", "ssml"})


# --- JSON of custom handlers -----------------------------------------------------------------------------------


def json_words(found: Found) -> Difference:
    """A difference between two JSON documents."""
    where = _place(found.steps) or "the answer"
    if found.was is ABSENT:
        return found.told(f"{where} is new: {cut(bare(found.now))}")
    if found.now is ABSENT:
        return found.told(f"{where} is gone; it was {cut(bare(found.was))}")
    return found.told(f"{where}: {arrow(bare(found.was), bare(found.now))}")


def arrow(was: str, now: str) -> str:
    """Two texts with an arrow between them."""
    return " -> ".join(pair(was, now))


def _place(steps: Steps) -> str:
    place = ""
    for step in steps:
        match step:
            case Item(index):
                place = f"{place} {index + 1}".strip()
            case str():
                place = f"{place}, {step}" if place else step
    return _short(place)


def _short(place: str) -> str:
    """A place that leaves room for what is there: its end tells most."""
    return plain(place if len(place) <= WIDTH else f"...{place[3 - WIDTH :]}")


# --- the markup ------------------------------------------------------------------------------------------------


def markup_words(found: Found) -> Difference:
    """A difference between two SVAML documents."""
    return found.told(_markup(found))


def _markup(found: Found) -> str:
    match found.steps:
        case ("action", *rest):
            return _in_action(found, tuple(rest))
        case ("instructions", Item() as item):
            return _instruction(found, item)
        case ("instructions", Item() as item, *rest):
            return _field(found, tuple(rest), _instruction_name(item))
        case _:
            return _changed(found, _short(path_of(found.steps)) or "the answer", lambda value: cut(bare(value)))


def _in_action(found: Found, steps: Steps) -> str:
    match steps:
        case ():
            return _changed(found, "the action", lambda value: cut(_action(value)))
        case ("menus", Item() as menu):
            return _changed(found, _menu(menu), _menu_content)
        case ("menus", Item() as menu, "options", Item() as option, *rest):
            return _in_option(found, _option_of(option, menu), tuple(rest))
        case ("menus", Item() as menu, *rest):
            return _field(found, tuple(rest), _menu(menu))
        case _:
            return _field(found, steps, plain(found.owner) or "the action")


def _in_option(found: Found, name: str, steps: Steps) -> str:
    match steps:
        case ():
            return _option(found, name)
        case ("action",):
            return _option_action(found, name)
        case _:
            return _field(found, steps, name)


def _changed(found: Found, thing: str, words: Callable[[Any], str]) -> str:
    if found.was is ABSENT:
        return f"{thing} is new: {words(found.now)}"
    if found.now is ABSENT:
        return f"{thing} is gone (was {words(found.was)})"
    return f"{thing} is now {words(found.now)}, was {words(found.was)}"


def _field(found: Found, rest: Steps, owner: str) -> str:
    name = path_of(rest)
    field = found.field
    if field is not None and _is_heard(found, field):
        subject = owner if len(rest) == 1 and name in {"text", "ids"} else f"{_PROMPTS.get(name, name)} of {owner}"
        return _prompt(found, subject, field)
    verb = _VERBS.get((found.owner, name))
    if verb and isinstance(found.was, str) and isinstance(found.now, str):
        was, now = pair(plain(found.was), plain(found.now))
        return f"{owner} now {verb} {now or '(nothing)'}, was {was or '(nothing)'}"
    was, now = pair(*("" if each is ABSENT else bare(each) for each in (found.was, found.now)))
    subject = f"{_short(name)} of {owner}"
    if found.was is ABSENT:
        return f"{subject} is new: {now}"
    return f"{subject} is gone (was {was})" if found.now is ABSENT else f"{subject} is now {now}, was {was}"


# --- prompts ---------------------------------------------------------------------------------------------------


def _is_heard(found: Found, field: Field) -> bool:
    return _is_said(field) and all(each is ABSENT or heard(each, field) is not None for each in (found.was, found.now))


def _is_said(field: Field) -> bool:
    return field.kind in {"prompt", "prompts"} or field.name == "text"


def _prompt(found: Found, subject: str, field: Field) -> str:
    words = ["" if each is ABSENT else said(each, field) for each in (found.was, found.now)]
    if words[0] == words[1]:
        # The same words in other tags, or a file in place of words: only the source shows it.
        words = ["" if each is ABSENT else _source(each) for each in (found.was, found.now)]
    was, now = map(quoted, pair(*map(plain, words)))
    if found.was is ABSENT:
        return f"{subject} is new: {now}"
    if found.now is ABSENT:
        return f"{subject} is gone (was {was})"
    return f"{subject} now {'says' if _speaks(found.now, field) else 'plays'} {now}, was {was}"


def _source(value: Any) -> str:
    return value if isinstance(value, str) else ";".join(value)


def _speaks(value: Any, field: Field) -> bool:
    return field.kind == "text" or any(prompt.kind in _SPEECH for prompt in parse(_source(value)))


# --- instructions, actions, menus ------------------------------------------------------------------------------


def _instruction_name(item: Item) -> str:
    name = f" ({cut(plain(item.known), 40)})" if item.known else ""
    return f"instruction {item.place + 1}{name}"


def _instruction(found: Found, item: Item) -> str:
    name = _instruction_name(item)
    if found.was is ABSENT:
        content = _content(found.now)
        return f"{name} is new: {content}" if content else f"{name} is new"
    if found.now is ABSENT:
        content = _content(found.was)
        return f"{name} is gone (was {content})" if content else f"{name} is gone"
    words = [
        f"{each['name']} {_content(each)}".strip() if isinstance(each, dict) and "name" in each else bare(each)
        for each in (found.was, found.now)
    ]
    was, now = pair(*map(plain, words))
    return f"instruction {item.place + 1} is now {now}, was {was}"


def _content(instruction: Any) -> str:
    """What an instruction does, without its name."""
    match instruction:
        case {"name": "say", "text": str() as text}:
            return cut(quoted(" ".join(text.split())))
        case {"name": "playFiles", "ids": [*ids]} if ids and all(isinstance(each, str) for each in ids):
            return cut(quoted(said(ids, Field("ids", "prompts"))))
        case dict():
            fields = [f"{key} {bare(value)}" for key, value in instruction.items() if key != "name"]
            return cut(plain(", ".join(fields)))
        case _:
            return cut(bare(instruction))


def _action(action: Any) -> str:
    return describe({"action": action}) if isinstance(action, dict) and action.get("name") else bare(action)


def _menu(menu: Item) -> str:
    return f"menu {cut(plain(menu.known), 64)}" if menu.known else f"menu number {menu.place + 1}"


def _menu_content(menu: Any) -> str:
    if not isinstance(menu, dict):
        return cut(bare(menu))
    prompt, options = menu.get("mainPrompt"), menu.get("options")
    words = [cut(quoted(said(prompt, Field("mainPrompt", "prompt"))))] if isinstance(prompt, str) else []
    keys = (
        [str(each["dtmf"]) for each in options if isinstance(each, dict) and "dtmf" in each]
        if isinstance(options, list)
        else []
    )
    if keys:
        words.append(f"option{'s' if len(keys) > 1 else ''} {cut(plain(', '.join(keys)), 40)}")
    return ", ".join(words) or cut(bare(menu))


def _option_of(option: Item, menu: Item) -> str:
    key = cut(plain(option.known), 20) if option.known else f"number {option.place + 1}"
    return f"option {key} of {_menu(menu)}"


def _option(found: Found, name: str) -> str:
    words = [
        plain(each["action"]) if isinstance(each, dict) and isinstance(each.get("action"), str) else bare(each)
        for each in (found.was, found.now)
        if each is not ABSENT
    ]
    if found.was is ABSENT:
        return f"{name} is new: {cut(words[0])}"
    if found.now is ABSENT:
        return f"{name} is gone (was {cut(words[0])})"
    was, now = pair(*words)
    return f"{name} is now {now}, was {was}"


def _option_action(found: Found, name: str) -> str:
    if not isinstance(found.was, str) or not isinstance(found.now, str):
        return _option(found, f"the action of {name}")
    was, now = pair(plain(found.was), plain(found.now))
    taken = option_action(found.now)
    match taken.verb if taken else "":
        case "return" if taken:
            return f"{name} now returns({cut(plain(taken.argument))}), was {was}"
        case "menu" if taken:
            return f"{name} now goes to menu({cut(plain(taken.argument))}), was {was}"
        case _:
            return f"{name} is now {now or '(nothing)'}, was {was or '(nothing)'}"
