"""A session with both of its doors on real sockets: the function port, and the one of a tunnel."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from devserver.recorder.shapes import detail
from devserver.session.engine import Engine, Setting, project_places
from devserver.session.exposure import Exposure
from devserver.session.listeners import serve_function
from devserver.session.ports import listen, port_of
from devserver.session.report import Report, json_line
from devserver.session.spawn import FirstHost, start_host
from devserver.signing import sign

PATIENCE = 60.0  # seconds; only a failing test waits that long
KEY, SECRET = "669e367e-6bba-48ab-af15-266871c28135", "BeIukql3pTKJ8RGL5zo0DA=="
TOKEN = "token-of-the-session"
JSON = "application/json"
VARIABLES = {"VOICE_APPLICATION_KEY": KEY, "VOICE_APPLICATION_SECRET": SECRET}

FUNCTION = """\
import os
from devserver.runtime import IceSvamlBuilder

auth = ["admin"]

async def ice(context, event):
    await context.cache.set("ran", 1)
    return IceSvamlBuilder().say("hello").hangup().build()

async def status(context, request):
    return {"target": request.target, "ran": await context.cache.get("ran")}

async def broken(context, request):
    raise ValueError("a secret of mine")

async def die(context, request):
    os._exit(3)

async def admin(context, request):
    return "in"

async def echo_body(context, request):
    return {"bytes": len(request.raw_body)}

def setup(runtime):
    async def echo(ws, request):
        async for message in ws:
            await ws.send(message)
    runtime.on_websocket("/echo", echo)
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class PublicSession:
    """A running session."""

    def __init__(self, engine: Engine, client: ClientSession, local: int, public: int) -> None:
        self.engine = engine
        self.client = client
        self.local = f"http://127.0.0.1:{local}"
        self.public = f"http://127.0.0.1:{public}"
        self.public_port = public
        self.events: list[dict[str, Any]] = []
        self._news = asyncio.Event()

    def write(self, line: str) -> None:
        self.events.append(json.loads(line))
        self._news.set()

    @property
    def exposure(self) -> Exposure:
        return self.engine.gateway.exposure

    async def until(self, test: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """The first event that passes a test."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for event in self.events:
                    if test(event):
                        return event
                self._news.clear()
                await self._news.wait()

    async def told(self, path: str) -> dict[str, Any]:
        """What was told of the one request to a path."""
        return await self.until(lambda event: event.get("path") == path)

    def warnings(self) -> list[str]:
        return [event["text"] for event in self.events if event["event"] == "log" and event["level"] == "warning"]

    async def recorded(self, name: str) -> dict[str, Any]:
        """A recording, once its answer is in it."""
        async with asyncio.timeout(PATIENCE):
            while True:
                found = await asyncio.to_thread(detail, self.engine.project.root / ".fn", name)
                if found is not None and found["response"] is not None:
                    return found
                await asyncio.sleep(0.01)

    async def send(self, url: str, method: str = "GET", body: Any = None, **headers: str) -> Answer:
        """One request; a body that is not bytes is sent as JSON."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        if data is not None:
            headers.setdefault("Content-Type", JSON)
        # aiohttp warns of large bytes, and not of the same as a file.
        stream = io.BytesIO(data) if data is not None else None
        async with self.client.request(method, url, data=stream, headers=headers, allow_redirects=False) as response:
            return Answer(response.status, response.headers, await response.read())

    async def get(self, path: str, **headers: str) -> Answer:
        """A GET from outside."""
        return await self.send(self.public + path, **headers)

    async def call(self, path: str = "/ice", payload: Any = None, *, over: str = "", secret: str = SECRET) -> Answer:
        """A signed callback from outside; `over` is the path that is signed."""
        body = json.dumps({"event": "ice", "callid": "c1"} if payload is None else payload).encode()
        return await self.send(self.public + path, "POST", body, **signature(over or path, body, secret))


def signature(path: str, body: bytes, secret: str = SECRET) -> dict[str, str]:
    """The headers of a signed callback."""
    now = "2026-01-02T03:04:05Z"
    value = sign(key=KEY, secret=secret, method="POST", path=path, body=body, content_type=JSON, timestamp=now)
    return {"Authorization": value, "x-timestamp": now, "Content-Type": JSON}


def make_project(folder: Path, text: str = FUNCTION, variables: Mapping[str, str] | None = None) -> Path:
    """A project with a Voice App, unless other variables are given."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "function.py").write_text(text)
    (folder / "sinch.json").write_text(json.dumps({"name": "demo", "dev": {"spares": 0}}))
    listed = VARIABLES if variables is None else variables
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in listed.items()))
    return folder.resolve()


@asynccontextmanager
async def public_session(folder: Path, **exposure: Any) -> AsyncIterator[PublicSession]:
    """Run the project in a folder; `exposure` are fields of `Exposure`, open unless it says otherwise."""
    async with AsyncExitStack() as stack:
        first = stack.enter_context(FirstHost(start_host()))
        engine = Engine(folder)
        doors = [listen(0, flag="--port") for _ in range(2)]
        for one in (*doors[0], *doors[1]):
            stack.callback(one.close)
        client = await stack.enter_async_context(ClientSession())
        session = PublicSession(engine, client, *map(port_of, doors))
        report = Report(session.write, json_line, engine.redact)
        setting = Setting(project_places(folder), folder / ".fn", history=False, token=TOKEN)
        (folder / ".fn").mkdir(exist_ok=True)
        await engine.open(stack, setting, first.take, report, lambda _level, _text: None)
        gateway = engine.gateway
        await stack.enter_async_context(serve_function(doors[0], gateway.handle))
        await stack.enter_async_context(serve_function(doors[1], gateway.handle_public))
        gateway.exposure = Exposure(**{"open": True, **exposure})
        await engine.generations.start()
        yield session
