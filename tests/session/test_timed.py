"""With a function that answers when the test says so."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from devserver.clock import ManualClock
from devserver.recorder.exchange import Request
from devserver.session.exchange import InHand, Result
from devserver.session.timed import TimedFunction
from tests.session.hosts import PATIENCE

RESULT = Result(None)


class Slow:
    """A function that waits for the test, and one request."""

    def __init__(self) -> None:
        nobody: Any = None
        self.answers = asyncio.Event()
        self.given_up = False
        self.timed = TimedFunction(self._ask, nobody, nobody, ManualClock(at=1_767_000_000.0))
        now = self.timed.loop.time()
        self.hand = InHand(1, "r1", Request("POST", "/ice", (), b""), "ice", {}, "local", now, now + 30.0)

    async def _ask(self, _hand: InHand) -> Result:
        try:
            await self.answers.wait()
        except asyncio.CancelledError:
            self.given_up = True
            raise
        return RESULT

    def in_(self, seconds: float) -> float:
        return self.timed.loop.time() + seconds


async def test_an_answer_in_time_is_there_at_once() -> None:
    slow = Slow()
    slow.answers.set()
    asked = await slow.timed.ask_until(slow.hand, slow.in_(PATIENCE))

    assert asked.result() is RESULT


async def test_the_question_goes_on_when_the_time_is_over() -> None:
    slow = Slow()
    asked = await slow.timed.ask_until(slow.hand, slow.in_(0.01))
    assert not asked.done()

    slow.answers.set()
    await slow.timed.wait(asked)
    assert asked.result() is RESULT


async def test_time_that_is_over_already_is_no_reason_not_to_ask() -> None:
    slow = Slow()
    asked = await slow.timed.ask_until(slow.hand, slow.in_(-1.0))
    slow.answers.set()

    assert await asked is RESULT


@pytest.mark.parametrize("waits_for_ever", [False, True])
async def test_when_nobody_waits_any_more_the_question_ends(waits_for_ever: bool) -> None:
    slow = Slow()

    async def work() -> None:
        asked = await slow.timed.ask_until(slow.hand, slow.in_(0.01 if waits_for_ever else PATIENCE))
        if waits_for_ever:
            await slow.timed.wait(asked)

    waiting = asyncio.create_task(work())
    await asyncio.wait({waiting}, timeout=0.05)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    assert slow.given_up


async def test_what_is_noted_has_its_time_and_its_fields() -> None:
    slow = Slow()
    slow.timed.note(slow.hand, "warning", "it takes long", sent="{}")
    ((line),) = slow.hand.logs

    sent = {"sent": "{}"}
    assert line == {"at": 1_767_000_000.0, "level": "warning", "text": "it takes long", "fields": sent}


async def test_time_is_counted_from_the_arrival_in_milliseconds() -> None:
    slow = Slow()
    slow.hand.started -= 2.0

    assert slow.timed.took(slow.hand) == pytest.approx(2000.0, abs=1500.0)
