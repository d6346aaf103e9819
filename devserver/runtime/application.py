"""One loaded function: `Request` in, `Outcome` out. The same object serves `fn dev`, tests and production.

The path of a request: route -> check who may -> parse the event -> call the handler -> make the reply. Errors of the
user's code never leave this module as exceptions; they become an answer and an `Failure` that says what happened.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

import msgspec

from devserver.runtime.basic_auth import is_allowed
from devserver.runtime.context import FunctionContext, Services
from devserver.runtime.events import parse_event
from devserver.runtime.handlers import Handler, Handlers
from devserver.runtime.replies import Reply, UnusableReturn, problem, to_reply, voice_reply
from devserver.runtime.request import BadRequest, Request, parse_json
from devserver.runtime.routing import Custom, Refused, Voice, paths, route
from devserver.runtime.tracebacks import encodable, render, summary


class Failure(msgspec.Struct, frozen=True):
    """Why the user's code did not answer.

    Attributes:
        kind: `exception`, `return` (unusable value), `body` (not what it must be) or `handler` (cannot be called).
        text: one sentence or the last line of the traceback.
        traceback: cut at our frames; empty when there is none.
    """

    kind: str
    text: str
    traceback: str = ""


class Outcome(msgspec.Struct, frozen=True):
    """What came of a request.

    Attributes:
        reply: the answer to send.
        handler: name of the handler that ran, or None.
        failure: set when the handler failed.
        hint: something to tell the developer, such as a missing optional handler.
    """

    reply: Reply
    handler: str | None = None
    failure: Failure | None = None
    hint: str = ""


class Running(msgspec.Struct, frozen=True):
    """The handler that runs in a task or thread right now; the host's watchdog finds it by this."""

    request_id: str
    handler: str


current: contextvars.ContextVar[Running | None] = contextvars.ContextVar("fn_current", default=None)


