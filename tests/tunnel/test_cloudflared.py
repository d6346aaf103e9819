"""The real cloudflared on an edge of ours: address, traffic, and every way that either of them may go."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from devserver.tunnel import Address, NamedTunnel, Proof, QuickTunnel, TunnelFailed, open_tunnel
from tests.fakes.edge import REDIAL, Edge
from tests.fakes.origin import Origin
from tests.fakes.processes import children, is_running, wait_until
from tests.fakes.tunnels import Told

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def quick(environment: dict[str, str], port: int, told: Told | None = None) -> AsyncIterator[Address]:
    async with open_tunnel(QuickTunnel(environment), port, told or Told()) as address:
        yield address


@asynccontextmanager
async def from_outside(edge: Edge, address: Address) -> AsyncIterator[aiohttp.ClientSession]:
    """A client that comes through the public side, under the address's name."""
    headers = {"Host": address.url.removeprefix("https://")}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(edge.public, headers=headers, connector=connector) as client:
        yield client


def guard_of(address: Address) -> int:
    return int(address._connection._guarded._process.pid)  # type: ignore[attr-defined]


def program_of(address: Address) -> int:
    return children(guard_of(address))[0]


# --- traffic ---------------------------------------------------------------------------------------------------------


async def test_the_address_is_that_of_the_edge_and_leads_here(
    environment: dict[str, str], edge: Edge, origin: Origin
) -> None:
    async with quick(environment, origin.port) as address, from_outside(edge, address) as client:
        assert address.url.startswith("https://stand-in-")
        assert address.url.endswith(".trycloudflare.com")
        async with client.post("/a%2Fb?c=%20d", data=b"body", headers={"X-One": "1", "X-TWO": "zwei"}) as answer:
            seen = await answer.json()
    assert (seen["method"], seen["path"], seen["length"]) == ("POST", "/a%2Fb?c=%20d", 4)
    headers = {name.lower(): value for name, value in seen["headers"]}
    assert headers["host"] == address.url.removeprefix("https://")
    assert (headers["x-one"], headers["x-two"]) == ("1", "zwei")
    assert headers["cf-connecting-ip"] == "203.0.113.7"
    assert headers["x-forwarded-proto"] == "https"
    assert (answer.status, answer.headers["X-Mine"], answer.headers["Set-Cookie"]) == (200, "a, b", "c=1")


@pytest.mark.parametrize("status", [204, 302, 404, 500])
async def test_a_status_comes_as_it_was_sent(
    environment: dict[str, str], edge: Edge, origin: Origin, status: int
) -> None:
    async with (
        quick(environment, origin.port) as address,
        from_outside(edge, address) as client,
        client.get(f"/?status={status}", allow_redirects=False) as answer,
    ):
        assert answer.status == status


async def test_ten_megabytes_go_both_ways_unchanged(environment: dict[str, str], edge: Edge, origin: Origin) -> None:
    content = bytes(range(256)) * 40 * 1024
    size = len(content)
    async with quick(environment, origin.port) as address, from_outside(edge, address) as client:
        async with client.put("/up", data=io.BytesIO(content)) as answer:
            seen = await answer.json()
        async with client.get(f"/big?bytes={size}") as answer:
            down = await answer.read()
    assert seen["length"] == size == len(down)
    assert down == content


async def test_fifty_at_once(environment: dict[str, str], edge: Edge, origin: Origin) -> None:
    async def ask(client: aiohttp.ClientSession, number: int) -> str:
        async with client.post(f"/{number}", data=b"x" * number * 100) as answer:
            return str((await answer.json())["path"])

    async with quick(environment, origin.port) as address, from_outside(edge, address) as client:
        paths = await asyncio.gather(*(ask(client, number) for number in range(50)))
    assert paths == [f"/{number}" for number in range(50)]


async def test_a_streamed_answer_arrives_piece_by_piece(
    environment: dict[str, str], edge: Edge, origin: Origin
) -> None:
    async with (
        quick(environment, origin.port) as address,
        from_outside(edge, address) as client,
        client.get("/pieces") as answer,
    ):
        assert await answer.content.readline() == b"first\n"
        assert not origin.go.is_set()
        origin.go.set()
        assert await answer.content.read() == b"second\n"


async def test_a_streamed_body_arrives_piece_by_piece(environment: dict[str, str], edge: Edge, origin: Origin) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"first"
        assert await origin.came.get() == b"first"
        yield b"second"

    async with (
        quick(environment, origin.port) as address,
        from_outside(edge, address) as client,
        client.post("/slow-body", data=body()) as answer,
    ):
        assert await answer.text() == "all of it"
    assert origin.came.get_nowait() == b"second"


