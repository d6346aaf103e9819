"""One callback on its way: signature, addresses, deadline, what comes back, and what must not leave this machine."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from devserver.calls.commands import SendCallback
from devserver.calls.delivery import ANSWER_LIMIT, Delivery, HttpSend, Incoming, Outgoing, Signer, Undelivered, is_local
from devserver.signing import verify

KEY, SECRET = "669E367E-6BBA-48AB-AF15-266871C28135", "BeIukql3pTKJ8RGL5zo0DA=="
PRIMARY, FALLBACK = "http://127.0.0.1:1/a/ice?x=1", "http://127.0.0.1:2/"


def callback(*urls: str, deadline: float = 5.0) -> SendCallback:
    return SendCallback(1, "ice", {"event": "ice", "cli": "é"}, urls, deadline, "svaml", (("X-CB-Mine", "yes"),))


def usable(_status: int, _body: bytes) -> str:
    return ""


class Network:
    """Keeps `Send`: answers each address as it was told to."""

    def __init__(self, **answers: Incoming | str) -> None:
        self._answers = answers
        self.sent: list[Outgoing] = []

    async def __call__(self, outgoing: Outgoing, deadline: float) -> Incoming:
        del deadline
        self.sent.append(outgoing)
        answer = self._answers["primary" if outgoing.url == PRIMARY else "fallback"]
        if isinstance(answer, str):
            raise Undelivered(answer)
        return answer


def delivery(network: Network, ours: str = "") -> Delivery:
    return Delivery(network, lambda: Signer(KEY, SECRET), {"X-Fn-Token": "secret"}, ours)


async def test_a_callback_is_signed_over_its_bytes_and_path() -> None:
    network = Network(primary=Incoming(200, b"{}"))
    found = await delivery(network)(callback(PRIMARY), usable)
    assert (found.status, found.body, found.why) == (200, b"{}", "")
    sent = network.sent[0]
    headers = dict(sent.headers)
    assert json.loads(sent.body) == {"event": "ice", "cli": "é"}
    assert headers["X-CB-Mine"] == "yes"
    verdict = verify(key=KEY, secret=SECRET, method="POST", path="/a/ice", body=sent.body, headers=headers)
    assert verdict.ok, verdict.reason


async def test_without_a_secret_a_callback_is_not_signed() -> None:
    network = Network(primary=Incoming(200, b""))
    await Delivery(network, lambda: Signer("", ""))(callback(PRIMARY), usable)
    assert "Authorization" not in dict(network.sent[0].headers)


@pytest.mark.parametrize("primary", [Incoming(500, b"oops"), "Nobody listens there."])
async def test_the_fallback_is_tried_when_the_primary_has_no_answer(primary: Incoming | str) -> None:
    network = Network(primary=primary, fallback=Incoming(200, b"{}"))

    def unusable(status: int, _body: bytes) -> str:
        return "" if status == 200 else "no"

    found = await delivery(network)(callback(PRIMARY, FALLBACK), unusable)
    assert (found.status, found.body, found.why) == (200, b"{}", "")
    assert [attempt.status for attempt in found.attempts] == [
        primary.status if isinstance(primary, Incoming) else 0,
        200,
    ]


async def test_a_usable_answer_is_enough() -> None:
    network = Network(primary=Incoming(200, b"{}"), fallback=Incoming(200, b"{}"))
    await delivery(network)(callback(PRIMARY, FALLBACK), usable)
    assert len(network.sent) == 1


async def test_the_last_answer_counts_when_none_is_usable() -> None:
    network = Network(primary="Nobody listens there.", fallback="There was no answer within 5 s.")
    found = await delivery(network)(callback(PRIMARY, FALLBACK), usable)
    assert (found.status, found.why) == (0, "There was no answer within 5 s.")


async def test_a_callback_without_address_fails_with_a_sentence() -> None:
    found = await delivery(Network())(callback(), usable)
    assert found.status == 0
    assert "No address" in found.why


@pytest.mark.parametrize(
    ("ours", "shown"),
    [
        ("http://127.0.0.1:1", True),
        ("http://127.0.0.1:1/", True),
        ("http://127.0.0.1:2", False),
        ("http://127.0.0.1", False),
        ("", False),
    ],
)
async def test_the_token_goes_to_the_function_port_alone(ours: str, shown: bool) -> None:
    network = Network(primary=Incoming(200, b""))
    await delivery(network, ours)(callback(PRIMARY), usable)
    assert ("X-Fn-Token" in dict(network.sent[0].headers)) is shown


async def test_an_address_with_a_name_in_front_is_not_the_function_port() -> None:
    network = Network(fallback=Incoming(200, b""))
    await delivery(network, "http://127.0.0.1:3000")(callback("http://127.0.0.1:3000@evil.example/"), usable)
    assert "X-Fn-Token" not in dict(network.sent[0].headers)


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:3000/", True),
        ("http://localhost/x", True),
        ("http://[::1]:3000/", True),
        ("http://127.9.9.9/", True),
        ("http://fn.localhost:3000/", True),
        ("http://10.0.0.1/", False),
        ("https://example.com/", False),
        ("http://localhost.example.com/", False),
        ("http://127.0.0.1@example.com/", False),
        ("nonsense", False),
    ],
)
def test_which_addresses_are_of_this_machine(url: str, local: bool) -> None:
    assert is_local(url) is local


@asynccontextmanager
async def serving(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def ask(handler: Callable[[web.Request], Awaitable[web.StreamResponse]], deadline: float = 5.0) -> Incoming:
    async with serving(handler) as url, HttpSend() as send:
        return await send(Outgoing(url, (("Content-Type", "application/json"),), b"{}"), deadline)


async def test_a_real_answer_comes_back_byte_for_byte() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=201, body=await request.read() + b"\xff")

    assert await ask(handler) == Incoming(201, b"{}\xff")


async def test_a_redirect_is_not_followed() -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "http://127.0.0.1:9/"})

    assert (await ask(handler)).status == 302


async def test_an_answer_too_late_is_none() -> None:
    gate = asyncio.Event()

    async def handler(_request: web.Request) -> web.Response:
        await gate.wait()
        return web.Response()

    with pytest.raises(Undelivered, match=r"no answer within 0\.05 s"):
        await ask(handler, 0.05)


async def test_the_platform_waits_no_longer_than_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """To the tenth, at any fraction of a second: aiohttp rounds such times up."""
    gate, loop = asyncio.Event(), asyncio.get_running_loop()
    start = time.monotonic()
    ahead = 0.1 - start % 1  # the clock stands a little after a whole second

    async def handler(_request: web.Request) -> web.Response:
        nonlocal ahead
        ahead += 5.0
        await gate.wait()
        return web.Response()

    monkeypatch.setattr(loop, "time", lambda: time.monotonic() + ahead)
    with pytest.raises(Undelivered, match="no answer within 5 s"):
        await ask(handler, 5.0)
    assert time.monotonic() - start < 0.6


async def test_an_endless_answer_is_none() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(ANSWER_LIMIT // 65536 + 2):
            await response.write(b"x" * 65536)
        return response

    with pytest.raises(Undelivered, match="larger than"):
        await ask(handler)


async def test_a_function_that_is_down_is_said_to_be() -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response()

    async with serving(handler) as url:
        pass
    async with HttpSend() as send:
        with pytest.raises(Undelivered, match="Nobody listens"):
            await send(Outgoing(url, (), b"{}"), 5.0)


async def test_a_connection_that_breaks_off_is_said_to() -> None:
    async def handler(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    with pytest.raises(Undelivered, match="closed without an answer"):
        await ask(handler)


@pytest.mark.parametrize("url", ["https://example.com/", "http://192.0.2.1/"])
async def test_nothing_leaves_this_machine(url: str) -> None:
    async with HttpSend() as send:
        with pytest.raises(Undelivered, match="this machine only"):
            await send(Outgoing(url, (), b"{}"), 5.0)
