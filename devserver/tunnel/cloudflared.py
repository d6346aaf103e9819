"""Cloudflare's tunnels, by their own program: a quick one without an account, or a named one of the user's account.

It is started again with other options where these may help; whether it is started again later is the supervisor's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from devserver.tunnel.change import TunnelFailed
from devserver.tunnel.cloudflared_arguments import arguments, more_arguments, names_a_protocol, names_an_edge
from devserver.tunnel.cloudflared_binary import find_cloudflared
from devserver.tunnel.cloudflared_running import Log, NotReadyInTime, Running, UnknownOption
from devserver.tunnel.folders import Folder
from devserver.tunnel.guarded import Guarded, clean_environment
from devserver.tunnel.release import Progress

READY_WITHIN = 20.0
"""Seconds until a protocol is given up."""

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+\Z")


class _Cloudflared:
    """What both kinds have in common.

    Args:
        environment: of our process.
        progress: told how far a download of the program is.
        patience: seconds until a protocol is given up.
    """

    def __init__(self, environment: Mapping[str, str] | None, progress: Progress, patience: float) -> None:
        self._environment = os.environ if environment is None else environment
        self._progress = progress
        self._patience = patience
        self._protocol = "auto"
        self._prechecks = False

    @property
    def private(self) -> bool:
        """See `Provider.private`: the user's arguments name an edge."""
        try:
            return names_an_edge(more_arguments(self._environment))
        except TunnelFailed:  # `connect` tells it
            return False

    async def _connect(self, port: int, *, name: str, host: str) -> Running:
        """Start it, and once more where another option may help."""
        more = more_arguments(self._environment)
        program = await find_cloudflared(self._environment, self._progress)
        while True:
            given = arguments(port, protocol=self._protocol, more=more, name=name, prechecks=self._prechecks)
            running = await self._start(program, given, host, home=not name)
            try:
                await running.get_ready(self._patience)
            except NotReadyInTime:
                await running.close()
                if self._protocol == "http2" or names_a_protocol(more):
                    raise
                self._protocol = "http2"  # and so it stays: the network will not change its mind soon
            except UnknownOption as unknown:
                await running.close()
                if unknown.option != "no-prechecks" or self._prechecks:
                    raise
                self._prechecks = True
            except BaseException:
                await running.close()
                raise
            else:
                return running

    async def _start(self, program: Path, given: Sequence[str], host: str, *, home: bool) -> Running:
        log = Log()
        folder = Folder.make() if home else None  # where nothing of the user's configuration is found
        try:
            guarded = await Guarded.start(
                [str(program), *given],
                environment=clean_environment(self._environment, folder.path if folder is not None else None),
                heard=log.hear,
                folder=folder,
            )
        except BaseException:
            if folder is not None:
                folder.remove()
            raise
        return Running(program, guarded, log, host)


class QuickTunnel(_Cloudflared):
    """A tunnel with a random name under trycloudflare.com, without an account.

    Args:
        environment: of our process; `os.environ` when left out.
        progress: told how far a download of cloudflared is.
        patience: seconds until a protocol is given up.
    """

    name = "quick tunnel"

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        *,
        progress: Progress = lambda _done, _total: None,
        patience: float = READY_WITHIN,
    ) -> None:
        super().__init__(environment, progress, patience)

    async def connect(self, port: int) -> Running:
        """See `Provider.connect`."""
        return await self._connect(port, name="", host="")


class NamedTunnel(_Cloudflared):
    """A tunnel of the user's Cloudflare account, which has a hostname of its own.

    It runs with the user's home, where its credentials are, but not with the configuration there.

    Args:
        tunnel: its name or UUID.
        hostname: that its DNS record has.
        environment: of our process; `os.environ` when left out.
        progress: told how far a download of cloudflared is.
        patience: seconds until a protocol is given up.

    Raises:
        TunnelFailed: that is no hostname, or no name.
    """

    name = "named tunnel"

    def __init__(
        self,
        tunnel: str,
        hostname: str,
        environment: Mapping[str, str] | None = None,
        *,
        progress: Progress = lambda _done, _total: None,
        patience: float = READY_WITHIN,
    ) -> None:
        if not tunnel or tunnel.startswith("-"):
            raise TunnelFailed(f"`{tunnel}` is not the name of a tunnel.", hint="`cloudflared tunnel list` shows them.")
        if not _HOST.match(hostname):
            raise TunnelFailed(
                f"`{hostname}` is not a hostname.", hint="Give it as its DNS record has it, such as dev.example.com."
            )
        super().__init__(environment, progress, patience)
        self._tunnel = tunnel
        self._host = hostname.lower()

    async def connect(self, port: int) -> Running:
        """See `Provider.connect`."""
        return await self._connect(port, name=self._tunnel, host=self._host)
