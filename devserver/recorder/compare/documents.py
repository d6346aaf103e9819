"""Finds what differs between two JSON documents: by names, by ids, by meaning; never by place where there is better.

Keys have no order, menus are known by their id and options by the key a caller presses, so moving one is no change and
a new one in front does not make all others look different. Instructions are aligned by what they are and say.
Everything else in a list is known by its place.

Of the markup (`svaml`) the tables of `devserver/svaml/model.py` say what kind each field has. It must not know words
for people, and it must not judge: whether a difference matters is the business of whoever asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from devserver.recorder.compare.align import aligned
from devserver.recorder.compare.alike import heard, is_heard, same_meaning
from devserver.recorder.compare.difference import ABSENT, Absent, Found, Item, Steps, compact
from devserver.recorder.compare.ignoring import NOTHING, Rules
from devserver.recorder.compare.runs import Runs
from devserver.svaml.model import ACTIONS, DOCUMENT, INSTRUCTIONS
from devserver.svaml.shapes import Field, Shape

_IDENTITIES = ("id", "dtmf")
_DEEPEST = 100
_WORD = re.compile(r"\w+")
_WORDS_FROM = 2000  # characters of an instruction whose words count

Pairs = Iterator[tuple[Item, Any, Any]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two things are compared.

    Attributes:
        runs: the runs that they come from; None when only equal values are the same.
        rules: paths that are left out.
    """

    runs: Runs | None = None
    rules: Rules = NOTHING

    def markup(self, old: Any, new: Any) -> Iterator[Found]:
        """What differs between two SVAML documents with canonical names."""
        return self._values(old, new, (), _Kind(shape=DOCUMENT, markup=True), 0)

    def documents(self, old: Any, new: Any, steps: Steps = ()) -> Iterator[Found]:
        """What differs between two JSON values; `steps` are where they stand."""
        return self._values(old, new, steps, _Kind(), 0)

    def _values(self, old: Any, new: Any, steps: Steps, kind: _Kind, depth: int) -> Iterator[Found]:
        if self.rules.patterns and self.rules.cover(steps):
            return
        if kind.field is not None and kind.field.kind in {"objects", "pairs"}:
            # To the platform a list that is not there is an empty one.
            old, new = ([] if each is None or each is ABSENT else each for each in (old, new))
        match old, new:
            case _ if kind.is_heard(old, new):
                if not self._same(old, new, kind):
                    yield Found(steps, old, new, kind.field, kind.owner)
            case dict(), dict() if depth < _DEEPEST and _same_name(old, new):
                yield from self._objects(old, new, steps, kind, depth)
            case list(), list() if depth < _DEEPEST:
                for item, was, now in self._paired(old, new, steps, kind):
                    yield from self._values(was, now, (*steps, item), kind.of_item(steps, was, now), depth + 1)
            case _ if not self._same(old, new, kind):
                yield Found(steps, old, new, kind.field, kind.owner)

    def _objects(
        self, old: dict[str, Any], new: dict[str, Any], steps: Steps, kind: _Kind, depth: int
    ) -> Iterator[Found]:
        for was, now in self._keys(old, new):
            key = was if was is not None else now
            if key is not None:
                values = old[was] if was is not None else ABSENT, new[now] if now is not None else ABSENT
                yield from self._values(*values, (*steps, key), kind.of_field(key, steps, *values), depth + 1)

    def _keys(self, old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str | None, str | None]]:
        if self.runs is not None and old.keys() != new.keys():
            yield from self.runs.paired(list(old), list(new))
            return
        yield from ((key, key if key in new else None) for key in old)
        yield from ((None, key) for key in new if key not in old)

    def _same(self, old: Any, new: Any, kind: _Kind) -> bool:
        if _equal(old, new):
            return True
        if isinstance(old, Absent) or isinstance(new, Absent):
            return False
        if kind.field is not None and same_meaning(old, new, kind.field, kind.owner):
            return True
        if self.runs is None:
            return False
        if kind.field is None or not is_heard(kind.field, kind.owner):
            return self.runs.same_values(old, new)
        # What a caller hears holds no times and no random ids that would not matter; but it may hold the request's.
        return same_meaning(*self._without_ids(old, new), kind.field, kind.owner)

    def _without_ids(self, old: Any, new: Any) -> tuple[Any, Any]:
        if self.runs is None:
            return old, new
        if isinstance(old, str) and isinstance(new, str):
            return self.runs.without_ids(old, new)
        if not (isinstance(old, list) and isinstance(new, list)) or len(old) != len(new):
            return old, new
        pairs = [self._without_ids(was, now) for was, now in zip(old, new, strict=True)]
        return [was for was, _ in pairs], [now for _, now in pairs]

    # --- lists -------------------------------------------------------------------------------------------------

    def _paired(self, old: list[Any], new: list[Any], steps: Steps, kind: _Kind) -> Pairs:
        if kind.markup and steps == ("instructions",):
            return self._instructions(old, new)
        identities = ("key",) if kind.field is not None and kind.field.kind == "pairs" else _IDENTITIES
        for identity in identities:
            olds = _by_identity(old, identity, loose=kind.markup)
            news = _by_identity(new, identity, loose=kind.markup)
            if olds is not None and news is not None and (olds or news):
                return self._identified(olds, news)
        return _by_place(old, new)

    def _identified(self, olds: dict[str, tuple[int, Any]], news: dict[str, tuple[int, Any]]) -> Pairs:
        for was, now in self._keys(olds, news):
            if was is not None:
                index, item = olds[was]
                yield Item(index, was.lstrip("\0")), item, ABSENT if now is None else news[now][1]
            elif now is not None:
                index, item = news[now]
                yield Item(index, now.lstrip("\0")), ABSENT, item

    def _instructions(self, old: list[Any], new: list[Any]) -> Pairs:
        def same(was: Any, now: Any) -> bool:
            steps = ("instructions", Item(-1, _name(was)))
            return not any(self._values(was, now, steps, _instruction(was, now), 2))

        for a, b in aligned(old, new, same=same, kind=_name, words=_words, replace=True):
            was, now = ABSENT if a is None else old[a], ABSENT if b is None else new[b]
            index = a if a is not None else b
            yield Item(index or 0, _name(now if a is None else was)), was, now


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a value is, as far as the tables of the markup know.

    Attributes:
        field: the field that it is the value of.
        shape: of the value, if it is an object.
        owner: name of the instruction or the action around it.
        markup: whether it is a part of an SVAML document at all.
    """

    field: Field | None = None
    shape: Shape | None = None
    owner: str = ""
    markup: bool = False

    def is_heard(self, old: Any, new: Any) -> bool:
        field = self.field
        if field is None or not is_heard(field, self.owner):
            return False
        return heard(old, field) is not None and heard(new, field) is not None

    def of_field(self, key: str, steps: Steps, old: Any, new: Any) -> _Kind:
        if not self.markup:
            return self
        field = self.shape.field(key) if self.shape else None
        if not steps and key == "action":
            shape = _table_row(ACTIONS, old, new)
            return _Kind(field, shape, shape.name if shape else "", markup=True)
        return _Kind(field, field.shape if field else None, self.owner, markup=True)

    def of_item(self, steps: Steps, old: Any, new: Any) -> _Kind:
        if self.markup and steps == ("instructions",):
            return _instruction(old, new)
        return _Kind(None, self.shape, self.owner, self.markup)


def _instruction(old: Any, new: Any) -> _Kind:
    shape = _table_row(INSTRUCTIONS, old, new)
    return _Kind(None, shape, shape.name if shape else "", markup=True)


def _table_row(table: dict[str, Shape], old: Any, new: Any) -> Shape | None:
    return table.get((_name(old) or _name(new)).lower())


def _equal(old: Any, new: Any) -> bool:
    # In Python, true is 1; in JSON it is not.
    return bool(old == new) and isinstance(old, bool) == isinstance(new, bool)


def _name(thing: Any) -> str:
    name = thing.get("name") if isinstance(thing, dict) else None
    return name if isinstance(name, str) else ""


def _same_name(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether two objects are worth comparing field by field: a hangup and a connectPstn are not."""
    names = old.get("name"), new.get("name")
    return not all(isinstance(name, str) for name in names) or names[0] == names[1]


def _words(item: Any) -> frozenset[str]:
    return frozenset(_WORD.findall(compact(item)[:_WORDS_FROM]))


def _by_place(old: list[Any], new: list[Any]) -> Pairs:
    for index in range(max(len(old), len(new))):
        was = old[index] if index < len(old) else ABSENT
        yield Item(index), was, new[index] if index < len(new) else ABSENT


def _by_identity(items: list[Any], identity: str, *, loose: bool) -> dict[str, tuple[int, Any]] | None:
    """Items by a field that tells them apart; None when it does not."""
    found: dict[str, tuple[int, Any]] = {}
    for index, item in enumerate(items):
        key = item.get(identity) if isinstance(item, dict) else None
        if isinstance(key, bool) or not isinstance(key, str | int):
            return None
        # The platform takes the key 1 for "1"; elsewhere a number is no text.
        text = key if isinstance(key, str) else str(key) if loose else f"\0{key}"
        if text in found:
            return None
        found[text] = (index, item)
    return found
