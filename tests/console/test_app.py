from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from yarl import URL

from devserver.console.app import Session, create_app

TOKEN = "session-token"


async def reload() -> dict[str, Any]:
    return {"name": "demo", "generation": 2}


SESSION = Session(
    status=lambda: {"name": "<demo>", "function": "http://127.0.0.1:3000", "generation": 1},
    recordings=lambda limit: [{"id": str(number)} for number in range(limit)],
    recording=lambda name: {"id": name} if name == "known" else None,
    reload=reload,
    calls=lambda limit: [{"callid": str(number)} for number in range(limit)],
    call=lambda name: {"callid": name} if name in {"known", "8d66@81.201.84.195/1"} else None,
)


@pytest.fixture
async def console() -> AsyncIterator[ClientSession]:
    server = TestServer(create_app(SESSION, TOKEN))
    await server.start_server()
    async with ClientSession(server.make_url("/"), headers={"X-Fn-Token": TOKEN}) as client:
        yield client
    await server.close()


async def test_the_session_is_told_to_who_has_the_token(console: ClientSession) -> None:
    async with console.get("/api/session") as response:
        assert (response.status, (await response.json())["generation"]) == (200, 1)


@pytest.mark.parametrize("headers", [{"X-Fn-Token": "wrong"}, {"X-Fn-Token": ""}])
async def test_without_the_token_nothing_is_told(console: ClientSession, headers: dict[str, str]) -> None:
    async with console.get("/api/session", headers=headers) as response:
        assert response.status == 401
        assert "token" in (await response.json())["error"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:3001"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Cf-Ray": "1"},
        {"X-Forwarded-For": "1.2.3.4"},
    ],
)
async def test_other_names_sites_and_tunnels_are_refused_even_with_the_token(
    console: ClientSession, headers: dict[str, str]
) -> None:
    async with console.get("/api/session", headers=headers) as response:
        assert response.status == 403


async def test_the_page_takes_the_token_from_the_address_and_keeps_it_as_a_cookie(console: ClientSession) -> None:
    async with console.get(f"/?token={TOKEN}", headers={"X-Fn-Token": ""}) as response:
        text = await response.text()
        assert response.status == 200
        assert "&lt;demo&gt;" in text
        cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


async def test_a_cookie_reads_but_does_not_write(console: ClientSession) -> None:
    cookie = {"Cookie": f"fn-console={TOKEN}", "X-Fn-Token": ""}
    async with console.get("/api/session", headers=cookie) as response:
        assert response.status == 200
    async with console.post("/api/reload", headers=cookie) as response:
        assert response.status == 401


async def test_recordings_are_listed_and_opened(console: ClientSession) -> None:
    async with console.get("/api/recordings?limit=2") as response:
        assert [entry["id"] for entry in await response.json()] == ["0", "1"]
    async with console.get("/api/recordings/known") as response:
        assert await response.json() == {"id": "known"}
    async with console.get("/api/recordings/unknown") as response:
        assert response.status == 404
    async with console.get("/api/recordings?limit=many") as response:
        assert response.status == 400


async def test_calls_are_listed_and_opened(console: ClientSession) -> None:
    async with console.get("/api/calls?limit=2") as response:
        assert [entry["callid"] for entry in await response.json()] == ["0", "1"]
    async with console.get("/api/calls?limit=5000") as response:
        assert len(await response.json()) == 1000
    for name, path in (("known", "known"), ("8d66@81.201.84.195/1", "8d66@81.201.84.195%2F1")):
        async with console.get(URL(f"api/calls/{path}", encoded=True)) as response:
            assert await response.json() == {"callid": name}
    async with console.get("/api/calls/unknown") as response:
        assert response.status == 404
        assert await response.json() == {"error": "There is no such call."}


@pytest.mark.parametrize("path", ["/api/calls", "/api/recordings"])
@pytest.mark.parametrize("limit", ["many", "-1", "", "\u00b2", "9" * 5000])
async def test_a_limit_that_is_no_number_is_refused(console: ClientSession, path: str, limit: str) -> None:
    async with console.get(path, params={"limit": limit}) as response:
        assert response.status == 400


async def test_a_reload_can_be_asked_for(console: ClientSession) -> None:
    async with console.post("/api/reload") as response:
        assert (await response.json())["generation"] == 2


async def test_every_answer_forbids_framing_sniffing_and_naming_our_version(console: ClientSession) -> None:
    for path in ("/api/session", "/nowhere"):
        async with console.get(path) as response:
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
            assert response.headers["Server"] == "fn"
            assert "Access-Control-Allow-Origin" not in response.headers