async def test_a_websocket_goes_through(environment: dict[str, str], edge: Edge, origin: Origin) -> None:
    async with (
        quick(environment, origin.port) as address,
        from_outside(edge, address) as client,
        client.ws_connect("/socket", protocols=["fn"]) as socket,
    ):
        assert socket.protocol == "fn"
        for text in ("hello", "x" * 200_000):
            await socket.send_str(text)
            assert await socket.receive_str() == text
        await socket.send_bytes(b"\0\xff")
        assert await socket.receive_bytes() == b"\0\xff"
        await socket.send_str("end")
        last = await socket.receive()
        assert (last.data, last.extra) == (4000, "as you wish")


async def test_two_tunnels_are_told_apart_by_their_names(
    environment: dict[str, str], edge: Edge, origin: Origin
) -> None:
    from tests.fakes.origin import origin_server

    async with origin_server() as other, quick(environment, origin.port) as one, quick(environment, other.port) as two:
        assert one.url != two.url
        assert len(await edge.connectors()) == 2
        async with from_outside(edge, two) as client, client.post("/slow-body", data=b"for two") as answer:
            await answer.read()
        assert other.came.get_nowait() == b"for two"
        assert origin.came.empty()


async def test_the_proof_goes_the_whole_way(environment: dict[str, str], edge: Edge, origin: Origin) -> None:
    proof = Proof()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        body = proof.answer(path) or b""
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        writer.close()

    async with (
        await asyncio.start_server(answer, "127.0.0.1", 0) as gateway,
        quick(environment, gateway.sockets[0].getsockname()[1]) as address,
    ):
        proven = await proof.ask(address.url, settle=0, budget=5, private=True, via=edge.public)
    assert proven.asked
    async with quick(environment, origin.port) as address:
        with pytest.raises(TunnelFailed, match="answered by somebody else: 200"):
            await proof.ask(address.url, settle=0, budget=0, private=True, via=edge.public)


# --- what goes wrong -------------------------------------------------------------------------------------------------


async def test_an_edge_that_cuts_the_line_gets_us_back_under_the_same_address(
    environment: dict[str, str], edge: Edge, origin: Origin
) -> None:
    told = Told()
    async with quick(environment, origin.port, told) as address:
        before, program = address.url, program_of(address)
        await edge.cut()
        away = await told.until("reconnecting")
        back = await told.until("ready", after=2, seconds=REDIAL)
        assert (away.url, back.url, address.url) == (before, before, before)
        assert program_of(address) == program
        async with from_outside(edge, address) as client, client.get("/") as answer:
            assert answer.status == 200
    assert back.gap is not None
    assert "unreachable for" in back.text
    assert told.states == ["connecting", "ready", "reconnecting", "ready", "closed"]


async def test_a_cloudflared_that_is_killed_is_replaced_at_once_and_the_new_address_told(
    environment: dict[str, str], edge: Edge, origin: Origin
) -> None:
    told = Told()
    async with quick(environment, origin.port, told) as address:
        before = address.url
        os.kill(program_of(address), signal.SIGKILL)
        back = await told.until("ready", after=2)
        assert back.url == address.url != before
        async with from_outside(edge, address) as client, client.get("/") as answer:
            assert answer.status == 200
    assert told.texts[2] == "cloudflared was killed."
    assert back.text.endswith(", and the address is a new one")


async def test_a_killed_guard_takes_cloudflared_along_and_both_are_replaced(
    environment: dict[str, str], origin: Origin, tmp_path: Path
) -> None:
    told = Told()
    async with quick(environment, origin.port, told) as address:
        program = program_of(address)
        os.kill(guard_of(address), signal.SIGKILL)
        await told.until("ready", after=2)
        assert not is_running(program)
        assert is_running(program_of(address))


async def test_an_origin_that_is_down_freezes_nothing(environment: dict[str, str], edge: Edge, origin: Origin) -> None:
    """With a log that nobody reads it is over after 120 failures, while it calls itself ready (lab.md 2)."""

    async def fail(client: aiohttp.ClientSession) -> int:
        async with client.get("/" + "x" * 200) as answer:
            return answer.status

    port, told = origin.port, Told()
    async with quick(environment, 1, told) as address, from_outside(edge, address) as client:
        for _ in range(10):
            assert await asyncio.gather(*(fail(client) for _ in range(50))) == [502] * 50
        assert told.states == ["connecting", "ready"]
    async with quick(environment, port) as address, from_outside(edge, address) as client:
        assert await fail(client) == 200


