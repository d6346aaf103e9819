"""The real frpc and frps on loopback."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from devserver.project.settings import FrpSettings
from devserver.tunnel import FrpTunnel, TunnelFailed, open_tunnel
from devserver.tunnel import program as running_program
from devserver.tunnel.frp import configuration
from devserver.tunnel.provider import Away, Gone, Reachable
from tests.fakes.binaries import FRPC, FRPS, program
from tests.fakes.origin import Origin
from tests.fakes.processes import children, is_running, stands_still, wait_until
from tests.fakes.tunnels import Told

TOKEN = "made-up-token"


class Server:
    """An frp server on loopback that can be stopped and started."""

    def __init__(self, file: Path, folder: Path) -> None:
        self.port, self.public = _free_port(), _free_port()
        self._command = [str(file), "-c", str(folder / "frps.json")]
        self._process: subprocess.Popen[bytes] | None = None
        told = {
            "bindAddr": "127.0.0.1",
            "bindPort": self.port,
            "proxyBindAddr": "127.0.0.1",
            "vhostHTTPPort": self.public,
            "subDomainHost": "tunnel.test",
            "auth": {"method": "token", "token": TOKEN},
        }
        (folder / "frps.json").write_text(json.dumps(told))

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        wait_until(lambda: _listens(self.port) and _listens(self.public), "the frp server does not listen")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(program(FRPS), tmp_path)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "FN_FRPC": str(program(FRPC)), "FRP_TOKEN": TOKEN}


def settings(server: Server, **more: str) -> FrpSettings:
    return FrpSettings(server=f"127.0.0.1:{server.port}", url="https://me.tunnel.test/", **more)


async def ask(server: Server, host: str = "me.tunnel.test") -> dict[str, Any]:
    url = f"http://127.0.0.1:{server.public}/a?b=c"
    async with aiohttp.ClientSession() as client, client.post(url, data=b"body", headers={"Host": host}) as answer:
        assert answer.status == 200, await answer.text()
        return dict(await answer.json())


async def test_an_address_below_the_servers_name(server: Server, environment: dict[str, str], origin: Origin) -> None:
    told = Told()
    provider = FrpTunnel(settings(server, subdomain="me"), TOKEN, environment)
    async with open_tunnel(provider, origin.port, told) as address:
        assert address.url == "https://me.tunnel.test"
        seen = await ask(server)
    assert (seen["method"], seen["path"], seen["length"]) == ("POST", "/a?b=c", 4)
    assert ["Host", "me.tunnel.test"] in seen["headers"]
    assert told.states == ["connecting", "ready", "closed"]


async def test_a_whole_name(server: Server, environment: dict[str, str], origin: Origin) -> None:
    provider = FrpTunnel(settings(server, domain="mine.example"), TOKEN, environment)
    async with open_tunnel(provider, origin.port, Told()):
        assert (await ask(server, "mine.example"))["length"] == 4


async def test_the_name_of_the_address_when_no_other_is_given(
    server: Server, environment: dict[str, str], origin: Origin
) -> None:
    provider = FrpTunnel(FrpSettings(f"127.0.0.1:{server.port}", "https://alone.example"), TOKEN, environment)
    async with open_tunnel(provider, origin.port, Told()):
        assert (await ask(server, "alone.example"))["length"] == 4


async def test_a_server_that_restarts_gets_us_back(server: Server, environment: dict[str, str], origin: Origin) -> None:
    told = Told()
    provider = FrpTunnel(settings(server, subdomain="me"), TOKEN, environment)
    async with open_tunnel(provider, origin.port, told):
        server.stop()
        away = await told.until("reconnecting")
        await asyncio.to_thread(server.start)
        back = await told.until("ready", after=2)
        assert (await ask(server))["length"] == 4
    assert away.text == "The connection to the frp server is lost; frpc is making a new one."
    assert back.url == "https://me.tunnel.test"
    assert back.gap is not None


async def test_an_frpc_that_is_killed_is_replaced(server: Server, environment: dict[str, str], origin: Origin) -> None:
    told = Told()
    provider = FrpTunnel(settings(server, subdomain="me"), TOKEN, environment)
    async with open_tunnel(provider, origin.port, told) as address:
        guard = address._connection._guarded._process.pid  # type: ignore[attr-defined]
        os.kill(children(guard)[0], signal.SIGKILL)
        await told.until("ready", after=2)
        assert (await ask(server))["length"] == 4


async def test_until_it_is_connected_the_token_is_in_a_file_that_nobody_else_can_read(
    environment: dict[str, str], temporary: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        to = FrpSettings(f"127.0.0.1:{silent.getsockname()[1]}", "https://a.example")
        connecting = asyncio.create_task(FrpTunnel(to, TOKEN, environment).connect(1))
        await asyncio.to_thread(wait_until, lambda: any(temporary.rglob("frpc.json")), "it is not written")
        (file,) = temporary.rglob("frpc.json")
        await asyncio.to_thread(wait_until, lambda: file.stat().st_size > 0, "it is empty")
        assert json.loads(file.read_text())["auth"]["token"] == TOKEN
        assert file.stat().st_mode & 0o777 == 0o600
        connecting.cancel()
        await asyncio.wait([connecting])
    assert list(temporary.iterdir()) == []


async def test_once_it_is_connected_the_token_is_nowhere(
    server: Server, environment: dict[str, str], temporary: Path
) -> None:
    provider = FrpTunnel(settings(server, subdomain="me"), TOKEN, environment)
    async with open_tunnel(provider, 1, Told()) as address:
        guard = address._connection._guarded._process.pid  # type: ignore[attr-defined]
        client = children(guard)[0]
        for pid in (guard, client):
            for name in ("cmdline", "environ"):
                assert TOKEN.encode() not in Path(f"/proc/{pid}/{name}").read_bytes()
        assert not [each for each in temporary.rglob("*") if each.is_file() and TOKEN.encode() in each.read_bytes()]
    assert not is_running(client)
    assert list(temporary.iterdir()) == []


async def test_a_wrong_token(server: Server, environment: dict[str, str]) -> None:
    with pytest.raises(TunnelFailed, match="refuses the token") as failed:
        await FrpTunnel(settings(server, subdomain="me"), "wrong", environment).connect(1)
    assert "FRP_TOKEN" in failed.value.hint


async def test_a_token_that_is_missing(server: Server, environment: dict[str, str]) -> None:
    with pytest.raises(TunnelFailed, match="refuses the token"):
        await FrpTunnel(settings(server, subdomain="me"), None, environment).connect(1)


async def test_a_server_that_is_not_there(server: Server, environment: dict[str, str]) -> None:
    server.stop()
    with pytest.raises(TunnelFailed, match="cannot be reached: connection refused"):
        await FrpTunnel(settings(server, subdomain="me"), TOKEN, environment).connect(1)


async def test_a_server_that_never_answers(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        to = FrpSettings(f"127.0.0.1:{silent.getsockname()[1]}", "https://a.example")
        with pytest.raises(TunnelFailed, match=r"^frpc has no connection after 0\.5 s") as failed:
            await FrpTunnel(to, TOKEN, environment, patience=0.5).connect(1)
    assert "dev.frp" in failed.value.hint


async def test_a_client_for_another_machine_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "frpc"
    file.write_bytes(b"\x7fELF")
    file.chmod(0o755)
    environment = {"PATH": os.environ["PATH"], "FN_FRPC": str(file)}
    with pytest.raises(TunnelFailed, match="is not a program for this machine") as failed:
        await FrpTunnel(FrpSettings("a:1", "https://a.example"), "", environment).connect(1)
    assert "FN_FRPC" in failed.value.hint


async def test_a_frozen_frpc_is_away_at_first_and_gone_in_the_end(
    server: Server, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    running = await FrpTunnel(settings(server, subdomain="me"), TOKEN, environment).connect(1)
    assert await running.look() == Reachable()
    client = children(running._guarded._process.pid)[0]
    os.kill(client, signal.SIGSTOP)
    await asyncio.to_thread(wait_until, lambda: stands_still(client), "it goes on")
    assert await running.look() == Away("frpc does not answer.")
    monkeypatch.setattr(running_program, "_SILENT_FOR", 0.0)
    assert await running.look() == Gone("frpc does not answer.")
    await running.close()
    assert not is_running(client)


async def test_a_name_that_somebody_else_has(server: Server, environment: dict[str, str], origin: Origin) -> None:
    provider = FrpTunnel(settings(server, subdomain="me"), TOKEN, environment)
    async with open_tunnel(provider, origin.port, Told()):
        with pytest.raises(TunnelFailed, match="in use by another client"):
            await FrpTunnel(settings(server, subdomain="me"), TOKEN, environment).connect(1)


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"PATH": "/nowhere"}, "frpc is not installed."),
        ({"PATH": "/nowhere", "FN_FRPC": "/nowhere/frpc"}, "FN_FRPC names /nowhere/frpc, which is not there"),
    ],
)
async def test_a_client_that_is_not_there(environment: dict[str, str], sentence: str) -> None:
    with pytest.raises(TunnelFailed, match=f"^{sentence}") as failed:
        await FrpTunnel(FrpSettings("a:1", "https://a.example"), "", environment).connect(1)
    assert "FN_FRPC" in failed.value.hint


def test_without_settings_it_says_which() -> None:
    with pytest.raises(TunnelFailed, match=r"no dev\.frp") as failed:
        FrpTunnel(None, None)
    assert '"server"' in failed.value.hint


def test_the_configuration_names_loopback_only_and_no_token_when_there_is_none() -> None:
    told = configuration(FrpSettings("[2001:db8::1]:7000", "https://a.example"), "", 3000, (1234, "p"))
    assert (told["serverAddr"], told["serverPort"]) == ("2001:db8::1", 7000)
    assert told["webServer"] == {"addr": "127.0.0.1", "port": 1234, "user": "fn", "password": "p"}
    assert told["proxies"][0] | {"name": ""} == {
        "name": "",
        "type": "http",
        "localIP": "127.0.0.1",
        "localPort": 3000,
        "customDomains": ["a.example"],
    }
    assert "auth" not in told
