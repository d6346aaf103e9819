"""WebSockets that the function registered: the gateway holds the connection, the host runs the handler.

Messages travel as frames in both directions, by a number per connection.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from aiohttp import WSCloseCode, WSMsgType, web

from devserver.runtime.replies import problem
from devserver.session.frames import SocketClose, SocketData, SocketOpen, SocketRefused
from devserver.session.generations import Generations, NoHost
from devserver.session.link import HostLink

LARGEST = 10 << 20
"""Bytes of a message."""


class WebSockets:
    """The open WebSockets of one session."""

    def __init__(self, generations: Generations) -> None:
        self._generations = generations
        self._open: dict[int, tuple[web.WebSocketResponse, HostLink]] = {}
        self._sending: set[asyncio.Task[None]] = set()
        self._numbers = 0

    async def serve(
        self, request: web.BaseRequest, path: str, request_id: str, largest: int = LARGEST
    ) -> web.StreamResponse | None:
        """Serve one connection until it ends; None when the function has no WebSocket at this path.

        Args:
            request: that opens it.
            path: of the function's WebSocket.
            request_id: what its log lines belong to.
            largest: bytes of a message; a larger one closes it with 1009.
        """
        try:
            host = await self._generations.acquire()
        except NoHost:
            return None
        loaded = self._generations.loaded
        if loaded is None or path not in loaded.sockets:
            return None
        socket = web.WebSocketResponse(heartbeat=30, max_msg_size=largest)
        if not socket.can_prepare(request):
            refusal = problem(400, f"{path} is a WebSocket, and this request does not open one.")
            return web.Response(status=refusal.status, body=refusal.body, headers=dict(refusal.headers))
        await socket.prepare(request)
        self._numbers += 1
        number = self._numbers
        self._open[number] = (socket, host)
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers]
        host.send(SocketOpen(number, path, request.raw_path, headers, request_id, request.remote or ""))
        try:
            await self._receive(number, socket, host)
        finally:
            if self._open.pop(number, None) is not None:
                host.send(SocketClose(number, socket.close_code or 1000))
        return socket

    def from_host(self, message: SocketData | SocketClose | SocketRefused) -> None:
        """The handler sent a message or closed."""
        found = self._open.get(message.id)
        if found is None:
            return
        match message:
            case SocketData():
                self._spawn(_send(found[0], message.data))
            case SocketClose():
                del self._open[message.id]
                self._spawn(_close(found[0], message.code, message.reason))
            case SocketRefused():
                del self._open[message.id]
                self._spawn(_close(found[0], WSCloseCode.TRY_AGAIN_LATER, "the code was reloaded"))

    def host_died(self, host: HostLink) -> None:
        """The connections of a dead host end."""
        for number, (socket, owner) in list(self._open.items()):
            if owner is host:
                del self._open[number]
                self._spawn(_close(socket, WSCloseCode.INTERNAL_ERROR, "the function's process ended"))

    async def _receive(self, number: int, socket: web.WebSocketResponse, host: HostLink) -> None:
        async for message in socket:
            if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                host.send(SocketData(number, message.data))

    def _spawn(self, work: object) -> None:
        # One task per message keeps the order: asyncio starts tasks in the order in which they were made, and a
        # send that has to wait for the client holds the ones behind it in aiohttp's own buffer.
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)


async def _send(socket: web.WebSocketResponse, data: str | bytes) -> None:
    with suppress(ConnectionError):
        await (socket.send_str(data) if isinstance(data, str) else socket.send_bytes(data))


async def _close(socket: web.WebSocketResponse, code: int, reason: str) -> None:
    await socket.close(code=code, message=reason.encode()[:120])
