"""Serving one generation: its requests, its WebSockets, and what its code asks of the gateway meanwhile.

Each request is a task, so that it can be cancelled, and so that what a handler leaves behind can be told from what is
ours. It must not know how the generation came to be (`becoming`), nor how it ends.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devserver.runtime.application import Application, Outcome
from devserver.runtime.backends import RemoteCache
from devserver.runtime.context import FunctionContext
from devserver.runtime.effects import request_in_hand
from devserver.runtime.request import Headers, Request
from devserver.runtime.setup import Runtime, call_hook
from devserver.runtime.tracebacks import render
from devserver.session.frames import (
    Answer,
    CacheAnswer,
    CacheCall,
    Did,
    Invoke,
    Replaying,
    SocketClose,
    SocketData,
    SocketOpen,
    SocketRefused,
)
from devserver.session.host.outbound import HostWire
from devserver.session.host.replay_clock import frozen
from devserver.session.host.sockets import WebSocket
from devserver.session.host.wire import Wire

if TYPE_CHECKING:
    from devserver.session.host.profiling import Profiles


@dataclass(frozen=True, slots=True)
class Generation:
    """The user's code, loaded.

    Attributes:
        app: answers requests.
        runtime: what its `setup` asked for.
        outbound: its calls of the SDK.
        profiles: makes flame graphs of it; None for none.
        root: folder of the project.
    """

    app: Application
    runtime: Runtime
    outbound: HostWire
    profiles: Profiles | None
    root: str

    def context(self) -> FunctionContext:
        """What hooks are given."""
        return FunctionContext(self.app.services, generation=self.app.generation)


class Serving:
    """Answers what the gateway asks.

    Args:
        wire: to the gateway.
        look: says whether a thread stands still, before an answer goes out; see `Debugged.look`.
        spawn: starts a task that is ours and not the user's.

    Attributes:
        generation: what is served; None until it is loaded.
    """

    def __init__(
        self, wire: Wire, look: Callable[[], None], spawn: Callable[[Coroutine[Any, Any, None]], None]
    ) -> None:
        self.generation: Generation | None = None
        self._wire = wire
        self._look = look
        self._spawn = spawn
        self._loop = asyncio.get_running_loop()
        self._invocations: dict[int, asyncio.Task[None]] = {}
        self._begun: set[int] = set()  # of these, what has reached the user's code
        self._in_hand: dict[int, str] = {}  # id of the request by number
        self._shut = 0  # how many want that requests wait
        self._outside: dict[int, Invoke] = {}  # those that do
        self._sockets: dict[int, WebSocket] = {}
        self._cache_calls: dict[int, asyncio.Future[Any]] = {}
        self._calls = 0

    def begun(self) -> list[int]:
        """Numbers of the requests that have reached the user's code and are not answered."""
        return list(self._begun)

    def tasks(self) -> set[asyncio.Task[None]]:
        """The tasks of all requests in hand."""
        return set(self._invocations.values())

    # --- requests --------------------------------------------------------------------------------------------------

    def invoke(self, message: Invoke) -> None:
        """Answer a request, some time."""
        assert self.generation is not None  # noqa: S101 the gateway asks who has said that it is loaded
        if self._shut:
            self._outside[message.id] = message
            return
        self._invocations[message.id] = self._loop.create_task(self._answer(self.generation, message))
        self._in_hand[message.id] = message.request_id

    def cancel(self, number: int) -> None:
        """Nobody waits for this answer any more."""
        self._outside.pop(number, None)
        task = self._invocations.get(number)
        if task is not None:
            task.cancel()
        if number not in self._begun:  # a task that never began has nothing that would tidy up behind it
            self._invocations.pop(number, None)
            self._in_hand.pop(number, None)

    def shut(self) -> None:
        """Requests that come from now on wait for `open`; who calls this calls that, some time."""
        self._shut += 1

    def open(self) -> None:
        """They begin, in their order, when nobody wants any more that they wait."""
        self._shut -= 1
        if not self._shut:
            waiting, self._outside = self._outside, {}
            for message in waiting.values():
                self.invoke(message)

    async def _answer(self, generation: Generation, message: Invoke) -> None:
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
                outcome = await generation.app.dispatch(request)
            else:
                outcome = await _replay(generation, request, message.replaying)
        finally:
            self._invocations.pop(message.id, None)
            self._in_hand.pop(message.id, None)
            self._begun.discard(message.id)
        failure = outcome.failure
        self._look()
        self._wire.answer(
            Answer(
                message.id,
                outcome.reply.status,
                list(outcome.reply.headers),
                outcome.reply.body,
                outcome.handler,
                (failure.kind, failure.text, failure.traceback) if failure else None,
                outcome.hint,
                [] if generation.profiles is None else generation.profiles.files(message.request_id),
            )
        )
        if not self._invocations:
            self._wire.flush()

    # --- what the user's code does ---------------------------------------------------------------------------------

    def cache_call(self, operation: str, arguments: list[Any]) -> Awaitable[Any]:
        """Ask the gateway, which has the cache."""
        self._calls += 1
        future: asyncio.Future[Any] = self._loop.create_future()
        self._cache_calls[self._calls] = future
        self._wire.send(CacheCall(self._calls, operation, arguments, request_in_hand()))
        return future

    def changed_database(self, operation: str, statement: str) -> None:
        """The user's code wrote to its database."""
        request_id = request_in_hand()
        if not request_id and len(self._in_hand) == 1:
            # Libraries with a thread of their own (aiosqlite) leave no trace of who asked.
            request_id = next(iter(self._in_hand.values()), "")
        self._wire.send(Did(request_id, "database", operation, statement, time.time()))

    def cache_answered(self, message: CacheAnswer) -> None:
        """What the gateway said to a `cache_call`."""
        future = self._cache_calls.pop(message.id, None)
        if future is None or future.done():
            return
        if message.error is None:
            future.set_result(message.value)
        else:
            future.set_exception(RemoteCache.error(message.error))

    # --- WebSockets ------------------------------------------------------------------------------------------------

    def socket(self, message: SocketOpen | SocketData | SocketClose) -> None:
        """Something of a client's WebSocket."""
        if isinstance(message, SocketOpen):
            hook = self.generation.runtime.sockets.get(message.path) if self.generation is not None else None
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
            root = self.generation.root if self.generation is not None else ""
            self._wire.log("error", f"WebSocket {message.path}: {render(error, root)}")
            await socket_.close(1011, "the handler failed")
        finally:
            del self._sockets[message.id]

    async def close_sockets(self) -> None:
        """Hang up on all clients: another generation is there."""
        for socket in list(self._sockets.values()):
            await socket.close(1012, "the code was reloaded")


async def _replay(generation: Generation, request: Request, replaying: Replaying) -> Outcome:
    generation.outbound.replay(replaying)
    with frozen(replaying.frozen_at):
        return await generation.app.dispatch(request)
