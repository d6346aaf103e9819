"""The public side of the edge: what "the Internet" sees. Nothing is kept; every piece goes on as it comes."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from uuid import uuid4

from aiohttp import web
from h2.exceptions import ProtocolError

from tests.fakes.edge_server.connector import Connector, Stream
from tests.fakes.edge_server.state import State

_HOP = frozenset({"host", "connection", "transfer-encoding", "keep-alive", "upgrade", "accept-encoding"})
_FRAMING = frozenset({"content-length", "transfer-encoding", "connection"})
_CALLER = "203.0.113.7"


def public_side(state: State) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
    """The handler of the public port."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        connector = state.connector_for(request.headers.get("host", ""))
        if connector is None:
            return web.Response(status=530, text="error code: 1033")
        stream: Stream | None = None
        try:
            stream = await connector.open(_head(request, connector), whole=not _has_body(request))
            return await _forward(request, stream)
        except (ConnectionError, ProtocolError, KeyError):
            return web.Response(status=502, text="error code: 502")
        finally:
            if stream is not None:
                await stream.close()

    return answer


def _is_upgrade(request: web.BaseRequest) -> bool:
    return request.headers.get("upgrade", "").lower() == "websocket"


def _has_body(request: web.BaseRequest) -> bool:
    return request.can_read_body or _is_upgrade(request)


def _head(request: web.BaseRequest, connector: Connector) -> list[tuple[str, str]]:
    """The request as an edge sends it on, with what it adds (lab.md 1.3)."""
    head = [
        (":method", request.method),
        (":scheme", "https"),
        (":authority", connector.hostname),
        (":path", request.raw_path),
    ]
    head += [(name.lower(), value) for name, value in request.headers.items() if name.lower() not in _HOP]
    head += [
        ("cf-connecting-ip", _CALLER),
        ("x-forwarded-for", _CALLER),
        ("x-forwarded-proto", "https"),
        ("cf-ray", f"{uuid4().hex[:16]}-LO"),
        ("accept-encoding", "gzip, br"),
        ("cdn-loop", "cloudflare; loops=1"),
    ]
    if _is_upgrade(request):
        # HTTP/2 has no upgrades: the connector is told what to ask its own side for.
        head.append(("cf-cloudflared-proxy-connection-upgrade", "websocket"))
    return head


async def _forward(request: web.BaseRequest, stream: Stream) -> web.StreamResponse:
    upgrade = _is_upgrade(request)
    sending = asyncio.create_task(_send(request, stream)) if request.can_read_body and not upgrade else None
    try:
        head = await stream.head()
        if head is None:
            raise ConnectionError("no answer")
        response = web.StreamResponse(status=101 if upgrade and head[":status"] == "200" else int(head[":status"]))
        for name, value in _unpacked(head):
            response.headers.add(name, value)
        if response.status == 101:
            return await _upgraded(request, response, stream)
        await response.prepare(request)
        async for data in stream.body():
            await response.write(data)
        await response.write_eof()
        return response
    finally:
        if sending is not None:
            sending.cancel()


async def _send(request: web.BaseRequest, stream: Stream) -> None:
    async for data in request.content.iter_any():
        await stream.send(data)
    await stream.end()


def _unpacked(head: dict[str, str]) -> list[tuple[str, str]]:
    """The headers of the connector's own side, which come packed into one."""
    packed = filter(None, head.get("cf-cloudflared-response-headers", "").split(";"))
    pairs = [tuple(_decoded(part) for part in pair.split(":")) for pair in packed]
    return [(name, value) for name, value in pairs if name.lower() not in _FRAMING]


def _decoded(text: str) -> str:
    return base64.b64decode(text + "=" * (-len(text) % 4)).decode("latin-1")


# --- WebSockets: bytes both ways --------------------------------------------------------------------------------


class _Bytes:
    """In place of aiohttp's parser of frames: they are not ours to read."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[bytes | None] = asyncio.Queue()

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        self.came.put_nowait(bytes(data))
        return False, b""

    def feed_eof(self) -> None:
        self.came.put_nowait(None)


async def _upgraded(request: web.BaseRequest, response: web.StreamResponse, stream: Stream) -> web.StreamResponse:
    response.headers["connection"] = "Upgrade"
    response.headers["upgrade"] = "websocket"
    await response.prepare(request)
    parser: Any = _Bytes()
    request.protocol.set_parser(parser)
    sending = asyncio.create_task(_send_bytes(parser, stream))
    try:
        with suppress(ConnectionError):
            async for data in stream.body():
                await response.write(data)
    finally:
        sending.cancel()
        response.force_close()
        if request.transport is not None:
            request.transport.close()
    return response


async def _send_bytes(parser: _Bytes, stream: Stream) -> None:
    while (data := await parser.came.get()) is not None:
        await stream.send(data)
    await stream.end()
