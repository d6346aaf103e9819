"""Menus for `run_menu`: `create_menu().prompt("Press 1.").option("1", "return(sales)").build()`.

A builder of its own, because its ranges are those of Sinch Functions and not those of the platform
(functions-platform.md 4.3), and are enforced at the line that breaks them. It must not know actions or callbacks:
whether a menu fits into an answer is decided by the rules when the answer is built.

A second menu of the same set is started by `.menu(id)`: what follows belongs to it, and an option of any menu goes
there with the action `menu(id)`:

    create_menu().prompt("Press 1 for our hours.").option("1", "menu(hours)").menu("hours").prompt("Press 9.")
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

from devserver.svaml import SvamlError, check
from devserver.svaml.errors import refused
from devserver.svaml.menu_rules import option_action
from devserver.svaml.parts import MAIN
from devserver.svaml.prompts import as_prompt

_KEYS = frozenset("0123456789*#")


@dataclass(frozen=True, slots=True)
class Menu:
    """One menu so far. The defaults are those of Sinch Functions, not the platform's (functions-platform.md 4.3)."""

    id: str
    prompt: str | None = None
    repeat_prompt: str | None = None
    timeout: int = 8000
    repeats: int = 2
    max_digits: int = 1
    options: tuple[tuple[str, str], ...] = ()

    def wire(self) -> dict[str, Any]:
        """The menu as the platform reads it (voice-v1.md 2.2)."""
        prompts = {"mainPrompt": self.prompt, "repeatPrompt": self.repeat_prompt}
        menu: dict[str, Any] = {"id": self.id}
        menu.update({key: text for key, text in prompts.items() if text is not None})
        menu.update(repeats=self.repeats, maxDigits=self.max_digits, timeoutMills=self.timeout)
        if self.options:
            menu["options"] = [{"dtmf": key, "action": action} for key, action in self.options]
        return menu


@dataclass(frozen=True, slots=True)
class BuiltMenu:
    """Finished menus, ready for `run_menu`; the first one starts.

    Iterating gives fresh wire objects, so `{"name": "runMenu", "menus": list(menu)}` works too.
    """

    menus: tuple[Menu, ...]

    @property
    def start(self) -> str:
        """Id of the menu that plays first."""
        return self.menus[0].id

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (menu.wire() for menu in self.menus)

    def __len__(self) -> int:
        return len(self.menus)


def create_menu(id: str = MAIN) -> MenuBuilder:  # noqa: A002 -- the wire calls it id, and so does everyone who writes menus
    """A new menu; `id` is what an option's `menu(id)` and the `menu_result.menu_id` of the PIE say.

    Raises:
        SvamlError: the id is empty or longer than 64 characters.
    """
    return MenuBuilder(id)


class MenuBuilder:
    """One menu or several, built by chaining; every method raises `SvamlError` at once when its argument cannot be.

    Texts are read aloud as they are; a text in prompt syntax (`#tts[..]`, `#ssml[..]`, `#href[..]`), an http address or
    the name of an audio file is played as what it is.
    """

    def __init__(self, id: str = MAIN) -> None:  # noqa: A002 -- see create_menu
        self._done: list[Menu] = []
        self._menu = Menu(_checked_id(id))

    def prompt(self, text: str) -> Self:
        """What is played first."""
        return self._set(prompt=as_prompt(_checked_text("prompt", text)))

    def repeat_prompt(self, text: str) -> Self:
        """What is played after a wrong key or silence; without it the platform repeats the prompt."""
        return self._set(repeat_prompt=as_prompt(_checked_text("repeat_prompt", text)))

    def option(self, digit: str | int, action: str) -> Self:
        """What a key does: `return(value)` ends the menu with a PIE, `menu(id)` goes to another menu.

        Args:
            digit: one of 0-9, `*` and `#`.
            action: `return(..)` or `menu(..)` (voice-v1.md 2.2).
        """
        key = str(digit)
        if isinstance(digit, bool) or key not in _KEYS:
            raise SvamlError(f"The option key {digit!r} is not one key of the keypad.", hint="Use 0-9, * or #.")
        if any(key == taken for taken, _ in self._menu.options):
            raise SvamlError(f"The menu {self._menu.id!r} has an option for the key {key} already.")
        return self._set(options=(*self._menu.options, (key, _checked_action(action))))

    def timeout(self, ms: int) -> Self:
        """How long the caller may be silent: 1000 to 30000 milliseconds, 8000 if not said."""
        return self._set(timeout=_checked_range("timeout", ms, 1000, 30000, "milliseconds"))

    def repeats(self, n: int) -> Self:
        """How often the prompt is played again: 0 to 5, 2 if not said."""
        return self._set(repeats=_checked_range("repeats", n, 0, 5, "times"))

    def max_digits(self, n: int) -> Self:
        """How many keys are collected: 1 to 20, 1 if not said. Without options they come as a PIE of type sequence."""
        return self._set(max_digits=_checked_range("max_digits", n, 1, 20, "digits"))

    def menu(self, id: str) -> Self:  # noqa: A002 -- see create_menu
        """Finish this menu and start another one in the same set, with its own id, prompt and options."""
        if any(id == menu.id for menu in (*self._done, self._menu)):
            raise SvamlError(f"There is a menu {id!r} already.", hint="Give each menu of a set an id of its own.")
        self._done.append(self._menu)
        self._menu = Menu(_checked_id(id))
        return self

    def build(self) -> BuiltMenu:
        """The finished menus; the builder can go on and build others.

        Raises:
            SvamlError: an option leads to a menu that is not here, or a prompt is too long; one line for each.
        """
        built = BuiltMenu((*self._done, self._menu))
        action = {"name": "runMenu", "menus": list(built), "mainMenu": built.start}
        errors = tuple(found for found in check({"action": action}, "ice") if found.severity == "error")
        if errors:
            raise refused("MenuBuilder", errors)
        return built

    def _set(self, **changes: Any) -> Self:
        self._menu = replace(self._menu, **changes)
        return self


def _checked_id(text: object) -> str:
    if not isinstance(text, str) or not text.strip() or len(text) > 64:
        raise SvamlError(f"{text!r} is no id of a menu.", hint="Use a text of 1 to 64 characters.")
    return text


def _checked_text(what: str, text: object) -> str:
    if not isinstance(text, str) or not text.strip():
        raise SvamlError(f"The {what} of a menu is {text!r}; it must be a text.")
    return text


def _checked_action(text: object) -> str:
    if not isinstance(text, str) or option_action(text) is None:
        raise SvamlError(
            f"{text!r} is not an option's action.", hint=f"Write return({text}), or menu(id) of another menu."
        )
    return text


def _checked_range(what: str, value: object, low: int, high: int, unit: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise SvamlError(f"{what} is {value!r}; it must be {low} to {high} {unit}.")
    return value
