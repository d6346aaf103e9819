"""Proof that a public address leads to this very session, before anybody's calls are sent to it.

A probe is a request for a path that nobody can guess and that is different each time; the answer can only be made by
who holds the key, which never leaves this process. So an error page of an edge, a neighbour's server, a dead tunnel's
successor or a cached answer is never taken for us.

It must not know what kind of tunnel it asks through. Names are looked up at a public name server first: the name of a
fresh quick tunnel is not there for some seconds, and this machine's own resolver would remember that it was not for
minutes (anchors.md 3.9).
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from devserver.tunnel.change import TunnelFailed
from devserver.tunnel.lookup import PUBLIC_DNS, FreshNames, NameUnknown
from devserver.tunnel.proof_words import refusal
from devserver.tunnel.proxies import proxy_for

PREFIX = "/.well-known/fn-probe/"
_EVERY = 1.0  # seconds from one try to the next
_PATIENCE = 5.0  # seconds for one try
_ENOUGH = 4096  # bytes of an answer that are looked at


@dataclass(frozen=True, slots=True)
class Proven:
    """The address leads here.

    Attributes:
        asked: False when it could not be asked from here, and is only believed.
        tries: how often it was asked.
        took: seconds from the first try to the answer.
    """

    asked: bool
    tries: int = 0
    took: float = 0.0


class Proof:
    """Both sides of a probe: the gateway answers, and whoever wants to use an address asks.

    Args:
        key: what signs; a random one when left out.
        name_servers: where names are looked up, by DNS over HTTPS in its JSON form.
    """

    def __init__(self, key: bytes | None = None, *, name_servers: Sequence[str] = PUBLIC_DNS) -> None:
        self._key = secrets.token_bytes(32) if key is None else key
        self._name_servers = name_servers

    def answer(self, path: str) -> bytes | None:
        """The body of the answer to a probe of ours; None when the path is anything else.

        Args:
            path: of the request, with or without its query.
        """
        _, found, rest = path.partition("?")[0].rpartition(PREFIX)
        nonce, _, signature = rest.partition(".")
        if not found or not hmac.compare_digest(self._sign("ask", nonce).encode(), signature.encode()):
            return None
        return self._sign("answer", nonce).encode()

    async def ask(self, url: str, *, settle: float, budget: float, private: bool, via: str | None = None) -> Proven:
        """Ask the address from outside until our own answer comes.

        Args:
            url: the public address.
            settle: seconds to wait before the first try.
            budget: seconds to go on trying after that, about once a second.
            private: it cannot be looked up from here; without `via` it is not asked.
            via: base URL that requests are sent to in place of the address, with the address's name as Host.

        Raises:
            TunnelFailed: what came in place of our answer, in one sentence.
        """
        if private and via is None:
            return Proven(asked=False)
        await asyncio.sleep(settle)
        loop = asyncio.get_running_loop()
        begin = loop.time()
        async with _session(url, self._name_servers, via) as session:
            for number in range(1, 10_000):
                tried = loop.time()
                left = begin + budget - tried
                came = await self._try(session, url, via, min(_PATIENCE, max(left, 0.2)))
                now = loop.time()
                if came is None:
                    return Proven(asked=True, tries=number, took=now - begin)
                if now + _EVERY > begin + budget:
                    raise came
                await asyncio.sleep(max(0.0, tried + _EVERY - now))
        raise AssertionError("a budget is not that long")

    async def measure(self, url: str, *, private: bool, via: str | None = None) -> float | None:
        """Seconds that a request takes to the address and back once there is a connection; None: it cannot be told.

        Args:
            url: the public address, proven.
            private: see `ask`.
            via: see `ask`.
        """
        if private and via is None:
            return None
        loop = asyncio.get_running_loop()
        took = None
        async with _session(url, self._name_servers, via, keep=True) as session:
            for _ in range(2):  # the first one looks the name up and connects
                began = loop.time()
                if await self._try(session, url, via, _PATIENCE) is not None:
                    return None
                took = loop.time() - began
        return took

    async def _try(
        self, session: aiohttp.ClientSession, url: str, via: str | None, patience: float
    ) -> TunnelFailed | None:
        """One probe; None when our own answer came, else what came in its place."""
        nonce = secrets.token_urlsafe(18)
        path = f"{PREFIX}{nonce}.{self._sign('ask', nonce)}"
        headers = {"Host": urlsplit(url).netloc} if via else {}
        try:
            async with session.get(
                (via or url).rstrip("/") + path,
                headers=headers,
                proxy=None if via else proxy_for(url),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=patience),
            ) as response:
                body = await response.content.read(_ENOUGH)
                right = self._sign("answer", nonce).encode()
                if response.status == 200 and hmac.compare_digest(body, right):
                    return None
                return refusal(url, response.status, body.decode("utf-8", "replace"))
        except (aiohttp.ClientError, TimeoutError, OSError, NameUnknown) as error:
            return refusal(url, error, "")

    def _sign(self, purpose: str, nonce: str) -> str:
        return hmac.digest(self._key, f"{purpose} {nonce}".encode(), "sha256").hex()


@asynccontextmanager
async def _session(
    url: str, name_servers: Sequence[str], via: str | None, *, keep: bool = False
) -> AsyncIterator[aiohttp.ClientSession]:
    """What to ask with; unless connections are kept, every request looks for the address anew."""
    if via is not None or proxy_for(url) is not None:
        # A proxy looks names up itself.
        async with aiohttp.ClientSession() as session:
            yield session
        return
    async with FreshNames(name_servers) as names:
        connector = aiohttp.TCPConnector(resolver=names, use_dns_cache=keep, force_close=not keep)
        async with aiohttp.ClientSession(connector=connector) as session:
            yield session
