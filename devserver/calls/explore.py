"""Finds the flow of calls by trying everything: each key in each menu, silence, every outcome of dialling, hanging up.

Functions remember things between callbacks, so a call cannot be taken back: each move is tried in a call of its own,
which does again what led there. Places at which the function gave the same answer and remembers the same are one
place, so that the flow of a menu of sixty entries is as large as the menu and not as all ways through it. The search
goes by the fewest moves first, so that the way to a place is the shortest one. A DICE, or another callback for
whose answer no call waits, is sent once for all calls that would say the same with it; a move that asks the function
nothing else needs no call.

A generator like `walk`: questions come out, replies go in.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator

import msgspec

from devserver.calls.choices import HANG_UP, Choice, choices
from devserver.calls.flow import START, Answer, Flow, Move, Place, Trouble
from devserver.calls.merging import merged
from devserver.calls.places import call_words, callback_of, place_of, read_answer
from devserver.calls.settings import Settings
from devserver.calls.setup import CallSetup
from devserver.calls.troubles import of_asked, of_flow, unsteady
from devserver.calls.walk import Question, Reply, Walk

Key = tuple[str, ...]

# A function may remember what is new each time, like a random number; then its answers alone tell places apart.
_MOST_VARIANTS = 6
_OF_ONE_CALL = frozenset({"callid", "timestamp", "duration"})


class Bounds(msgspec.Struct, frozen=True):
    """How far to go.

    Attributes:
        depth: moves of one call.
        calls: calls in all.
        digits: what is entered where a menu collects digits, beside examples of our own.
    """

    depth: int = 12
    calls: int = 5000
    digits: tuple[str, ...] = ()


def explore(setup: CallSetup, settings: Settings, bounds: Bounds) -> Generator[Question, Reply, Flow]:
    """Find the flow.

    Args:
        setup: the call to make; each call gets an id of its own.
        settings: how the platform behaves.
        bounds: how far to go.
    """
    return (yield from _Explorer(setup, settings, bounds).run())


class _Arrival(msgspec.Struct, frozen=True):
    """The call that came to a place first: what was done, and what the function replied."""

    callid: str
    path: tuple[Choice, ...]
    replies: tuple[Reply, ...]


class _Explorer:
    """One exploration.

    Attributes:
        places, moves, troubles: found so far; the first place is the call before it began.
    """

    def __init__(self, setup: CallSetup, settings: Settings, bounds: Bounds) -> None:
        self.places: list[Place] = [Place(START, "call", call_words(setup))]
        self.moves: list[Move] = []
        self.troubles: list[Trouble] = []
        self._setup, self._settings, self._bounds = setup, settings, bounds
        self._known: dict[Key, int] = {}
        self._variants: Counter[Key] = Counter()
        self._answers: dict[str, Answer] = {}
        self._arrivals: dict[int, _Arrival] = {}
        self._todo: deque[tuple[int, Choice]] = deque()
        self._cut: dict[str, None] = {}
        self._told: dict[str, Reply] = {}
        self._calls = 0
        self._callbacks = 0

    def run(self) -> Generator[Question, Reply, Flow]:
        """Everything."""
        walk = self._next_walk()
        yield from self._asked(walk.begin(), walk)
        yield from self._arrive(walk, START, Choice("call", "call"))
        while self._todo:
            if self._calls >= self._bounds.calls:
                self._leave_open({place for place, _ in self._todo}, f"after {self._calls} calls (--calls)")
                break
            place, choice = self._todo.popleft()
            if not self._foresee(place, choice):
                yield from self._try(place, choice)
        flow = Flow(
            caller=self._setup.cli,
            called="" if self._setup.to is None else self._setup.to.endpoint,
            places=tuple(self.places),
            moves=tuple(sorted(self.moves, key=lambda move: move.source)),
            answers=tuple(self._answers.values()),
            calls=self._calls,
            callbacks=self._callbacks,
            cut=tuple(self._cut),
        )
        found = merged(msgspec.structs.replace(flow, troubles=tuple(_once(self.troubles))))
        return msgspec.structs.replace(found, troubles=(*found.troubles, *of_flow(found)))

    def _next_walk(self) -> Walk:
        self._calls += 1
        return self._walk(f"00000000-0000-4000-8000-{self._calls:012d}")

    def _walk(self, callid: str) -> Walk:
        return Walk(msgspec.structs.replace(self._setup, callid=callid), self._settings)

    def _asked(self, steps: Generator[Question, Reply, None], walk: Walk) -> Generator[Question, Reply, None]:
        """Ask what the steps ask, but the same callback that no call waits for only once."""
        question = next(steps, None)
        while question is not None:
            reply = self._known_reply(question, walk)
            if reply is None:
                self._callbacks += 1
                reply = yield question
                if not question.wanted:
                    self._told[_said(question, walk)] = reply
            try:
                question = steps.send(reply)
            except StopIteration:
                return

    def _known_reply(self, question: Question, walk: Walk) -> Reply | None:
        return None if question.wanted else self._told.get(_said(question, walk))

    def _foresee(self, place: int, choice: Choice) -> bool:
        """Make a move without a call, if it asks the function nothing that it was not asked before."""
        if _surely_asks(self.places[place], choice):
            return False
        arrival = self._arrivals[place]
        walk, replies = self._walk(arrival.callid), iter(arrival.replies)
        for steps in (walk.begin(), *map(walk.take, arrival.path)):
            if not _fed(steps, lambda _: next(replies, None)):
                return False
        if not _fed(walk.take(choice), lambda question: self._known_reply(question, walk)):
            return False
        target, is_new = self._note(walk, place, choice)
        if is_new and not walk.call.ended:
            self._todo.append((target, HANG_UP))
        return True

    def _try(self, place: int, choice: Choice) -> Generator[Question, Reply, None]:
        """One move, in a call of its own."""
        walk = self._next_walk()
        yield from self._asked(walk.begin(), walk)
        for earlier in self._arrivals[place].path:
            yield from self._asked(walk.take(earlier), walk)
        if not self._is_back(walk, place):
            self.troubles.append(unsteady(self.places[place]))
            self._open({place})
            return
        yield from self._asked(walk.take(choice), walk)
        yield from self._arrive(walk, place, choice)

    def _arrive(self, walk: Walk, source: int, choice: Choice) -> Generator[Question, Reply, None]:
        """Note where a move led; at a new place hanging up is tried at once."""
        target, is_new = self._note(walk, source, choice)
        if is_new and not walk.call.ended:
            yield from self._asked(walk.take(HANG_UP), walk)
            self._note(walk, target, HANG_UP)

    def _note(self, walk: Walk, source: int, choice: Choice) -> tuple[int, bool]:
        """Note where a move led, and what can be done there; gives the place, and whether it is new."""
        key = self._key(walk)
        target = self._known.get(key)
        is_new = target is None
        if target is None:
            target = self._known[key] = self._new_place(walk, key, source, choice)
        self._note_move(walk, source, target, choice)
        return target, is_new

    def _note_move(self, walk: Walk, source: int, target: int, choice: Choice) -> None:
        callbacks = tuple(callback_of(asked) for asked in walk.asked)
        move = Move(source, target, choice.kind, choice.label, callbacks)
        self.moves.append(move)
        way = (*self.places[source].way, choice.label)
        self.troubles += [trouble for asked in walk.asked for trouble in of_asked(asked, move, way)]

    def _new_place(self, walk: Walk, key: Key, source: int, choice: Choice) -> int:
        number = len(self.places)
        way = (*self.places[source].way, choice.label) if source != START else ()
        self.places.append(place_of(walk, number, self._answer(walk), way))
        self._variants[_without_memory(key)] += 1
        if walk.call.ended:
            return number
        path = () if source == START else (*self._arrivals[source].path, choice)
        self._arrivals[number] = _Arrival(walk.callid, path, tuple(walk.replies))
        if len(path) >= self._bounds.depth:
            self._leave_open({number}, f"after {self._bounds.depth} moves of one call (--depth)")
        else:
            self._todo.extend((number, each) for each in choices(walk.call, self._bounds.digits))
        return number

    def _is_back(self, walk: Walk, place: int) -> bool:
        """Whether the same moves led to the same place again, though something else may be remembered there now."""
        key = self._key(walk)
        if self._known.get(key) == place:
            return True
        plain = _without_memory(key)
        alike = any(_without_memory(known) == plain for known, number in self._known.items() if number == place)
        if alike:
            self._known.setdefault(key, place)
        return alike

    def _leave_open(self, places: set[int], why: str) -> None:
        self._cut[f"The search stopped {why}."] = None
        self._open(places)

    def _open(self, places: set[int]) -> None:
        for number in places:
            self.places[number] = msgspec.structs.replace(self.places[number], open=True)

    def _key(self, walk: Walk) -> Key:
        """What tells places apart."""
        progress = walk.call.progress
        if walk.end is not None:
            answered = walk.answer_key if any(asked.question.wanted for asked in walk.asked) else ""
            return ("end", walk.end.result, walk.end.reason, answered)
        menu = "" if progress.menu is None else progress.menu.id
        whom = "" if progress.connected is None else progress.connected.endpoint
        cookies = repr(sorted((progress.cookies or {}).items()))
        memory = "" if walk.answer is None else walk.answer.reply.memory
        key = (str(walk.call.state), walk.answer_key, menu, whom, progress.conference, cookies, memory)
        if key not in self._known and self._variants[_without_memory(key)] >= _MOST_VARIANTS:
            plain = _without_memory(key)
            return next(known for known in self._known if _without_memory(known) == plain)
        return key

    def _answer(self, walk: Walk) -> int:
        asked = walk.answer
        if asked is None or not asked.reply.succeeded:
            return 0
        key = walk.answer_key
        if key not in self._answers:
            self._answers[key] = read_answer(len(self._answers) + 1, asked)
        known = self._answers[key]
        menus = walk.call.progress.menus
        if menus is not None and not known.menus:
            known = self._answers[key] = msgspec.structs.replace(known, menus=tuple(menus.by_id))
        return known.id


def _without_memory(key: Key) -> Key:
    return key[:5]


def _surely_asks(place: Place, choice: Choice) -> bool:
    """Whether to make this move without the function is not worth trying: menus end in a PIE, and answers in an ACE."""
    if place.kind != "menu" or choice is HANG_UP:
        return choice.kind in {"answered", "machine"}
    return not dict(place.options).get(choice.keys, "").lstrip().lower().startswith("menu")


def _fed(steps: Generator[Question, Reply, None], reply_to: Callable[[Question], Reply | None]) -> bool:
    """Go through steps with replies that are known; False when one is not."""
    question = next(steps, None)
    while question is not None:
        reply = reply_to(question)
        if reply is None:
            return False
        try:
            question = steps.send(reply)
        except StopIteration:
            break
    return True


def _said(question: Question, walk: Walk) -> str:
    """What a callback says, but for which call it is and when; and what the function remembers then."""
    said = {key: value for key, value in question.payload.items() if key not in _OF_ONE_CALL}
    return f"{json.dumps(said, sort_keys=True).replace(question.callid, 'CALLID')} {walk.memory}"


def _once(troubles: list[Trouble]) -> Iterator[Trouble]:
    """The first of those that say the same."""
    said: set[tuple[str, str]] = set()
    for trouble in troubles:
        if (trouble.kind, trouble.text) not in said:
            said.add((trouble.kind, trouble.text))
            yield trouble
