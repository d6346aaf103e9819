from __future__ import annotations

import asyncio

import pytest

from devserver.session.frames import Paused
from devserver.session.pausing import Pause


async def test_work_that_is_done_in_time_gives_its_result() -> None:
    async def work() -> int:
        return 3

    assert await Pause().within(5, work()) == 3


async def test_work_that_takes_too_long_is_cancelled() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(TimeoutError):
        await Pause().within(0.01, work())
    async with asyncio.timeout(5):
        await ended.wait()


async def test_what_work_raises_is_raised() -> None:
    async def work() -> None:
        raise KeyError("lost")

    with pytest.raises(KeyError):
        await Pause().within(5, work())


async def test_no_time_counts_in_a_pause() -> None:
    pause, loop = Pause(), asyncio.get_running_loop()
    pause.begin(Paused([1]))
    loop.call_later(0.1, pause.end)
    began = loop.time()

    with pytest.raises(TimeoutError):
        await pause.within(0.02, asyncio.Event().wait())

    assert loop.time() - began >= 0.12
    assert pause.seconds >= 0.1
    assert pause.notice is None


async def test_a_pause_that_is_told_twice_counts_once_and_ends_once() -> None:
    pause = Pause()
    pause.begin(Paused([1]))
    pause.begin(Paused([1, 2]))
    assert pause.notice == Paused([1, 2])
    pause.end()
    once = pause.seconds
    pause.end()

    assert pause.seconds == once


async def test_who_waits_can_be_cancelled_in_a_pause() -> None:
    pause = Pause()
    pause.begin(Paused([]))
    waiting = asyncio.create_task(pause.within(0.01, asyncio.Event().wait()))
    await asyncio.wait({waiting}, timeout=0.05)
    assert not waiting.done()
    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting
