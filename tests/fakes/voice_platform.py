"""A Voice platform of a few lines: it verifies every request, keeps it, and answers as the samples of Sinch's do."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from devserver.signing import verify
from tests.fakes.threads import in_a_thread

KEY = "669E367E-6BBA-48AB-AF15-266871C28135"
SECRET = "BeIukql3pTKJ8RGL5zo0DA=="
VARIABLES = {"VOICE_APPLICATION_KEY": KEY, "VOICE_APPLICATION_SECRET": SECRET}
CALL = {
    "from": {"type": "Number", "endpoint": "+12015555555"},
    "to": {"type": "Number", "endpoint": "+12017777777"},
    "domain": "pstn",
    "callId": "call-1",
    "duration": 14,
    "status": "FINAL",
    "result": "ANSWERED",
    "reason": "MANAGERHANGUP",
    "timestamp": "2024-06-06T17:36:00",
    "custom": "Custom text",
    "userRate": {"currencyId": "EUR", "amount": 0.1758},
    "debit": {"currencyId": "EUR", "amount": 0.1758},
    "somethingNew": [1],
}
PARTICIPANTS = [
    {"cli": "+12015555555", "id": "call-1", "duration": 35, "muted": True, "onhold": True},
    {"cli": "+12016666666", "callId": "call-2", "duration": 6, "muted": False, "onhold": False},
]
NUMBERS = [
    {"number": "+12012222222", "capability": "voice"},
    {"number": "+12013333333", "applicationkey": KEY, "capability": "voice"},
]
NUMBER = {
    "countryId": "US",
    "numberType": "Fixed",
    "normalizedNumber": "+12015555555",
    "restricted": True,
    "rate": {"currencyId": "USD", "amount": 0.01},
}
NOT_FOUND = {"errorCode": 40400, "message": "Call not found", "reference": "38188074-abcd-56ab-ab64-daf82fada8e8"}


@dataclass
class Asked:
    """A request as it came: `path` as it was on the wire."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None

    @property
    def scheme(self) -> str:
        return self.headers["authorization"].partition(" ")[0]


@dataclass
class VoicePlatform:
    """The platform.

    Attributes:
        instead: makes the answer in place of the usual one, when it gives one.
    """

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    instead: Callable[[Asked], web.StreamResponse | None] = lambda _: None
    callbacks: dict[str, str] = field(default_factory=lambda: {"primary": "https://a.example/voice"})

    async def answer(self, request: web.Request) -> web.StreamResponse:
        asked = Asked(
            request.method,
            request.raw_path,
            {name.lower(): value for name, value in request.headers.items()},
            await request.read(),
        )
        self.asked.append(asked)
        if (reason := _refused(asked)) is not None:
            return web.json_response({"errorCode": 40102, "message": f"Invalid Signature: {reason}"}, status=401)
        return self.instead(asked) or self._usual(asked)

    def _usual(self, asked: Asked) -> web.Response:  # noqa: PLR0911 one for each operation
        match asked.method, asked.path.strip("/").split("/"):
            case "POST", ["calling", "v1", "callouts"]:
                return web.json_response({"callId": "call-1"})
            case _, ["calling", "v1", "calls", "id", "gone", *_]:
                return web.json_response(NOT_FOUND, status=404)
            case "GET", ["calling", "v1", "calls", "id", _]:
                return web.json_response(CALL)
            case "PATCH", ["calling", "v1", "calls", "id", _]:
                return web.Response(status=204)
            case "PATCH", ["calling", "v1", "calls", "id", _, "leg", _]:
                return web.Response(status=200)
            case "GET", ["calling", "v1", "conferences", "id", _]:
                return web.json_response({"participants": PARTICIPANTS})
            case "PATCH" | "DELETE", ["calling", "v1", "conferences", "id", _, _]:
                return web.Response(status=200)
            case "DELETE", ["calling", "v1", "conferences", "id", _]:
                return web.Response(status=204)
            case method, ["v1", *rest]:
                return self._configuration(method, rest, asked)
            case _:
                return web.json_response({"errorCode": 50100, "message": "no such operation"}, status=501)

    def _configuration(self, method: str, rest: list[str], asked: Asked) -> web.Response:
        match method, rest:
            case "GET", ["configuration", "numbers"]:
                return web.json_response({"numbers": NUMBERS})
            case "POST" | "DELETE", ["configuration", "numbers"]:
                return web.Response(status=204)
            case "GET", ["configuration", "callbacks", "applications", _]:
                return web.json_response({"url": self.callbacks})
            case "POST", ["configuration", "callbacks", "applications", _]:
                self.callbacks = asked.json["url"]
                return web.Response(status=204)
            case "GET", ["calling", "query", "number", _]:
                return web.json_response({"method": "numberItem", "number": NUMBER})
            case _:
                return web.json_response({"errorCode": 50100, "message": "no such operation"}, status=501)


def _refused(asked: Asked) -> str | None:
    """Why a request is not authorized; None when it is."""
    authorization = asked.headers.get("authorization", "")
    if authorization.startswith("Basic "):
        right = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        return None if authorization == f"Basic {right}" else "wrong key or secret"
    verdict = verify(
        key=KEY, secret=SECRET, method=asked.method, path=asked.path, body=asked.body, headers=asked.headers
    )
    return None if verdict.ok else verdict.reason


@asynccontextmanager
async def voice_platform() -> AsyncIterator[VoicePlatform]:
    platform = VoicePlatform()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", platform.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    platform.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield platform
    finally:
        await runner.cleanup()


def voice_platform_in_a_thread() -> AbstractContextManager[VoicePlatform]:
    """The same beside code that has an event loop of its own, such as a command."""
    return in_a_thread(voice_platform)
