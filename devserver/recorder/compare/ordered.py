"""Differences in what two runs of a handler did one after the other: statements, and calls to Sinch. See `effects`.

One more statement or call is one difference, and does not make those after it look different. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from devserver.recorder.compare.align import aligned
from devserver.recorder.compare.difference import (
    ABSENT,
    WIDTH,
    Difference,
    Found,
    Item,
    Steps,
    bare,
    cut,
    pair,
    path_of,
    plain,
    value,
)
from devserver.recorder.compare.documents import Comparison
from devserver.recorder.compare.effects import decoded, told
from devserver.recorder.compare.runs import skeleton
from devserver.recorder.exchange import Effect

_QUOTED = re.compile(r"('(?:[^']|'')*')")
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"\w+")
_SHORT_PATH = 60
_NARROW = 60  # characters of a value that stands beside a path


# --- database --------------------------------------------------------------------------------------------------


def database_differences(old: list[Effect], new: list[Effect], comparison: Comparison) -> Iterator[Difference]:
    """The statements that change something: `database[N]`."""
    olds, news = ([_statement(effect.key) for effect in effects] for effects in (old, new))

    def same(was: str, now: str) -> bool:
        return was == now or (comparison.runs is not None and comparison.runs.same_texts(was, now))

    for a, b in aligned(olds, news, same=same, kind=_verb, words=lambda text: frozenset(_WORD.findall(text))):
        steps: Steps = ("database", Item(a if a is not None else b or 0))
        if a is None and b is not None:
            yield from told(steps, ABSENT, news[b], f"database: {_cut(news[b])} is new", comparison)
        elif b is None and a is not None:
            yield from told(steps, olds[a], ABSENT, f"database: {_cut(olds[a])} is gone", comparison)
        elif a is not None and b is not None and not same(olds[a], news[b]):
            was, now = pair(plain(olds[a]), plain(news[b]))
            yield from told(steps, olds[a], news[b], f"database: now {now}, was {was}", comparison)


def _cut(statement: str) -> str:
    return cut(plain(statement), 2 * WIDTH)


def _statement(text: str) -> str:
    """With one blank for any white space, except in quotes."""
    parts = _QUOTED.split(text)
    return "".join(part if index % 2 else _SPACE.sub(" ", part) for index, part in enumerate(parts)).strip(" ;")


def _verb(statement: str) -> str:
    return statement.partition(" ")[0].lower()


# --- outbound --------------------------------------------------------------------------------------------------


def outbound_differences(old: list[Effect], new: list[Effect], comparison: Comparison) -> Iterator[Difference]:
    """The calls to Sinch: `outbound[N]`."""
    for a, b in aligned(
        old,
        new,
        same=lambda was, now: (
            _same_target(was, now, comparison) and not any(_sent(was, now, ("outbound", Item(-1)), comparison))
        ),
        kind=lambda effect: (effect.operation.upper(), skeleton(_path(effect.key))),
        words=lambda effect: frozenset(_WORD.findall(bare(_field(effect, "sent")))),
    ):
        steps: Steps = ("outbound", Item(a if a is not None else b or 0))
        if a is None and b is not None:
            yield from told(steps, ABSENT, _call(new[b]), f"{_request(new[b])} is new{_refused(new[b])}", comparison)
        elif b is None and a is not None:
            yield from told(steps, _call(old[a]), ABSENT, f"{_request(old[a])} is gone", comparison)
        elif a is not None and b is not None:
            yield from _both(old[a], new[b], steps, comparison)


def _same_target(old: Effect, new: Effect, comparison: Comparison) -> bool:
    was, now = _path(old.key), _path(new.key)
    is_same = was == now or (comparison.runs is not None and comparison.runs.same_texts(was, now))
    return is_same and old.operation.upper() == new.operation.upper()


def _both(old: Effect, new: Effect, steps: Steps, comparison: Comparison) -> Iterator[Difference]:
    name, refused = _request(new), _refused(new)
    differences: list[Difference] = []
    if not _same_target(old, new, comparison):
        differences += told(steps, old.key, new.key, f"{name} is now called, was {_request(old)}{refused}", comparison)
    queries = plain(_query(old)), plain(_query(new))
    for found in comparison.documents(*queries, (*steps, "query")):
        was, now = pair(*queries, width=_NARROW)
        differences.append(found.told(f"{name} now asks with {now or 'no query'}, was {was or 'no query'}{refused}"))
    differences += [_sends(found, name, refused) for found in _sent(old, new, steps, comparison)]
    if not differences and refused and not _refused(old):
        differences += told((*steps, "refused"), None, _field(new, "refused"), f"{name} was refused", comparison)
    yield from differences


def _sent(old: Effect, new: Effect, steps: Steps, comparison: Comparison) -> Iterator[Found]:
    was, now = decoded(_field(old, "sent"), _field(new, "sent"))
    return comparison.documents(was, now, (*steps, "sent"))


def _sends(found: Found, name: str, refused: str) -> Difference:
    within = path_of(found.steps[found.steps.index("sent") + 1 :]).removeprefix(".")
    what = f"{cut(plain(within), 40)} " if within else ""
    if found.now is ABSENT:
        return found.told(f"{name} no longer sends {what}(was {cut(value(found.was), _NARROW)}){refused}")
    if found.was is ABSENT:
        return found.told(f"{name} now also sends {what}{cut(value(found.now), _NARROW)}{refused}")
    was, now = pair(value(found.was), value(found.now), width=_NARROW)
    return found.told(f"{name} now sends {what}{now}, was {was}{refused}")


def _request(effect: Effect) -> str:
    path = plain(_path(effect.key))
    if len(path) > _SHORT_PATH:
        # The beginning names the service, the end what is done.
        start, end = path[: _SHORT_PATH // 2].rpartition("/")[0], path[-_SHORT_PATH // 2 :].partition("/")[2]
        path = f"{start or path[:20]}/../{end or path[-20:]}"
    return f"{effect.operation.upper()} {path}"


def _path(url: str) -> str:
    try:
        return urlsplit(url).path or "/"
    except ValueError:
        return url


def _query(effect: Effect) -> str:
    try:
        return urlsplit(effect.key).query
    except ValueError:
        return ""


def _call(effect: Effect) -> dict[str, Any]:
    return {"method": effect.operation, "url": effect.key, "sent": _field(effect, "sent")}


def _field(effect: Effect, name: str) -> Any:
    return effect.value.get(name) if isinstance(effect.value, dict) else None


def _refused(effect: Effect) -> str:
    return " (refused)" if _field(effect, "refused") else ""
