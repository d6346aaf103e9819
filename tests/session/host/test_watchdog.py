"""In a real host: what blocks its loop is named from outside of the loop. A pipe that nobody has opened is what blocks."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from devserver.session.spawn import start_host
from tests.session.hosts import PATIENCE, Heard, ask, function, running

FUNCTION = """\
def _read():
    return open("gate").read()

async def hang(context, request):
    return _read()

async def status(context, request):
    return "ok"

def setup(runtime):
    async def serve(ws, request):
        _read()
    runtime.on_websocket("/ws", serve)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = function(tmp_path / "demo", FUNCTION)
    os.mkfifo(folder / "gate")
    return folder


async def test_who_blocks_the_loop_is_named_with_its_line(folder: Path) -> None:
    heard = Heard()
    async with running(folder, heard) as host:
        hanging = ask(host, "/hang", 1)
        await heard.until(lambda: heard.blocks)
        ask(host, "/status", 2)

        notice = heard.blocks[0]
        assert (notice.handler, notice.where, notice.started) == ("hang", "function.py:2 in _read", [1])
        assert notice.ms >= 50
        assert host.blocked is heard.blocks[-1]

        await heard.until(lambda: len(heard.blocks) >= 3)
        first, second, third = (each.ms for each in heard.blocks[:3])
        assert second >= 2 * first
        assert third >= 2 * second
        assert heard.blocks[-1].started == [1]

        await asyncio.to_thread((folder / "gate").write_text, "at last")
        assert (await hanging).body == b"at last"
        await heard.until(lambda: heard.freedoms)
        assert heard.freedoms[0].ms >= third
        assert host.blocked is None


async def test_a_loop_that_runs_is_not_reported(folder: Path) -> None:
    heard = Heard()
    async with running(folder, heard) as host:
        for number in range(200):
            assert (await ask(host, "/status", number)).body == b"ok"

        assert not heard.blocks
        assert not heard.freedoms


async def test_a_host_ends_when_its_gateway_hangs_up() -> None:
    started = start_host()
    started.connection.close()

    assert await asyncio.to_thread(started.process.wait, PATIENCE) == 0
    assert started.process.stdout is not None
    started.process.stdout.close()
