"""One `fn dev` from start to stop: what is opened, in which order, and closed in the reverse.

recorder -> hosts -> listeners -> first load -> session file -> ready -> watcher. Lifetimes are one `AsyncExitStack`,
so nothing has to remember what to stop.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import Any, Self

from devserver.clock import SystemClock
from devserver.cloud.app import create_app as create_cloud
from devserver.console.app import Session as ConsoleSession
from devserver.console.app import create_app as create_console
from devserver.errors import FnError
from devserver.project import Project, SystemKeyring, load_project
from devserver.recorder.redaction import Redactor
from devserver.recorder.store import Recorder
from devserver.runtime.backends import MemoryCache
from devserver.session.discovery import SessionFile, announce, private_folder, withdraw
from devserver.session.gateway import Gateway, GatewaySettings
from devserver.session.generations import Generations, LoadError
from devserver.session.house import House
from devserver.session.listeners import serve_app, serve_function
from devserver.session.output import LineWriter
from devserver.session.ports import listen, port_of
from devserver.session.report import Report, json_line
from devserver.session.signals import Stopping
from devserver.session.spares import Spares
from devserver.session.spawn import Started
from devserver.session.terms import DEFAULT_CLOUD_PORT, DEFAULT_CONSOLE_PORT, DEFAULT_PORT, Terms
from devserver.session.watch import CONFIGURATION, Watch
from devserver.session.websockets import WebSockets
from devserver.session.words import Words

_LAST_WORDS = 3.5  # seconds that the function gets for its shutdown hooks; a host ends by itself when we are gone
_LINES_A_SECOND = 50  # of ordinary requests, in words; `--json` tells every one

Body = Callable[[SessionFile], Awaitable[int]]
"""What runs while a session is up; its result is the exit code."""


def run_session(terms: Terms, first: Started, body: Body | None = None, began: float | None = None) -> int:
    """Run a session until it is asked to stop; gives the exit code.

    Args:
        terms: what was asked for.
        first: a host process that has been started already.
        body: run this instead of waiting for a signal (replay in a throw-away session).
        began: `time.perf_counter()` at the start of the process, for the ready line.
    """
    try:
        return asyncio.run(_Session(terms, began or time.perf_counter()).run(first, body))
    except KeyboardInterrupt:
        return 130


class _Session:
    def __init__(self, terms: Terms, began: float) -> None:
        self._terms = terms
        self._began = began
        self._busy = "starting"
        # Programs wait for the first line, and that is the ready event, whatever there is to tell before it.
        self._held: list[str] | None = [] if terms.json else None
        self._secrets: dict[str, str] = {}  # name by value, of all that were loaded
        self._token = secrets.token_urlsafe(24)

    async def run(self, first: Started, body: Body | None) -> int:
        async with AsyncExitStack() as stack:
            abandon = stack.enter_context(_Once(first.abandon))
            self._read_project()
            self._open_output(stack)
            self._stopping = Stopping(lambda: self._busy, lambda text: self._report.tell("stopping", text=text))
            self._stopping.install()
            await self._open_recorder(stack)
            sockets = self._listen(stack)
            abandon.keep()
            await self._open_house(stack, first)
            await self._serve(stack, sockets)
            if await self._has_time_for(asyncio.create_task(self._house.generations.start())):
                session = self._announce(stack, sockets)
                self._ready(session)
                stack.push_async_callback(_cancel, asyncio.create_task(self._watch().run()))
                code = await self._until_stopped(session, body)
            else:
                code = self._stopping.exit_code
                self._release()
            self._busy = "letting the function finish"
            if not self._terms.quiet:
                self._report.tell("stopping", text="Stopping.")
        return code

    # --- opening -----------------------------------------------------------------------------------------------

    def _read_project(self) -> None:
        self._project = load_project(self._terms.folder, environ=os.environ, keyring=SystemKeyring())
        self._redactor = self._redactor_of(self._project)

    def _redactor_of(self, project: Project) -> Redactor:
        """What was a secret once stays one: a value that was replaced in `.env` may still open a door."""
        now = dict(project.secret_values)
        former = {value: name for value, name in self._secrets.items() if now.get(name) != value}
        self._secrets |= {value: name for name, value in now.items()}
        return Redactor({f"{name}.{number}": value for number, (value, name) in enumerate(former.items(), 1)} | now)

    def _open_output(self, stack: AsyncExitStack) -> None:
        loop = asyncio.get_running_loop()

        def reader_gone() -> None:
            loop.call_soon_threadsafe(self._stopping.stop)

        writer = self._writer = LineWriter(sys.stdout, reader_gone)
        stack.callback(writer.close)
        stack.callback(self._release)
        render = json_line if self._terms.json else Words(colour=self._terms.colour)
        write = (lambda _line: None) if self._terms.quiet else self._write
        traffic = None if self._terms.json else _LINES_A_SECOND
        self._report = Report(write, render, self._redact, traffic)

    def _write(self, line: str) -> None:
        if self._held is None:
            self._writer.write(line)
        else:
            self._held.append(line)

    def _release(self) -> None:
        held, self._held = self._held or [], None
        for line in held:
            self._writer.write(line)

    def _redact(self, line: str) -> str:
        return self._redactor.text(line)  # looked up at each line: a reload may bring new secrets

    async def _open_recorder(self, stack: AsyncExitStack) -> None:
        folder = private_folder(self._project.root)
        self._clock = SystemClock()
        self._recorder = Recorder.open(
            folder, redact=self._redactor, clock=self._clock, on_trouble=lambda text: self._say("warning", text)
        )
        stack.push_async_callback(self._recorder.close)

    def _listen(self, stack: AsyncExitStack) -> dict[str, Any]:
        terms = self._terms
        port = DEFAULT_PORT if terms.port is None else terms.port
        console, console_free = terms.side_port(terms.console_port, DEFAULT_CONSOLE_PORT)
        cloud, cloud_free = terms.side_port(terms.cloud_port, DEFAULT_CLOUD_PORT)
        sockets = {"function": listen(port, flag="--port")}
        sockets["console"] = listen(console, flag="--console-port", fall_back=console_free)
        sockets["cloud"] = listen(cloud, flag="--cloud-port", fall_back=cloud_free)
        for group in sockets.values():
            for one in group:
                stack.callback(one.close)
        return sockets

    async def _open_house(self, stack: AsyncExitStack, first: Started) -> None:
        project = self._project
        house = House(project, MemoryCache(self._clock), self._report)
        spares = Spares(project.dev.spares, house.prepare, house, first)
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
            settings=self._gateway_settings,
            generations=house.generations,
            recording=self._recorder,
            report=self._report,
            clock=self._clock,
            open_socket=house.sockets.serve,
        )
        self._house = house
        stack.push_async_callback(_within, _LAST_WORDS, house.generations.close)

    async def _serve(self, stack: AsyncExitStack, sockets: dict[str, Any]) -> None:
        gateway = self._house.gateway
        stack.push_async_callback(_cancel, asyncio.create_task(gateway.sweep()))
        await stack.enter_async_context(serve_function(sockets["function"], gateway.handle))
        await stack.enter_async_context(serve_app(sockets["cloud"], create_cloud()))
        console = create_console(self._console(), self._token)
        await stack.enter_async_context(serve_app(sockets["console"], console))

    def _announce(self, stack: AsyncExitStack, sockets: dict[str, Any]) -> SessionFile:
        urls = {name: f"http://127.0.0.1:{port_of(group)}" for name, group in sockets.items()}
        self._session = SessionFile(
            os.getpid(), urls["function"], f"{urls['console']}/?token={self._token}", urls["cloud"], self._token
        )
        announce(self._project.root, self._session)
        stack.callback(withdraw, self._project.root, os.getpid())
        return self._session

    def _ready(self, session: SessionFile) -> None:
        loaded = self._house.generations.loaded
        for text in self._project.warnings:
            self._say("warning", text)
        before, self._held = self._held, None
        self._report.tell(
            "ready",
            pid=session.pid,
            function=session.function,
            console=session.console,
            cloud=session.cloud,
            tunnel=None,
            debug=None,
            name=self._project.name,
            root=str(self._project.root),
            generation=loaded.generation if loaded else None,
            routes=loaded.routes if loaded else [],
            ms=round((time.perf_counter() - self._began) * 1000, 1),
        )
        self._held = before
        self._release()
        self._writer.flush()
        self._busy = "serving"

    def _watch(self) -> Watch:
        return Watch(
            str(self._project.root),
            self._project.dev.ignore,
            self._house.generations.changed,
            lambda text: self._say("warning", text),
        )

    # --- running -----------------------------------------------------------------------------------------------

    async def _until_stopped(self, session: SessionFile, body: Body | None) -> int:
        if self._terms.command:
            body = self._run_command
        if body is None:
            return await self._stopping.wait()
        work = asyncio.ensure_future(body(session))
        return work.result() if await self._has_time_for(work) else self._stopping.exit_code

    async def _has_time_for(self, work: asyncio.Future[Any]) -> bool:
        """Wait for some work; False when the session is to end before it is done, which cancels it."""
        signalled = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({work, signalled}, return_when=asyncio.FIRST_COMPLETED)
        await _cancel(signalled)
        if not work.done():
            await _cancel(work)
            return False
        work.result()
        return True

    async def _run_command(self, session: SessionFile) -> int:
        environment = os.environ | {
            "FN_FUNCTION_URL": session.function,
            "FN_CONSOLE_URL": session.console,
            "FN_CLOUD_URL": session.cloud,
            "FN_TOKEN": session.token,
        }
        # A shell does not hand SIGTERM on to what it runs; a group gets it as a whole. At a terminal the command stays
        # in our group: Ctrl-C reaches it there, and it may read the keyboard.
        group = None if sys.stdin.isatty() else 0
        try:
            process = await asyncio.create_subprocess_exec(*self._terms.command, env=environment, process_group=group)
        except OSError as error:
            name = self._terms.command[0]
            raise FnError(
                f"--exec: {name} cannot be started: {error.strerror}.", hint="Give a program and its arguments."
            ) from error
        try:
            status = await process.wait()
        except asyncio.CancelledError:
            with suppress(ProcessLookupError):
                process.terminate() if group is None else os.killpg(process.pid, signal.SIGTERM)
            await process.wait()
            raise
        return status if status >= 0 else 128 - status

    async def _reconfigure(self) -> LoadError | None:
        try:
            project = await asyncio.to_thread(
                load_project, self._terms.folder, environ=os.environ, keyring=SystemKeyring()
            )
        except FnError as error:
            return LoadError("configuration", str(error))
        self._project = project
        self._redactor = self._redactor_of(project)
        self._recorder.redact = self._redactor
        self._house.reconfigured(project)
        return None

    def _say(self, level: str, text: str) -> None:
        self._report.tell("log", level=level, text=text, ours=True)

    def _gateway_settings(self) -> GatewaySettings:
        project = self._project
        return GatewaySettings(
            project.root,
            self._token,
            project.dev.body_limit,
            project.dev.deadline,
            project.dev.callback_deadline,
            project.voice_app,
            project.voice_secret,
        )

    # --- the console's questions -------------------------------------------------------------------------------

    def _console(self) -> ConsoleSession:
        from devserver.recorder.shapes import detail, summaries

        folder = self._project.root / ".fn"
        return ConsoleSession(
            status=self._status,
            recordings=lambda limit: summaries(folder, limit),
            recording=lambda name: detail(folder, name),
            reload=self._reload,
        )

    def _status(self) -> dict[str, Any]:
        generations = self._house.generations
        loaded, error = generations.loaded, generations.error
        return {
            "name": self._project.name,
            "root": str(self._project.root),
            "pid": os.getpid(),
            "function": self._session.function,
            "cloud": self._session.cloud,
            "generation": loaded.generation if loaded else None,
            "routes": loaded.routes if loaded else [],
            "spares": self._house.spares.ready,
            "error": error.text if error else None,
        }

    async def _reload(self) -> dict[str, Any]:
        await self._house.generations.reload()
        return self._status()


class _Once:
    """Calls a function at exit, unless it was kept."""

    def __init__(self, function: Callable[[], None]) -> None:
        self._function: Callable[[], None] | None = function

    def keep(self) -> None:
        self._function = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._function is not None:
            self._function()


async def _within(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await work()


async def _cancel(task: asyncio.Future[Any]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