STARTS = {
    429: "Cloudflare hands out no more quick tunnels to this address for now.",
    500: "Cloudflare's quick tunnel service does not work at the moment: it answers 500.",
}


@pytest.mark.parametrize(("status", "sentence"), STARTS.items())
async def test_a_service_that_gives_no_address(
    environment: dict[str, str], edge: Edge, status: int, sentence: str
) -> None:
    await edge.api(status)
    with pytest.raises(TunnelFailed) as failed:
        async with quick(environment, 1):
            pytest.fail("there is no address")
    assert failed.value.message == sentence
    assert "--public-url" in failed.value.hint


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (
            "--quick-service http://127.0.0.1:1",
            "Cloudflare's quick tunnel service cannot be reached: connection refused.",
        ),
        ("--bogus", "cloudflared does not know the option --bogus."),
        ("--grace-period soon", "cloudflared does not take that value of --grace-period."),
        ("--metrics 127.0.0.1:{taken}", "The port for cloudflared's metrics is taken."),
        ("--label 'half", "FN_CLOUDFLARED_ARGS cannot be read: no closing quotation."),
    ],
    ids=["refused", "unknown option", "wrong value", "metrics taken", "half a quote"],
)
async def test_a_start_that_fails_is_one_sentence(
    environment: dict[str, str], origin: Origin, more: str, sentence: str
) -> None:
    environment["FN_CLOUDFLARED_ARGS"] += " " + more.format(taken=origin.port)
    with pytest.raises(TunnelFailed) as failed:
        async with quick(environment, 1):
            pytest.fail("there is no address")
    assert failed.value.message == sentence
    assert failed.value.hint


async def test_an_edge_that_nobody_reaches_is_given_up_after_both_protocols(
    environment: dict[str, str], edge: Edge
) -> None:
    await edge.hang()
    loop = asyncio.get_running_loop()
    begin = loop.time()
    with pytest.raises(TunnelFailed) as failed:
        await QuickTunnel(environment, patience=0.5).connect(1)
    assert failed.value.message == "cloudflared has no connection to Cloudflare after 0.5 s."
    assert "port 7844" in failed.value.hint
    assert loop.time() - begin > 1.0  # twice: the second time with HTTP/2


async def test_credentials_that_are_refused_are_told_at_once(environment: dict[str, str], edge: Edge) -> None:
    await edge.deny(for_ever=True)
    with pytest.raises(TunnelFailed, match="refuses the credentials"):
        async with asyncio.timeout(45):
            await QuickTunnel(environment, patience=300).connect(1)


async def test_a_restart_that_fails_is_tried_again_until_it_works(
    environment: dict[str, str], edge: Edge, origin: Origin
) -> None:
    told = Told()
    async with quick(environment, origin.port, told) as address:
        await edge.api(429)
        os.kill(program_of(address), signal.SIGKILL)
        async with asyncio.timeout(40):
            while STARTS[429] not in told.texts:
                await told.until("reconnecting", after=len(told.changes))
        await edge.api(200)
        assert (await told.until("ready", after=2)).url == address.url


# --- the end ---------------------------------------------------------------------------------------------------------


async def test_a_clean_end_leaves_no_process_no_folder_and_no_tunnel(
    environment: dict[str, str], edge: Edge, origin: Origin, temporary: Path
) -> None:
    async with quick(environment, origin.port) as address:
        guard, program = guard_of(address), program_of(address)
        assert len(list(temporary.iterdir())) == 1
        begin = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - begin < 4
    assert not is_running(guard)
    assert not is_running(program)
    assert list(temporary.iterdir()) == []
    assert await edge.connectors() == []


async def test_a_request_in_hand_may_end_and_a_longer_one_does_not_keep_us(
    environment: dict[str, str], edge: Edge, origin: Origin
) -> None:
    async with quick(environment, origin.port) as address, from_outside(edge, address) as client:
        asking = await client.get("/pieces")
        assert await asking.content.readline() == b"first\n"
        begin = asyncio.get_running_loop().time()
        await address._connection.close()
        assert asyncio.get_running_loop().time() - begin < 4
        asking.close()


