"""A lease with everything around it: the API over real HTTP, a journal on disk, a guard that keeps count."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devserver.runtime.clients.voice_results import Callbacks
from devserver.voiceapp import Holder, HttpConfiguration, Journal, Lease, Outcome, Rules, Told, settle
from tests.fakes.callback_api import KEY, SECRET, CallbackApi, callback_api

HOLDER = Holder(pid=4321, started=1_700_000_000.0, project="/home/somebody/hello", name="hello")


@dataclass
class Guard:
    """A watchdog that only says what was asked of it."""

    alive: bool = False
    told: list[str] = field(default_factory=list)

    async def arm(self) -> None:
        self.told.append("arm")
        self.alive = True

    async def release(self) -> None:
        self.told.append("release")
        self.alive = False


@dataclass
class Scene:
    """What a test of leases has at hand.

    Attributes:
        dead: tunnels that do not answer.
    """

    api: CallbackApi
    journal: Journal
    guard: Guard = field(default_factory=Guard)
    told: list[Told] = field(default_factory=list)
    dead: set[str] = field(default_factory=set)

    @property
    def states(self) -> list[str]:
        return [each.state for each in self.told]

    def configuration(self, origin: str = "") -> HttpConfiguration:
        return HttpConfiguration(KEY, SECRET, origin or self.api.url, timeout=0.2)

    def lease(self, **settings: Any) -> Lease:
        """A lease of somebody without much patience."""
        usual: dict[str, Any] = {
            "rules": Rules(),
            "is_dead": self.is_dead,
            "patience": 0.3,
            "waits": (0.01,),
            "lock_patience": 0.0,
        }
        return Lease(self.configuration(), self.journal, HOLDER, self.guard, self.told.append, **(usual | settings))

    async def is_dead(self, url: str) -> bool:
        return url in self.dead

    async def settle(self) -> Outcome | None:
        """What the next start does."""
        left = self.journal.read(KEY)
        if left is None:
            return None
        return await settle(left, self.configuration(), self.journal, patience=5.0, is_dead=self.is_dead, waits=(0.01,))

    def configured(self, primary: str | None, fallback: str | None = None) -> bool:
        return self.api.now == Callbacks(primary, fallback)


@asynccontextmanager
async def lease_scene(folder: Path) -> AsyncIterator[Scene]:
    async with callback_api() as api:
        yield Scene(api, Journal(folder / "leases"))
