"""Who is on the phone: what caller and callees do, told what happens to them.

A party is a function of what it is told; it knows no clock and no call. It plans actions some seconds ahead, and the
switchboard carries them out unless the call is over by then. Both ends of a call are one party, since what a caller
presses may depend on what a callee did.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, Protocol

import msgspec

from devserver.calls.events import Failure
from devserver.calls.setup import Leg
from devserver.calls.told import Told


class Press(msgspec.Struct, frozen=True):
    """Press one key of 0-9, `*` and `#`."""

    key: str
    leg: Leg = "caller"


class Say(msgspec.Struct, frozen=True):
    """Say something, as speech recognition understands it."""

    text: str
    leg: Leg = "caller"


class HangUp(msgspec.Struct, frozen=True):
    """Hang up."""

    leg: Leg = "caller"


class PickUp(msgspec.Struct, frozen=True):
    """Answer the ringing phone of a leg."""

    leg: Leg = "callee"


class Decline(msgspec.Struct, frozen=True):
    """Not answer it: busy, rejected, ..."""

    why: Failure
    leg: Leg = "callee"


class Detect(msgspec.Struct, frozen=True):
    """Be recognised as what answered, when detection was asked for: human, machine, notsure, hangup."""

    status: Literal["human", "machine", "notsure", "hangup"]
    reason: str = "n/a"
    duration: int = 0


class Beep(msgspec.Struct, frozen=True):
    """The beep of an answering machine."""


Action = Press | Say | HangUp | PickUp | Decline | Detect | Beep

Plan = tuple[float, Action]
"""In so many seconds, do this."""


class Callee(msgspec.Struct, frozen=True):
    """How somebody who is dialled behaves.

    Attributes:
        does: `answers`, or why not.
        after: seconds of ringing before that. `no answer` within the machine's own time limit just rings.
        talks: seconds after the answer until the callee hangs up; None: waits for the other side.
        amd: what detection finds, when it was asked for.
        beep_after: seconds after the answer; only of a machine.
    """

    does: Literal["answers"] | Failure = "answers"
    after: float = 2.0
    talks: float | None = None
    amd: Literal["human", "machine", "notsure", "hangup"] = "human"
    beep_after: float = 4.0


class Party(Protocol):
    """Caller and callees of one call."""

    def react(self, told: Told) -> Iterable[Plan]:
        """What they are going to do about it; each `Dialling` should lead to a `PickUp` or `Decline`, or rings out."""
        ...


class ScriptedParty:
    """Does what was written down before the call.

    Args:
        keys: see `key_groups`.
        words: likewise what is said, one text for each menu that takes speech.
        hang_up_after: seconds from the beginning.
        hang_up_at: the caller hangs up when this text is heard (a part of it is enough, in any case).
        talks: seconds that a bridged call or a stay in a conference lasts until the caller hangs up; None: for ever.
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
        talks: float | None = 30.0,
        callees: dict[str, Callee] | None = None,
        otherwise: Callee = Callee(),  # noqa: B008 frozen
        thinks: float = 0.5,
        barges: bool = False,
    ) -> None:
        raise NotImplementedError

    def react(self, told: Told) -> Iterable[Plan]:
        """See `Party.react`."""
        raise NotImplementedError


class RandomParty:
    """Presses keys at random, mostly those on offer, and meets callees of all kinds; the same seed does the same."""

    def __init__(self, seed: int) -> None:
        raise NotImplementedError

    def react(self, told: Told) -> Iterable[Plan]:
        """See `Party.react`."""
        raise NotImplementedError


class HumanParty:
    """Does nothing by itself: a person acts through `RunningCall.act`. Callees are scripted."""

    def __init__(self, callees: dict[str, Callee] | None = None, otherwise: Callee = Callee()) -> None:  # noqa: B008
        raise NotImplementedError

    def react(self, told: Told) -> Iterable[Plan]:
        """See `Party.react`."""
        raise NotImplementedError


def key_groups(text: str) -> tuple[str, ...]:
    """Keys as they are written for `--keys`: `1,w2,#`.

    A comma goes on to the next menu that is offered (or round of a menu, or conference that takes keys); `w` waits half
    a second. An empty group presses nothing, so that the menu times out.

    Raises:
        FnError: something that is no key.
    """
    raise NotImplementedError
