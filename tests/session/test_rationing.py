from __future__ import annotations

from contextlib import ExitStack

import pytest

from devserver.clock import ManualClock
from devserver.session.rationing import Ration, Room


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
