"""Generations of a project for tests: real host processes, and somebody who is told what becomes of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devserver.session.frames import Blocked, Loaded, Paused
from devserver.session.generations import Generations
from devserver.session.link import HostLink
from devserver.session.loading import LoadError
from devserver.session.spares import Spares
from tests.session.hosts import PATIENCE, Heard, ask, prepare

HELLO = "async def ice(context, event):\n    return 1\n\nasync def status(context, request):\n    return {word!r}\n"


@dataclass
class TookOver:
    loaded: Loaded
    files: list[str]
    first: bool
    restart: bool


class Audience(Heard):
    """Keeps what is told of generations, and tells them of deaths and hangs as the house does."""

    def __init__(self) -> None:
        super().__init__()
        self.generations: Generations
        self.taken: list[TookOver] = []
        self.failures: list[tuple[LoadError, int | None]] = []
        self.pauses: list[float] = []
        self.stand_ins: list[int] = []

    def took_over(self, loaded: Loaded, ms: float, files: list[str], *, first: bool, restart: bool) -> None:
        assert ms > 0
        self._keep(self.taken, TookOver(loaded, [Path(file).name for file in files], first, restart))

    def load_failed(self, error: LoadError, generation: int | None) -> None:
        self._keep(self.failures, (error, generation))

    def host_died(self, why: str, handlers: list[str], pause: float) -> None:
        assert why == "signal SIGKILL"
        assert handlers == []
        self._keep(self.pauses, pause)

    def died(self, host: HostLink) -> None:
        self.generations.died(host, [])

    def stood_in(self, generation: int) -> None:
        self._keep(self.stand_ins, generation)

    def paused(self, host: HostLink, notice: Paused) -> None:
        super().paused(host, notice)
        self.generations.paused(host)

    def resumed(self, host: HostLink) -> None:
        super().resumed(host)
        self.generations.resumed(host)

    def blocked(self, host: HostLink, notice: Blocked) -> None:
        super().blocked(host, notice)
        self.generations.replace_soon(host)


class Session:
    """Generations of one project."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.audience = Audience()
        self.wrong: LoadError | None = None
        self.read = 0
        spares = Spares(2, self._prepare, self.audience, None)
        names = ("function.py", "sinch.json")
        self.generations = self.audience.generations = Generations(
            spares,
            self.audience,
            grace=0.0,
            deadline=PATIENCE,
            configuration=[str(folder / name) for name in names],
            reconfigure=self._reconfigure,
        )

    def _prepare(self) -> Any:
        memory = self.generations.loading.memory
        return prepare(self.folder, code=list(memory.code.values()), preload=memory.third_party)

    async def _reconfigure(self) -> LoadError | None:
        self.read += 1
        return self.wrong

    def save(self, text: str, name: str = "function.py") -> None:
        # A new file in its place, as many editors do: a file that is cut in place is looked at twice.
        new = self.folder / f"{name}.new"
        new.write_text(text)
        new.replace(self.folder / name)

    async def word(self) -> bytes:
        async with asyncio.timeout(PATIENCE):
            return (await ask(await self.generations.acquire())).body

    def told(self) -> list[str]:
        return [error.kind for error, _ in self.audience.failures]
