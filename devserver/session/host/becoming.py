"""How a process becomes a generation: first a spare that has everything but the user's code, then that.

A spare has imported what earlier generations imported; it can say that the code does not compile, or lacks handlers,
without running any of it. It must not know of requests (`serving`), and it never loads twice.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from devserver.debug import inside
from devserver.runtime.application import Application
from devserver.runtime.backends import Assets, RemoteCache, ensure_database
from devserver.runtime.backends.statements import watch_statements
from devserver.runtime.clients import Clients
from devserver.runtime.context import FunctionConfig, Services
from devserver.runtime.handlers import UnusableFunction, find_handlers
from devserver.runtime.setup import Runtime, call_hook
from devserver.runtime.tracebacks import render, summary
from devserver.session.frames import DebugPoint, Load, Loaded, NotLoaded, Prepare, Ready
from devserver.session.host.breakpoints import Breakpoints
from devserver.session.host.debugged import Debugged
from devserver.session.host.importing import LONG, Imports
from devserver.session.host.loading import Project, preload, third_party
from devserver.session.host.observed import KeepingStorage
from devserver.session.host.outbound import HostWire
from devserver.session.host.output import capture
from devserver.session.host.serving import Generation, Serving
from devserver.session.host.standstill import Standstill
from devserver.session.host.watchdog import Watchdog
from devserver.session.host.wire import Wire

if TYPE_CHECKING:
    from devserver.session.host.profiling import Profiles

_THREADS = 64  # plain `def` handlers that may run at once; a hung one holds its thread until the host goes


class Spare:
    """A process on its way from spare to generation.

    Args:
        wire: to the gateway.
        serving: gets the generation.
        standstill: whether the code stands still in a debugger.
        debugged: the debugger's part.
        breakpoints: what `breakpoint()` does.
    """

    def __init__(
        self, wire: Wire, serving: Serving, standstill: Standstill, debugged: Debugged, breakpoints: Breakpoints
    ) -> None:
        self._wire = wire
        self._serving = serving
        self._standstill = standstill
        self._debugged = debugged
        self._breakpoints = breakpoints

    def prepare(self, message: Prepare) -> None:
        """Get everything ready that is not the user's."""
        self._settings = message.settings
        self._root = os.path.realpath(message.root)
        os.environ.update(message.environment)
        with suppress(OSError):  # the folder may be gone; what is loaded goes on
            os.chdir(self._root)
        self._profiles = _profiles(message.settings.profiles)
        self._logger = capture(self._wire.send, self._root)
        self._outbound = HostWire(self._wire.send, sealed=self._settings.sealed)
        watch_statements(self._settings.database, self._serving.changed_database)
        self._breakpoints.install(self._root, terminal=self._settings.terminal)
        if self._settings.terminal:
            signal.signal(signal.SIGINT, self._breakpoints.interrupted)
        self._baseline = frozenset(sys.modules)
        preload(message.preload)
        self._project = Project(self._root, message.code)
        if message.debug is not None:
            self.join(message.debug)
        self._wire.send(Ready(os.getpid()))

    def join(self, point: DebugPoint) -> None:
        """Let a debugger in before there is any code of the user; what it imports is none of that."""
        self._debugged.join_now(point)
        self._baseline = frozenset(sys.modules)

    async def load(self, message: Load) -> None:
        """Import the project, and say how it went; from then on it is served."""
        started = time.perf_counter()
        missing = self._compile(message)
        if missing is not None:
            self._wire.send(missing)
            return
        try:
            loaded = await self._import(message, started)
        except UnusableFunction as error:
            self._refuse(message, "function", str(error), "")
        except SystemExit as error:
            text = f"function.py called sys.exit({error.code!r}) while it was imported."
            self._refuse(message, "import", text, render(error, self._root))
        except BaseException as error:  # noqa: BLE001 whatever the user's import raises is theirs to see
            self._refuse(message, "import", summary(error), render(error, self._root))
        else:
            self._debugged.look()
            self._wire.send(loaded)

    def _compile(self, message: Load) -> NotLoaded | None:
        try:
            self._project.precompile(message.changed)
            lost = sorted(set(message.expected) - self._project.handler_names())
        except (SyntaxError, ValueError) as error:
            text = _syntax(error, self._root)
            return self._not_loaded(message, "syntax", text, render(error, self._root), clean=True)
        except OSError as error:
            text = f"function.py cannot be read: {error.strerror}."
            return self._not_loaded(message, "missing", text, "", clean=True)
        if lost and not message.force:
            return self._not_loaded(message, "handlers", f"{', '.join(lost)} are gone.", "", clean=True)
        if message.check:
            return self._not_loaded(message, "complete", "", "", clean=True)
        return None

    async def _import(self, message: Load, started: float) -> Loaded:
        imports = Imports(self._root)
        with imports.measured():
            module = self._project.import_function()
        handlers = find_handlers(module)
        if self._profiles is not None:
            handlers = self._profiles.watch(handlers)
        application = self._application(message.generation, handlers)
        runtime = Runtime()
        if handlers.setup is not None:
            await call_hook(handlers.setup, runtime)
        generation = Generation(application, runtime, self._outbound, self._profiles, self._root)
        self._serving.generation = generation
        self._watch()
        for hook in runtime.startup:
            await call_hook(hook, generation.context())
        ms = (time.perf_counter() - started) * 1000
        return Loaded(
            message.generation,
            list(application.routes),
            list(handlers.by_name),
            list(self._project.files.values()),
            self._project.compiled,
            third_party(self._baseline, self._root),
            list(runtime.sockets),
            list(handlers.misfits.values()),
            ms,
            [name for name in handlers.by_name if handlers.is_protected(name)],
            imports.slowest() if ms > LONG else [],
        )

    def _watch(self) -> None:
        still = self._standstill.__bool__
        dog = Watchdog(self._wire.send, self._serving.begun, self._settings.blocked_after, self._root, still)
        dog.start(asyncio.get_running_loop())

    def _application(self, generation: int, handlers: Any) -> Application:
        settings = self._settings
        config = FunctionConfig(settings.project_id, settings.name, "development", settings.variables)
        from pathlib import Path

        root = Path(self._root)
        services = Services(
            root=root,
            config=config,
            cache=RemoteCache(self._serving.cache_call),
            storage=KeepingStorage(Path(settings.storage), self._wire.send, settings.keep),
            assets=Assets(root / "assets"),
            clients=Clients(settings.variables, settings.origins, self._outbound),
            database=lambda: ensure_database(Path(settings.database)),
            logger=self._logger,
        )
        return Application(handlers, services, generation, ThreadPoolExecutor(_THREADS, "handler"), inside.show)

    def _refuse(self, message: Load, kind: str, text: str, trace: str) -> None:
        self._debugged.look()
        self._wire.send(self._not_loaded(message, kind, text, trace, clean=False))

    def _not_loaded(self, message: Load, kind: str, text: str, trace: str, *, clean: bool) -> NotLoaded:
        return NotLoaded(message.generation, kind, text, trace, clean, list(self._project.files.values()))


def _profiles(folder: str) -> Profiles | None:
    if not folder:
        return None
    from pathlib import Path

    from devserver.session.host.profiling import Profiles

    return Profiles(Path(folder))


def _syntax(error: SyntaxError | ValueError, root: str) -> str:
    if not isinstance(error, SyntaxError):
        return f"A file of the project cannot be compiled: {error}."
    place = (error.filename or "function.py").removeprefix(root + os.sep)
    return f"{place} line {error.lineno}: {error.msg}."
