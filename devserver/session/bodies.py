"""Reading a request's body: as received, with a limit in bytes and one in seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import ClientPayloadError, web

_SLOWEST = 30.0  # seconds a body may take to arrive


class BodyTooLarge(Exception):
    """More bytes than allowed."""


class BodyTooSlow(Exception):
    """The body did not arrive in time; the text says so."""


class NoRoom(Exception):
    """There are too many bytes of others in hand."""


class SenderGone(Exception):
    """Who sent it hung up in the middle, so there is nobody to answer. It is no fault of ours, and no news."""


def _take_any(_size: int) -> bool:
    return True


async def read_body(request: web.BaseRequest, limit: int, take: Callable[[int], bool] = _take_any) -> bytes:
    """The whole body.

    Args:
        request: as aiohttp hands it out; nothing of it has been read.
        limit: bytes; a larger body is refused before it is read when its length is announced.
        take: asked for room for so many bytes more, each time that some have arrived.

    Raises:
        BodyTooLarge: more than `limit` bytes.
        BodyTooSlow: it took longer than half a minute, at whatever speed.
        NoRoom: `take` had none.
        SenderGone: it will never be whole.
    """
    content = request.content
    if content.is_eof() and content.total_bytes <= limit:
        if not take(content.total_bytes):
            raise NoRoom
        return content.read_nowait()
    if (request.content_length or 0) > limit:
        raise BodyTooLarge
    if request.headers.get("Expect", "").lower() == "100-continue":
        # aiohttp answers this in its router, which we do without.
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n") if request.transport else None
    parts = bytearray()
    try:
        async with asyncio.timeout(_SLOWEST):
            async for chunk in content.iter_any():
                parts += chunk
                if len(parts) > limit:
                    raise BodyTooLarge
                if not take(len(chunk)):
                    raise NoRoom
    except TimeoutError:
        raise BodyTooSlow(f"The body did not arrive within {_SLOWEST:.0f} s.") from None
    except (ConnectionError, ClientPayloadError) as error:
        raise SenderGone from error
    return bytes(parts)
