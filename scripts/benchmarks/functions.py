"""Functions that simulated calls are made to: one whose calls have five callbacks, and a tree of menus.

What they answer is here a second time, as bytes, for what is measured without a function.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

KEYS = "1,2"
"""What the caller presses to get ICE, PIE, PIE, ACE and DICE from `five`."""
EVENTS = ("ice", "pie", "pie", "ace", "dice")

_FIVE = """\
from devserver.runtime import AceSvamlBuilder, IceSvamlBuilder, PieSvamlBuilder, create_menu

_MENU = create_menu().prompt("Press 1 for sales, 2 for support.")
MENU = _MENU.option("1", "return(sales)").option("2", "return(support)").build()


async def ice(context, event):
    return IceSvamlBuilder().say("Welcome.").run_menu(MENU).build()


async def pie(context, event):
    if event.menu_result.value == "sales":
        return PieSvamlBuilder().say("Sales.").run_menu(MENU).build()
    return PieSvamlBuilder().say("One moment.").connect_pstn("+15551234567").build()


async def ace(context, event):
    return AceSvamlBuilder().continue_().build()


async def dice(context, event):
    return None


async def v(context, request):
    return "ready"
"""

_TREE = """\
from devserver.runtime import IceSvamlBuilder, PieSvamlBuilder, create_menu

MENUS = @MENUS@


def menu(number):
    made = create_menu().prompt(f"Menu {number}.")
    for key in (1, 2, 3):
        made = made.option(str(key), f"return({number * 3 + key})")
    return made.option("0", "return(0)").build()


async def ice(context, event):
    return IceSvamlBuilder().say("Welcome.").run_menu(menu(0)).build()


async def pie(context, event):
    chosen = event.menu_result.value or ""
    if not chosen.isdigit():
        return PieSvamlBuilder().say("Goodbye.").hangup().build()
    number = int(chosen)
    if number >= MENUS:
        return PieSvamlBuilder().say(f"Department {number}.").connect_pstn(f"+1555123{number:04d}").build()
    return PieSvamlBuilder().say(f"You are at {number}.").run_menu(menu(number)).build()


async def dice(context, event):
    return None
"""


def five(folder: Path) -> Path:
    """A menu twice, then somebody is connected."""
    return _project(folder, "bench-five", _FIVE)


def tree(folder: Path, menus: int) -> Path:
    """So many menus of three entries each, a callback for each of them, and a phone at the end of every way."""
    return _project(folder, "bench-tree", _TREE.replace("@MENUS@", str(menus)))


def departments(menus: int) -> int:
    """How many phones a tree of so many menus ends at."""
    return 2 * menus + 1


def five_answers(number: int | None = None) -> tuple[bytes, ...]:
    """What `five` answers, in the order of `EVENTS`; with a number, what no other call is told."""
    more = "" if number is None else f", caller {number}"
    menu = _menu("Press 1 for sales, 2 for support.", {"1": "return(sales)", "2": "return(support)"})
    connect = {"name": "connectPstn", "number": "+15551234567"}
    return (
        _document(f"Welcome{more}.", menu),
        _document(f"Sales{more}.", menu),
        _document(f"One moment{more}.", connect),
        _document("", {"name": "continue"}),
        b"",
    )


def tree_answer(payload: dict[str, Any], menus: int) -> bytes:
    """What a tree answers to a callback."""
    match payload["event"]:
        case "ice":
            return _document("Welcome.", _tree_menu(0))
        case "pie":
            chosen = payload["menuResult"].get("value") or ""
            if not chosen.isdigit():
                return _document("Goodbye.", {"name": "hangup"})
            number = int(chosen)
            if number >= menus:
                connect = {"name": "connectPstn", "number": f"+1555123{number:04d}"}
                return _document(f"Department {number}.", connect)
            return _document(f"You are at {number}.", _tree_menu(number))
        case "ace":
            return _document("", {"name": "continue"})
        case _:
            return b""


def _tree_menu(number: int) -> dict[str, Any]:
    below = {str(key): f"return({number * 3 + key})" for key in (1, 2, 3)}
    return _menu(f"Menu {number}.", below | {"0": "return(0)"})


def _menu(prompt: str, options: dict[str, str]) -> dict[str, Any]:
    listed = [{"dtmf": key, "action": action} for key, action in options.items()]
    return {"name": "runMenu", "menus": [{"id": "main", "mainPrompt": f"#tts[{prompt}]", "options": listed}]}


def _document(text: str, action: dict[str, Any]) -> bytes:
    say = [{"name": "say", "text": text, "locale": "en-US"}] if text else []
    return json.dumps({"instructions": say, "action": action}).encode()


def _project(folder: Path, name: str, function: str) -> Path:
    (folder / "sinch.json").write_text(json.dumps({"name": name, "runtime": "python"}))
    (folder / "function.py").write_text(function)
    return folder
