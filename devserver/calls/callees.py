"""How those behave who are dialled: as they were told to, as one of the platform's test numbers, or as most do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from devserver.calls.actions import Beep, Decline, Detect, HangUp, PickUp, Plan, typed
from devserver.calls.events import Failure
from devserver.calls.magic import Behaviour, behaviour_of
from devserver.calls.told import Connected, Dialling, Told

_PROMPT = 5.0  # seconds of a test number's prompt, whose length is not published


class Callee(msgspec.Struct, frozen=True):
    """How somebody who is dialled behaves.

    Attributes:
        does: `answers`, or why not.
        after: seconds of ringing before that; `no answer` is the network that gives up.
        talks: seconds after the answer until the callee hangs up; None: waits for the other side.
        keys: pressed as soon as somebody was connected; `w` waits half a second.
        amd: what detection finds, when it was asked for: human, machine, notsure, hangup.
        amd_after: seconds that it takes.
        beep_after: seconds after the answer; only of a machine.
    """

    does: Literal["answers"] | Failure = "answers"
    after: float = 2.0
    talks: float | None = None
    keys: str = ""
    amd: str = "human"
    amd_after: float = 1.0
    beep_after: float = 4.0


class Callees:
    """Everybody who can be dialled in one call.

    Args:
        by_name: behaviour by number, user or address; a number with or without its plus.
        otherwise: everybody else's; None: a test number behaves as published, and others answer.
    """

    __slots__ = ("_by_name", "_otherwise")

    def __init__(self, by_name: Mapping[str, Callee], otherwise: Callee | None = None) -> None:
        self._by_name = {_plain(name): callee for name, callee in by_name.items()}
        self._otherwise = otherwise

    def of(self, endpoint: str) -> Callee:
        """How somebody behaves."""
        named = self._by_name.get(_plain(endpoint))
        if named is not None:
            return named
        magic = behaviour_of(endpoint)
        return _magic(magic) if magic is not None else self._otherwise or ORDINARY

    def react(self, told: Told) -> Iterator[Plan]:
        """What callees do when they are dialled, and once they are connected; see `Party.react`."""
        match told:
            case Dialling():
                yield from self._ring(told)
            case Connected():
                yield from self._talk(told)
            case _:
                pass

    def _ring(self, told: Dialling) -> Iterator[Plan]:
        callee = self.of(told.to)
        if callee.does == "answers":
            yield callee.after, PickUp(told.leg)
        else:
            yield callee.after, Decline(callee.does, told.leg)

    def _talk(self, told: Connected) -> Iterator[Plan]:
        callee = self.of(told.to)
        if told.amd:
            reason = "longgreeting" if callee.amd == "machine" else "n/a"
            yield callee.amd_after, Detect(callee.amd, reason, round(callee.amd_after))
        if told.amd == "async" and callee.amd == "machine":
            yield callee.beep_after, Beep()
        yield from typed(callee.keys, 0.5, told.leg)
        if callee.talks is not None:
            yield callee.talks, HangUp(told.leg)


ORDINARY = Callee()
"""Answers after two rings or so and waits for the other side to hang up."""


def _magic(behaviour: Behaviour) -> Callee:
    if behaviour.outcome != "answers":
        return Callee(behaviour.outcome, behaviour.after)
    return Callee(after=behaviour.after, talks=behaviour.seconds or behaviour.plays * _PROMPT)


def _plain(endpoint: str) -> str:
    return endpoint.strip().removeprefix("sip:").removeprefix("+").lower()
