"""The cloud port with pretend calls, and a client that signs."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web
from yarl import URL

from devserver.clock import ManualClock
from devserver.cloud.app import create_app
from devserver.cloud.auth import Application
from devserver.cloud.backend import VoiceBackend
from devserver.cloud.state import CloudState
from devserver.cloud.voice import Voice, product
from devserver.cloud.voice_state import VoiceState
from devserver.project.settings import CloudSettings
from devserver.signing import sign
from tests.fakes.pretend_calls import PretendCalls

APP = Application("669E367E-6BBA-48AB-AF15-266871C28135", "BeIukql3pTKJ8RGL5zo0DA==")
FUNCTION = "http://127.0.0.1:3000/"
NUMBER = {"type": "number", "endpoint": "+12017777777"}
TTS = {"method": "ttsCallout", "ttsCallout": {"destination": NUMBER, "text": "Hello."}}


def basic(key: str = APP.key, secret: str = APP.secret) -> str:
    return f"Basic {base64.b64encode(f'{key}:{secret}'.encode()).decode()}"


def stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


@dataclass
class Reply:
    """What came back: `body` is the JSON, or None when there were no bytes."""

    status: int
    raw: bytes
    headers: dict[str, str]

    @property
    def body(self) -> Any:
        return json.loads(self.raw) if self.raw else None

    @property
    def code(self) -> int:
        code: int = self.body["errorCode"]
        return code


@dataclass
class Platform:
    """A running cloud port. `settings` may be replaced at any time."""

    calls: PretendCalls
    state: VoiceState
    recordings: Path
    clock: ManualClock
    settings: CloudSettings = field(default_factory=CloudSettings)
    url: str = ""
    client: ClientSession = field(init=False)

    async def ask(self, method: str, path: str, document: Any = None, **more: Any) -> Reply:
        """Ask as a client that signs does."""
        body = more.pop("body", b"" if document is None else json.dumps(document).encode())
        headers = self.signed(method, path, body) | more.pop("headers", {})
        return await self.send(method, path, body, headers)

    def signed(self, method: str, path: str, body: bytes = b"") -> dict[str, str]:
        timestamp = stamp(self.clock.wall())
        authorization = sign(
            key=APP.key,
            secret=APP.secret,
            method=method,
            path=path,
            body=body,
            content_type="application/json",
            timestamp=timestamp,
        )
        return {"Authorization": authorization, "x-timestamp": timestamp, "Content-Type": "application/json"}

    async def send(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Reply:
        """Send as it is."""
        url = URL(f"{self.url}{path}", encoded=True)
        async with self.client.request(
            method, url, data=io.BytesIO(body) if body else None, headers=headers
        ) as response:
            return Reply(response.status, await response.read(), dict(response.headers))


@asynccontextmanager
async def serving(folder: Path, backend: VoiceBackend | None = None) -> AsyncIterator[Platform]:
    calls, store, clock = PretendCalls(), CloudState(folder), ManualClock()
    platform = Platform(calls, VoiceState(store, FUNCTION), folder / "voice-recordings", clock)
    voice = Voice(
        backend or calls, APP, platform.state, platform.recordings, lambda: platform.settings, platform.clock.wall
    )
    # As the session serves it; aiohttp's own server for tests cancels a handler when its client goes.
    runner = web.AppRunner(create_app(product(voice)), access_log=None, handle_signals=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        platform.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with ClientSession() as platform.client:
            yield platform
    finally:
        await runner.cleanup()
        store.close()
