"""frp: the user's own server on the Internet gives the address, `frpc` connects to it.

Its token goes into a file that only this user can read, for arguments and environments can be read by others; it is
gone as soon as the program has read it and is connected, so that nothing stays behind after a power cut. Readiness
comes from the program's own listener, as with cloudflared; while it is connected to nobody that lists
nothing (measured with frp 0.71).
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import secrets
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from devserver.project.settings import FrpSettings
from devserver.tunnel import frp_words as words
from devserver.tunnel.change import TunnelFailed
from devserver.tunnel.cloudflared_words import why_not_started
from devserver.tunnel.folders import Folder
from devserver.tunnel.guarded import Guarded, clean_environment
from devserver.tunnel.program import Program
from devserver.tunnel.provider import Away, Gone, Health, Reachable

_INSTALL = "Install frp's client, or name its file in FN_FRPC."
_SETTINGS = (
    'Add it, such as {"server": "frp.example.com:7000", "subdomain": "me", "url": "https://me.dev.example.com"}; '
    "the token goes into the variable FRP_TOKEN."
)


def configuration(settings: FrpSettings, token: str, port: int, admin: tuple[int, str]) -> dict[str, Any]:
    """What frpc is told.

    Args:
        settings: the object `dev.frp`.
        token: of the server; empty when it wants none.
        port: of the function.
        admin: port and password of its own listener.
    """
    host, _, server_port = settings.server.rpartition(":")
    domain = settings.domain or urlsplit(settings.url).hostname
    name = {"subdomain": settings.subdomain} if settings.subdomain else {"customDomains": [domain]}
    return {
        "serverAddr": host.strip("[]"),
        "serverPort": int(server_port),
        "loginFailExit": True,
        "log": {"to": "console", "level": "warn", "disablePrintColor": True},
        "webServer": {"addr": "127.0.0.1", "port": admin[0], "user": "fn", "password": admin[1]},
        "proxies": [
            {"name": f"fn-{secrets.token_hex(4)}", "type": "http", "localIP": "127.0.0.1", "localPort": port, **name}
        ],
        **({"auth": {"method": "token", "token": token}} if token else {}),
    }


class FrpTunnel:
    """A tunnel through the user's own frp server.

    Args:
        settings: the object `dev.frp`; None when it is not there.
        token: of the server; None or empty when it wants none.
        environment: of our process; `os.environ` when left out.
        patience: seconds until it is given up.

    Raises:
        TunnelFailed: there are no settings.
    """

    name = "frp"
    private = False

    def __init__(
        self,
        settings: FrpSettings | None,
        token: str | None,
        environment: Mapping[str, str] | None = None,
        *,
        patience: float = 20.0,
    ) -> None:
        if settings is None:
            raise TunnelFailed("sinch.json has no dev.frp.", hint=_SETTINGS)
        self._settings = settings
        self._token = token or ""
        self._environment = os.environ if environment is None else environment
        self._patience = patience

    async def connect(self, port: int) -> Running:
        """See `Provider.connect`."""
        program = _find(self._environment)
        admin = (_free_port(), secrets.token_urlsafe(24))
        folder, file = _written(configuration(self._settings, self._token, port, admin))
        try:
            guarded = await Guarded.start(
                [str(program), "-c", str(file)],
                environment=clean_environment(self._environment, folder.path),
                folder=folder,
            )
        except BaseException:
            folder.remove()
            raise
        running = Running(program, guarded, admin, self._settings.url.rstrip("/"))
        try:
            await running.get_ready(self._patience)
        except BaseException:
            await running.close()
            raise
        file.unlink(missing_ok=True)  # it is read once; a connection that is lost needs it no more
        return running


class Running(Program):
    """An frpc that runs: a `Connection`."""

    def __init__(self, program: Path, guarded: Guarded, admin: tuple[int, str], url: str) -> None:
        credentials = base64.b64encode(f"fn:{admin[1]}".encode()).decode()
        super().__init__(guarded, words.SILENT, {"Authorization": f"Basic {credentials}"})
        self.url = url
        self._program = program
        self._status = f"http://127.0.0.1:{admin[0]}/api/status"

    async def get_ready(self, patience: float) -> None:
        """Wait until the server forwards to us.

        Raises:
            TunnelFailed: it does not.
        """
        lines = self._guarded.lines
        try:
            async with asyncio.timeout(patience):
                while True:
                    match await self.look():
                        case Reachable():
                            return
                        case Gone():
                            raise self._failure()
                        case Away() if (refused := await self._refused()) is not None:
                            raise words.why([refused], f"The frp server refuses: {refused}.")
                    await self._pause(0.05)
        except TimeoutError:
            raise words.why(lines, f"frpc has no connection after {patience:g} s.") from None

    async def _health(self) -> Health | None:
        proxies = await self._proxies()
        if proxies is None:
            return None
        return Reachable() if any(each.get("status") == "running" for each in proxies) else Away(words.LOST)

    def _failure(self) -> TunnelFailed:
        if (number := self._guarded.error_number) is not None:
            return why_not_started(str(self._program), number, _INSTALL)
        return words.why(self._guarded.lines, f"frpc ended with status {self._guarded.status}.")

    async def _refused(self) -> str | None:
        """What the server says against our name; None when it says nothing."""
        for each in await self._proxies() or ():
            if each.get("status") == "start error":
                return str(each.get("err"))
        return None

    async def _proxies(self) -> list[dict[str, Any]] | None:
        """What it forwards; None when its listener does not answer."""
        try:
            async with self._http.get(self._status) as response:
                answer = await response.json(content_type=None) if response.status == 200 else {}
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return None
        return [each for each in answer.get("http") or () if isinstance(each, dict)]


def _find(environment: Mapping[str, str]) -> Path:
    explicit = environment.get("FN_FRPC")
    found = shutil.which(explicit or "frpc", path=environment.get("PATH"))
    if found is not None:
        return Path(found).absolute()
    if explicit:
        raise TunnelFailed(f"FN_FRPC names {explicit}, which is not there or not executable.", hint=_INSTALL)
    raise TunnelFailed("frpc is not installed.", hint=_INSTALL)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _written(told: Mapping[str, Any]) -> tuple[Folder, Path]:
    """A folder of the program's own, and its configuration in there, for this user's eyes only."""
    folder = Folder.make()
    file = folder.path / "frpc.json"
    try:
        file.touch(0o600)
        file.write_text(json.dumps(told))
    except OSError as error:
        folder.remove()
        raise TunnelFailed(
            f"No temporary file can be written: {error.strerror}.", hint="Make room, or name another place in TMPDIR."
        ) from error
    return folder, file
