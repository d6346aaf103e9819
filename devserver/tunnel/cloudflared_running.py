"""A cloudflared that runs: its address and its health.

Both come from the program's own listener, never from its log; only where that listener is, the log tells (lab.md 1.2).
"""

from __future__ import annotations

import asyncio
from collections import deque
from pathlib import Path

import aiohttp
import msgspec

from devserver.tunnel import cloudflared_words as words
from devserver.tunnel.change import TunnelFailed
from devserver.tunnel.guarded import KEPT, Guarded
from devserver.tunnel.program import Program
from devserver.tunnel.provider import Away, Gone, Health, Reachable

_NOT_THIS = "Install the cloudflared for this machine, or name another in FN_CLOUDFLARED."
_ENDS_WITHIN = 0.5  # seconds from when it answers no more to when we know that it has ended


class _Address(msgspec.Struct):
    """The answer of `/quicktunnel`."""

    hostname: str


class NotReadyInTime(TunnelFailed):
    """It runs, and has no connection. With another protocol it may get one."""


class UnknownOption(TunnelFailed):
    """It does not know an option. Without it, it may run."""

    def __init__(self, option: str, failed: TunnelFailed) -> None:
        super().__init__(failed.message, hint=failed.hint)
        self.option = option


class Log:
    """What it wrote since it was connected last, and where its listener is."""

    def __init__(self) -> None:
        self.texts: deque[str] = deque(maxlen=KEPT)
        self.metrics: str | None = None

    def hear(self, line: str) -> None:
        """Take a line."""
        text = words.text_of(line)
        self.metrics = words.metrics_address(text) or self.metrics
        if words.is_registered(text):
            self.texts.clear()
        else:
            self.texts.append(text)


class Running(Program):
    """A cloudflared that runs: a `Connection`."""

    def __init__(self, program: Path, guarded: Guarded, log: Log, host: str) -> None:
        super().__init__(guarded, words.SILENT)
        self._program = program
        self._log = log
        self._host = host

    @property
    def url(self) -> str:
        """See `Connection.url`."""
        return f"https://{self._host}"

    async def get_ready(self, patience: float) -> None:
        """Wait until it is connected and its address is known.

        Raises:
            TunnelFailed: it ended, or it cannot succeed.
            NotReadyInTime: it may, in another way.
        """
        pause = 0.02  # it is ready in 60 ms when the edge is near (lab.md 1.4)
        try:
            async with asyncio.timeout(patience):
                while not await self._is_ready():
                    await self._pause(pause)
                    pause = min(pause * 1.5, 0.25)
        except TimeoutError:
            failed = words.why_not_ready(self._log.texts, patience)
            raise NotReadyInTime(failed.message, hint=failed.hint) from None

    async def _health(self) -> Health | None:
        status, _ = await self._ask("/ready")
        if status == 0:
            return None
        return Reachable() if status == 200 else Away(words.why_away(self._log.texts))

    async def _look_at_silence(self, now: float) -> Health:
        """Its listener is gone, perhaps because it has just ended and nobody knows yet; or it is frozen."""
        await self._pause(_ENDS_WITHIN)
        if self._guarded.status is not None:
            return Gone(self._failure().message)
        return await super()._look_at_silence(now)

    async def _is_ready(self) -> bool:
        if self._guarded.status is not None:
            await self.ended()
            raise self._failure()
        if (failed := words.hopeless(self._log.texts)) is not None:
            raise failed
        if self._log.metrics is None or (await self._ask("/ready"))[0] != 200:
            return False
        if not self._host:
            status, text = await self._ask("/quicktunnel")
            self._host = msgspec.json.decode(text, type=_Address).hostname if status == 200 else ""
        return bool(self._host)

    def _failure(self) -> TunnelFailed:
        if (number := self._guarded.error_number) is not None:
            return words.why_not_started(str(self._program), number, _NOT_THIS)
        failed = words.why_ended(self._log.texts, self._guarded.status)
        option = words.unknown_option(self._log.texts)
        return failed if option is None else UnknownOption(option, failed)

    async def _ask(self, path: str) -> tuple[int, bytes]:
        """Ask its listener; status 0 when it does not answer."""
        try:
            async with self._http.get(f"{self._log.metrics}{path}") as response:
                return response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError):
            return 0, b""
