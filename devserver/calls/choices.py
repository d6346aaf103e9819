"""What can be done where a call stands, and what trying that means for the machine.

Every key of a menu is tried. Keys that the machine treats alike, because no option has them, are tried once; of digits
that are collected some examples are, or all ten when one digit is enough. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from devserver.calls.flow import MoveKind
from devserver.calls.machine import Call
from devserver.calls.program import Menu
from devserver.calls.progress import State

RESTING = frozenset(
    {State.MENU, State.DIALLING, State.BRIDGED, State.CONFERENCE, State.STREAMING, State.UP, State.PARKED}
)
"""States in which nothing happens until somebody does something, or a long time has passed."""

SPOKEN = "something"
"""What is said to a menu that listens."""

_KEYS = "1234567890*#"
_DIGITS = "1234567890"
_END = "#"


class Choice(msgspec.Struct, frozen=True):
    """Something to try; `keys` are pressed one after the other."""

    kind: MoveKind
    label: str
    keys: str = ""


HANG_UP = Choice("hang up", "caller hangs up")
_SILENCE = Choice("silence", "silence")
_CALLEE_LEAVES = Choice("callee hangs up", "callee hangs up")


def choices(call: Call, digits: Sequence[str]) -> list[Choice]:
    """What can be done now, beside `HANG_UP`, which always can.

    Args:
        call: a call that rests.
        digits: what is entered where a menu collects digits, beside the examples.
    """
    match call.state:
        case State.MENU:
            found = list(_at_menu(call, digits))
        case State.DIALLING:
            found = list(_while_dialling(call))
        case State.BRIDGED | State.STREAMING:
            found = [_CALLEE_LEAVES]
        case State.CONFERENCE:
            found = list(_in_conference(call))
        case State.PARKED:
            found = [_SILENCE]
        case _:
            found = []
    return found


def _at_menu(call: Call, digits: Sequence[str]) -> Iterator[Choice]:
    menus, menu = call.progress.menus, call.progress.menu
    if menus is None or menu is None:
        return
    for key in menu.choices:
        yield Choice("key", key, key)
    if menu.digits:
        for keys in _sequences(menu, digits):
            yield Choice("digits", keys, keys)
    elif wrong := next((key for key in _KEYS[::-1] if key not in menu.choices), ""):
        yield Choice("wrong key", "another key", wrong)
    if menus.voice:
        yield Choice("speech", f'says "{SPOKEN}"')
    yield _SILENCE


def _sequences(menu: Menu, digits: Sequence[str]) -> list[str]:
    """Digits to try: the first may be no option, because that would be taken at once."""
    firsts = [key for key in _DIGITS if key not in menu.choices]
    if menu.digits == 1:
        return firsts
    found = [keys for keys in digits if keys and keys[0] in firsts and len(keys.removesuffix(_END)) <= menu.digits]
    for first in firsts[:1]:
        start = _DIGITS.index(first)
        found.append("".join(_DIGITS[(start + place) % 10] for place in range(min(menu.digits, 40))))
        found.append(f"{first}{_END}")
    complete = (keys if len(keys) >= menu.digits else f"{keys.removesuffix(_END)}{_END}" for keys in found)
    return list(dict.fromkeys(complete))


def _while_dialling(call: Call) -> Iterator[Choice]:
    yield Choice("answered", "answered")
    if call.progress.amd in {"sync", "async"}:
        yield Choice("machine", "answered by a machine")
    yield Choice("busy", "busy")
    yield Choice("no answer", "no answer")
    yield Choice("no route", "no route")


def _in_conference(call: Call) -> Iterator[Choice]:
    dtmf = call.progress.dtmf
    if dtmf is not None and dtmf.mode == "detect":
        keys = _DIGITS[: min(dtmf.digits, 10)]
        yield Choice("digits", keys, keys)
