"""What hosts and generations tell the session, put together: cache calls, log lines, deaths, reloads.

The one place where gateway, generations, WebSockets and report meet; each of them knows only itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devserver.clock import Clock
from devserver.project import Project
from devserver.recorder.exchange import Effect
from devserver.recorder.noticing import cache_effect
from devserver.recorder.state import Change
from devserver.runtime.backends import CacheError, MemoryCache
from devserver.session.frames import (
    Blocked,
    CacheAnswer,
    CacheCall,
    Debug,
    DebugPoint,
    Did,
    Freed,
    HostSettings,
    Leftover,
    Line,
    Loaded,
    Paused,
    Prepare,
    SocketClose,
    SocketData,
    SocketRefused,
    TerminalReturned,
    TerminalWanted,
)
from devserver.session.gateway import Gateway
from devserver.session.generations import Generations
from devserver.session.lending import Lending
from devserver.session.link import HostLink
from devserver.session.loading import LoadError
from devserver.session.report import Report
from devserver.session.spares import Spares
from devserver.session.websockets import WebSockets


@dataclass(frozen=True, slots=True)
class Places:
    """Where the data of a function is: the project's own folders, or the scratch area of a replay.

    Attributes:
        storage: folder of the storage.
        database: the SQLite file.
        keep: folder for what writes to the storage replace; None to keep nothing.
        sealed: a replay: calls of the SDK do not go out unless that is allowed.
        preload: modules that hosts import ahead of the function.
        cloud: address of the local Sinch; empty where there is none.
        profiles: folder for flame graphs of callbacks; None to make none.
    """

    storage: Path
    database: Path
    keep: Path | None
    sealed: bool = False
    preload: tuple[str, ...] = ()
    cloud: str = ""
    profiles: Path | None = None


class House:
    """The owner of all hosts of a session.

    Args:
        project: whose code the hosts run.
        places: where its data is.
        cache: of the session.
        report: what people are told.
        journal: takes each change of the project's state.
        clock: for when a change was made.
    """

    generations: Generations
    spares: Spares
    gateway: Gateway
    sockets: WebSockets

    def __init__(
        self,
        project: Project,
        places: Places,
        *,
        cache: MemoryCache,
        report: Report,
        journal: Callable[[Change], None],
        clock: Clock,
    ) -> None:
        self.cache = cache
        self._project = project
        self._places = places
        self._report = report
        self._journal = journal
        self._clock = clock
        self.lending = Lending(None)
        self._debug: DebugPoint | None = None
        self.follow: Callable[[int], None] = _nobody
        """Is told the process that answers from now on."""

    def prepare(self) -> Prepare:
        """The first word to a new host."""
        project = self._project
        memory = self.generations.loading.memory
        return Prepare(
            str(project.root),
            project.environment,
            HostSettings(
                project.name,
                project.environment.get("PROJECT_ID"),
                project.environment,
                project.dev.client_origins(self._places.cloud),
                project.dev.blocked_after,
                str(self._places.storage),
                str(self._places.database),
                str(self._places.keep or ""),
                self._places.sealed,
                self.lending.possible,
                str(self._places.profiles or ""),
            ),
            [*self._places.preload, *memory.third_party],
            list(memory.code.values()),
            self._debug,
        )

    def debug(self, point: DebugPoint | None) -> None:
        """Let all hosts, and those to come, join a debugger; or leave it."""
        self._debug = point
        for host in self.spares.hosts():
            host.send(Debug(point))

    def reconfigured(self, project: Project) -> None:
        """The configuration was read anew: spares made with the old one are of no use."""
        self._project = project
        self.spares.renew()

    # --- Notices: what hosts say -------------------------------------------------------------------------------

    def cache_call(self, host: HostLink, call: CacheCall) -> None:
        """The user's code uses the cache."""
        try:
            value = self.cache.apply(call.operation, call.arguments)
        except CacheError as error:
            host.send(CacheAnswer(call.id, None, str(error)))
            return
        host.send(CacheAnswer(call.id, value))
        now = self._clock.wall()
        effect = cache_effect(call.operation, call.arguments, now)
        if effect is not None:
            self.gateway.did(call.request_id, effect)
            data, left = self.cache.kept(effect.key)
            self._journal(Change("cache", effect.key, data, now, now + left))

    def did(self, host: HostLink, did: Did) -> None:  # noqa: ARG002 part of the protocol
        """The user's code changed the storage or the database, or called somebody."""
        effect = Effect(did.kind, did.operation, did.key, did.at, did.value, did.ttl)  # type: ignore[arg-type]
        self.gateway.did(did.request_id, effect)
        if did.kind == "storage":
            kept = did.kept.encode() if did.kept is not None else None
            self._journal(Change("storage", did.key, kept, did.at))

    def line(self, host: HostLink, line: Line) -> None:
        """The user's code logged or printed."""
        entry = {"at": line.at, "level": line.level, "text": line.text, "fields": line.fields}
        hand = self.gateway.line(line.request_id, entry)
        more = {"id": line.request_id, "callid": hand.callid if hand else None} if line.request_id else {}
        self._report.tell(
            "log", level=line.level, text=line.text, fields=line.fields, generation=host.generation, **more
        )

    def raw_output(self, host: HostLink, text: str) -> None:
        """Something was written past Python."""
        self._report.tell("log", level="info", text=text, fields={}, generation=host.generation)

    def blocked(self, host: HostLink, notice: Blocked) -> None:
        """A handler holds the event loop."""
        name = notice.handler or "something"
        self._say(
            "warning",
            f"{name} has blocked the event loop for {notice.ms / 1000:.1f} s (at {notice.where}): other requests wait. "
            "Await what takes time, or write a plain `def`, which runs in a thread.",
        )
        if not host.paused and notice.ms >= self._project.dev.hung_after * 1000:
            self.generations.replace_soon(host)

    def freed(self, host: HostLink, notice: Freed) -> None:  # noqa: ARG002 part of the protocol
        """The event loop runs again."""
        self._say("info", f"The event loop runs again after {notice.ms / 1000:.1f} s.")

    def paused(self, host: HostLink, notice: Paused) -> None:  # noqa: ARG002 part of the protocol
        """The user's code stands still, in a debugger; `host.pause` is the clock that stands still with it."""
        self.generations.paused(host)

    def resumed(self, host: HostLink) -> None:
        """It goes on, or its process has ended."""
        self.generations.resumed(host)

    def terminal_wanted(self, host: HostLink, message: TerminalWanted) -> None:
        """The user's code called `breakpoint()`."""
        self.lending.wanted(host, message)

    def terminal_returned(self, host: HostLink, message: TerminalReturned) -> None:
        """It is done with the terminal."""
        self.lending.returned(host, message)

    def gone(self, host: HostLink) -> None:
        """A host has ended, asked or not."""
        self.lending.died(host)

    def leftover(self, host: HostLink, notice: Leftover) -> None:  # noqa: ARG002 part of the protocol
        """Tasks were still running when the generation went."""
        self._say(
            "warning",
            f"Generation {notice.generation} left {len(notice.tasks)} running: {', '.join(notice.tasks)}. Cancelled.",
        )

    def died(self, host: HostLink) -> None:
        """A host ended by itself."""
        self.sockets.host_died(host)
        self.generations.died(host, self.gateway.running_on(host))

    def socket_message(self, message: SocketData | SocketClose | SocketRefused) -> None:
        """A WebSocket message of the user's code."""
        self.sockets.from_host(message)

    # --- Audience: what generations say ------------------------------------------------------------------------

    def took_over(self, loaded: Loaded, ms: float, files: list[str], *, first: bool, restart: bool) -> None:
        """A generation answers from now on."""
        if self.generations.current is not None:
            self.follow(self.generations.current.pid)
        if loaded.slow:
            self._say("info", _slow_import(loaded))
        if first:
            for text in loaded.warnings:
                self._say("warning", text)
            return
        self._report.tell(
            "reload",
            generation=loaded.generation,
            ms=round(ms, 2),
            files=[self._short(path) for path in files],
            reason="restart" if restart else "save",
            import_ms=round(loaded.ms, 2),
            routes=loaded.routes,
            warnings=loaded.warnings,
        )

    def load_failed(self, error: LoadError, generation: int | None) -> None:
        """The newest code cannot answer."""
        self._report.tell(
            "load_error", kind=error.kind, text=error.text, traceback=error.traceback, generation=generation
        )

    def host_died(self, why: str, handlers: list[str], pause: float) -> None:
        """The host that answered died."""
        while_ = f" while it ran {', '.join(sorted(set(handlers)))}" if handlers else ""
        again = f"trying again in {pause:.0f} s, or at the next save" if pause else "starting another"
        self._say("error", f"The function's process ended{while_}: {why}; {again}.")

    def stood_in(self, generation: int) -> None:
        """Another host answers in place of one that stands still in a debugger."""
        self._say("info", f"Generation {generation} is paused. Other requests go on in another process with its code.")

    def _short(self, path: str) -> str:
        return os.path.relpath(path, self._project.root)

    def _say(self, level: str, text: str) -> None:
        fields: dict[str, Any] = {}
        self._report.tell("log", level=level, text=text, fields=fields, ours=True)


def _nobody(pid: int) -> None:
    """Nobody wants to know."""


def _slow_import(loaded: Loaded) -> str:
    listed = ", ".join(f"{name} {ms / 1000:.2f} s" for name, ms in loaded.slow)
    return f"Importing the function took {loaded.ms / 1000:.1f} s, by own time: {listed}."
