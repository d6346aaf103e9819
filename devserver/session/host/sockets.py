"""The WebSockets that a function registered with `runtime.on_websocket(path, handler)`.

The gateway holds the real connection; here each one is a `WebSocket` with a queue. The handler is called with the
socket and the request that opened it, and the socket is closed when the handler returns.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from devserver.session.frames import Message, SocketClose, SocketData

_QUEUE = 1024  # messages a slow handler may lag behind before the connection is closed


class WebSocket:
    """One open WebSocket, as user code sees it: `async for message in ws: await ws.send(...)`."""

    def __init__(self, number: int, send: Callable[[Message], None]) -> None:
        self._number = number
        self._send = send
        self._queue: asyncio.Queue[str | bytes | None] = asyncio.Queue(_QUEUE)
        self.closed = False

    async def send(self, data: str | bytes) -> None:
        """Send one text or binary message.

        Raises:
            ConnectionError: the socket is closed.
        """
        if self.closed:
            raise ConnectionError("The WebSocket is closed.")
        self._send(SocketData(self._number, data))

    async def receive(self) -> str | bytes | None:
        """The next message, or None when the client has closed."""
        return None if self.closed and self._queue.empty() else await self._queue.get()

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection; a second call does nothing."""
        if not self.closed:
            self.closed = True
            self._send(SocketClose(self._number, code, reason))

    def __aiter__(self) -> AsyncIterator[str | bytes]:
        return self._messages()

    async def _messages(self) -> AsyncIterator[str | bytes]:
        while (message := await self.receive()) is not None:
            yield message

    def arrived(self, data: str | bytes | None) -> None:
        """A message from the client, or None when it closed."""
        if data is None:
            self.closed = True
        try:
            self._queue.put_nowait(data)
        except asyncio.QueueFull:
            if not self.closed:
                self.closed = True
                self._send(SocketClose(self._number, 1008, "the handler reads too slowly"))


SocketHandler = Callable[[WebSocket, Any], Awaitable[None]]
