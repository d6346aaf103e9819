"""The menus of a runMenu action as a graph: where it starts, where its options lead, and whether it ever answers.

Works on canonical names and expects that the fields by themselves were checked before (`fields.py`): what has a wrong
type is skipped here. It must not know prompts or callbacks. Ids are compared exactly, because nothing published says
that ids, unlike keys, are read in any case.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from devserver.svaml.findings import Report, did_you_mean, shown
from devserver.svaml.parts import MAIN, V_ACTIONS

_ACTION = re.compile(r"\s*(return|menu)\s*\((.*)\)\s*\Z", re.IGNORECASE | re.DOTALL)
_PATH = "action"
_DIGITS = range(10)

Menu = dict[str, Any]


class Taken(msgspec.Struct, frozen=True):
    """What choosing an option does: `return` ends the menu with that value, `menu` goes to the menu of that id."""

    verb: str
    argument: str


def option_action(text: str) -> Taken | None:
    """The action of an option taken apart; None when it is neither `return(value)` nor `menu(id)` (voice-v1.md 2.2).

    The argument is everything between the outer parentheses, as it stands.
    """
    match = _ACTION.match(text)
    return Taken(match[1].lower(), match[2]) if match else None


def check_menus(action: dict[str, Any], report: Report) -> None:
    """Check the menus of a runMenu action with canonical names."""
    if action.get("enableVoice") is True and not action.get("locale"):
        report.error("locale-missing", f"{_PATH}.locale", "A menu with `enableVoice` needs a `locale`.", V_ACTIONS)
    listed = action.get("menus")
    if not isinstance(listed, list):
        return
    if not listed:
        report.error("menus-empty", f"{_PATH}.menus", "runMenu needs at least one menu.", V_ACTIONS)
        return
    by_id = _by_id(listed, report)
    for index, menu in enumerate(listed):
        if isinstance(menu, dict):
            _check_menu(menu, f"{_PATH}.menus[{index}]", by_id, report)
    start = _start(action.get("mainMenu"), by_id, report)
    if start is not None:
        _check_graph(start, by_id, listed, report)


def _by_id(listed: list[Any], report: Report) -> dict[str, Menu]:
    by_id: dict[str, Menu] = {}
    for index, menu in enumerate(listed):
        name = menu.get("id") if isinstance(menu, dict) else None
        if not isinstance(name, str):
            continue
        if name in by_id:
            said = f"Two menus have the id {shown(name)}."
            report.error("menu-id-twice", f"{_PATH}.menus[{index}].id", said, V_ACTIONS)
        else:
            by_id[name] = menu
    return by_id


def _start(wanted: object, by_id: dict[str, Menu], report: Report) -> str | None:
    """The id of the menu that plays first, or None when there is none."""
    if isinstance(wanted, str) and wanted:
        if wanted not in by_id:
            said = f"`mainMenu` is {shown(wanted)}, but no menu has that id{did_you_mean(wanted, by_id)}"
            report.error("menu-main", f"{_PATH}.mainMenu", _ended(said), V_ACTIONS)
            return None
        if wanted != MAIN:
            said = (
                f"`mainMenu` is {shown(wanted)}; one document says that the menu with the id 'main' always plays first "
                "and must exist, another that `mainMenu` chooses."
            )
            report.warning("menu-main-disputed", f"{_PATH}.mainMenu", said, V_ACTIONS)
        return wanted
    if MAIN not in by_id:
        said = f"No menu has the id 'main', and `mainMenu` names no other{did_you_mean(MAIN, by_id)}"
        report.error("menu-main", f"{_PATH}.menus", _ended(said), V_ACTIONS)
        return None
    return MAIN


def _ended(said: str) -> str:
    return said if said.endswith("?") else f"{said}."


def _check_menu(menu: Menu, path: str, by_id: dict[str, Menu], report: Report) -> None:
    if not menu.get("options") and not menu.get("maxDigits"):
        said = "This menu has neither options nor `maxDigits`: no key can end it."
        report.warning("menu-no-input", path, said, V_ACTIONS)
    seen: set[str] = set()
    for index, option in enumerate(_options(menu)):
        where = f"{path}.options[{index}]"
        key = _key(option)
        if key in seen:
            said = f"Two options of this menu have the key {shown(key)}."
            report.error("option-dtmf-twice", f"{where}.dtmf", said, V_ACTIONS)
        elif key:
            seen.add(key)
        _check_action(option.get("action"), f"{where}.action", by_id, report)


def _options(menu: Menu) -> list[dict[str, Any]]:
    options = menu.get("options")
    return [item if isinstance(item, dict) else {} for item in options] if isinstance(options, list) else []


def _key(option: Menu) -> str:
    key = option.get("dtmf")
    if isinstance(key, str):
        return key
    return str(key) if isinstance(key, int) and key in _DIGITS else ""


def _check_action(action: object, path: str, by_id: dict[str, Menu], report: Report) -> None:
    if not isinstance(action, str) or not action.strip() or report.full("error"):
        return
    taken = option_action(action)
    if taken is None:
        said = f"{shown(action)} is not an option's action; it is `return(value)` or `menu(id)`."
        report.error("option-action", path, said, V_ACTIONS)
    elif taken.verb == "menu" and taken.argument not in by_id:
        said = f"{shown(action)} leads to no menu of this document{did_you_mean(taken.argument, by_id)}"
        report.error("menu-target", path, _ended(said), V_ACTIONS)


def _check_graph(start: str, by_id: dict[str, Menu], listed: list[Any], report: Report) -> None:
    reached = _reached(start, by_id)
    for index, menu in enumerate(listed):
        name = menu.get("id") if isinstance(menu, dict) else None
        if isinstance(name, str) and name not in reached:
            said = f"No option leads to the menu {shown(name)}."
            report.warning("menu-unreachable", f"{_PATH}.menus[{index}]", said, V_ACTIONS)
    if not any(_answers(by_id[name]) for name in reached):
        said = "Nothing a caller can press ends this menu: no option returns and no menu collects digits."
        report.warning("menu-no-result", f"{_PATH}.menus", said, V_ACTIONS)


def _reached(start: str, by_id: dict[str, Menu]) -> set[str]:
    reached = {start}
    waiting = [start]
    while waiting:
        for taken in _taken(by_id[waiting.pop()]):
            if taken.verb == "menu" and taken.argument in by_id and taken.argument not in reached:
                reached.add(taken.argument)
                waiting.append(taken.argument)
    return reached


def _taken(menu: Menu) -> list[Taken]:
    actions = (option.get("action") for option in _options(menu))
    return [taken for action in actions if isinstance(action, str) and (taken := option_action(action)) is not None]


def _answers(menu: Menu) -> bool:
    return bool(menu.get("maxDigits")) or any(taken.verb == "return" for taken in _taken(menu))
