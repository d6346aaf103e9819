"""What a tunnel leads to: a server that shows what arrives, a piece at a time if wanted."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web


@dataclass
class Origin:
    """The server.

    Attributes:
        port: on loopback.
        go: lets `/pieces` send its next piece.
        came: the first piece of a body sent to `/slow-body`, as soon as it is there.
    """

    port: int = 0
    go: asyncio.Event = field(default_factory=asyncio.Event)
    came: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)

    async def show(self, request: web.Request) -> web.Response:
        """The request, as it arrived."""
        body = await request.read()
        return web.json_response(
            {
                "method": request.method,
                "path": request.raw_path,
                "headers": [[name, value] for name, value in request.headers.items()],
                "length": len(body),
                "digest": hashlib.sha256(body).hexdigest(),
            },
            status=int(request.query.get("status", "200")),
            headers={"X-Mine": "a, b", "Set-Cookie": "c=1"},
        )

    async def big(self, request: web.Request) -> web.Response:
        """So many bytes."""
        return web.Response(body=bytes(range(256)) * (int(request.query["bytes"]) // 256))

    async def pieces(self, request: web.Request) -> web.StreamResponse:
        """One piece at once, and the next only when the test says so."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"first\n")
        await self.go.wait()
        await response.write(b"second\n")
        return response

    async def slow_body(self, request: web.Request) -> web.Response:
        """Takes a body piece by piece."""
        async for piece in request.content.iter_any():
            self.came.put_nowait(piece)
        return web.Response(text="all of it")

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        """Says everything back."""
        socket = web.WebSocketResponse(protocols=["fn"])
        await socket.prepare(request)
        async for message in socket:
            if message.data == "end":
                await socket.close(code=4000, message=b"as you wish")
            elif message.type is WSMsgType.TEXT:
                await socket.send_str(message.data)
            elif message.type is WSMsgType.BINARY:
                await socket.send_bytes(message.data)
        return socket


@asynccontextmanager
async def origin_server() -> AsyncIterator[Origin]:
    """Run one."""
    origin = Origin()
    app = web.Application(client_max_size=2**26)
    app.router.add_get("/big", origin.big)
    app.router.add_get("/pieces", origin.pieces)
    app.router.add_post("/slow-body", origin.slow_body)
    app.router.add_get("/socket", origin.socket)
    app.router.add_route("*", "/{path:.*}", origin.show)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    origin.port = runner.addresses[0][1]
    try:
        yield origin
    finally:
        origin.go.set()
        await runner.cleanup()
