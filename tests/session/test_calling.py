"""The phone of a running session, as commands reach it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import WSMsgType, web

from devserver.calls.start import Start
from devserver.calls.told import Began, CallReport, Ended, Told
from devserver.errors import FnError
from devserver.session.calling import Phone, phone_of
from devserver.session.discovery import SessionFile, announce, private_folder

REPORT = CallReport("c1", "+1", "+2", "ANSWERED", "CALLERHANGUP", 3, ("Hello",), (), False)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def _phone(folder: Path, handler: Handler) -> AsyncIterator[Phone]:
    """The phone of a folder beside which a session runs, whose console is `handler`."""
    runner = web.ServerRunner(web.Server(handler))  # type: ignore[arg-type]  # it is given web.BaseRequest
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


def _run(folder: Path, handler: Handler, start: Start) -> CallReport:
    async def use() -> CallReport:
        async with _phone(folder, handler) as phone:
            return await phone.run(start)

    return asyncio.run(use())


def test_a_call_is_asked_for_with_the_token_of_the_session(tmp_path: Path) -> None:
    asked: list[Any] = []

    async def console(request: web.Request) -> web.Response:
        asked.append((request.method, request.path, request.headers["Authorization"], await request.json()))
        return web.Response(body=msgspec.json.encode(REPORT))

    assert _run(tmp_path, console, Start(keys="1")) == REPORT
    method, path, authorization, body = asked[0]
    assert (method, path, authorization) == ("POST", "/api/phone", "Bearer secret")
    assert (body["from"], body["keys"]) == ("+12025550199", "1")


@pytest.mark.parametrize(
    ("status", "body", "message", "hint"),
    [
        (400, b'{"error": "It is none.", "hint": "Try another."}', "It is none.", "Try another."),
        (400, b'{"error": "It is none. Try another.", "hint": "Try another."}', "It is none.", "Try another."),
        (400, b'{"error": "It is none."}', "It is none.", ""),
        (
            404,
            b'{"error": "Not Found"}',
            "The running session has no phone.",
            "Restart `fn dev`: it runs an older version.",
        ),
        (500, b"<html>", "The session answers with what is no call.", "Restart `fn dev`: it runs another version."),
    ],
)
def test_a_refusal_is_told_in_the_words_of_the_session(
    tmp_path: Path, status: int, body: bytes, message: str, hint: str
) -> None:
    async def console(_request: web.Request) -> web.Response:
        return web.Response(status=status, body=body)

    with pytest.raises(FnError) as refused:
        _run(tmp_path, console, Start())
    assert (refused.value.message, refused.value.hint) == (message, hint)


def test_a_report_of_another_version_is_one_sentence(tmp_path: Path) -> None:
    async def console(_request: web.Request) -> web.Response:
        return web.Response(body=b'{"callid": 5}')

    with pytest.raises(FnError, match="does not understand") as refused:
        _run(tmp_path, console, Start())
    assert "another version" in refused.value.hint


def test_a_session_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    private_folder(tmp_path)
    gone = "http://127.0.0.1:1/?token=t"
    announce(tmp_path, SessionFile(os.getpid(), gone, gone, gone, "secret"))

    async def use() -> None:
        async with phone_of(tmp_path) as phone:
            await phone.run(Start())

    with pytest.raises(FnError, match="does not answer") as refused:
        asyncio.run(use())
    assert refused.value.hint == "Is `fn dev` still running?"


def _talk(folder: Path, handler: Handler) -> list[Told]:
    async def use() -> list[Told]:
        async with _phone(folder, handler) as phone, phone.talk(Start(speed=2.0)) as talk:
            await talk.send({"key": "1"})
            return [told async for told in talk.told()]

    return asyncio.run(use())


def test_a_person_talks_over_a_websocket(tmp_path: Path) -> None:
    began, ended = Began(0.0, "c1", "+1", "+2", "inbound"), Ended(1.0, "ANSWERED", "CALLERHANGUP", 1, "", False)
    asked: list[Any] = []

    async def console(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for told in (began, ended):
            message = await socket.receive()
            assert message.type is WSMsgType.TEXT
            asked.append(msgspec.json.decode(message.data))
            await socket.send_bytes(b"what is no text is left out")
            await socket.send_str(msgspec.json.encode(told).decode())
        await socket.close()
        return socket

    assert _talk(tmp_path, console) == [began, ended]
    assert asked[0]["start"]["speed"] == 2.0
    assert asked[1] == {"key": "1"}


def test_what_the_session_says_is_wrong_is_told(tmp_path: Path) -> None:
    async def console(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"error": "There is no function.", "hint": "Write one."})
        await socket.close()
        return socket

    with pytest.raises(FnError) as refused:
        _talk(tmp_path, console)
    assert (refused.value.message, refused.value.hint) == ("There is no function.", "Write one.")


def test_without_a_phone_no_socket_opens_and_that_is_one_sentence(tmp_path: Path) -> None:
    async def console(_request: web.Request) -> web.Response:
        return web.Response(status=404)

    with pytest.raises(FnError, match="has no phone"):
        _talk(tmp_path, console)
