from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from devserver.tunnel.change import gap_in_words

# 2026-11-21 13:02:00 UTC is 14:02 in the zone of these tests.
TWO_PAST = 1_795_266_120.0


@pytest.fixture(autouse=True)
def an_hour_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "XXX-1")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "unreachable for 1 s"),
        (12.4, "unreachable for 12 s"),
        (59, "unreachable for 59 s"),
        (60, "unreachable 14:02-14:03"),
        (180, "unreachable 14:02-14:05"),
        (10 * 3600, "unreachable 21 Nov 14:02 - 22 Nov 00:02"),
    ],
)
def test_a_gap_is_told_in_seconds_when_short_and_else_by_the_clock_on_the_wall(seconds: float, words: str) -> None:
    assert gap_in_words(TWO_PAST, TWO_PAST + seconds) == words
