"""Real host processes for tests, and somebody who hears what they say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from devserver.session.frames import (
    Answer,
    Blocked,
    CacheAnswer,
    CacheCall,
    Did,
    Freed,
    HostSettings,
    Invoke,
    Leftover,
    Line,
    Load,
    Loaded,
    Paused,
    Prepare,
    Replaying,
    SocketClose,
    SocketData,
    SocketRefused,
    TerminalLent,
    TerminalReturned,
    TerminalWanted,
)
from devserver.session.link import HostLink
from devserver.session.spawn import start_host

PATIENCE = 60.0  # seconds; only a failing test waits that long


def prepare(folder: Path, **more: Any) -> Prepare:
    """The first word to a host of this project."""
    fields: dict[str, Any] = {"environment": {}, "preload": [], "code": [], "blocked_after": 0.05, **more}
    storage, database = str(folder / "storage"), str(folder / "data" / "function.db")
    settings = HostSettings(
        "demo",
        None,
        fields.pop("variables", {}),
        fields.pop("origins", {}),
        fields.pop("blocked_after"),
        storage,
        database,
        fields.pop("keep", ""),
        fields.pop("sealed", False),
        fields.pop("terminal", False),
    )
    return Prepare(root=str(folder), settings=settings, **fields)


def load(folder: Path, generation: int = 1, **more: Any) -> Load:
    """A request to import this project, whatever it looks like."""
    fields: dict[str, Any] = {"expected": [], "force": True, "check": False, "changed": [str(folder / "function.py")]}
    return Load(generation=generation, **{**fields, **more})


class Heard:
    """Keeps what hosts say; the cache holds the question for every question."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.raw: list[str] = []
        self.deeds: list[Did] = []
        self.blocks: list[Blocked] = []
        self.freedoms: list[Freed] = []
        self.standstills: list[Paused | None] = []  # None where it went on
        self.wanted: list[TerminalWanted] = []
        self.returned: list[TerminalReturned] = []
        self.terminal = ""
        self.ended: list[HostLink] = []
        self.leftovers: list[Leftover] = []
        self.deaths: list[HostLink] = []
        self.socket_messages: list[SocketData | SocketClose | SocketRefused] = []
        self._news = asyncio.Event()

    async def until(self, test: Callable[[], Any]) -> None:
        """Wait until what was heard passes a test."""
        async with asyncio.timeout(PATIENCE):
            while not test():
                self._news.clear()
                await self._news.wait()

    def texts(self) -> list[str]:
        return [line.text for line in self.lines]

    def cache_call(self, host: HostLink, call: CacheCall) -> None:
        host.send(CacheAnswer(call.id, f'"{call.operation} {call.arguments[0]}"'.encode()))

    def did(self, _host: HostLink, did: Did) -> None:
        self._keep(self.deeds, did)

    def line(self, _host: HostLink, line: Line) -> None:
        self._keep(self.lines, line)

    def raw_output(self, _host: HostLink, text: str) -> None:
        self._keep(self.raw, text)

    def blocked(self, _host: HostLink, notice: Blocked) -> None:
        self._keep(self.blocks, notice)

    def freed(self, _host: HostLink, notice: Freed) -> None:
        self._keep(self.freedoms, notice)

    def paused(self, _host: HostLink, notice: Paused) -> None:
        self._keep(self.standstills, notice)

    def resumed(self, _host: HostLink) -> None:
        self._keep(self.standstills, None)

    def terminal_wanted(self, host: HostLink, message: TerminalWanted) -> None:
        self._keep(self.wanted, message)
        host.send(TerminalLent(message.id, self.terminal))

    def terminal_returned(self, _host: HostLink, message: TerminalReturned) -> None:
        self._keep(self.returned, message)

    def gone(self, host: HostLink) -> None:
        self._keep(self.ended, host)

    def leftover(self, _host: HostLink, notice: Leftover) -> None:
        self._keep(self.leftovers, notice)

    def died(self, host: HostLink) -> None:
        self._keep(self.deaths, host)

    def socket_message(self, message: SocketData | SocketClose | SocketRefused) -> None:
        self._keep(self.socket_messages, message)

    def _keep(self, where: list[Any], what: Any) -> None:
        where.append(what)
        self._news.set()


@asynccontextmanager
async def spare(folder: Path, heard: Heard | None = None, **more: Any) -> AsyncIterator[HostLink]:
    """A host that is ready to load, ended at the end."""
    host = HostLink(start_host(), heard or Heard())
    try:
        async with asyncio.timeout(PATIENCE):
            await host.connect(prepare(folder, **more))
            await host.ready
        yield host
    finally:
        host.stopping = True
        if not host.gone.is_set():
            host.kill("the test is over")
        await host.gone.wait()


@asynccontextmanager
async def running(folder: Path, heard: Heard | None = None, **more: Any) -> AsyncIterator[HostLink]:
    """A host that has loaded the project in a folder."""
    async with spare(folder, heard, **more) as host:
        loaded = await host.load(load(folder))
        assert isinstance(loaded, Loaded), loaded
        yield host


def ask(
    host: HostLink, path: str = "/status", number: int = 1, replaying: Replaying | None = None
) -> asyncio.Future[Answer]:
    """Send one request."""
    future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    host.invoke(future, Invoke(number, "GET", path, (), b"", f"r{number}", "127.0.0.1", False, replaying))
    return future


def function(folder: Path, text: str) -> Path:
    """Make a folder with this `function.py`; gives its real path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "function.py").write_text(text)
    return folder.resolve()
