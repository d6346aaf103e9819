"""The configuration API of the platform, with the weather of a real one: it verifies every request, keeps the two
callback addresses of each application, and plays the faults that it is told to, in order.
"""

from __future__ import annotations

import asyncio
import base64
import json
import threading
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, Literal

from aiohttp import web

from devserver.runtime.clients.voice_results import Callbacks
from devserver.signing import verify
from tests.fakes.threads import in_a_thread

KEY = "669E367E-6BBA-48AB-AF15-266871C28135"
SECRET = "BeIukql3pTKJ8RGL5zo0DA=="
PRODUCTION = Callbacks("https://ivr.example.com/voice?tenant=7", "https://backup.example.com/voice")
WINDOW = 300.0  # seconds for which a signature is good (voice-v1.md 4.2 proposes it)
_PATH = "/v1/configuration/callbacks/applications/"

Name = Literal["500", "429", "hang", "drop", "lost", "stuck", "late", "401", "403", "40003", "html", "html-200"]
Fault = Name | Callable[[], object] | None
"""What a request meets. `drop`: the connection is closed and nothing done; `lost`: the same after it was done; `hang`:
nothing, until the client goes; `stuck`: the same after it was done; `late`: it is done when the client has gone; a
function: that happens first, then the usual; None: the usual.
"""
LATE = 0.5  # seconds from when the client has gone to when it is done


