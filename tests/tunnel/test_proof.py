"""Both sides of a probe over real HTTP, and everything else that may answer in our place."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from devserver.tunnel import Proof, TunnelFailed
from tests.fakes.name_server import NameServer, name_server

HOST = "new.trycloudflare.com"

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on loopback; gives its port."""
    runner = web.ServerRunner(web.Server(handler))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


class Gateway:
    """Answers probes as the gateway does, and writes down what came."""

    def __init__(self, proof: Proof) -> None:
        self.proof = proof
        self.came: list[tuple[str, str]] = []

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        self.came.append((request.headers["Host"], request.raw_path))
        body = self.proof.answer(request.raw_path)
        return web.Response(status=404, text="nothing here") if body is None else web.Response(body=body)


@pytest.fixture
async def names() -> AsyncIterator[NameServer]:
    async with name_server(**{HOST: "127.0.0.1"}) as server:
        yield server


async def refused(proof: Proof, url: str, *, budget: float = 0.0, via: str | None = None) -> TunnelFailed:
    with pytest.raises(TunnelFailed) as failed:
        await proof.ask(url, settle=0, budget=budget, private=False, via=via)
    return failed.value


async def test_an_address_that_leads_here_is_proven_by_its_name(names: NameServer) -> None:
    proof = Proof(name_servers=[names.url])
    gateway = Gateway(proof)
    async with serving(gateway) as port:
        proven = await proof.ask(f"http://{HOST}:{port}", settle=0, budget=1, private=False)
    assert (proven.asked, proven.tries) == (True, 1)
    assert gateway.came[0][0] == f"{HOST}:{port}"
    assert names.asked == [(HOST, "A")]


async def test_the_path_cannot_be_guessed_and_is_another_each_time(names: NameServer) -> None:
    proof = Proof(name_servers=[names.url])
    gateway = Gateway(proof)
    async with serving(gateway) as port:
        for _ in range(3):
            await proof.ask(f"http://{HOST}:{port}", settle=0, budget=1, private=False)
    paths = {path for _, path in gateway.came}
    assert len(paths) == 3
    assert all(len(path) > 80 for path in paths)


async def test_a_base_url_in_between_gets_the_name_as_its_host() -> None:
    proof = Proof(name_servers=["http://127.0.0.1:1/never-asked"])
    gateway = Gateway(proof)
    async with serving(gateway) as port:
        via = f"http://127.0.0.1:{port}/"
        proven = await proof.ask(f"https://{HOST}", settle=0, budget=1, private=True, via=via)
    assert proven.asked
    assert gateway.came[0][0] == HOST


async def test_a_proxy_may_have_put_us_below_a_path() -> None:
    proof = Proof()
    gateway = Gateway(proof)
    async with serving(gateway) as port:
        proven = await proof.ask(f"http://127.0.0.1:{port}/fn/dev", settle=0, budget=1, private=False)
    assert proven.asked
    assert gateway.came[0][1].startswith("/fn/dev/.well-known/")


async def test_a_private_address_is_not_asked_at_all(names: NameServer) -> None:
    proof = Proof(name_servers=[names.url])
    proven = await proof.ask(f"https://{HOST}", settle=60, budget=60, private=True)
    assert not proven.asked
    assert names.asked == []


async def test_it_is_tried_again_until_the_name_is_there(names: NameServer) -> None:
    proof = Proof(name_servers=[names.url])
    del names.names[HOST]
    async with serving(Gateway(proof)) as port:
        asking = asyncio.create_task(proof.ask(f"http://{HOST}:{port}", settle=0, budget=20, private=False))
        async with asyncio.timeout(60):
            while not names.asked:  # noqa: ASYNC110 the fake writes it down
                await asyncio.sleep(0.01)
        names.names[HOST] = "127.0.0.1"
        proven = await asking
    assert proven.tries == 2
    assert 0.9 < proven.took < 3


async def test_the_settle_time_comes_first(names: NameServer) -> None:
    proof = Proof(name_servers=[names.url])
    async with serving(Gateway(proof)) as port:
        begin = asyncio.get_running_loop().time()
        await proof.ask(f"http://{HOST}:{port}", settle=0.2, budget=1, private=False)
        assert asyncio.get_running_loop().time() - begin >= 0.2


async def test_a_request_is_timed_without_what_it_takes_to_connect(names: NameServer) -> None:
    proof = Proof(name_servers=[names.url])
    connections = set()

    async def slow(request: web.BaseRequest) -> web.StreamResponse:
        connections.add(request.transport)
        await asyncio.sleep(0.1)
        return web.Response(body=proof.answer(request.raw_path))

    async with serving(slow) as port:
        took = await proof.measure(f"http://{HOST}:{port}", private=False)
    assert took is not None
    assert 0.1 <= took < 1
    assert len(connections) == 1


async def test_what_cannot_be_asked_or_answers_wrong_is_not_timed(names: NameServer) -> None:
    proof = Proof(name_servers=[names.url])
    async with serving(Gateway(Proof())) as port:
        assert await proof.measure(f"http://{HOST}:{port}", private=False) is None
    assert await proof.measure(f"https://{HOST}", private=True) is None


# --- what may answer in our place ------------------------------------------------------------------------------------


