"""A real host under the real debugger: it joins, stands still and says so, and leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from devserver.debug.anchoring import anchored
from devserver.session.frames import Answer, Debug, DebugPoint, Loaded, Paused
from devserver.session.link import HostLink
from devserver.session.spawn import start_host
from tests.fakes.dap import Editor, Stop
from tests.session.hosts import PATIENCE, Heard, ask, function, load, prepare, running

FUNCTION = """\
import sys

async def status(context, request):
    x = 41
    return str(x + 1)

def plain(context, request):
    y = 5
    return str(y)

async def traced(context, request):
    tools = getattr(sys, "monitoring", None)
    return str(bool(sys.gettrace() or tools and tools.get_tool(tools.DEBUGGER_ID)))
"""


@asynccontextmanager
async def editor(folder: Path, *lines: int) -> AsyncIterator[tuple[Editor, DebugPoint]]:
    """An editor that is attached to an anchor; hosts are not there yet."""
    async with anchored() as where:
        with Editor(where.client[1], {str(folder / "function.py"): list(lines)}) as one:
            await asyncio.to_thread(one.attach)
            yield one, DebugPoint(*where.server, where.token, where.pid)


async def stop(one: Editor) -> Stop:
    return await asyncio.to_thread(one.stop)


async def sessions(one: Editor, count: int = 1) -> None:
    await asyncio.to_thread(one.until, lambda: len(one.pids) >= count, "no session")


async def answered(future: asyncio.Future[Answer]) -> bytes:
    async with asyncio.timeout(PATIENCE):
        return (await future).body


async def test_a_host_says_when_a_thread_stands_still_and_when_it_goes_on(tmp_path: Path) -> None:
    heard, folder = Heard(), function(tmp_path / "demo", FUNCTION)
    async with editor(folder, 5, 9) as (one, point), running(folder, heard, blocked_after=0.5) as host:
        host.send(Debug(point))
        await sessions(one)
        for path, number in (("/status", 1), ("/plain", 2)):
            asked = ask(host, path, number)
            stopped = await stop(one)
            await heard.until(lambda n=number: Paused([n]) in heard.standstills)  # type: ignore[misc]
            assert host.paused
            await asyncio.sleep(0.7)  # longer than `blocked_after`: none of it may count
            await asyncio.to_thread(stopped.go_on)
            assert await answered(asked) == (b"42" if number == 1 else b"5")
            await heard.until(lambda: heard.standstills[-1] is None)
            assert host.pause.seconds >= 0.6

        assert heard.blocks == []
        assert len([each for each in heard.standstills if each is not None]) == 2


async def test_a_request_that_comes_while_a_host_joins_waits_for_it_and_stops(tmp_path: Path) -> None:
    """Who attaches and calls at once means the breakpoint."""
    folder = function(tmp_path / "demo", FUNCTION)
    async with editor(folder, 5) as (one, point), running(folder) as host:
        host.send(Debug(point))
        given_up = ask(host, "/plain", 1)
        asked = ask(host, "/status", 2)
        host.abandon(1)
        stopped = await stop(one)
        assert (stopped.line, stopped.name) == (5, "status")
        await asyncio.to_thread(stopped.go_on)
        assert await answered(asked) == b"42"
        assert not given_up.done()


async def test_requests_do_not_wait_for_ever_for_a_client_that_opens_no_session(tmp_path: Path) -> None:
    folder = function(tmp_path / "demo", FUNCTION)
    async with anchored() as where, running(folder) as host:
        host.send(Debug(DebugPoint(*where.server, where.token, where.pid)))
        assert await answered(ask(host)) == b"42"


async def test_what_comes_of_code_that_went_on_comes_after_the_news_that_it_did(tmp_path: Path) -> None:
    """Else the next request would be given to another process, which may stand still at a breakpoint, too."""
    heard, folder = Heard(), function(tmp_path / "demo", FUNCTION)
    async with editor(folder, 5) as (one, point), running(folder, heard) as host:
        host.send(Debug(point))
        await sessions(one)
        for number in range(10):
            asked = ask(host, "/status", number)
            stopped = await stop(one)
            await heard.until(lambda: host.paused)
            await asyncio.to_thread(stopped.go_on)
            assert await answered(asked) == b"42"
            assert not host.paused


async def test_a_spare_is_known_to_the_client_before_it_is_ready(tmp_path: Path) -> None:
    folder = function(tmp_path / "demo", FUNCTION)
    async with editor(folder, 1) as (one, point):
        async with running(folder, debug=None) as host:
            assert one.pids == []
        host = HostLink(start_host(debug=True), Heard())
        try:
            await host.connect(prepare(folder, debug=point))
            await host.ready
            assert [child.pid for child in one.children] == [host.pid]
            loading = asyncio.create_task(host.load(load(folder)))
            stopped = await stop(one)
            assert (stopped.line, stopped.name) == (1, "<module>")
            await asyncio.to_thread(stopped.go_on)
            loaded = await loading
            assert isinstance(loaded, Loaded)
            assert not host.paused
            assert not [name for name in loaded.third_party if "pydev" in name or "debugpy" in name]
        finally:
            host.stopping = True
            host.kill("the test is over")
            await host.gone.wait()


async def test_a_host_that_has_left_is_not_traced_and_may_join_again(tmp_path: Path) -> None:
    folder = function(tmp_path / "demo", FUNCTION)
    async with running(folder) as host:
        assert await answered(ask(host, "/traced")) == b"False"
        for number in (1, 2):
            async with editor(folder, 5) as (one, point):
                host.send(Debug(point))
                await sessions(one)
                assert await answered(ask(host, "/traced", number * 10)) == b"True"
                asked = ask(host, "/status", number * 10 + 1)
                stopped = await stop(one)
                await asyncio.to_thread(stopped.go_on)
                assert await answered(asked) == b"42"
                await asyncio.to_thread(one.detach)
                host.send(Debug(None))
                assert await answered(ask(host, "/traced", number * 10 + 2)) == b"False"


async def test_what_is_said_before_there_is_a_connection_is_not_lost(tmp_path: Path) -> None:
    folder = function(tmp_path / "demo", FUNCTION)
    async with editor(folder) as (one, point):
        host = HostLink(start_host(debug=True), Heard())
        try:
            host.send(Debug(point))
            await asyncio.sleep(0)
            await host.connect(prepare(folder))
            await host.ready
            await sessions(one)
        finally:
            host.stopping = True
            host.kill("the test is over")
            await host.gone.wait()


async def test_an_adapter_that_is_not_there_is_told_and_the_host_goes_on(tmp_path: Path) -> None:
    heard, folder = Heard(), function(tmp_path / "demo", FUNCTION)
    async with running(folder, heard) as host:
        host.send(Debug(DebugPoint("127.0.0.1", 1, "token", 1)))
        await heard.until(lambda: heard.lines)

        assert heard.texts()[0].startswith("This process cannot be debugged: ")
        assert await answered(ask(host)) == b"42"