_REFUSALS = {
    "40003": (400, 40003, "Invalid application key"),
    "401": (401, 40102, "Invalid Signature"),
    "403": (403, 40301, "Wrong authorization scheme"),
    "429": (429, 42900, "Too many requests"),
    "500": (500, 50000, "Internal error"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request about the callback of an application."""

    method: str
    application: str
    body: Any


@dataclass
class CallbackApi:
    """The API.

    Attributes:
        url: its origin.
        without_fallback: what becomes of the fallback when a change names none; it is not published.
        ahead: seconds that its clock is ahead of this machine's.
        lateness: seconds after which a `late` request is done.
        under_way: how many requests will be done later.
        asked: every request about a callback that was authorized, in order, also those that met a fault.
    """

    url: str = ""
    secret: str = SECRET
    without_fallback: Literal["clear", "keep"] = "clear"
    ahead: float = 0.0
    lateness: float = LATE
    under_way: int = 0
    asked: list[Asked] = field(default_factory=list)
    applications: dict[str, Callbacks] = field(default_factory=lambda: {KEY.lower(): PRODUCTION})
    _faults: dict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    _broken: dict[str, Fault] = field(default_factory=dict)
    _news: threading.Condition = field(default_factory=threading.Condition)

    @property
    def now(self) -> Callbacks:
        """What is configured for `KEY`."""
        return self.applications[KEY.lower()]

    @property
    def methods(self) -> list[str]:
        return [each.method for each in self.asked]

    def configure(self, primary: str | None, fallback: str | None = None) -> None:
        """Somebody sets both addresses in the dashboard."""
        with self._news:
            self.applications[KEY.lower()] = Callbacks(primary, fallback)
            self._news.notify_all()

    def somebody(self, primary: str | None, fallback: str | None = None) -> Callable[[], None]:
        """The same as a fault: just before the request that meets it is answered."""
        return lambda: self.configure(primary, fallback)

    def play(self, method: Literal["GET", "POST"], *faults: Fault) -> None:
        """What the next requests with a method meet."""
        self._faults[method].extend(faults)

    def break_down(self, method: Literal["GET", "POST"], fault: Fault = "500") -> None:
        """What every request with a method meets that has no fault of its own, until `heal`."""
        self._broken[method] = fault

    def unplayed(self) -> int:
        """How many faults have not been met."""
        return sum(len(each) for each in self._faults.values())

    def heal(self) -> None:
        """No faults any more."""
        self._faults.clear()
        self._broken.clear()

    def wait_for(self, condition: Callable[[CallbackApi], bool], seconds: float = 60.0) -> None:
        """Block until something is so; looked at after every request. For threads other than the API's own."""
        with self._news:
            assert self._news.wait_for(lambda: condition(self), seconds), (self.applications, self.asked)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if (reason := self._unauthorized(request, body)) is not None:
            return self._json({"errorCode": 40102, "message": f"Invalid Signature: {reason}"}, 401)
        application = request.path.removeprefix(_PATH)
        fault = self._next(request.method)
        with self._news:
            self.asked.append(Asked(request.method, application, json.loads(body) if body else None))
            self._news.notify_all()
        return await self._meet(fault, request, lambda: self._usual(request.method, application, body))

    def _next(self, method: str) -> Fault:
        waiting = self._faults[method]
        return waiting.popleft() if waiting else self._broken.get(method)

    async def _meet(
        self, fault: Fault, request: web.Request, usual: Callable[[], web.StreamResponse]
    ) -> web.StreamResponse:
        match fault:
            case None:
                return usual()
            case "hang" | "stuck" | "late":
                if fault == "stuck":
                    usual()
                self.under_way += fault == "late"
                try:
                    await asyncio.Event().wait()  # it is cancelled when the client goes
                finally:
                    if fault == "late":
                        asyncio.get_running_loop().call_later(self.lateness, self._at_last, usual)
            case "drop":
                _cut(request)
            case "lost":
                usual()
                _cut(request)
            case str():
                return self._refusal(fault)
            case happen:
                happen()
                return usual()
        return web.Response()

    def _at_last(self, usual: Callable[[], web.StreamResponse]) -> None:
        usual()
        with self._news:
            self.under_way -= 1
            self._news.notify_all()

    def _refusal(self, fault: str) -> web.Response:
        match fault:
            case "html":
                return self._page(502, "<html><body><h1>502 Bad Gateway</h1></body></html>")
            case "html-200":
                return self._page(200, "<html><body>Welcome to the hotel. Please sign in.</body></html>")
            case _:
                status, code, message = _REFUSALS[fault]
                return self._json({"errorCode": code, "message": message, "reference": "38188074"}, status)

    def _usual(self, method: str, application: str, body: bytes) -> web.StreamResponse:
        found = self.applications.get(application.lower())
        if found is None:
            return self._json({"errorCode": 40003, "message": "Invalid application key"}, 400)
        if method == "GET":
            url = {"primary": found.primary or "", "fallback": found.fallback}
            return self._json({"url": {name: value for name, value in url.items() if value is not None}}, 200)
        wanted = json.loads(body)["url"]
        kept = found.fallback if self.without_fallback == "keep" else None
        with self._news:
            self.applications[application.lower()] = Callbacks(
                wanted["primary"] or None, wanted.get("fallback", kept) or None
            )
            self._news.notify_all()
        return web.Response(status=204, headers=self._date())

    def _unauthorized(self, request: web.Request, body: bytes) -> str | None:
        authorization = request.headers.get("Authorization", "")
        if authorization.startswith("Basic "):
            right = base64.b64encode(f"{KEY}:{self.secret}".encode()).decode()
            return None if authorization == f"Basic {right}" else "wrong key or secret"
        verdict = verify(
            key=request.path.rpartition("/")[2] or KEY,
            secret=self.secret,
            method=request.method,
            path=request.raw_path,
            body=body,
            headers=request.headers,
            max_age_s=WINDOW,
            now=time.time() + self.ahead,
        )
        return None if verdict.ok else verdict.reason

    def _json(self, document: Any, status: int) -> web.Response:
        return web.json_response(document, status=status, headers=self._date())

    def _page(self, status: int, text: str) -> web.Response:
        return web.Response(status=status, text=text, content_type="text/html", headers=self._date())

    def _date(self) -> dict[str, str]:
        return {"Date": formatdate(time.time() + self.ahead, usegmt=True)}


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


@asynccontextmanager
async def callback_api() -> AsyncIterator[CallbackApi]:
    api = CallbackApi()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", api.answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    api.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield api
    finally:
        await runner.cleanup()


def callback_api_in_a_thread() -> AbstractContextManager[CallbackApi]:
    """The same beside code that has an event loop of its own, or none, such as a process."""
    return in_a_thread(callback_api)
