"""Chaos carried out: callbacks that are doubled, late, lost or in another order, and callees as the seed says.

What is to happen is drawn by `chaos`; here it happens, on the call's own clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Protocol

import msgspec

from devserver.calls.actions import Decline, HangUp, PickUp, Plan
from devserver.calls.answering import unusable
from devserver.calls.chaos import Chaos, Sending, describe
from devserver.calls.commands import SendCallback
from devserver.calls.delivery import Delivered
from devserver.calls.ongoing import RunningCall
from devserver.calls.party import Party
from devserver.calls.told import Connected, Dialling, Noted, Told

_BEHIND = 2.0  # seconds that a callback waits for the next one, behind which it is to come


class Answered(Protocol):
    """Takes what became of a callback; `blame`: a failure is the function's."""

    def __call__(self, delivered: Delivered, *, blame: bool = True) -> None:
        """See `Answered`."""
        ...


def send_disturbed(call: RunningCall, command: SendCallback, chaos: Chaos, answered: Answered) -> None:
    """Send a callback as the seed has it."""
    held_back, call.held_back = call.held_back, []
    fate = chaos.plan(command.event, command.callback)
    if fate.kind != "as usual":
        call.tell(Noted(call.at, f"Chaos: {describe(fate)}."))
    sendings = chaos.sendings(fate, len(command.urls))
    for sending in sendings:
        _schedule(call, command, sending, answered)
    if not any(sending.counts for sending in sendings):
        lost = Delivered(0, b"", command.deadline * 1000, (), "It was lost on the way.")
        call.timeline.after(command.deadline, partial(answered, lost, blame=False))
    for post in held_back:
        post()


def _schedule(call: RunningCall, command: SendCallback, sending: Sending, answered: Answered) -> None:
    copy = msgspec.structs.replace(command, urls=command.urls[sending.address :])
    post = _once(partial(_post, call, copy, answered if sending.counts else None))
    if sending.behind:
        call.held_back.append(post)
        call.timeline.after(_BEHIND, post)
    elif sending.after:
        call.timeline.after(sending.after, post)
    else:
        post()


def _once(post: Callable[[], None]) -> Callable[[], None]:
    left = [post]

    def run() -> None:
        if left:
            left.pop()()

    return run


def _post(call: RunningCall, command: SendCallback, answered: Answered | None) -> None:
    timeline = call.timeline
    ticket = timeline.hold()

    def done(delivered: Delivered) -> None:
        timeline.answered(ticket, (lambda: answered(delivered)) if answered is not None else lambda: None)

    reading = partial(unusable, call.setup, call.exchange.settings, command)
    call.exchange.post.send(command, reading, done)


class DisturbedParty:
    """A party whose callees behave as the seed says; the caller is who it was.

    Args:
        party: who is on the phone otherwise.
        chaos: the seed.
    """

    def __init__(self, party: Party, chaos: Chaos) -> None:
        self._party = party
        self._chaos = chaos
        self._dialled = 0
        self._talks: float | None = None

    def react(self, told: Told) -> Iterable[Plan]:
        """See `Party.react`."""
        match told:
            case Dialling():
                return self._ring(told)
            case Connected() if self._talks is not None:
                return [(self._talks, HangUp(told.leg)), *self._party.react(told)]
            case _:
                return self._party.react(told)

    def _ring(self, told: Dialling) -> Iterator[Plan]:
        self._dialled += 1
        callee = self._chaos.callee(self._dialled)
        self._talks = callee.talks
        if callee.failure:
            yield callee.after, Decline(callee.failure, told.leg)
        else:
            yield callee.after, PickUp(told.leg)
