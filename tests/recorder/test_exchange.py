"""Ids sort by time, whatever the clock does."""

from __future__ import annotations

from devserver.clock import ManualClock
from devserver.recorder.exchange import ID_LENGTH, new_id


def test_an_id_has_26_characters_of_lower_case_crockford_base32() -> None:
    made = new_id(ManualClock())
    assert len(made) == ID_LENGTH == 26
    assert set(made) <= set("0123456789abcdefghjkmnpqrstvwxyz")


def test_ids_of_one_instant_are_different_and_sort_in_the_order_they_were_made() -> None:
    clock = ManualClock()
    made = [new_id(clock) for _ in range(5000)]
    assert made == sorted(set(made))


def test_ids_keep_their_order_when_the_clock_jumps_back() -> None:
    clock = ManualClock(at=3_000_000_000.0)
    before = new_id(clock)
    clock.at -= 86_400
    assert new_id(clock) > before


def test_an_id_tells_the_millisecond() -> None:
    clock = ManualClock(at=4_000_000_000.0)
    number = 0
    for character in new_id(clock)[:10]:
        number = number * 32 + "0123456789abcdefghjkmnpqrstvwxyz".index(character)
    assert number == 4_000_000_000_000
