"""What goes wrong on the way between platform, function and callees, drawn by a seed so that it can go wrong again.

Nothing here sends or waits: `Chaos` says what becomes of a callback (`Fate`) and how a callee behaves (`Callee`), and
whoever delivers asks it. A fate depends on the seed, the event and its number only, never on what was asked before, so
that two runs of one seed do the same although their callbacks overlap in another way.
"""

from __future__ import annotations

from random import Random
from typing import Literal, get_args

import msgspec

from devserver.calls.commands import CallbackEvent
from devserver.calls.events import Failure

FateKind = Literal["as usual", "duplicate", "late", "reordered", "lost", "fallback", "slow"]

FATES: tuple[FateKind, ...] = get_args(FateKind)
CALLEE_FAILURES: tuple[Failure, ...] = ("busy", "rejected", "no answer", "no route", "unknown user", "error")

# The call waits for the answers to these, so there is no next callback behind which one of them could come.
_WAITED_FOR = frozenset({"ice", "ace", "pie"})
_AS_USUAL = 0.6
_CALLEE_ANSWERS = 0.5
_CALLEE_LEAVES = 0.4
_LONGEST_RING = 20.0
_LONGEST_TALK = 30.0


class Sending(msgspec.Struct, frozen=True):
    """One delivery of a callback.

    Attributes:
        address: which callback address gets it: 0 is the primary one, 1 the fallback.
        after: seconds after the callback was due.
        counts: its answer is the callback's; of the others nobody reads the answer.
        behind: only after the next callback of the call has been sent, or when the call is over.
    """

    address: int = 0
    after: float = 0.0
    counts: bool = True
    behind: bool = False


class Fate(msgspec.Struct, frozen=True):
    """What becomes of one callback.

    Attributes:
        event, number: which callback of the call.
        seconds: how long a duplicate, a late or a slow one takes; else 0.
    """

    event: CallbackEvent
    number: int
    kind: FateKind
    seconds: float = 0.0


class Callee(msgspec.Struct, frozen=True):
    """How somebody who is dialled behaves.

    Attributes:
        number: which dialling of the call.
        failure: why there is no answer; empty when there is one.
        after: seconds of ringing before that.
        talks: seconds after which an answering callee hangs up; None leaves that to the others.
    """

    number: int
    failure: Failure | Literal[""]
    after: float
    talks: float | None = None


class Chaos:
    """The fates of one run.

    Args:
        seed: the same seed gives the same fates.
        deadline: seconds that the platform waits for an answer; a slow one takes less, a late one more.
    """

    def __init__(self, seed: int, deadline: float = 5.0) -> None:
        self.seed = seed
        self._deadline = deadline

    def plan(self, event: CallbackEvent, number: int) -> Fate:
        """What becomes of the callback with this event and this number within its call."""
        random = self._random("callback", event, number)
        kind = _drawn(random, event)
        return Fate(event, number, kind, self._seconds(random, kind))

    def callee(self, number: int) -> Callee:
        """How the callee of this dialling within the call behaves."""
        random = self._random("callee", "", number)
        after = round(random.uniform(0.5, _LONGEST_RING), 1)
        if random.random() >= _CALLEE_ANSWERS:
            return Callee(number, random.choice(CALLEE_FAILURES), after)
        talks = round(random.uniform(1.0, _LONGEST_TALK), 1) if random.random() < _CALLEE_LEAVES else None
        return Callee(number, "", after, talks)

    def sendings(self, fate: Fate, addresses: int) -> tuple[Sending, ...]:
        """How a callback is delivered.

        Args:
            fate: from `plan`.
            addresses: how many callback addresses there are.

        Returns:
            Deliveries in the order of their time. When none of them counts the callback has failed, after the deadline.
        """
        match fate.kind:
            case "lost":
                return ()
            case "late":
                return self._late(fate, addresses)
            case "fallback":
                return (Sending(address=1),) if addresses > 1 else ()
            case "duplicate":
                return (Sending(), Sending(after=fate.seconds, counts=False))
            case _:
                return (Sending(after=fate.seconds, behind=fate.kind == "reordered"),)

    def _late(self, fate: Fate, addresses: int) -> tuple[Sending, ...]:
        """The function gets it when nobody waits any more; the platform has gone on to the fallback."""
        if fate.event not in _WAITED_FOR:
            return (Sending(after=fate.seconds),)
        late = Sending(after=fate.seconds, counts=False)
        return (Sending(address=1, after=self._deadline), late) if addresses > 1 else (late,)

    def _seconds(self, random: Random, kind: FateKind) -> float:
        match kind:
            case "duplicate":
                return round(random.uniform(0.0, 2.0), 2)
            case "slow":
                return round(self._deadline * random.uniform(0.2, 0.9), 2)
            case "late":
                return round(self._deadline * random.uniform(1.1, 3.0), 2)
            case _:
                return 0.0

    def _random(self, what: str, event: str, number: int) -> Random:
        # A text is hashed by SHA-512 here: the same in every process, on every machine.
        return Random(f"{self.seed}/{what}/{event}/{number}")  # noqa: S311 nothing has to be secret


def _drawn(random: Random, event: CallbackEvent) -> FateKind:
    if random.random() < _AS_USUAL:
        return "as usual"
    return random.choice([kind for kind in FATES[1:] if kind != "reordered" or event not in _WAITED_FOR])


def describe(what: Fate | Callee) -> str:
    """One fate in words, for the timeline."""
    match what:
        case Callee(failure=failure, after=after) if failure:
            return f"callee {what.number}: {failure} after {after:g} s"
        case Callee():
            leaves = "" if what.talks is None else f", hangs up after {what.talks:g} s"
            return f"callee {what.number}: answers after {what.after:g} s{leaves}"
        case Fate():
            return f"{what.event} {what.number}: {_WORDS[what.kind].format(seconds=what.seconds)}"


_WORDS: dict[FateKind, str] = {
    "as usual": "as usual",
    "duplicate": "sent twice, {seconds:g} s apart",
    "late": "arrives {seconds:g} s late",
    "reordered": "arrives behind the next callback",
    "lost": "lost, no address gets it",
    "fallback": "the primary address is down, the fallback gets it",
    "slow": "the network takes {seconds:g} s",
}


def repeat(seed: int) -> str:
    """How to have the same again."""
    return f"chaos {seed}: `--chaos {seed}` does the same again"
