"""The flow of calls as a graph: where a caller can be, what they can do there, and where that leads.

Data, and the questions about a graph that drawings and reports share. How it is found out is in `explore`. Places are
numbered from 1 in the order in which they were found, which is by the fewest moves; 0 is the call before it began.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import msgspec

from devserver.calls.setup import Pairs

PlaceKind = Literal[
    "call", "menu", "dialling", "connected", "conference", "parked", "streaming", "silence", "end", "failed"
]
MoveKind = Literal[
    "call",
    "key",
    "digits",
    "speech",
    "wrong key",
    "silence",
    "hang up",
    "answered",
    "machine",
    "busy",
    "no answer",
    "no route",
    "callee hangs up",
]
TroubleKind = Literal[
    "fails",
    "missing pie",
    "illegal",
    "long prompt",
    "dead end",
    "loop",
    "unreachable menu",
    "unsteady",
    "calls out",
    "untested",
]
Severity = Literal["error", "warning", "note"]

START = 0
"""The place before the call."""
_LEAVING = frozenset({"hang up", "callee hangs up"})


class Callback(msgspec.Struct, frozen=True, omit_defaults=True):
    """A callback that a move caused, as far as it tells branches of a function apart.

    Attributes:
        menu, type, value: of the `menuResult` of a PIE.
        result, reason: of a DICE.
        status: of the answer; 0: there was none.
        words: the answer in one line.
    """

    event: str
    menu: str = ""
    type: str = ""
    value: str = ""
    result: str = ""
    reason: str = ""
    status: int = 200
    words: str = ""


class Place(msgspec.Struct, frozen=True):
    """Where a call can stand until somebody does something.

    Attributes:
        title: what it is, in a few words.
        heard: what the caller hears on the way to it, when it is reached for the first time.
        options: of a menu: (key, action as it was written).
        menu: of a menu: its id.
        answer: number of the answer in `Flow.answers` that led here; 0: none.
        way: labels of the moves that lead here, from the start.
        open: not everything that can be done here was tried.
    """

    id: int
    kind: PlaceKind
    title: str
    heard: tuple[str, ...] = ()
    options: Pairs = ()
    menu: str = ""
    answer: int = 0
    way: tuple[str, ...] = ()
    open: bool = False


class Move(msgspec.Struct, frozen=True):
    """What somebody can do at a place, and where it leads.

    Attributes:
        callbacks: what the function was asked meanwhile.
        tested: a recorded call or a scenario takes it; None: that was not looked at.
    """

    source: int
    target: int
    kind: MoveKind
    label: str
    callbacks: tuple[Callback, ...] = ()
    tested: bool | None = None

    @property
    def leaves(self) -> bool:
        """Somebody hangs up: possible everywhere, and so of little interest."""
        return self.kind in _LEAVING


class Answer(msgspec.Struct, frozen=True):
    """One answer of the function.

    Attributes:
        event: what it answered when it was seen for the first time.
        words: what it does, in one line.
        menus: ids of the menus in it.
        findings: rule and text of what the rules say about it.
    """

    id: int
    event: str
    words: str
    menus: tuple[str, ...] = ()
    findings: tuple[tuple[str, str], ...] = ()


class Trouble(msgspec.Struct, frozen=True):
    """Something to look at.

    Attributes:
        place: where; `move` is the label of the move from there.
        way: how to get there, including the move.
    """

    kind: TroubleKind
    severity: Severity
    place: int
    text: str
    move: str = ""
    way: tuple[str, ...] = ()


class Flow(msgspec.Struct, frozen=True, rename={"caller": "from", "called": "to"}):
    """All of it.

    Attributes:
        caller, called: who calls whom; `from` and `to` in JSON.
        calls, callbacks: how many it took.
        cut: why it is not complete; empty when it is.
    """

    caller: str
    called: str
    places: tuple[Place, ...]
    moves: tuple[Move, ...]
    answers: tuple[Answer, ...]
    troubles: tuple[Trouble, ...] = ()
    calls: int = 0
    callbacks: int = 0
    cut: tuple[str, ...] = ()

    @property
    def wrong(self) -> bool:
        """Whether there is more to look at than notes."""
        return any(trouble.severity != "note" for trouble in self.troubles)


def by_source(moves: Iterable[Move]) -> dict[int, list[Move]]:
    """The moves of each place, in their order."""
    found: dict[int, list[Move]] = {}
    for move in moves:
        found.setdefault(move.source, []).append(move)
    return found


def reached_from(starts: Iterable[int], steps: Mapping[int, Iterable[int]]) -> set[int]:
    """Everything that can be reached, the starts included."""
    reached = set(starts)
    waiting = deque(reached)
    while waiting:
        for target in steps.get(waiting.popleft(), ()):
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    return reached


def circles(places: Iterable[int], steps: Mapping[int, Iterable[int]]) -> Iterator[list[int]]:
    """The sets of places each of which leads to every other one of its set, and to no place outside of it."""
    seen: set[int] = set()
    for place in places:
        if place in seen:
            continue
        inside = reached_from([place], steps)
        if all(place in reached_from([other], steps) for other in inside):
            seen |= inside
            yield sorted(inside)
