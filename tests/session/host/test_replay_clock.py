from __future__ import annotations

import asyncio
import time
from datetime import UTC, date, datetime

import pytest

from devserver.session.host.replay_clock import frozen

AT = 1_700_000_000.5


def test_inside_every_clock_says_the_time_of_the_recording() -> None:
    with frozen(AT):
        assert time.time() == AT
        assert time.time_ns() == int(AT * 10**9)
        assert datetime.now(UTC).timestamp() == AT
        assert date.today() == datetime.fromtimestamp(AT).date()  # noqa: DTZ006, DTZ011 local, as the function's
        assert time.strftime("%Y", time.gmtime()) == "2023"


def test_outside_the_clocks_run() -> None:
    before = time.time()
    with frozen(AT):
        pass
    assert time.time() >= before


def test_the_clocks_run_again_after_an_error() -> None:
    before = time.time()
    with pytest.raises(ValueError, match="no"), frozen(AT):
        raise ValueError("no")
    assert time.time() >= before


def test_zero_lets_the_clocks_run() -> None:
    before = time.time()
    with frozen(0.0):
        assert time.time() >= before


async def test_timeouts_of_the_event_loop_go_on() -> None:
    with frozen(AT):
        started = time.monotonic()
        await asyncio.wait_for(asyncio.sleep(0.01), 5)
        assert time.monotonic() - started >= 0.01
        assert time.time() == AT
