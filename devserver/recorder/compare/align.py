"""Which items of two lists belong together when only their order and content tell: instructions, statements, calls.

A new item in front must not make all others look different, so the pairs are those that leave the fewest differences;
between equals, those whose words are most alike. Pure; what the items are is told by two functions.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any

Pair = tuple[int | None, int | None]

_MOST_CELLS = 10_000  # of the table; longer lists are compared by place where they part
_ALONE = 1.0  # cost of an item without a partner
_CHANGED = 1.2  # of two partners without a word in common, at most; two alone would cost more
_LIKENESS = 0.5  # what common words take off
_REPLACED = 1.7  # of two partners of different kinds


def aligned(
    old: Sequence[Any],
    new: Sequence[Any],
    *,
    same: Callable[[Any, Any], bool],
    kind: Callable[[Any], Hashable],
    words: Callable[[Any], frozenset[str]],
    replace: bool = False,
) -> Iterator[Pair]:
    """Places of items that belong together, in order; None where an item has no partner.

    Args:
        old: items.
        new: items.
        same: whether two items do not differ.
        kind: items of one kind may be partners though they differ.
        words: of an item; the more two have in common, the more they belong together.
        replace: items of different kinds may be partners, too.
    """
    head = _common(len(old), len(new), lambda index: same(old[index], new[index]))
    rest = min(len(old), len(new)) - head
    tail = _common(rest, rest, lambda index: same(old[-1 - index], new[-1 - index]))
    yield from ((index, index) for index in range(head))
    olds, news = old[head : len(old) - tail], new[head : len(new) - tail]
    if len(olds) * len(news) > _MOST_CELLS:
        middle = [
            pair
            for a, b in _by_place(len(olds), len(news))
            for pair in _halves(a, b, together=replace or a is None or b is None or kind(olds[a]) == kind(news[b]))
        ]
    else:
        middle = _cheapest(_costs(olds, news, same, kind, words, replace=replace), len(olds), len(news))
    for a, b in middle:
        yield None if a is None else a + head, None if b is None else b + head
    yield from ((len(old) - left, len(new) - left) for left in range(tail, 0, -1))


def _common(most_old: int, most_new: int, is_same: Callable[[int], bool]) -> int:
    count = 0
    while count < min(most_old, most_new) and is_same(count):
        count += 1
    return count


def _by_place(olds: int, news: int) -> list[Pair]:
    return [(index if index < olds else None, index if index < news else None) for index in range(max(olds, news))]


def _halves(a: int | None, b: int | None, *, together: bool) -> list[Pair]:
    return [(a, b)] if together else [(a, None), (None, b)]


def _costs(
    olds: Sequence[Any],
    news: Sequence[Any],
    same: Callable[[Any, Any], bool],
    kind: Callable[[Any], Hashable],
    words: Callable[[Any], frozenset[str]],
    *,
    replace: bool,
) -> list[list[float]]:
    """What it costs to pair each with each."""
    known = [(kind(item), words(item), item) for item in news]

    def cost(item: Any, item_kind: Hashable, item_words: frozenset[str], other: tuple[Any, ...]) -> float:
        if item_kind != other[0]:
            return _REPLACED if replace else 3 * _ALONE
        if same(item, other[2]):
            return 0.0
        both = len(item_words | other[1])
        return _CHANGED - _LIKENESS * (len(item_words & other[1]) / both if both else 0.0)

    return [[cost(item, kind(item), words(item), other) for other in known] for item in olds]


def _cheapest(costs: list[list[float]], olds: int, news: int) -> list[Pair]:
    # best[a][b]: the cheapest way to pair what comes from place a on with what comes from place b on.
    best = [[(olds - a + news - b) * _ALONE for b in range(news + 1)] for a in range(olds + 1)]
    for a in range(olds - 1, -1, -1):
        for b in range(news - 1, -1, -1):
            alone = min(best[a + 1][b], best[a][b + 1]) + _ALONE
            best[a][b] = min(costs[a][b] + best[a + 1][b + 1], alone)
    found: list[Pair] = []
    a = b = 0
    while a < olds and b < news:
        if best[a][b] == costs[a][b] + best[a + 1][b + 1]:
            found.append((a, b))
            a, b = a + 1, b + 1
        elif best[a][b] == best[a + 1][b] + _ALONE:
            found.append((a, None))
            a += 1
        else:
            found.append((None, b))
            b += 1
    found += [(place, None) for place in range(a, olds)]
    found += [(None, place) for place in range(b, news)]
    return found