async def test_nothing_of_the_users_is_read_and_nothing_of_ours_is_shown(
    environment: dict[str, str], edge: Edge, origin: Origin, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    (home / ".cloudflared").mkdir(parents=True)
    (home / ".cloudflared" / "config.yml").write_text("ingress:\n  - service: http_status:404\n")
    environment |= {"HOME": str(home), "SINCH_KEY_SECRET": "secret", "TUNNEL_LOGLEVEL": "debug"}
    async with quick(environment, origin.port) as address, from_outside(edge, address) as client:
        async with client.get("/") as answer:
            assert answer.status == 200  # and not that configuration's 404
        shown = Path(f"/proc/{program_of(address)}/environ").read_bytes()
    assert b"secret" not in shown
    assert b"TUNNEL_" not in shown
    assert str(home).encode() not in shown


@pytest.fixture
def held(environment: dict[str, str]) -> Any:
    """Another process that holds a tunnel."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.tunnel.holding", "1"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
    )
    assert process.stdout is not None
    with process.stdout:
        yield process, json.loads(process.stdout.readline())
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["kill -9", "terminated"])
def test_when_our_process_is_killed_cloudflared_goes_within_four_seconds(
    held: Any, number: signal.Signals, temporary: Path
) -> None:
    process, told = held
    assert len(list(temporary.iterdir())) == 1
    process.send_signal(number)
    process.wait(10)
    took = wait_until(lambda: not is_running(told["cloudflared"]), "cloudflared lives on", 4)
    wait_until(lambda: not is_running(told["guard"]), "the guard lives on", 4 - took)
    assert list(temporary.iterdir()) == []


def test_when_our_process_and_the_guard_are_killed_cloudflared_goes_too(held: Any) -> None:
    process, told = held
    os.kill(told["guard"], signal.SIGKILL)
    process.kill()
    wait_until(lambda: not is_running(told["cloudflared"]), "cloudflared lives on", 4)


# --- named tunnels ---------------------------------------------------------------------------------------------------


@pytest.fixture
async def at_home(environment: dict[str, str], edge: Edge, tmp_path: Path) -> dict[str, str]:
    """The credentials of a named tunnel, where cloudflared looks for them; and a configuration that must not count."""
    folder = tmp_path / "home" / ".cloudflared"
    folder.mkdir(parents=True)
    credentials = await edge.tunnel("dev.example.com")
    (folder / f"{credentials['TunnelID']}.json").write_text(json.dumps({**credentials, "TunnelName": "mine"}))
    (folder / "config.yml").write_text("ingress:\n  - service: http_status:404\n")
    environment["HOME"] = str(tmp_path / "home")
    return credentials


async def test_a_named_tunnel_has_the_hostname_that_it_was_given(
    environment: dict[str, str], edge: Edge, origin: Origin, at_home: dict[str, str]
) -> None:
    told = Told()
    provider = NamedTunnel(at_home["TunnelID"], "Dev.example.com", environment)
    async with open_tunnel(provider, origin.port, told) as address, from_outside(edge, address) as client:
        assert address.url == "https://dev.example.com"
        async with client.get("/x") as answer:
            assert (await answer.json())["path"] == "/x"
        os.kill(program_of(address), signal.SIGKILL)
        back = await told.until("ready", after=2)
    assert back.url == "https://dev.example.com"
    assert "new one" not in back.text


async def test_a_named_tunnel_by_its_name(
    environment: dict[str, str], edge: Edge, origin: Origin, at_home: dict[str, str]
) -> None:
    file = Path(environment["HOME"]) / ".cloudflared" / f"{at_home['TunnelID']}.json"
    environment["FN_CLOUDFLARED_ARGS"] += f" --credentials-file {file}"
    async with open_tunnel(NamedTunnel("mine", "dev.example.com", environment), origin.port, Told()) as address:
        assert await edge.connectors() == ["dev.example.com"]
        assert address.url == "https://dev.example.com"


@pytest.mark.parametrize(
    ("tunnel", "sentence"),
    [
        ("mine", "cloudflared is not logged in, so it knows no tunnels by name."),
        ("6ff42ae2-765d-4adf-8112-31c55c1551ef", "The credentials of the tunnel are not on this machine."),
    ],
)
async def test_a_named_tunnel_that_is_not_at_home(
    environment: dict[str, str], tmp_path: Path, tunnel: str, sentence: str
) -> None:
    environment["HOME"] = str(tmp_path)
    with pytest.raises(TunnelFailed) as failed:
        await NamedTunnel(tunnel, "dev.example.com", environment).connect(1)
    assert failed.value.message == sentence
    assert "`cloudflared tunnel" in failed.value.hint


@pytest.mark.parametrize(
    ("tunnel", "hostname"),
    [
        ("", "dev.example.com"),
        ("--help", "dev.example.com"),
        ("mine", ""),
        ("mine", "https://x.example"),
        ("mine", "x"),
    ],
)
def test_what_is_no_named_tunnel_is_refused_before_anything_starts(tunnel: str, hostname: str) -> None:
    with pytest.raises(TunnelFailed, match="is not"):
        NamedTunnel(tunnel, hostname, {})
