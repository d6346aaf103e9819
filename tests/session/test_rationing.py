from __future__ import annotations

from contextlib import ExitStack

import pytest

from devserver.clock import ManualClock
from devserver.session.rationing import Allowance, Budget, Ration, Room


def test_a_room_that_is_full_lets_nobody_in_until_somebody_leaves() -> None:
    room = Room(2, lambda: None)
    with room.entered() as first:
        with room.entered() as second, room.entered() as third:
            assert (first, second, third) == (True, True, False)
        with room.entered() as again:
            assert again


def test_a_full_room_is_told_once_until_half_of_it_was_free() -> None:
    told: list[str] = []
    room = Room(2, lambda: told.append("full"))
    for _ in range(2):
        with ExitStack() as stack:
            for _ in range(4):
                stack.enter_context(room.entered())
            assert told[-1] == "full"
    assert told == ["full", "full"]

    with room.entered(), room.entered(), room.entered(), room.entered():
        pass
    assert len(told) == 3


def test_somebody_who_fails_inside_is_not_inside_for_ever() -> None:
    room = Room(1, lambda: None)
    with pytest.raises(ZeroDivisionError), room.entered():
        _ = 1 / 0
    with room.entered() as has_room:
        assert has_room


def test_a_ration_is_so_many_and_so_many_bytes_a_minute() -> None:
    told: list[str] = []
    clock = ManualClock()
    ration = Ration(2, 100, lambda: told.append("used up"), clock.steady)

    assert [ration.take(60), ration.take(60), ration.take(40), ration.take(0), ration.take(0)] == [
        True,
        False,
        True,
        False,
        False,
    ]
    assert told == ["used up"]
    clock.advance(60)
    assert ration.take(100)
    assert not ration.take(1)
    assert len(told) == 2


SMALL = 64 << 10


def test_bytes_in_hand_count_as_they_arrive_and_are_free_again_at_the_end() -> None:
    told: list[str] = []
    budget = Budget(lambda: told.append("full"))
    with budget.shared(1000) as first:
        with budget.shared(1000) as second:
            assert [first.take(SMALL + 400), second.take(SMALL), second.take(600)] == [True, True, True]
            assert not second.take(1)
            assert not first.take(1)
        assert first.take(597)  # 3 bytes less than the second has left: its own refused one counts, too
        assert told == ["full"]
    with budget.shared(1000) as whole:
        assert whole.take(SMALL + 1000)
        assert not whole.take(1)
    assert told == ["full", "full"]


def test_what_is_small_has_room_whatever_else_is_in_hand() -> None:
    budget = Budget(lambda: None)
    with budget.shared(10) as large, budget.shared(10) as small:
        assert large.take(SMALL + 10)
        assert small.take(SMALL)
        assert not small.take(1)


def test_an_allowance_is_so_much_at_once_and_comes_back_with_time() -> None:
    told: list[object] = []
    clock = ManualClock()
    allowance = Allowance(800, 10.0, lambda: told.append("used up"), told.append, clock.steady)

    assert [allowance.take(500), allowance.take(500), allowance.take(1), allowance.take(1)] == [
        True,
        True,
        False,
        False,
    ]
    assert told == ["used up"]
    clock.advance(30)  # the debt, and a little that is not worth beginning with
    assert not allowance.take(1)
    clock.advance(0.1)
    assert allowance.take(1)
    assert told == ["used up", 3]


def test_an_allowance_never_grows_beyond_the_whole_and_what_is_owed_comes_first() -> None:
    clock = ManualClock()
    allowance = Allowance(100, 1.0, lambda: None, lambda _: None, clock.steady)
    clock.advance(1000)
    assert allowance.take(100)
    assert not allowance.take(1)

    clock.advance(1000)
    assert allowance.take(1)
    allowance.owe(150)
    assert not allowance.take(1)
