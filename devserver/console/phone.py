"""The phone on the console port: one request for a call that plays by itself, a WebSocket for one with a person.

It knows no calls: messages are text, and two functions of the session do the rest.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from aiohttp import WSMsgType, web

from devserver.errors import FnError

_LIMIT = 1 << 16  # bytes of a message to us
_HEARTBEAT = 20.0


@dataclass(frozen=True, slots=True)
class Phone:
    """What the session does.

    Attributes:
        run: a call from its message to its report; raises FnError for a message that is none.
        talk: a call with a person: gets the messages as they come, and sends.
    """

    run: Callable[[bytes], Awaitable[bytes]]
    talk: Callable[[AsyncIterator[str], Callable[[str], Awaitable[None]]], Awaitable[None]]


def routes(phone: Phone) -> list[web.RouteDef]:
    """`POST` and `WS /api/phone`."""

    async def run(request: web.Request) -> web.Response:
        try:
            report = await phone.run(await request.content.read(_LIMIT + 1))
        except FnError as error:
            return web.json_response({"error": error.message, "hint": error.hint}, status=400)
        return web.Response(body=report, content_type="application/json", charset="utf-8")

    async def talk(request: web.Request) -> web.StreamResponse:
        if not _is_own_page(request):
            return web.json_response({"error": "The phone does not answer other sites."}, status=403)
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return web.json_response({"error": "POST runs a call; a WebSocket here is a phone."}, status=426)
        socket = web.WebSocketResponse(heartbeat=_HEARTBEAT, max_msg_size=_LIMIT)
        await socket.prepare(request)
        try:
            await phone.talk(_texts(socket), socket.send_str)
        except FnError as error:
            await socket.send_json({"error": error.message, "hint": error.hint})
        except ConnectionError:
            pass  # the person is gone; leaving has hung up
        await socket.close()
        return socket

    return [web.post("/api/phone", run), web.get("/api/phone", talk)]


def _is_own_page(request: web.Request) -> bool:
    """A page of another port is another site, though a browser sends it the same cookie."""
    origin = request.headers.get("Origin")
    return origin is None or origin.partition("//")[2].lower() == request.headers.get("Host", "").lower()


async def _texts(socket: web.WebSocketResponse) -> AsyncIterator[str]:
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            yield message.data
