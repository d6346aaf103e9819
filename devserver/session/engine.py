"""What runs a function, without any port: project, recorder, hosts and generations, gateway.

`fn dev` puts listeners in front of it, `fn replay` sends it recorded callbacks. It owns what changes while it runs: the
configuration is read anew when `.env` or `sinch.json` are saved.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from devserver.clock import SystemClock
from devserver.errors import FnError
from devserver.project import Project, SystemKeyring, load_project
from devserver.recorder.off import NoRecorder
from devserver.recorder.redaction import Redactor
from devserver.recorder.state import Change
from devserver.recorder.store import Recorder
from devserver.runtime.backends import MemoryCache
from devserver.session.gateway import Gateway
from devserver.session.generations import Generations
from devserver.session.history import DatabaseHistory
from devserver.session.house import House, Places
from devserver.session.loading import LoadError
from devserver.session.reception import GatewaySettings
from devserver.session.report import Report
from devserver.session.spares import Spares
from devserver.session.spawn import Started, start_host
from devserver.session.watch import CONFIGURATION
from devserver.session.websockets import WebSockets

_LAST_WORDS = 3.5  # seconds that the function gets for its shutdown hooks; a host ends by itself when we are gone

Say = Callable[[str, str], None]
"""Tells people something: level and text."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Where an engine runs.

    Attributes:
        places: the data of the function.
        recordings: folder of `recordings.db`; None records nothing.
        history: whether the state of the project is followed, so that what is recorded can be replayed on it.
        token: proves that a request comes from one of our own commands.
        debug: hosts may come under the debugger.
    """

    places: Places
    recordings: Path | None
    history: bool
    token: str
    debug: bool = False


def project_places(root: Path, cloud: str = "") -> Places:
    """The function's own data, in its project; `cloud` is the address of the local Sinch, if there is one."""
    return Places(root / "storage", root / "data" / "function.db", state_folder(root) / "storage", cloud=cloud)


def state_folder(root: Path) -> Path:
    """Where what is needed to rebuild former states is kept."""
    return root / ".fn" / "state"


