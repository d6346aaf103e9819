from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from devserver.recorder.compare.align import Pair, aligned


def pairs(old: list[str], new: list[str], *, replace: bool = False) -> list[Pair]:
    """The first word of an item is its kind."""
    return list(
        aligned(
            old,
            new,
            same=lambda was, now: bool(was == now),
            kind=lambda item: item.split(" ", maxsplit=1)[0],
            words=lambda item: frozenset(item.split()),
            replace=replace,
        )
    )


def test_an_item_in_front_moves_no_other() -> None:
    assert pairs(["a", "b", "c"], ["x", "a", "b", "c"]) == [(None, 0), (0, 1), (1, 2), (2, 3)]


def test_items_that_changed_are_partners_when_their_words_are_alike() -> None:
    old, new = ["say one two three", "z"], ["say nine", "say one two four", "z"]
    assert pairs(old, new) == [(None, 0), (0, 1), (1, 2)]


def test_items_of_different_kinds_are_partners_only_when_they_may() -> None:
    assert pairs(["say x"], ["play y"], replace=True) == [(0, 0)]
    assert pairs(["say x"], ["play y"]) == [(0, None), (None, 0)]


def test_a_list_may_be_empty() -> None:
    assert pairs([], []) == []
    assert pairs(["a"], []) == [(0, None)]
    assert pairs([], ["a"]) == [(None, 0)]


def test_long_lists_are_compared_by_place_where_they_part() -> None:
    old, new = [f"say {number}" for number in range(3000)], [f"say {number}" for number in range(1, 3001)]
    found = pairs(["a", *old, "play"], ["a", *new, "play"])
    assert found[0] == (0, 0)
    assert found[-1] == (3001, 3001)
    assert len(found) == 3002
    assert pairs(["a"] * 300, ["b"] * 300)[:2] == [(0, None), (None, 0)]


@given(*[st.lists(st.sampled_from(["a", "b", "b x", "c", "c y"]), max_size=8)] * 2, st.booleans())
def test_every_item_has_its_turn_once_and_in_order(old: list[str], new: list[str], replace: bool) -> None:
    found = pairs(old, new, replace=replace)
    assert sorted(a for a, _ in found if a is not None) == list(range(len(old)))
    assert [a for a, _ in found if a is not None] == list(range(len(old)))
    assert [b for _, b in found if b is not None] == list(range(len(new)))
