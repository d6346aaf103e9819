"""Menus: prompt, keys, speech, silence, repeats, and the PIE at the end (voice-v1.md 2.2, runMenu).

A round is: the prompt is played, then the call listens until a key, a word, or the timer. `menu(x)` begins another
menu with its own count of rounds; `return(x)`, digits, or the last silent round end in a PIE.
"""

from __future__ import annotations

from typing import Literal

from devserver.calls.asking import ask_pie
from devserver.calls.commands import Note, Offer
from devserver.calls.conferences import step_out
from devserver.calls.payloads import menu_result
from devserver.calls.program import Choice, Menu, Menus
from devserver.calls.progress import Progress, State
from devserver.calls.setup import Leg, Pairs
from devserver.svaml.prompts import Prompt

Method = Literal["dtmf", "voice"]

_PUNCTUATION = " \t.,!?"
_END_OF_DIGITS = "#"


def run_menu(p: Progress, menus: Menus, leg: Leg) -> None:
    """The action runMenu, for the party on this leg."""
    p.answer()
    step_out(p)
    p.menus, p.menu_leg = menus, leg
    p.move(State.MENU)
    _enter(p, menus.by_id[menus.start])


def key_pressed(p: Progress, key: str, leg: Leg) -> None:
    """Somebody pressed a key while a menu runs."""
    menus, menu = p.menus, p.menu
    if menus is None or menu is None or leg != p.menu_leg:
        p.out.append(Note("The menu is for the other party."))
    elif not p.playing:
        _take(p, menu, key)
    elif menus.barge and (key in menu.choices or menu.digits):
        p.stop_playing()
        _take(p, menu, key)
    else:
        p.out.append(Note(f"The key {key} does not count while the prompt plays."))


def spoke(p: Progress, text: str, leg: Leg) -> None:
    """Somebody said something while a menu runs."""
    menus, menu = p.menus, p.menu
    if menus is None or menu is None or not menus.voice or leg != p.menu_leg or (p.playing and not menus.barge):
        p.out.append(Note("Nobody listens."))
        return
    p.stop_playing()
    p.tried = True
    key = menu.words.get(text.strip(_PUNCTUATION).lower())
    if key is not None and key in menu.choices:
        _choose(p, menus, menu.choices[key], "voice")
    elif menu.digits or not menu.choices:
        _result(p, p.settings.voice_result, text, "voice")
    else:
        _again(p, menu)


def prompt_ended(p: Progress) -> None:
    """The prompt of the round is over: listen."""
    if p.menu is not None:
        _listen(p, p.menu)


def silence(p: Progress) -> None:
    """The time of the round, or of the next digit, is over."""
    if p.digits:
        _result(p, "sequence", p.digits)
    elif p.menu is not None:
        _again(p, p.menu)


def _enter(p: Progress, menu: Menu) -> None:
    p.menu, p.round = menu, 0
    _begin_round(p, menu, menu.main)


def _begin_round(p: Progress, menu: Menu, prompts: tuple[Prompt, ...]) -> None:
    p.stop_timer("menu", "voice")
    p.round += 1
    p.digits, p.tried = "", False
    voice, locale = (p.menus.voice, p.menus.locale) if p.menus else (False, "")
    options = tuple((choice.key, choice.written) for choice in menu.choices.values())
    p.out.append(Offer(menu.id, options, menu.digits, voice, p.round, p.menu_leg))
    p.play(prompts, p.menu_leg, "menu", locale=locale, menu=menu.id)
    if not p.playing:
        _listen(p, menu)


def _listen(p: Progress, menu: Menu) -> None:
    p.start_timer("menu", _timeout(p, menu))
    if p.menus is not None and p.menus.voice:
        cap = menu.voice_timeout
        p.start_timer("voice", p.settings.menu_voice_timeout if cap is None else cap)


def _timeout(p: Progress, menu: Menu) -> float:
    return p.settings.menu_timeout if menu.timeout is None else menu.timeout


def _take(p: Progress, menu: Menu, key: str) -> None:
    """A key that counts: an option, a digit of a sequence, or neither."""
    p.tried = True
    choice = None if p.digits else menu.choices.get(key)
    if choice is not None and p.menus is not None:
        _choose(p, p.menus, choice, "dtmf")
    elif menu.digits and (key != _END_OF_DIGITS or p.digits):
        _collect(p, menu, key)
    else:
        _again(p, menu)


def _collect(p: Progress, menu: Menu, key: str) -> None:
    if key != _END_OF_DIGITS:
        p.digits += key
    if key == _END_OF_DIGITS or len(p.digits) >= menu.digits:
        _result(p, "sequence", p.digits)
    else:
        p.stop_timer("voice")
        p.start_timer("menu", _timeout(p, menu))


def _choose(p: Progress, menus: Menus, choice: Choice, method: Method) -> None:
    for key, value in choice.add:
        set_cookie(p, key, value)
    if choice.verb == "return":
        _result(p, "return", choice.argument, method, choice.add)
    elif choice.argument in menus.by_id:
        p.stop_timer("menu", "voice")
        _enter(p, menus.by_id[choice.argument])
    else:
        _result(p, "error", p.settings.menu_timeout_value, method)


def _again(p: Progress, menu: Menu) -> None:
    repeats = p.settings.menu_repeats if menu.repeats is None else menu.repeats
    if p.round <= repeats:
        _begin_round(p, menu, menu.repeat)
    else:
        _result(p, "invalidinput" if p.tried else "timeout", p.settings.menu_timeout_value)


def _result(p: Progress, kind: str, value: str | None, method: Method = "dtmf", added: Pairs = ()) -> None:
    menu = p.menu.id if p.menu is not None else ""
    p.stop_timer("menu", "voice")
    p.menus, p.menu, p.digits = None, None, ""
    ask_pie(p, menu_result(kind, value, menu, method, added))


def set_cookie(p: Progress, key: str, value: str) -> None:
    """Remember a cookie for later events; a later value replaces an earlier one (voice-v1.md 2.1)."""
    if p.cookies is None:
        p.cookies = {}
    p.cookies[key] = value
