"""The main loop of a host process: spare, then one generation, then gone.

The socket is read by the event loop and written with a lock from any thread, so that the watchdog and prints of
threads need no loop. When the gateway closes its end, or dies, this process ends.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from devserver.debug import inside
from devserver.runtime.application import Application, Outcome, current
from devserver.runtime.backends import Assets, RemoteCache, ensure_database
from devserver.runtime.backends.statements import watch_statements
from devserver.runtime.clients import Clients
from devserver.runtime.context import FunctionConfig, FunctionContext, Services
from devserver.runtime.effects import request_in_hand
from devserver.runtime.handlers import UnusableFunction, find_handlers
from devserver.runtime.request import Headers, Request
from devserver.runtime.setup import Runtime, call_hook
from devserver.runtime.tracebacks import render, summary
from devserver.session.frames import (
    Answer,
    CacheAnswer,
    CacheCall,
    Cancel,
    Debug,
    DebugPoint,
    Did,
    FrameReader,
    Invoke,
    Leftover,
    Line,
    Load,
    Loaded,
    Message,
    NotLoaded,
    Prepare,
    Ready,
    Replaying,
    SocketClose,
    SocketData,
    SocketOpen,
    SocketRefused,
    Stop,
    TerminalLent,
    ToHost,
    encode,
)
from devserver.session.host.breakpoints import Breakpoints
from devserver.session.host.debugged import Debugged
from devserver.session.host.importing import LONG, Imports
from devserver.session.host.loading import Project, preload, third_party
from devserver.session.host.observed import KeepingStorage
from devserver.session.host.outbound import HostWire
from devserver.session.host.output import capture
from devserver.session.host.replay_clock import frozen
from devserver.session.host.sockets import WebSocket
from devserver.session.host.standstill import Standstill
from devserver.session.host.watchdog import Watchdog, leave_with_parent

if TYPE_CHECKING:
    from devserver.session.host.profiling import Profiles

_THREADS = 64  # plain `def` handlers that may run at once; a hung one holds its thread until the host goes


class Wire:
    """The host's end of the socket pair."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._frames: list[bytes] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on `answer` may be used, in this loop."""
        self._loop = loop

    def answer(self, message: Message) -> None:
        """Write one frame at the end of this turn of the event loop, together with others.

        (Writing sooner, four at a time, let both processes work at once and was slower: each write wakes the other.)
        """
        if not self._frames and self._loop is not None:
            self._loop.call_soon(self.flush)
        self._frames.append(encode(message))

    def flush(self) -> None:
        """Write what `answer` has gathered."""
        if self._frames:
            frames, self._frames = self._frames, []
            self._write(b"".join(frames))

    def send(self, message: Message) -> None:
        """Write one frame; from any thread. The gateway always reads, so this does not wait for long."""
        self._write(encode(message))

    def _write(self, data: bytes) -> None:
        try:
            with self._lock:
                self._connection.sendall(data)
        except OSError:
            os._exit(0)  # the gateway is gone

    def receive(self) -> bytes:
        """What has arrived; empty when the gateway is gone."""
        try:
            return self._connection.recv(1 << 18)
        except OSError:
            return b""

    def fileno(self) -> int:
        """For the event loop."""
        return self._connection.fileno()


