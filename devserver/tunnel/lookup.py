"""Looks names up where this machine's resolver cannot remember the answer: by DNS over HTTPS, in its JSON form.

An own resolver asked a moment too early for the name of a fresh tunnel answers "there is no such name" for many
minutes (anchors.md 3.9). It is asked only when the public name server cannot be reached, and for names that no public
name server has to know.
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Sequence
from ipaddress import ip_address
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

PUBLIC_DNS = ("https://1.1.1.1/dns-query", "https://8.8.8.8/resolve")
"""Cloudflare's, which hosts the names of quick tunnels, and Google's; by address, so that they need no lookup."""

_PATIENCE = 2.0  # seconds
_TYPES = (("A", 1, socket.AF_INET), ("AAAA", 28, socket.AF_INET6))
_QUICK = ".trycloudflare.com"
_LOCAL = (".localhost", ".local", ".internal", ".lan", ".home.arpa", ".test")


class NameUnknown(OSError):
    """The name does not exist, for now."""


class FreshNames(AbstractResolver):
    """A resolver for aiohttp that never learns from this machine's own one that a fresh name is not there.

    Args:
        servers: URLs of name servers. They are asked in turn: one that was asked too early remembers that, too.
    """

    def __init__(self, servers: Sequence[str] = PUBLIC_DNS) -> None:
        self._servers = deque(servers)
        self._own = ThreadedResolver()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # Not closed here: closing an instance of ours is closing its session only.
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_PATIENCE))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """See `AbstractResolver.resolve`.

        Raises:
            NameUnknown: no name server that was asked knows it.
        """
        if not is_public(host):
            return await self._ask_own(host, port, family)
        for _ in range(len(self._servers)):
            server = self._servers[0]
            self._servers.rotate(-1)
            try:
                found = await self._ask_public(server, host, port)
            except (aiohttp.ClientError, TimeoutError, ValueError):  # blocked, or something else answers there
                continue
            if found:
                return found
            if host.endswith(_QUICK):
                raise NameUnknown(f"{host} is not in the public name servers")
            break
        return await self._ask_own(host, port, family)

    async def close(self) -> None:
        """See `AbstractResolver.close`."""
        if self._session is not None:
            await self._session.close()

    async def _ask_own(self, host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
        try:
            return await self._own.resolve(host, port, family)
        except OSError as error:
            raise NameUnknown(f"{host} cannot be looked up: {error.strerror or error}") from error

    async def _ask_public(self, server: str, host: str, port: int) -> list[ResolveResult]:
        for name, number, family in _TYPES:
            records = await self._records(server, host, name)
            found = [each["data"] for each in records if each.get("type") == number]
            if found:
                return [
                    ResolveResult(
                        hostname=host,
                        host=str(ip_address(address)),
                        port=port,
                        family=family,
                        proto=0,
                        flags=socket.AI_NUMERICHOST,
                    )
                    for address in found
                ]
        return []

    async def _records(self, server: str, host: str, kind: str) -> list[dict[str, Any]]:
        assert self._session is not None  # noqa: S101 entered
        asked = self._session.get(
            server, params={"name": host, "type": kind}, headers={"Accept": "application/dns-json"}
        )
        async with asked as response:
            response.raise_for_status()
            answer = await response.json(content_type=None)
        records = answer.get("Answer", []) if isinstance(answer, dict) else None
        if not isinstance(records, list):
            raise ValueError("no answer of a name server")  # noqa: TRY004 the answer is wrong, not a call of ours
        return records


def is_public(host: str) -> bool:
    """Whether a name should be in the public name servers; addresses and names of a local network are not."""
    try:
        ip_address(host)
    except ValueError:
        return "." in host and not f".{host}".endswith(_LOCAL)
    return False