async def test_a_name_that_is_not_there(names: NameServer) -> None:
    del names.names[HOST]
    failed = await refused(Proof(name_servers=[names.url]), f"https://{HOST}")
    assert failed.message == f"The name {HOST} cannot be found in the DNS."


async def test_a_neighbours_session_with_another_key(names: NameServer) -> None:
    async with serving(Gateway(Proof())) as port:
        failed = await refused(Proof(name_servers=[names.url]), f"http://{HOST}:{port}")
    assert failed.message == f"{HOST} is answered by somebody else: 404."


async def test_somebody_who_answers_everything_with_what_was_asked(names: NameServer) -> None:
    async def parrot(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text=request.raw_path.rpartition(".")[2])

    async with serving(parrot) as port:
        failed = await refused(Proof(name_servers=[names.url]), f"http://{HOST}:{port}")
    assert failed.message == f"{HOST} is answered by somebody else: 200."


async def test_an_answer_that_a_cache_has_kept(names: NameServer) -> None:
    proof = Proof(name_servers=[names.url])
    gateway = Gateway(proof)
    kept: list[bytes] = []

    async def cache(request: web.BaseRequest) -> web.StreamResponse:
        if not kept:
            kept.append(proof.answer(request.raw_path) or b"")
        return web.Response(body=kept[0])

    async with serving(cache) as port:
        await proof.ask(f"http://{HOST}:{port}", settle=0, budget=0, private=False)
        failed = await refused(proof, f"http://{HOST}:{port}")
    assert failed.message == f"{HOST} is answered by somebody else: 200."
    assert gateway.came == []


async def test_the_right_answer_with_a_wrong_status(names: NameServer) -> None:
    proof = Proof(name_servers=[names.url])

    async def broken(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=503, body=proof.answer(request.raw_path))

    async with serving(broken) as port:
        assert "answers 503" in (await refused(proof, f"http://{HOST}:{port}")).message


async def test_an_edge_without_a_connector(names: NameServer) -> None:
    async def edge(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=530, text="error code: 1033")

    async with serving(edge) as port:
        failed = await refused(Proof(name_servers=[names.url]), f"http://{HOST}:{port}")
    assert failed.message == f"Cloudflare has no tunnel connected for {HOST} (error 1033)."


async def test_a_redirection_is_not_followed(names: NameServer) -> None:
    async def elsewhere(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "/login"})

    async with serving(elsewhere) as port:
        failed = await refused(Proof(name_servers=[names.url]), f"http://{HOST}:{port}")
    assert "redirection (302)" in failed.message


async def test_nobody_listens(names: NameServer) -> None:
    failed = await refused(Proof(name_servers=[names.url]), f"http://{HOST}:1")
    assert failed.message.startswith(f"{HOST} cannot be reached: ")
    assert "runs" in failed.hint  # mostly a proxy of the user's that was not started


async def test_a_server_that_never_answers(names: NameServer) -> None:
    hanging = asyncio.Event()

    async def hang(_: web.BaseRequest) -> web.StreamResponse:
        await hanging.wait()
        return web.Response()

    async with serving(hang) as port:
        failed = await refused(Proof(name_servers=[names.url]), f"http://{HOST}:{port}")
        hanging.set()
    assert failed.message == f"{HOST} did not answer in time."


async def test_a_server_that_hangs_up(names: NameServer) -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        failed = await refused(Proof(name_servers=[names.url]), f"http://{HOST}:{port}")
    assert failed.message.startswith(f"{HOST} ")


async def test_a_certificate_that_nobody_trusts(names: NameServer, tmp_path: Path) -> None:
    from tests.fakes.edge_server.certificates import make_certificates

    context, _ = make_certificates(tmp_path)
    proof = Proof(name_servers=[names.url])
    async with serving(Gateway(proof), context) as port:
        failed = await refused(proof, f"https://{HOST}:{port}")
    assert failed.message.startswith(f"The TLS certificate of {HOST} is not accepted: ")


async def test_a_page_that_is_far_too_long_is_not_read(names: NameServer) -> None:
    async def flood(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65536)
        except ConnectionError:
            return response

    async with serving(flood) as port:
        failed = await refused(Proof(name_servers=[names.url]), f"http://{HOST}:{port}")
    assert "somebody else: 200" in failed.message


# --- the gateway's side ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/ice", "/.well-known/fn-probe/", "/.well-known/fn-probe/nonce", "/.well-known/fn-probe/nonce."),
        *("/.well-known/fn-probe/nonce.0000", "/.well-known/fn-probe/.", "/.well-known/fn-probe/é.é", "", "?"),
    ],
)
def test_what_is_no_probe_of_ours_is_not_answered(path: str) -> None:
    assert Proof(b"key").answer(path) is None


def test_a_probe_is_answered_by_who_has_its_key_only_and_with_something_else_than_it_shows() -> None:
    proof = Proof(b"key")
    path = f"/.well-known/fn-probe/nonce.{proof._sign('ask', 'nonce')}"
    answer = proof.answer(path)
    assert answer is not None
    assert answer.decode() not in path
    assert proof.answer(f"{path}?cached=no") == answer
    assert Proof(b"other").answer(path) is None
    assert Proof().answer(path) is None
