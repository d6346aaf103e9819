"""A name server that answers DNS over HTTPS in its JSON form, and writes down what it was asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

NXDOMAIN = 3


@dataclass
class NameServer:
    """The server.

    Attributes:
        url: for DNS over HTTPS.
        names: address by name; a name may come later.
        asked: each name and type.
        status: of its HTTP answers.
    """

    url: str = ""
    names: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    status: int = 200

    async def answer(self, request: web.Request) -> web.Response:
        name, kind = request.query["name"], request.query["type"]
        assert request.headers["Accept"] == "application/dns-json"
        self.asked.append((name, kind))
        if self.status != 200:
            return web.Response(status=self.status, text="blocked")
        if name not in self.names:
            return web.json_response({"Status": NXDOMAIN, "Authority": [{"name": "com", "type": 6}]})
        address = self.names[name]
        number = 28 if ":" in address else 1
        right = kind == ("AAAA" if number == 28 else "A")
        alias = {"name": name, "type": 5, "data": "other.example."}
        found = [alias, {"name": name, "type": number, "TTL": 300, "data": address}] if right else [alias]
        # The type is what the real one says, too.
        return web.json_response({"Status": 0, "Answer": found}, content_type="application/dns-json")


@asynccontextmanager
async def name_server(**names: str) -> AsyncIterator[NameServer]:
    """Run one."""
    server = NameServer(names=dict(names))
    app = web.Application()
    app.router.add_get("/dns-query", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/dns-query"
    try:
        yield server
    finally:
        await runner.cleanup()
