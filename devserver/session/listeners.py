"""The three loopback listeners (DESIGN 2): function, console, cloud. Each is a server of its own, so that a tunnel to
the first cannot reach the others.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.http import SERVER_SOFTWARE
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

from devserver.session.bodies import SenderGone

_HEADERS_WITHIN = 20.0  # seconds from connecting to the end of the first request's headers
_KEEP_ALIVE = 75.0
_LAST_ANSWERS = 0.5  # seconds for requests in hand at the end, and as many once they are cancelled: Ctrl-C is prompt


class _OnlyOurs(logging.Filter):
    """Keeps what is our fault; a client that speaks no HTTP has had its 400, and one that has gone needs no answer."""

    def filter(self, record: logging.LogRecord) -> bool:
        """See logging."""
        return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError | SenderGone))


_log = logging.getLogger("devserver.http")
_log.addFilter(_OnlyOurs())


class _Request(web.BaseRequest):
    """A request whose answer does not name the server's software and version, also when aiohttp makes it itself."""

    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        if response.headers.get("Server") == SERVER_SOFTWARE:
            del response.headers["Server"]


class _Server(web.Server):
    """aiohttp waits for a first request for ever; this hangs up on who connects and says nothing, or says it slowly."""

    def _make_request(self, message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
        return _Request(message, payload, protocol, writer, task, self._loop)

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """See aiohttp."""
        super().connection_made(handler, transport)
        self._loop.call_later(_HEADERS_WITHIN, _hang_up_on_silence, handler, transport)


def _hang_up_on_silence(handler: RequestHandler, transport: asyncio.Transport) -> None:
    # aiohttp sets the first when a request has begun and the second when one is over.
    if handler._current_request is None and not handler._next_keepalive_close_time:  # noqa: SLF001
        transport.close()


@asynccontextmanager
async def serve_function(sockets: list[socket.socket], handler: Any) -> AsyncIterator[None]:
    """Serve the function port with one handler for everything."""
    server = _Server(
        handler,
        access_log=None,
        logger=_log,
        auto_decompress=False,  # bytes are handed on as they came
        keepalive_timeout=_KEEP_ALIVE,
        max_line_size=16_384,
        max_field_size=16_384,
    )
    async with _runner(web.ServerRunner(server, handle_signals=False, shutdown_timeout=_LAST_ANSWERS), sockets):
        yield


@asynccontextmanager
async def serve_app(sockets: list[socket.socket], app: web.Application) -> AsyncIterator[None]:
    """Serve an application, such as the console."""
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=_LAST_ANSWERS)
    async with _runner(runner, sockets):
        yield


@asynccontextmanager
async def _runner(runner: web.BaseRunner, sockets: list[socket.socket]) -> AsyncIterator[None]:
    await runner.setup()
    try:
        for one in sockets:
            await web.SockSite(runner, one).start()
        yield
    finally:
        await runner.cleanup()
