"""A function under test: its code loaded in this process, and a face without `await`.

Requests go through `Application`, as they do in `fn dev` and in production. What is left out is what a test does not
want to be about: ports, signatures, recordings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from typing import Any

import msgspec

from devserver.runtime.application import Application, Outcome
from devserver.runtime.handlers import UnusableFunction, find_handlers
from devserver.runtime.request import Headers, Request
from devserver.runtime.routing import voice_event
from devserver.runtime.setup import Runtime, call_hook
from devserver.runtime.tracebacks import render
from devserver.testing import loading
from devserver.testing.answer import Answer
from devserver.testing.clock import Clock
from devserver.testing.noticing import listening, watching
from devserver.testing.outbound import Outbound
from devserver.testing.surroundings import Surroundings
from devserver.testing.thread import LoopThread
from devserver.testing.views import CacheView, Database, StorageView, Variables

CALLID = "call-1"
"""The call of a callback whose payload does not name one."""

_CALLBACK_HEADERS = (("Content-Type", "application/json; charset=utf-8"),)

Pairs = Mapping[str, str] | Iterable[tuple[str, str]]


class LoadFailed(Exception):
    """The code of the function cannot be loaded; the text says why, with the lines of the user's that failed."""


class Function:
    """The function of a project, as the platform would call it.

    Attributes:
        cache, storage: what it keeps, as dicts.
        database: its SQLite file.
        config: its variables, as a dict of texts.
        outbound: its calls to Sinch.
        clock: its time.
        answers: all answers of this test, in order.
    """

    def __init__(self, surroundings: Surroundings, is_test: Callable[[str], bool]) -> None:
        self.cache = CacheView(surroundings.cache)
        self.storage = StorageView(surroundings.storage)
        self.database: Database = surroundings.database
        self.config: Variables = surroundings.variables
        self.outbound: Outbound = surroundings.outbound
        self.clock: Clock = surroundings.clock
        self.answers: list[Answer] = []
        self._surroundings = surroundings
        self._is_test = is_test
        self._stack = ExitStack()
        self._app: Application | None = None
        self._runtime = Runtime()

    def open(self) -> None:
        """Load the code and run its start-up hooks.

        Raises:
            LoadFailed: they raised something.
        """
        __tracebackhide__ = True
        around = self._surroundings
        with ExitStack() as stack:
            stack.enter_context(loading.in_folder(str(around.root)))
            around.variables.enter(around.hidden)
            stack.callback(around.variables.leave)
            stack.enter_context(watching(around.database.path, around.notes.database))
            stack.enter_context(listening(around.notes))
            stack.enter_context(loading.opened(str(around.root), self._is_test))
            self._thread = LoopThread()
            stack.callback(self._thread.close)
            self._app = self._loaded()
            self._stack = stack.pop_all()

    def close(self) -> None:
        """Run the shutdown hooks, and leave the process as it was."""
        __tracebackhide__ = True
        with self._stack:
            if self._app is not None:
                self._thread.run(self._shut_down())

    # --- callbacks ---------------------------------------------------------------------------------------------

    def ice(self, payload: Mapping[str, Any] | None = None, /, **fields: Any) -> Answer:
        """A call comes in: `function.ice(cli="+12025550199")`.

        Args:
            payload: fields of the callback, as many as matter.
            **fields: the same, as keywords.
        """
        __tracebackhide__ = True
        return self._event("ice", payload, fields)

    def ace(self, payload: Mapping[str, Any] | None = None, /, **fields: Any) -> Answer:
        """The other side has picked up; arguments as for `ice`."""
        __tracebackhide__ = True
        return self._event("ace", payload, fields)

    def pie(
        self,
        payload: Mapping[str, Any] | None = None,
        /,
        *,
        value: str | None = None,
        type: str | None = None,  # noqa: A002 the field's word
        **fields: Any,
    ) -> Answer:
        """The caller has used the menu: `function.pie(value="sales")`, or `function.pie(type="timeout")`.

        Args:
            payload: fields of the callback, as many as matter.
            value: `menuResult.value`: the x of `return(x)`, or the digits of a sequence.
            type: `menuResult.type`; `return` when there is a value.
            **fields: other fields of the callback.
        """
        __tracebackhide__ = True
        if value is not None or type is not None:
            result = {"type": type or "return"} | ({} if value is None else {"value": value})
            fields = {"menuResult": result} | fields
        return self._event("pie", payload, fields)

    def dice(self, payload: Mapping[str, Any] | None = None, /, **fields: Any) -> Answer:
        """The call is over: `function.dice(result="ANSWERED", duration=12)`; arguments as for `ice`."""
        __tracebackhide__ = True
        return self._event("dice", payload, fields)

    def notify(self, payload: Mapping[str, Any] | None = None, /, **fields: Any) -> Answer:
        """Something else happened, such as a finished recording; arguments as for `ice`."""
        __tracebackhide__ = True
        return self._event("notify", payload, fields)

    def callback(self, event: str, payload: Mapping[str, Any] | bytes, headers: Pairs | None = None) -> Answer:
        """A callback exactly as given: nothing is filled in.

        Args:
            event: `ice`, `ace`, `pie`, `dice` or `notify`.
            payload: the body, or its bytes.
            headers: in addition to the content type.
        """
        __tracebackhide__ = True
        body = payload if isinstance(payload, bytes) else msgspec.json.encode(payload)
        return self.send("POST", f"/{event}", (*_CALLBACK_HEADERS, *_pairs(headers)), body)

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        body: str | bytes = b"",
        headers: Pairs | None = None,
    ) -> Answer:
        """An HTTP request, as anybody may send it: `function.request("GET", "/status")`.

        Args:
            method: such as `GET`.
            path: with the query.
            json: the body, as JSON.
            body: the body, in place of `json`.
            headers: any.
        """
        __tracebackhide__ = True
        pairs = _pairs(headers)
        data = body.encode() if isinstance(body, str) else body
        if json is not None:
            data = msgspec.json.encode(json)
            if not any(name.lower() == "content-type" for name, _ in pairs):
                pairs = (("Content-Type", "application/json"), *pairs)
        return self.send(method.upper(), path, pairs, data)

    def send(self, method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes) -> Answer:
        """Bytes as they were received."""
        __tracebackhide__ = True
        if self._app is None:
            raise RuntimeError("The function is not loaded.")
        request_id = f"test-{len(self.answers) + 1}"
        request = Request(method, target, Headers(headers), body, request_id, "127.0.0.1")
        at = self.clock.wall()
        effects, logs = self._surroundings.notes.begin(request_id)
        deadline = self._surroundings.project.dev.deadline
        try:
            outcome = self._thread.run(self._app.dispatch(request), deadline=deadline)
        except TimeoutError:
            raise AssertionError(f"{method} {target} was not answered within {deadline:g} s.") from None
        finally:
            self._surroundings.notes.end(request_id)
        answer = _answer(request, outcome, at=at, effects=effects, logs=logs)
        self.answers.append(answer)
        return answer

    def _event(self, event: str, payload: Mapping[str, Any] | None, fields: Mapping[str, Any]) -> Answer:
        __tracebackhide__ = True
        given = {**(payload or {}), **fields}
        names = {name.lower() for name in given}
        stamp = self.clock.now().isoformat(timespec="seconds").replace("+00:00", "Z")
        usual = {"event": event, "callid": CALLID, "timestamp": stamp, "version": 1}
        return self.callback(event, {key: value for key, value in usual.items() if key not in names} | given)

    # --- the code ----------------------------------------------------------------------------------------------

    def _loaded(self) -> Application:
        __tracebackhide__ = True
        try:
            loaded = self._thread.run(self._load())
        except UnusableFunction as error:
            raise LoadFailed(str(error)) from None
        except Exception as error:  # noqa: BLE001 whatever the user's import raises is theirs to see
            text = render(error, str(self._surroundings.root))
            raise LoadFailed(f"function.py cannot be loaded:\n{text}") from None
        if isinstance(loaded, SystemExit):
            raise LoadFailed(f"function.py called sys.exit({loaded.code!r}) while it was imported.")
        return loaded

    async def _load(self) -> Application | SystemExit:
        try:
            return await self._import()
        except SystemExit as error:  # would end the event loop
            return error

    async def _import(self) -> Application:
        module = loading.import_function()
        handlers = find_handlers(module)
        if handlers.setup is not None:
            await call_hook(handlers.setup, self._runtime)
        for hook in self._runtime.startup:
            await call_hook(hook, self._surroundings.context())
        return Application(handlers, self._surroundings.services, generation=1)

    async def _shut_down(self) -> None:
        for hook in reversed(self._runtime.shutdown):
            await call_hook(hook, self._surroundings.context())

    def __repr__(self) -> str:
        return f"Function({self._surroundings.project.name!r})"


def _answer(request: Request, outcome: Outcome, **noted: Any) -> Answer:
    event = voice_event(request.method, request.target, lambda: _document(request.raw_body))
    document = _document(request.raw_body) if event else None
    reply = outcome.reply
    return Answer(
        id=request.request_id,
        event=event,
        method=request.method,
        path=request.target,
        callback=document if isinstance(document, dict) else {},
        status=reply.status,
        headers=reply.headers,
        body=reply.body,
        failure=outcome.failure,
        **noted,
    )


def _document(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _pairs(headers: Pairs | None) -> tuple[tuple[str, str], ...]:
    return tuple(headers.items() if isinstance(headers, Mapping) else headers or ())
