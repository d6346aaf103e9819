"""The phone on the console port: who may use it, and that messages go in and out as they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import ClientSession, WSServerHandshakeError
from aiohttp.test_utils import TestServer

from devserver.console.app import create_app
from devserver.console.phone import Phone
from devserver.errors import FnError
from tests.console.test_app import SESSION, TOKEN


class Echo:
    """Says what it was told; `hung_up` is set when the messages end."""

    def __init__(self) -> None:
        self.hung_up = asyncio.Event()

    async def run(self, body: bytes) -> bytes:
        if body == b"wrong":
            raise FnError("This is no call.", hint="Send another.")
        return b'{"said":"' + body + b'"}'

    async def talk(self, messages: AsyncIterator[str], send: Callable[[str], Awaitable[None]]) -> None:
        async for message in messages:
            if message == "wrong":
                raise FnError("This is no call.", hint="Send another.")
            if message == "bye":
                return
            await send(message.upper())
        self.hung_up.set()


@pytest.fixture
async def echo() -> Echo:
    return Echo()


@pytest.fixture
async def console(echo: Echo) -> AsyncIterator[ClientSession]:
    server = TestServer(create_app(replace(SESSION, phone=Phone(echo.run, echo.talk)), TOKEN))
    await server.start_server()
    async with ClientSession(server.make_url("/"), headers={"X-Fn-Token": TOKEN}) as client:
        yield client
    await server.close()


async def test_a_call_is_run_and_answered_with_its_report(console: ClientSession) -> None:
    async with console.post("/api/phone", data=b"hello") as response:
        assert (response.status, await response.json()) == (200, {"said": "hello"})


async def test_what_is_no_call_is_refused_with_a_sentence(console: ClientSession) -> None:
    async with console.post("/api/phone", data=b"wrong") as response:
        assert (response.status, await response.json()) == (400, {"error": "This is no call.", "hint": "Send another."})


async def test_a_person_talks_until_the_call_is_over(console: ClientSession) -> None:
    async with console.ws_connect("/api/phone") as socket:
        await socket.send_str("one")
        assert await socket.receive_str() == "ONE"
        await socket.send_str("bye")
        assert (await socket.receive()).data == 1000


async def test_a_person_who_goes_hangs_up(console: ClientSession, echo: Echo) -> None:
    async with console.ws_connect("/api/phone") as socket:
        await socket.send_str("one")
        await socket.receive_str()
    await asyncio.wait_for(echo.hung_up.wait(), 5)


async def test_a_talk_that_cannot_begin_says_why(console: ClientSession) -> None:
    async with console.ws_connect("/api/phone") as socket:
        await socket.send_str("wrong")
        assert await socket.receive_json() == {"error": "This is no call.", "hint": "Send another."}


async def test_a_plain_get_is_told_what_the_address_is_for(console: ClientSession) -> None:
    async with console.get("/api/phone") as response:
        assert response.status == 426


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-Fn-Token": "wrong"}, 401),
        ({"Origin": "http://127.0.0.1:8080"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Host": "evil.example"}, 403),
    ],
)
async def test_strangers_do_not_get_a_line(console: ClientSession, headers: dict[str, Any], status: int) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await console.ws_connect("/api/phone", headers=headers)
    assert refused.value.status == status


async def test_a_console_without_phone_has_no_such_address() -> None:
    server = TestServer(create_app(SESSION, TOKEN))
    await server.start_server()
    url = server.make_url("/api/phone")
    async with ClientSession() as client, client.post(url, headers={"X-Fn-Token": TOKEN}) as response:
        assert response.status == 404
    await server.close()
