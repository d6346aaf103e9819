"""A server that stands in for Sinch, and the variables that open all clients."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

PROJECT = {"PROJECT_ID": "P", "PROJECT_ID_API_KEY": "K", "PROJECT_ID_API_SECRET": "S"}
ALL = {
    **PROJECT,
    "SMS_SERVICE_PLAN_ID": "plan",
    "CONVERSATION_APP_ID": "app",
    "ENABLE_NUMBERS_API": "true",
}
NUMBERS = {
    "": {"activeNumbers": [{"phoneNumber": "+12015550001"}, {"phoneNumber": "+12015550002"}], "nextPageToken": "two"},
    "two": {"activeNumbers": [{"phoneNumber": "+12015550003"}], "nextPageToken": ""},
}


@dataclass
class SinchStandIn:
    """A server that answers as the Sinch APIs do, as far as these tests go, and keeps what it was asked.

    Attributes:
        instead: answers that it gives before anything else but tokens, in order.
        tokens: what it gives out, in order; the last one again and again. Without any it refuses.
    """

    url: str = ""
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    instead: list[web.Response] = field(default_factory=list)
    tokens: list[str] = field(default_factory=lambda: ["tok"])

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self.answer_instead])
        app.router.add_post("/auth/oauth2/token", self.token)
        app.router.add_post("/sms/xms/v1/{plan}/batches", self.batch)
        app.router.add_post("/sms/us/xms/v1/{plan}/batches", self.batch)
        app.router.add_post("/conversation/v1/projects/P/messages:send", self.message)
        app.router.add_get("/numbers/v1/projects/P/activeNumbers", self.numbers)
        return app

    @property
    def origins(self) -> dict[str, str]:
        return {product: f"{self.url}/{product}" for product in ("auth", "sms", "conversation", "numbers")}

    async def keep(self, request: web.Request) -> None:
        self.asked.append((request.method, request.path, request.headers.get("Authorization", "")))
        text = await request.text()
        self.bodies.append(json.loads(text) if text.startswith("{") else text)

    @web.middleware
    async def answer_instead(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not self.instead or request.path == "/auth/oauth2/token":
            return await handler(request)
        await self.keep(request)
        return self.instead.pop(0)

    async def token(self, request: web.Request) -> web.Response:
        await self.keep(request)
        if not self.tokens:
            return web.json_response({"error": "invalid_client", "error_description": "who are you"}, status=401)
        token = self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0]
        return web.json_response({"access_token": token, "expires_in": 3599, "scope": "", "token_type": "bearer"})

    async def batch(self, request: web.Request) -> web.Response:
        await self.keep(request)
        sent = self.bodies[-1]
        if sent["body"] == "refuse me":
            return web.json_response({"code": "syntax_invalid_parameter_format", "text": "no"}, status=400)
        return web.json_response({**sent, "id": "batch-1", "canceled": False}, status=201)

    async def message(self, request: web.Request) -> web.Response:
        await self.keep(request)
        return web.json_response({"message_id": "message-1", "accepted_time": "2026-01-02T03:04:05Z"})

    async def numbers(self, request: web.Request) -> web.Response:
        await self.keep(request)
        return web.json_response(NUMBERS[request.query.get("pageToken", "")])

    def paths(self) -> list[str]:
        return [path for _, path, _ in self.asked]


def expired() -> web.Response:
    """What makes the SDK ask for a new token."""
    return web.json_response({}, status=401, headers={"WWW-Authenticate": 'Bearer error_description="expired"'})


@asynccontextmanager
async def running() -> AsyncIterator[SinchStandIn]:
    stand_in = SinchStandIn()
    runner = web.AppRunner(stand_in.application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    stand_in.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield stand_in
    finally:
        await runner.cleanup()


@pytest.fixture(autouse=True)
def no_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever would leave this machine goes to a port where nobody listens, as would what ignores `_bypass_proxy`."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
