"""Patience is used up by waiting, and a wait that would be too long is not begun."""

from __future__ import annotations

import asyncio

import pytest

from devserver.clock import ManualClock
from devserver.voiceapp.patience import Patience


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> tuple[ManualClock, list[float]]:
    """A clock that waiting moves, and what was waited."""
    clock, waits = ManualClock(), list[float]()

    async def wait(seconds: float) -> None:
        waits.append(seconds)
        clock.advance(seconds)

    monkeypatch.setattr(asyncio, "sleep", wait)
    return clock, waits


async def test_it_waits_longer_and_longer_until_it_is_over(waited: tuple[ManualClock, list[float]]) -> None:
    clock, waits = waited
    patience = Patience(8.0, clock=clock)
    assert [await patience.again() for _ in range(5)] == [True, True, True, True, False]
    assert waits == [0.5, 1.0, 2.0, 4.0]


async def test_the_last_wait_is_repeated(waited: tuple[ManualClock, list[float]]) -> None:
    clock, waits = waited
    patience = Patience(100.0, (1.0, 30.0), clock)
    while await patience.again():
        pass
    assert waits == [1.0, 30.0, 30.0, 30.0]


async def test_the_tries_themselves_count(waited: tuple[ManualClock, list[float]]) -> None:
    clock, waits = waited
    patience = Patience(8.0, clock=clock)
    clock.advance(7.6)
    assert not await patience.again()
    assert waits == []


async def test_no_patience_is_one_try() -> None:
    assert not await Patience(0.0).again()
