"""Where the lines of a text are in another version of it. Pure; what the lines are for is not known here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import takewhile

_LIMIT = 4_000_000  # pairs of lines; comparing more would hold up who asks


def line_map(before: Sequence[bytes], after: Sequence[bytes]) -> Callable[[int], int]:
    """Gives for the number of a line before, from 1, the number that it has after.

    A line that is gone leads to the one that came in its place, or else to the one behind it, the last one at
    the end. What changed beyond
    comparing in a moment counts as replaced, line for line. Numbers that no line had stay.
    """
    head = _common(before, after)
    tail = min(_common(before[::-1], after[::-1]), len(before) - head, len(after) - head)
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    blocks = _blocks(old, new)

    def after_of(number: int) -> int:
        index = number - 1 - head
        if index < 0 or number > len(before):
            return number
        if index >= len(old):
            return number + len(after) - len(before)
        for begin, end, to, to_end in blocks:
            if begin <= index < end:
                return min(head + 1 + min(to + index - begin, max(to, to_end - 1)), max(len(after), 1))
        raise AssertionError(number)

    return after_of


def _common(one: Sequence[bytes], other: Sequence[bytes]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _blocks(old: Sequence[bytes], new: Sequence[bytes]) -> list[tuple[int, int, int, int]]:
    """Begin and end of each stretch in the old lines, and of what it is in the new ones."""
    if len(old) * len(new) > _LIMIT:
        return [(0, len(old), 0, len(new))]
    from difflib import SequenceMatcher  # only when lines have moved

    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [(begin, end, to, to_end) for _, begin, end, to, to_end in codes]
