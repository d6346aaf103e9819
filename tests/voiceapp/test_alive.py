"""A tunnel is dead when nobody is behind it, and not when it is slow or answers with an error of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from devserver.voiceapp.alive import is_dead
from tests.voiceapp.samples import THEIRS


class Edge:
    """Answers for every tunnel alike."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 200
        self.headers: dict[str, str] = {}
        self.hosts: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.hosts.append(f"{request.method} {request.host}")
        return web.Response(status=self.status, headers=self.headers)


@pytest.fixture
async def edge() -> AsyncIterator[Edge]:
    edge = Edge()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", edge.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    edge.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    yield edge
    await runner.cleanup()


@pytest.mark.parametrize(("status", "dead"), [(200, False), (404, False), (401, False), (502, False), (530, True)])
async def test_what_the_edge_answers(edge: Edge, status: int, dead: bool) -> None:
    edge.status = status
    assert await is_dead(edge.url) is dead


async def test_ngrok_answers_for_its_own_missing_tunnels(edge: Edge) -> None:
    edge.status, edge.headers = 404, {"Ngrok-Error-Code": "ERR_NGROK_3200"}
    assert await is_dead(edge.url)


async def test_a_private_edge_is_asked_by_the_name_of_the_tunnel(edge: Edge) -> None:
    assert not await is_dead(THEIRS, via=edge.url)
    assert edge.hosts == ["HEAD theirs.trycloudflare.com"], "and nothing is posted to somebody else's function"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://nowhere.invalid/", "http://[broken/", "nothing"])
async def test_nobody_there(url: str) -> None:
    assert await is_dead(url)
