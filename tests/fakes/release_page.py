"""A release page and its files on loopback, with every way to go wrong."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

Fault = Literal["none", "cut", "hang", "wrong file", "no digest", "no asset", "no json", "busy", "broken", "silent"]


@dataclass
class ReleasePage:
    """The page.

    Attributes:
        url: of the server.
        name: of the file.
        content: of the file.
        fault: what goes wrong.
        downloads: how many have begun.
    """

    name: str
    content: bytes
    url: str = ""
    fault: Fault = "none"
    downloads: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def listing(self) -> str:
        return f"{self.url}/repos/cloudflare/cloudflared/releases/latest"

    async def describe(self, _: web.Request) -> web.StreamResponse:
        match self.fault:
            case "no json":
                return web.Response(text="<html>log in to the airport's network")
            case "busy":
                return web.Response(status=403, text="API rate limit exceeded")
            case "broken":
                return web.Response(status=502)
            case "silent":
                await self.over.wait()
                return web.Response()
            case _:
                return web.json_response({"tag_name": "1.0", "assets": self._assets()})

    def _assets(self) -> list[dict[str, Any]]:
        asset = {
            "name": self.name,
            "size": len(self.content),
            "digest": "sha256:" + hashlib.sha256(self.content).hexdigest(),
            "browser_download_url": f"{self.url}/download/1.0/{self.name}",
        }
        if self.fault == "no digest":
            asset["digest"] = None  # as files have that are older than GitHub's digests
        return [{"name": "another-file", "digest": None}, *([] if self.fault == "no asset" else [asset])]

    async def download(self, request: web.Request) -> web.StreamResponse:
        self.downloads += 1
        # The real one redirects to where the files are.
        raise web.HTTPFound(f"{self.url}/files/{request.match_info['name']}")

    async def file(self, request: web.Request) -> web.StreamResponse:
        content = self.content[::-1] if self.fault == "wrong file" else self.content
        response = web.StreamResponse(headers={"Content-Length": str(len(content))})
        await response.prepare(request)
        half = len(content) // 2
        await response.write(content[:half])
        if self.fault == "cut":
            assert request.transport is not None
            request.transport.close()
            return response
        if self.fault == "hang":
            await self.over.wait()
        await response.write(content[half:])
        return response


@asynccontextmanager
async def release_page(name: str, content: bytes) -> AsyncIterator[ReleasePage]:
    """Run one."""
    page = ReleasePage(name, content)
    app = web.Application()
    app.router.add_get("/repos/cloudflare/cloudflared/releases/latest", page.describe)
    app.router.add_get("/download/1.0/{name}", page.download)
    app.router.add_get("/files/{name}", page.file)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    page.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield page
    finally:
        page.over.set()
        await runner.cleanup()
