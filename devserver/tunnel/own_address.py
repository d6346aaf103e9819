"""`--public-url`: the user's own proxy leads here, so there is nothing to start and nothing to watch."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from devserver.tunnel.change import TunnelFailed
from devserver.tunnel.provider import Health, Reachable

_HINT = "Give the address as others reach it, such as --public-url https://dev.example.com."


class OwnAddress:
    """An address that somebody else forwards to the function port. Both a provider and its only connection.

    Args:
        url: `https://host`, with a path when the proxy has one for us.

    Raises:
        TunnelFailed: this is no address that a callback could have.
    """

    name = "own address"
    private = False

    def __init__(self, url: str) -> None:
        self.url = _checked(url)

    async def connect(self, port: int) -> OwnAddress:  # noqa: ARG002 the interface; the user's proxy has it already
        """See `Provider.connect`."""
        return self

    async def look(self) -> Health:
        """See `Connection.look`; whether it leads here is for `Proof` to say."""
        return Reachable()

    async def ended(self) -> None:
        """See `Connection.ended`."""
        await asyncio.Event().wait()

    async def close(self) -> None:
        """See `Connection.close`."""


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise TunnelFailed(f"`{url}` is not an address.", hint=_HINT) from None
    if parts.scheme not in {"http", "https"} or not host:
        raise TunnelFailed(f"`{url}` is not the address of a web server.", hint=_HINT)
    if parts.query or parts.fragment or parts.username is not None:
        raise TunnelFailed("A public address has no query, no fragment and no password.", hint=_HINT)
    return parts.geturl().rstrip("/")
