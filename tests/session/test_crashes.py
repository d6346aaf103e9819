from __future__ import annotations

import pytest

from devserver.session.crashes import Crashes


def test_the_first_deaths_are_followed_by_a_try_at_once() -> None:
    crashes = Crashes()

    assert [crashes.died(now) for now in (100.0, 101.0)] == [0.0, 0.0]
    assert crashes.not_before == 101.0


def test_a_crash_loop_is_slowed_down_more_and_more_up_to_a_limit() -> None:
    crashes = Crashes()

    assert [crashes.died(100.0) for _ in range(8)] == [0.0, 0.0, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0]
    assert crashes.not_before == 115.0


def test_deaths_of_long_ago_do_not_count() -> None:
    crashes = Crashes()

    assert [crashes.died(now) for now in (100.0, 101.0, 110.0, 110.5, 111.5)] == [0.0, 0.0, 0.0, 1.0, 1.0]


def test_who_saves_or_asks_for_it_does_not_wait() -> None:
    crashes = Crashes()
    for _ in range(3):
        crashes.died(100.0)
    crashes.forgive()

    assert crashes.not_before == 0.0
    assert crashes.died(101.0) == 2.0  # the death after that counts all the same


@pytest.mark.parametrize(
    ("handlers", "pause", "words"),
    [
        ([], 0.0, "The function's process ended: signal SIGKILL."),
        (["pie", "ice", "pie"], 0.0, "The function's process ended while it ran ice, pie: signal SIGKILL."),
        (
            [],
            4.0,
            (
                "The function's process ended: signal SIGKILL. That was death 1 within 10 s. "
                "The next try is in 4 s, or at the next save."
            ),
        ),
    ],
)
def test_a_death_in_words(handlers: list[str], pause: float, words: str) -> None:
    crashes = Crashes()
    crashes.died(100.0)

    assert crashes.words("signal SIGKILL", handlers, pause) == words