class Host:
    """One generation, from spare to exit."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._reader = FrameReader(ToHost)
        self._loop = asyncio.get_running_loop()
        self._finished = asyncio.Event()
        self._invocations: dict[int, asyncio.Task[None]] = {}
        self._begun: set[int] = set()  # of these, what has reached the user's code
        self._in_hand: dict[int, str] = {}  # id of the request by number
        self._sockets: dict[int, WebSocket] = {}
        self._cache_calls: dict[int, asyncio.Future[Any]] = {}
        self._calls = 0
        self._standstill = Standstill(wire.send, lambda: list(self._begun))
        self._debugged = Debugged(self._standstill, self._log)
        self._breakpoints = Breakpoints(wire.send, self._read_beside, self._standstill, self._log)
        # Ours; whatever else runs in this loop belongs to the user.
        self._tasks: set[asyncio.Task[None] | None] = {asyncio.current_task()}

    async def run(self) -> None:
        """Serve until told to stop."""
        self._wire.attach(self._loop)
        self._loop.add_reader(self._wire.fileno(), self._readable)
        await self._finished.wait()
        self._loop.remove_reader(self._wire.fileno())

    def _readable(self) -> None:
        data = self._wire.receive()
        if not data:
            os._exit(0)
        for message in self._reader.feed(data):
            self._handle(message)

    def _read_beside(self) -> None:
        """Read while the event loop stands still in the user's code: only who lends a terminal is heard now."""
        data = self._wire.receive()
        if not data:
            os._exit(0)
        for message in self._reader.feed(data):
            if isinstance(message, TerminalLent):
                self._breakpoints.lent(message)
            else:
                self._loop.call_soon(self._handle, message)

    def _handle(self, message: Message) -> None:
        match message:
            case Invoke():
                task = self._loop.create_task(self._invoke(message))
                self._invocations[message.id] = task
                self._in_hand[message.id] = message.request_id
            case CacheAnswer():
                self._cache_answered(message)
            case Cancel():
                self._cancel(message.id)
            case SocketOpen() | SocketData() | SocketClose():
                self._socket(message)
            case Debug():
                self._debug(message)
            case TerminalLent():
                self._breakpoints.lent(message)
            case Load() | Prepare() | Stop():
                self._live(message)

    def _live(self, message: Load | Prepare | Stop) -> None:
        match message:
            case Load():
                self._spawn(self._load(message))
            case Prepare():
                self._prepare(message)
            case Stop():
                self._spawn(self._stop(message))

    def _cancel(self, number: int) -> None:
        task = self._invocations.get(number)
        if task is not None:
            task.cancel()
        if number not in self._begun:  # a task that never began has nothing that would tidy up behind it
            self._invocations.pop(number, None)
            self._in_hand.pop(number, None)

    def _spawn(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- becoming a generation ---------------------------------------------------------------------------------

    def _prepare(self, message: Prepare) -> None:
        self._settings = message.settings
        self._root = os.path.realpath(message.root)
        os.environ.update(message.environment)
        with suppress(OSError):  # the folder may be gone; what is loaded goes on
            os.chdir(self._root)
        self._profiles = _profiles(message.settings.profiles)
        self._logger = capture(self._wire.send, self._root)
        self._outbound = HostWire(self._wire.send, sealed=self._settings.sealed)
        watch_statements(self._settings.database, self._changed_database)
        self._breakpoints.install(self._root, terminal=self._settings.terminal)
        if self._settings.terminal:
            signal.signal(signal.SIGINT, self._breakpoints.interrupted)
        self._baseline = frozenset(sys.modules)
        preload(message.preload)
        self._project = Project(self._root, message.code)
        if message.debug is not None:
            self._join(message.debug)
        self._wire.send(Ready(os.getpid()))

    def _debug(self, message: Debug) -> None:
        if message.point is None:
            self._debugged.leave()
        elif getattr(self, "_app", None) is None:
            self._join(message.point)
        else:
            self._spawn(self._debugged.join(message.point))

    def _join(self, point: DebugPoint) -> None:
        """Before there is any code of the user; what the debugger imports is none of it."""
        self._debugged.join_now(point)
        self._baseline = frozenset(sys.modules)

    async def _load(self, message: Load) -> None:
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
        self._runtime, self._app = runtime, application
        self._watch()
        for hook in runtime.startup:
            await call_hook(hook, self._context())
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
        dog = Watchdog(self._wire.send, lambda: list(self._begun), self._settings.blocked_after, self._root, still)
        dog.start(self._loop)

    def _application(self, generation: int, handlers: Any) -> Application:
        settings = self._settings
        config = FunctionConfig(settings.project_id, settings.name, "development", settings.variables)
        from pathlib import Path

        root = Path(self._root)
        services = Services(
            root=root,
            config=config,
            cache=RemoteCache(self._cache_call),
            storage=KeepingStorage(Path(settings.storage), self._wire.send, settings.keep),
            assets=Assets(root / "assets"),
            clients=Clients(settings.variables, settings.origins, self._outbound),
            database=lambda: ensure_database(Path(settings.database)),
            logger=self._logger,
        )
        return Application(handlers, services, generation, ThreadPoolExecutor(_THREADS, "handler"), inside.show)

    def _context(self) -> FunctionContext:
        return FunctionContext(self._app.services, generation=self._app.generation)

    def _refuse(self, message: Load, kind: str, text: str, trace: str) -> None:
        self._debugged.look()
        self._wire.send(self._not_loaded(message, kind, text, trace, clean=False))

    def _not_loaded(self, message: Load, kind: str, text: str, trace: str, *, clean: bool) -> NotLoaded:
        return NotLoaded(message.generation, kind, text, trace, clean, list(self._project.files.values()))

    # --- serving -----------------------------------------------------------------------------------------------

    async def _invoke(self, message: Invoke) -> None:
        self._begun.add(message.id)
        request = Request(
            message.method,
            message.target,
            Headers(message.headers),
            message.body,
            message.request_id,
            message.remote,
            message.exposed,
            message.open,
        )
        try:
            if message.replaying is None:
                outcome = await self._app.dispatch(request)
            else:
                outcome = await self._replay(request, message.replaying)
        finally:
            self._invocations.pop(message.id, None)
            self._in_hand.pop(message.id, None)
            self._begun.discard(message.id)
        failure = outcome.failure
        self._debugged.look()
        self._wire.answer(
            Answer(
                message.id,
                outcome.reply.status,
                list(outcome.reply.headers),
                outcome.reply.body,
                outcome.handler,
                (failure.kind, failure.text, failure.traceback) if failure else None,
                outcome.hint,
                [] if self._profiles is None else self._profiles.files(message.request_id),
            )
        )
        if not self._invocations:
            self._wire.flush()

    async def _replay(self, request: Request, replaying: Replaying) -> Outcome:
        self._outbound.replay(replaying)
        with frozen(replaying.frozen_at):
            return await self._app.dispatch(request)

    def _cache_call(self, operation: str, arguments: list[Any]) -> Awaitable[Any]:
        self._calls += 1
        future: asyncio.Future[Any] = self._loop.create_future()
        self._cache_calls[self._calls] = future
        self._wire.send(CacheCall(self._calls, operation, arguments, request_in_hand()))
        return future

    def _changed_database(self, operation: str, statement: str) -> None:
        request_id = request_in_hand()
        if not request_id and len(self._in_hand) == 1:
            # Libraries with a thread of their own (aiosqlite) leave no trace of who asked.
            request_id = next(iter(self._in_hand.values()), "")
        self._wire.send(Did(request_id, "database", operation, statement, time.time()))

    def _cache_answered(self, message: CacheAnswer) -> None:
        future = self._cache_calls.pop(message.id, None)
        if future is None or future.done():
            return
        if message.error is None:
            future.set_result(message.value)
        else:
            future.set_exception(RemoteCache.error(message.error))

    def _socket(self, message: SocketOpen | SocketData | SocketClose) -> None:
        if isinstance(message, SocketOpen):
            hook = self._runtime.sockets.get(message.path)
            if hook is None:
                self._wire.send(SocketRefused(message.id))
                return
            self._sockets[message.id] = WebSocket(message.id, self._wire.send)
            self._spawn(self._serve_socket(message, hook))
        elif message.id in self._sockets:
            self._sockets[message.id].arrived(message.data if isinstance(message, SocketData) else None)

    async def _serve_socket(self, message: SocketOpen, hook: Callable[..., Any]) -> None:
        socket_ = self._sockets[message.id]
        request = Request("GET", message.target, Headers(message.headers), b"", message.request_id, message.remote)
        try:
            await call_hook(hook, socket_, request)
            await socket_.close()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 the user's handler failed; they see it, the client is told
            self._log("error", f"WebSocket {message.path}: {render(error, self._root)}")
            await socket_.close(1011, "the handler failed")
        finally:
            del self._sockets[message.id]

    def _log(self, level: str, text: str) -> None:
        self._wire.send(Line("", time.time(), level, text, {}))

    # --- going -------------------------------------------------------------------------------------------------

    async def _stop(self, message: Stop) -> None:
        app = getattr(self, "_app", None)
        if app is not None:
            for socket_ in list(self._sockets.values()):
                await socket_.close(1012, "the code was reloaded")
            await self._shutdown_hooks()
            await self._end_tasks(app.generation, message.grace)
        if self._profiles is not None:
            self._profiles.close()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        self._finished.set()

    async def _shutdown_hooks(self) -> None:
        for hook in reversed(self._runtime.shutdown):
            try:
                await call_hook(hook, self._context())
            except Exception as error:  # noqa: BLE001 one failing hook must not keep the others from running
                self._log("error", f"on_shutdown: {render(error, self._root)}")

    async def _end_tasks(self, generation: int, grace: float) -> None:
        current.set(None)
        own = {*self._tasks, *self._invocations.values()}
        left = {task for task in asyncio.all_tasks() if task not in own}
        if left:
            _, left = await asyncio.wait(left, timeout=grace)
        if left:
            self._wire.send(Leftover(generation, sorted(_task_name(task, self._root) for task in left)))
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=1)


def _profiles(folder: str) -> Profiles | None:
    if not folder:
        return None
    from pathlib import Path

    from devserver.session.host.profiling import Profiles

    return Profiles(Path(folder))


def _task_name(task: asyncio.Task[Any], root: str) -> str:
    code = getattr(task.get_coro(), "cr_code", None)
    if code is None:
        return task.get_name()
    return f"{code.co_qualname} ({code.co_filename.removeprefix(root + os.sep)}:{code.co_firstlineno})"


def _syntax(error: SyntaxError | ValueError, root: str) -> str:
    if not isinstance(error, SyntaxError):
        return f"A file of the project cannot be compiled: {error}."
    place = (error.filename or "function.py").removeprefix(root + os.sep)
    return f"{place} line {error.lineno}: {error.msg}."


def main(number: int) -> None:
    """Entry point: file descriptor of the socket to the gateway."""
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole terminal; the gateway decides
    sys.dont_write_bytecode = True
    leave_with_parent()
    wire = Wire(socket.socket(fileno=number))

    async def serve() -> None:
        await Host(wire).run()

    asyncio.run(serve())
    os._exit(0)  # threads of plain handlers that never return must not keep an old generation alive
