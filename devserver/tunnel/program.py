"""A program that keeps a public address, while it runs: what cloudflared and frpc have in common.

Its health comes from its own listener, never from its log (lab.md 1.2). It must not know which program it is: where the
listener is, what that says and why the program has ended is known to the class that is made of this one.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping

import aiohttp

from devserver.tunnel.change import TunnelFailed
from devserver.tunnel.guarded import Guarded
from devserver.tunnel.provider import Away, Gone, Health

_SILENT_FOR = 30.0  # seconds without an answer of its listener, after which it counts as frozen
_ANSWER_WITHIN = 2.0  # seconds for that listener


class Program(ABC):
    """One that runs: a `Connection` but for its address.

    Args:
        guarded: the program.
        silent: the sentence for one whose listener does not answer.
        headers: for its listener.
    """

    def __init__(self, guarded: Guarded, silent: str, headers: Mapping[str, str] | None = None) -> None:
        self._guarded = guarded
        self._silent = silent
        self._http = aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=_ANSWER_WITHIN))
        self._answered = asyncio.get_running_loop().time()

    async def look(self) -> Health:
        """See `Connection.look`."""
        if self._guarded.status is not None:
            await self.ended()
            return Gone(self._failure().message)
        now = asyncio.get_running_loop().time()
        health = await self._health()
        if health is None:
            return await self._look_at_silence(now)
        self._answered = now
        return health

    async def ended(self) -> None:
        """See `Connection.ended`."""
        await self._guarded.ended()

    async def close(self) -> None:
        """See `Connection.close`."""
        try:
            await self._guarded.stop()
        finally:
            await self._http.close()

    @abstractmethod
    async def _health(self) -> Health | None:
        """What its listener says; None when it does not answer."""

    @abstractmethod
    def _failure(self) -> TunnelFailed:
        """Why it has ended."""

    async def _look_at_silence(self, now: float) -> Health:
        return Gone(self._silent) if now - self._answered > _SILENT_FOR else Away(self._silent)

    async def _pause(self, seconds: float) -> None:
        """Wait, but not for one that has ended."""
        await asyncio.wait([ending := asyncio.ensure_future(self.ended())], timeout=seconds)
        ending.cancel()
