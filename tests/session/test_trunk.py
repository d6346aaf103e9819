"""Many calls over one connection: both ends, over a real WebSocket."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from aiohttp import WSMsgType, web

from devserver.calls.start import Start
from devserver.calls.told import CallReport
from devserver.errors import FnError
from devserver.session.calling import Phone, phone_of
from devserver.session.discovery import SessionFile, announce, private_folder
from devserver.session.trunk import carry

MANY = 200
Run = Callable[[bytes], Awaitable[bytes]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Console:
    """The phone on a console port; `run` runs the calls."""

    def __init__(self, run: Run) -> None:
        self.sockets = 0
        self.posts = 0
        self._run = run

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.method == "POST":
            self.posts += 1
            return web.Response(body=await self._run(await request.read()))
        self.sockets += 1
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        messages = _texts(socket)
        try:
            await carry(await anext(messages), messages, socket.send_str, self._run)
        except FnError as error:
            await socket.send_json({"error": error.message, "hint": error.hint})
        await socket.close()
        return socket


async def _texts(socket: web.WebSocketResponse) -> AsyncIterator[str]:
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            yield message.data


@asynccontextmanager
async def _phone(folder: Path, handler: Handler) -> AsyncIterator[Phone]:
    runner = web.ServerRunner(web.Server(handler, handler_cancellation=True))  # type: ignore[arg-type]
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        private_folder(folder)
        console = f"http://127.0.0.1:{runner.addresses[0][1]}/?token=t"
        announce(folder, SessionFile(os.getpid(), "http://127.0.0.1:1", console, "http://127.0.0.1:1", "secret"))
        async with phone_of(folder) as phone:
            yield phone
    finally:
        await runner.cleanup()


def _report(start: Start) -> bytes:
    return msgspec.json.encode(
        CallReport(start.custom, start.caller, start.to, "ANSWERED", "CALLERHANGUP", 3, (), (), False)
    )


async def _all(phone: Phone) -> list[CallReport | BaseException]:
    runs = (phone.run(Start(keys="1", custom=str(number))) for number in range(MANY))
    return await asyncio.gather(*runs, return_exceptions=True)


def test_many_calls_at_once_need_few_connections_and_each_gets_its_own_report(tmp_path: Path) -> None:
    started, go_on = 0, asyncio.Event()

    async def run(body: bytes) -> bytes:
        nonlocal started
        started += 1
        if started == MANY:  # so all of them are under way at once
            go_on.set()
        await go_on.wait()
        return _report(msgspec.json.decode(body, type=Start))

    console = Console(run)

    async def use() -> list[CallReport | BaseException]:
        async with _phone(tmp_path, console.handle) as phone:
            return await _all(phone)

    reports = asyncio.run(use())
    assert [report.callid for report in reports if isinstance(report, CallReport)] == [
        str(number) for number in range(MANY)
    ]
    assert (console.sockets, console.posts) == (1, 16)


def test_a_call_that_cannot_be_begun_is_no_matter_of_the_others(tmp_path: Path) -> None:
    async def run(body: bytes) -> bytes:
        start = msgspec.json.decode(body, type=Start)
        if start.custom == str(MANY - 1):
            raise FnError("That is no call.", hint="Try another.")
        await asyncio.sleep(0)
        return _report(start)

    async def use() -> list[CallReport | BaseException]:
        async with _phone(tmp_path, Console(run).handle) as phone:
            return await _all(phone)

    *others, refused = asyncio.run(use())
    assert isinstance(refused, FnError)
    assert (refused.message, refused.hint) == ("That is no call.", "Try another.")
    assert all(isinstance(report, CallReport) for report in others)


def test_leaving_gives_up_what_is_under_way(tmp_path: Path) -> None:
    started, given_up = 0, 0
    under_way = asyncio.Event()

    async def run(_body: bytes) -> bytes:
        nonlocal started, given_up
        started += 1
        if started == MANY:
            under_way.set()
        try:
            await asyncio.Event().wait()
        finally:
            given_up += 1
        return b""

    async def use() -> None:
        async with _phone(tmp_path, Console(run).handle) as phone:
            asked = asyncio.create_task(_all(phone))
            await under_way.wait()
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)

    asyncio.run(use())
    assert given_up == MANY


def test_a_session_that_goes_away_is_one_sentence_for_each_call(tmp_path: Path) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        if request.method == "POST":
            return web.Response(body=_report(Start()))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        await socket.close()
        return socket

    async def use() -> list[CallReport | BaseException]:
        async with _phone(tmp_path, handle) as phone:
            return await _all(phone)

    gone = [each for each in asyncio.run(use()) if not isinstance(each, CallReport)]
    assert gone
    assert {str(each) for each in gone if isinstance(each, FnError) and "does not answer" in each.message} == {
        str(each) for each in gone
    }


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ('{"error": "A person needs time.", "hint": "Use speed 1."}', "A person needs time."),
        ('{"number": 0, "report": {"callid": 5}}', "does not understand"),
        ("<html>", "does not understand"),
    ],
    ids=["a problem of all", "another report", "no JSON"],
)
def test_a_session_of_another_version_is_one_sentence(tmp_path: Path, said: str, message: str) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        if request.method == "POST":
            return web.Response(body=_report(Start()))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        await socket.send_str(said)
        await socket.receive()
        await socket.close()
        return socket

    async def use() -> list[CallReport | BaseException]:
        async with _phone(tmp_path, handle) as phone:
            return await _all(phone)

    refused = [each for each in asyncio.run(use()) if not isinstance(each, CallReport)]
    assert refused
    assert all(isinstance(each, FnError) and message in each.message for each in refused)


@pytest.mark.parametrize("message", ['{"run": {}}', '{"number": "x", "run": {}}', "[]", "no JSON"])
def test_what_asks_for_no_call_is_refused(message: str) -> None:
    others: tuple[str, ...] = ()

    async def nothing() -> AsyncIterator[str]:
        for text in others:
            yield text

    async def send(text: str) -> None:
        raise AssertionError(text)

    async def run(body: bytes) -> bytes:
        raise AssertionError(body)

    with pytest.raises(FnError, match="asks for no call"):
        asyncio.run(carry(message, nothing(), send, run))
