"""With a real process; what its listener says is said by the test."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devserver.tunnel import TunnelFailed, program
from devserver.tunnel.guarded import Guarded, clean_environment
from devserver.tunnel.program import Program
from devserver.tunnel.provider import Away, Gone, Health, Reachable

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")

SILENT = "It does not answer."


class Pretended(Program):
    says: Health | None = Reachable()

    async def _health(self) -> Health | None:
        return self.says

    def _failure(self) -> TunnelFailed:
        return TunnelFailed(f"It ended with status {self._guarded.status}.")


@pytest.fixture
async def running() -> AsyncIterator[Pretended]:
    up = asyncio.Event()
    guarded = await Guarded.start(
        [sys.executable, "-c", "import signal; print('up', flush=True); signal.pause()"],
        environment=clean_environment(os.environ),
        heard=lambda _: up.set(),
    )
    await asyncio.wait_for(up.wait(), 10)
    running = Pretended(guarded, SILENT)
    yield running
    await running.close()


async def test_its_health_is_what_its_listener_says(running: Pretended) -> None:
    assert await running.look() == Reachable()
    running.says = Away("The connection is lost.")
    assert await running.look() == Away("The connection is lost.")


async def test_a_silent_one_is_away_at_first_and_gone_in_the_end(
    running: Pretended, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.says = None
    assert await running.look() == Away(SILENT)
    monkeypatch.setattr(program, "_SILENT_FOR", 0.0)
    assert await running.look() == Gone(SILENT)


async def test_silence_is_counted_from_the_last_answer(running: Pretended, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "_SILENT_FOR", 1000.0)
    running._answered -= 2000.0
    running.says = Away("The connection is lost.")
    await running.look()  # it answers, even if what it says is nothing good
    running.says = None
    assert await running.look() == Away(SILENT)


async def test_one_that_has_ended_is_gone_and_nobody_waits_for_it(running: Pretended) -> None:
    running._guarded._kill()
    await running.ended()
    async with asyncio.timeout(5):
        await running._pause(1000.0)
    assert await running.look() == Gone(f"It ended with status {running._guarded.status}.")


async def test_closing_ends_it_and_is_harmless_twice(running: Pretended) -> None:
    await running.close()
    assert running._guarded.status is not None
    await running.close()
