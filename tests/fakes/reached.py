"""Calls that can be reached: keeps what they are given. The Protocol is `devserver.session.held.Reach`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from devserver.recorder.exchange import Source
from devserver.session.held import Unreached

Patched = tuple[Source, str, dict[str, Any]]


class PretendReach:
    """Reaches every call but those in `unknown`.

    Attributes:
        patched: what was given to whom, in order; also what was refused.
        refusals: the next PATCHes are refused with these statuses.
        stopped, gone_on: the calls whose clocks were stopped, and let go on.
    """

    def __init__(self, refusals: Iterable[int | None] = (), unknown: Iterable[str] = ()) -> None:
        self.patched: list[Patched] = []
        self.refusals = list(refusals)
        self.unknown = set(unknown)
        self.stopped: list[str] = []
        self.gone_on: list[str] = []
        self._news = asyncio.Event()

    def knows(self, source: Source, callid: str) -> bool:  # noqa: ARG002 the face of Reach
        return callid not in self.unknown

    def stop_clock(self, source: Source, callid: str) -> Callable[[], None]:  # noqa: ARG002 the face of Reach
        self.stopped.append(callid)
        return lambda: self.gone_on.append(callid)

    async def patch(self, source: Source, callid: str, svaml: dict[str, Any]) -> None:
        self.patched.append((source, callid, svaml))
        self._news.set()
        if self.refusals:
            status = self.refusals.pop(0)
            raise Unreached(f"The platform says {status}.", status)

    async def until(self, count: int) -> list[Patched]:
        """What was given, once it is so much."""
        async with asyncio.timeout(60):
            while len(self.patched) < count:
                self._news.clear()
                await self._news.wait()
        return self.patched
