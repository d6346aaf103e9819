from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from devserver.session.deciding import Deciding
from tests.session.hosts import PATIENCE


class Rounds:
    """Attempts that last as long as the test wants, and go again as often."""

    def __init__(self) -> None:
        self.begun = 0
        self.again = 0
        self.open = asyncio.Event()
        self.open.set()
        self.deciding = Deciding(self._attempt)

    async def _attempt(self) -> bool:
        self.begun += 1
        await self.open.wait()
        self.again -= 1
        return self.again >= 0


@pytest.fixture
async def rounds() -> AsyncIterator[Rounds]:
    rounds = Rounds()
    rounds.deciding.start()
    yield rounds
    await rounds.deciding.close()


async def test_nothing_is_decided_before_somebody_asks(rounds: Rounds) -> None:
    await asyncio.sleep(0)
    assert (rounds.begun, rounds.deciding.is_open) == (0, False)

    await rounds.deciding.ask()
    assert (rounds.begun, rounds.deciding.is_open) == (1, False)


async def test_all_who_ask_meanwhile_wait_for_the_same_decision(rounds: Rounds) -> None:
    rounds.open.clear()
    first = rounds.deciding.ask()
    since = rounds.deciding.since
    await asyncio.sleep(0)
    assert rounds.begun == 1

    assert rounds.deciding.ask() is first
    assert rounds.deciding.since == since <= time.perf_counter()
    rounds.open.set()
    await first


async def test_what_is_asked_for_while_a_decision_is_made_is_looked_at_once_more(rounds: Rounds) -> None:
    rounds.open.clear()
    first = rounds.deciding.ask()
    await asyncio.sleep(0)
    rounds.deciding.ask()
    rounds.open.set()
    await first
    await asyncio.sleep(0)

    assert rounds.begun == 2


async def test_whoever_waits_goes_on_when_nothing_is_left_to_do(rounds: Rounds) -> None:
    rounds.again = 2

    await rounds.deciding.ask()
    assert rounds.begun == 3


async def test_a_decision_that_is_not_needed_any_more_lets_everybody_go_on(rounds: Rounds) -> None:
    rounds.open.clear()
    waiting = rounds.deciding.ask()
    await asyncio.sleep(0)
    rounds.deciding.forestall()
    await waiting

    other = rounds.deciding.ask()  # the one that was not needed is still being made
    assert other is not waiting
    rounds.open.set()
    await other
    assert rounds.begun == 2


async def test_an_attempt_that_waits_hears_who_asks(rounds: Rounds) -> None:
    rounds.open.clear()
    decision = rounds.deciding.ask()
    await asyncio.sleep(0)
    asked = asyncio.create_task(rounds.deciding.asked_within(PATIENCE))
    await asyncio.sleep(0)
    assert not asked.done()
    rounds.deciding.ask()

    assert await asked
    assert not await rounds.deciding.asked_within(0.0)  # that was heard
    rounds.open.set()
    await decision


async def test_the_end_lets_everybody_go_on(rounds: Rounds) -> None:
    rounds.open.clear()
    waiting = rounds.deciding.ask()
    await asyncio.sleep(0)
    await rounds.deciding.close()

    await waiting