class Engine:
    """Runs the function in a folder.

    Args:
        folder: the project.

    Raises:
        ConfigError: it is no project, or its configuration is wrong.
    """

    house: House
    gateway: Gateway
    generations: Generations
    recorder: Recorder | NoRecorder

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._logged_in = False
        self._secrets: dict[str, str] = {}  # name by value, of all that were loaded
        self.clock = SystemClock()
        self.project = self._load()
        self.redactor = self._redactor_of(self.project)
        self._position: str | None = None
        self._history: DatabaseHistory | None = None
        self._marked = False

    def redact(self, line: str) -> str:
        """A line without secrets, those of a later configuration included."""
        return self.redactor.text(line)

    async def open(
        self, stack: AsyncExitStack, setting: Setting, first: Callable[[], Started | None], report: Report, say: Say
    ) -> None:
        """Open everything; nothing is loaded yet. What is opened is closed by the stack.

        Args:
            stack: of the caller.
            setting: where it runs.
            first: gives the host process that was started already; from then on it is ours.
            report: where people look.
            say: for sentences of our own.

        Raises:
            ConfigError: a newer fn made the recordings.
        """
        self._setting = setting
        self._loop = asyncio.get_running_loop()
        self._gateway_settings = self._settings_of(self.project)
        self.recorder = self._open_recorder(setting, say)
        stack.push_async_callback(self.recorder.close)
        if setting.history:
            await self._follow_state(stack, say)
        self._open_house(first(), report)
        stack.push_async_callback(_within, _LAST_WORDS, self.generations.close)
        stack.push_async_callback(cancel, asyncio.create_task(self.gateway.sweep()))
        stack.push_async_callback(self.gateway.close)

    def _open_recorder(self, setting: Setting, say: Say) -> Recorder | NoRecorder:
        if setting.recordings is None or not self.project.dev.record:
            return NoRecorder(self.redactor)
        return Recorder.open(
            setting.recordings, redact=self.redactor, clock=self.clock, on_trouble=lambda text: say("warning", text)
        )

    async def _follow_state(self, stack: AsyncExitStack, say: Say) -> None:
        self.recorder.changed(Change("session", "", None, self.clock.wall()))
        root = self.project.root
        history = DatabaseHistory(
            self._setting.places.database, state_folder(root) / "database", lambda text: say("warning", text)
        )
        stack.push_async_callback(asyncio.to_thread, history.close)
        history.open()
        self._history = history

    def _mark_state(self) -> None:
        """Note where the database stands, if it has moved: a request is about to be recorded.

        Requests of one turn of the event loop share one look: who has seen a change has seen it in an earlier turn.
        """
        if self._history is None or self._marked:
            return
        self._marked = True
        self._loop.call_soon(self._forget_mark)
        position = self._history.position()
        if position != self._position:
            self._position = position
            value = position.encode() if position is not None else None
            self.recorder.changed(Change("database", "", value, self.clock.wall()))

    def _forget_mark(self) -> None:
        self._marked = False

    def _open_house(self, first: Started | None, report: Report) -> None:
        project = self.project
        house = House(
            project,
            self._setting.places,
            cache=MemoryCache(self.clock),
            report=report,
            journal=self._journal,
            clock=self.clock,
        )
        start = partial(start_host, debug=self._setting.debug)
        spares = Spares(project.dev.spares, house.prepare, house, first, start)
        root = str(project.root)
        house.generations = Generations(
            spares,
            house,
            grace=project.dev.grace,
            deadline=project.dev.deadline,
            configuration=[os.path.join(root, name) for name in ("function.py", *CONFIGURATION)],
            reconfigure=self._reconfigure,
        )
        house.spares = spares
        house.sockets = WebSockets(house.generations)
        house.gateway = Gateway(
            settings=lambda: self._gateway_settings,
            generations=house.generations,
            recording=self.recorder,
            report=report,
            clock=self.clock,
            mark_state=self._mark_state,
            open_socket=house.sockets.serve,
        )
        self.house, self.generations, self.gateway = house, house.generations, house.gateway

    def _journal(self, change: Change) -> None:
        if self._setting.history:
            self.recorder.changed(change)

    def _redactor_of(self, project: Project) -> Redactor:
        """What was a secret once stays one: a value that was replaced in `.env` may still open a door."""
        now = dict(project.secret_values)
        former = {value: name for value, name in self._secrets.items() if now.get(name) != value}
        self._secrets |= {value: name for name, value in now.items()}
        return Redactor({f"{name}.{number}": value for number, (value, name) in enumerate(former.items(), 1)} | now)

    def _load(self) -> Project:
        keyring = SystemKeyring()
        if not self._logged_in:
            return load_project(self._folder, environ=os.environ, keyring=keyring)
        from devserver.project.login import load_login

        login = partial(load_login, os.environ, keyring)
        return load_project(self._folder, environ=os.environ, keyring=keyring, login=login)

    async def log_in(self) -> list[str]:
        """Give the project what it lacks of the credentials of the login, and its code too, if there is anything.

        For a session that calls the real platform. It is done when the function answers already: a keyring takes its
        time. Gives the names of what the login gave.
        """
        self._logged_in = True
        before = self.project.environment
        await self._reconfigure()
        if self.project.environment != before:
            await self.generations.reload()
        return [each.name for each in self.project.variables.values() if each.source == "login"]

    async def _reconfigure(self) -> LoadError | None:
        try:
            project = await asyncio.to_thread(self._load)
        except FnError as error:
            return LoadError("configuration", str(error))
        self.project = project
        self._gateway_settings = self._settings_of(project)
        self.redactor = self._redactor_of(project)
        self.recorder.redact = self.redactor
        self.house.reconfigured(project)
        return None

    def _settings_of(self, project: Project) -> GatewaySettings:
        return GatewaySettings(
            project.root,
            self._setting.token,
            project.dev.body_limit,
            project.dev.deadline,
            project.dev.callback_deadline,
            project.dev.hold_margin,
            project.dev.hold_prompt,
            project.voice_app,
            project.voice_secret,
            project.dev.hosts,
        )


async def _within(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await work()


async def cancel(task: asyncio.Future[Any]) -> None:
    """End a task and wait for it."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
