"""Who is on the phone: what caller and callees do, told what happens to them.

A party is a function of what it is told; it knows no clock and no call. It plans actions some seconds ahead, and the
switchboard carries them out unless their leg is gone by then. Both ends of a call are one party, since what a caller
presses may depend on what a callee did. What can be done is in `actions`, how callees behave in `callees`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from devserver.calls.actions import (
    Action,
    Beep,
    Decline,
    Detect,
    HangUp,
    Manage,
    PickUp,
    Plan,
    Press,
    Say,
    Wake,
    typed,
)
from devserver.calls.callees import Callee, Callees
from devserver.calls.machine import KEYPAD
from devserver.calls.told import Began, Bridged, Connected, Heard, Joined, Offered, Silence, Told
from devserver.errors import FnError

__all__ = [
    "TALKS",
    "Action",
    "Beep",
    "Callee",
    "Callees",
    "Decline",
    "Detect",
    "HangUp",
    "HumanParty",
    "Manage",
    "Party",
    "PickUp",
    "Plan",
    "Press",
    "RandomParty",
    "Say",
    "ScriptedParty",
    "Wake",
    "key_groups",
    "typed",
]

TALKS = 30.0
"""Seconds that a scripted caller talks before hanging up, unless told otherwise."""


class Party(Protocol):
    """Caller and callees of one call."""

    def react(self, told: Told) -> Iterable[Plan]:
        """What they are going to do about it; each `Dialling` should lead to a `PickUp` or `Decline`, or rings out."""
        ...


class ScriptedParty:
    """Does what was written down before the call.

    Args:
        keys: see `key_groups`.
        words: likewise what is said, one text for each menu that takes speech; they go before keys.
        hang_up_after: seconds from the beginning.
        hang_up_at: the caller hangs up when this text was heard (a part of it is enough, in any case).
        talks: seconds that a conversation, a stay in a conference or silence lasts until the caller hangs up; None: for
            ever.
        callees: behaviour by number, user or address; a number may be written with or without its plus.
        otherwise: everybody else's.
        thinks: seconds between a prompt's end and the first key.
        barges: press at once instead of waiting for the end of the prompt.

    Raises:
        FnError: keys hold what no phone has.
    """

    def __init__(
        self,
        keys: str = "",
        *,
        words: Sequence[str] = (),
        hang_up_after: float | None = None,
        hang_up_at: str = "",
        talks: float | None = TALKS,
        callees: Mapping[str, Callee] | None = None,
        otherwise: Callee | None = None,
        thinks: float = 0.5,
        barges: bool = False,
    ) -> None:
        self._groups = list(key_groups(keys))
        self._words = list(words)
        self._hang_up_after = hang_up_after
        self._hang_up_at = hang_up_at.casefold()
        self._talks = talks
        self._callees = Callees(callees or {}, otherwise)
        self._thinks = thinks
        self._barges = barges

    def react(self, told: Told) -> Iterable[Plan]:
        """See `Party.react`."""
        match told:
            case Began() if self._hang_up_after is not None:
                return [(self._hang_up_after, HangUp())]
            case Heard(text=text) if self._hang_up_at and self._hang_up_at in text.casefold():
                return [(told.seconds, HangUp())]
            case Offered():
                return self._choose(told)
            case Joined(dtmf="detect") if self._groups:
                return [*self._leave(), *typed(self._groups.pop(0), self._thinks, "caller")]
            case Bridged() | Joined() | Silence() | Connected(network="Websocket"):
                return [*self._leave(), *self._callees.react(told)]
            case _:
                return self._callees.react(told)

    def _choose(self, offered: Offered) -> Iterable[Plan]:
        after = self._thinks + (0.0 if self._barges else offered.seconds)
        if offered.voice and self._words:
            return [(after, Say(self._words.pop(0), offered.leg))]
        return typed(self._groups.pop(0), after, offered.leg) if self._groups else ()

    def _leave(self) -> list[Plan]:
        return [] if self._talks is None else [(self._talks, HangUp())]


class HumanParty:
    """Does nothing by itself: a person acts through `RunningCall.act`. Callees are scripted."""

    def __init__(self, callees: Mapping[str, Callee] | None = None, otherwise: Callee | None = None) -> None:
        self._callees = Callees(callees or {}, otherwise)

    def react(self, told: Told) -> Iterable[Plan]:
        """See `Party.react`."""
        return self._callees.react(told)


class RandomParty:
    """Presses keys at random, mostly those on offer, and meets callees of all kinds; the same seed does the same.

    Of a million parties none costs more than a few hundred bytes: its chance is a number and not a generator.
    """

    __slots__ = ("_drawn", "_seed")

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._drawn = 0

    def react(self, told: Told) -> Iterable[Plan]:
        """See `Party.react`."""
        match told:
            case Offered():
                return self._choose(told)
            case Bridged() | Joined() | Silence() | Connected(network="Websocket"):
                return [(1.0 + self._draw(60), HangUp())]
            case _:
                return Callees({}, _OF_ALL_KINDS[self._draw(len(_OF_ALL_KINDS))]).react(told)

    def _choose(self, offered: Offered) -> Iterable[Plan]:
        chance = self._draw(100)
        after = offered.seconds + self._draw(30) / 10
        if chance < _HANGS_UP:
            return [(after, HangUp(offered.leg))]
        if chance < _HANGS_UP + _DOES_NOTHING:
            return ()
        keys = [key for key, _action in offered.options if key in KEYPAD]
        if keys and chance < _RIGHT_KEY:
            return [(after, Press(keys[self._draw(len(keys))], offered.leg))]
        return typed("".join(str(self._draw(10)) for _ in range(offered.digits or 1)), after, offered.leg)

    def _draw(self, below: int) -> int:
        """A number from 0 up to `below`: splitmix64 of the seed and how often it was drawn."""
        self._drawn += 1
        mixed = (self._seed + self._drawn * 0x9E3779B97F4A7C15) & _MASK
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return (mixed ^ (mixed >> 31)) % below


_MASK = (1 << 64) - 1
_HANGS_UP, _DOES_NOTHING, _RIGHT_KEY = 5, 5, 90  # of 100 menus
_OF_ALL_KINDS = (
    Callee(),
    Callee(after=5.0, talks=20.0),
    Callee(talks=8.0),
    Callee(after=1.0),
    Callee("busy"),
    Callee("rejected", after=4.0),
    Callee("no answer", after=30.0),
    Callee("no route", after=0.5),
)


def key_groups(text: str) -> tuple[str, ...]:
    """Keys as they are written for `--keys`: `1,w2,#`.

    A comma goes on to the next menu that is offered (or round of a menu, or conference that takes keys); `w` waits half
    a second. An empty group presses nothing, so that the menu times out.

    Raises:
        FnError: something that is no key.
    """
    if not text.strip():
        return ()
    groups = tuple("".join(group.split()) for group in text.split(","))
    for key in "".join(groups):
        if key not in KEYPAD and key not in "wW":
            raise FnError(
                f"{key!r} is no key of a phone.",
                hint="Keys are 0-9, * and #; w waits half a second, and a comma goes on to the next menu: 1,w2,#.",
            )
    return groups
