"""A provider that does what a test says, in the order it says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from devserver.tunnel import Change, TunnelFailed
from devserver.tunnel.provider import Health, Reachable


class PretendConnection:
    """A connection whose health a test sets."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.health: Health = Reachable()
        self.looked = 0
        self.closed = 0
        self._end = asyncio.Event()

    async def look(self) -> Health:
        self.looked += 1
        return self.health

    async def ended(self) -> None:
        await self._end.wait()

    async def close(self) -> None:
        self.closed += 1

    def end(self, health: Health) -> None:
        """Go, so that nobody has to poll for it."""
        self.health = health
        self._end.set()


class PretendProvider:
    """Gives connections, or refuses, one after the other; the last answer stays.

    Args:
        answers: an address, or the sentence of a failure.
        kind: what its connections are.
    """

    name = "pretend tunnel"
    private = False

    def __init__(self, *answers: str, kind: type[PretendConnection] = PretendConnection) -> None:
        self._kind = kind
        self.answers: Sequence[str] = answers
        self.connections: list[PretendConnection] = []
        self.asked: list[float] = []

    async def connect(self, port: int) -> PretendConnection:
        assert port == 3000
        answer = self.answers[min(len(self.asked), len(self.answers) - 1)]
        self.asked.append(asyncio.get_running_loop().time())
        if not answer.startswith("https:"):
            raise TunnelFailed(answer, hint="Do something.")
        self.connections.append(self._kind(answer))
        return self.connections[-1]


@dataclass
class Told:
    """Every change that was told, and a way to wait for one."""

    changes: list[Change] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, change: Change) -> None:
        self.changes.append(change)
        self._news.set()

    @property
    def states(self) -> list[str]:
        return [change.state for change in self.changes]

    @property
    def texts(self) -> list[str]:
        return [change.text for change in self.changes]

    async def until(self, state: str, *, after: int = 0, seconds: float = 60.0) -> Change:
        """Wait for a state, told as number `after` or later."""
        async with asyncio.timeout(seconds):
            while True:
                for change in self.changes[after:]:
                    if change.state == state:
                        return change
                self._news.clear()
                await self._news.wait()