@dataclass(frozen=True, slots=True)
class Application:
    """The handlers of one generation and what they share.

    Attributes:
        handlers: from `find_handlers`.
        services: backends, configuration and clients.
        generation: which load of the code this is.
        threads: where plain `def` handlers run; None uses the event loop's own pool.
        on_error: is shown what a handler raised, before it becomes an answer; a debugger stops there.
        routes: the paths that exist, for people.
        names: of all handlers, those that cannot be called included.
    """

    handlers: Handlers
    services: Services
    generation: int = 0
    threads: Executor | None = None
    on_error: Callable[[BaseException], None] = lambda _: None
    routes: tuple[str, ...] = field(default=(), init=False)
    names: tuple[str, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "routes", tuple(paths(self.handlers.by_name)))
        # Of names that share a path the last is found, and that must be the one that can be called.
        object.__setattr__(self, "names", (*self.handlers.misfits, *self.handlers.by_name))

    async def dispatch(self, request: Request) -> Outcome:
        """Answer one request. Raises nothing but cancellation."""
        match route(request.method, request.target, self.names, lambda: _json_or_none(request)):
            case Voice(event=event):
                return await self._voice(event, request)
            case Custom(name=name):
                return await self._custom(name, request)
            case Refused(status=status, reason=reason):
                return self._refuse(status, reason, exposed=request.exposed)

    def _refuse(self, status: int, reason: str, *, exposed: bool) -> Outcome:
        if status == 404 and exposed:
            return Outcome(problem(404, "Not found."))
        more: dict[str, Any] = {"routes": list(self.routes)} if status == 404 else {}
        reply = problem(status, reason, **more)
        return Outcome(
            msgspec.structs.replace(reply, headers=(*reply.headers, ("Allow", "POST"))) if status == 405 else reply
        )

    async def _voice(self, event: str, request: Request) -> Outcome:
        try:
            payload = parse_json(request.raw_body)
        except BadRequest as error:
            return _bad_body(event, str(error))
        if not isinstance(payload, dict):
            return _bad_body(event, "A Voice callback is a JSON object, and this body is none.")
        parsed = parse_event(event, payload)
        handler = self.handlers.by_name.get(event)
        if handler is None:
            return Outcome(
                Reply(200, (), b""), hint=f"{event} was answered with an empty 200: there is no handler for it."
            )
        context = self._context(request, parsed.callid)
        return await self._call(handler, context, parsed, voice_reply, exposed=request.exposed)

    async def _custom(self, name: str, request: Request) -> Outcome:
        if self.handlers.is_protected(name) and not is_allowed(
            request.headers.get("authorization"),
            self.services.config.variables,
            exposed=request.exposed or request.open,
        ):
            how = "" if request.exposed else ": PROJECT_ID_API_KEY and PROJECT_ID_API_SECRET"
            return Outcome(problem(401, f"/{name} needs Basic auth{how}."))
        misfit = self.handlers.misfits.get(name)
        if misfit is not None:
            return _failed(name, Failure("handler", misfit), misfit, exposed=request.exposed)
        context = self._context(request, None)
        return await self._call(self.handlers.by_name[name], context, request, to_reply, exposed=request.exposed)

    def _context(self, request: Request, callid: str | None) -> FunctionContext:
        return FunctionContext(self.services, request.request_id, callid, self.generation)

    async def _call(
        self,
        handler: Handler,
        context: FunctionContext,
        argument: object,
        finish: Callable[[str, object], Reply],
        *,
        exposed: bool,
    ) -> Outcome:
        current.set(Running(context.request_id, handler.name))
        try:
            value = await self._run(handler, context, argument)
            return Outcome(finish(handler.name, value), handler.name)
        except BaseException as error:  # a handler may raise SystemExit too, and the host must live on
            if isinstance(error, asyncio.CancelledError) and _is_cancelled():
                raise
            return self._raised(handler.name, error, argument, exposed=exposed)

    async def _run(self, handler: Handler, context: FunctionContext, argument: object) -> object:
        if handler.is_async:
            return await handler.call(context, argument)
        inside = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        value = await loop.run_in_executor(self.threads, inside.run, _in_thread, handler.call, context, argument)
        if isinstance(value, _Thrown):
            raise value.error
        # A plain function may hand back a coroutine: a lambda or a partial around an async one.
        return await value if isinstance(value, Awaitable) else value

    def _raised(self, name: str, error: BaseException, argument: object, *, exposed: bool) -> Outcome:
        match error:
            case BadRequest() if isinstance(argument, Request):
                text = encodable(str(error))
                return Outcome(problem(400, text), name, Failure("body", text))
            case UnusableReturn():
                text = encodable(str(error))
                return _failed(name, Failure("return", text), text, exposed=exposed)
            case _:
                self.on_error(error)
                text = summary(error)
                failure = Failure("exception", text, render(error, str(self.services.root)))
                return _failed(name, failure, f"`{name}` raised {text}", exposed=exposed)


def _is_cancelled() -> bool:
    """Whether somebody cancels this task; a handler that awaits a task it has cancelled raises the same error."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


@dataclass(frozen=True, slots=True)
class _Thrown:
    """What a handler raised in a thread, on its way to the event loop.

    Futures do not carry every exception as it is: one that gets a StopIteration is never done, and a TimeoutError
    comes out without its traceback.
    """

    error: BaseException


def _in_thread(call: Callable[..., Any], context: FunctionContext, argument: object) -> object:
    try:
        return call(context, argument)
    except BaseException as error:  # noqa: BLE001 raised again in the event loop
        return _Thrown(error)


def _failed(name: str, failure: Failure, text: str, *, exposed: bool) -> Outcome:
    if exposed:
        # A stranger learns that it failed, not how.
        return Outcome(problem(500, f"`{name}` failed."), name, failure)
    more = {"traceback": failure.traceback} if failure.traceback else {}
    return Outcome(problem(500, text, **more), name, failure)


def _bad_body(event: str, text: str) -> Outcome:
    return Outcome(problem(400, text), event, Failure("body", text))


def _json_or_none(request: Request) -> Any:
    try:
        return parse_json(request.raw_body)
    except BadRequest:
        return None
