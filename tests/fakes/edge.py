"""An edge for the real cloudflared, on loopback, and its knobs. The edge itself is a process: `edge_server`.

Tests with an event loop use `edge()`, end-to-end tests `edge_process()`.
"""

from __future__ import annotations

import asyncio
import json
import shlex
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

REDIAL = 90.0
"""Seconds for cloudflared to come back after a cut: it waits longer after each attempt, at random."""

_ROOT = Path(__file__).parents[2]


class EdgeProcess:
    """The edge, for tests without an event loop.

    Attributes:
        args: for `FN_CLOUDFLARED_ARGS`.
        public: base URL of the public side; the Host header says which tunnel is meant when there are several.
    """

    def __init__(self, addresses: dict[str, str]) -> None:
        self.public = addresses["public"]
        self.args = shlex.join(
            ["--quick-service", addresses["service"], "--edge", addresses["edge"], "--cacert", addresses["trusted"]]
        )
        self._service = addresses["service"]

    def cut(self) -> None:
        """Drop every connection, as a network does; they may come back."""
        self._turn("cut")

    def refuse(self) -> None:
        """Hang up on whoever dials, from now on."""
        self._turn("mode", "refuse")

    def hang(self) -> None:
        """Answer nobody who dials, from now on."""
        self._turn("mode", "hang")

    def deny(self, *, for_ever: bool) -> None:
        """Refuse to register connections, from now on."""
        self._turn("mode", "fatal" if for_ever else "error")

    def ok(self) -> None:
        """Behave, from now on."""
        self._turn("mode", "ok")
        self._turn("api", "200")

    def api(self, status: int) -> None:
        """What the quick tunnel service answers with, from now on."""
        self._turn("api", str(status))

    def tunnel(self, hostname: str) -> dict[str, str]:
        """Make a named tunnel; gives what stands in its credentials file."""
        made = self._turn("tunnel", hostname)
        return {"AccountTag": made["account_tag"], "TunnelSecret": made["secret"], "TunnelID": made["id"]}

    def connectors(self) -> list[str]:
        """The hostnames of the tunnels that are connected."""
        return list(self._turn("state")["connectors"])

    def _turn(self, what: str, value: str = "") -> dict[str, Any]:
        asked = urllib.request.Request(f"{self._service}/control/{what}?value={value}", data=b"")  # noqa: S310 our own
        with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 our own
            return dict(json.loads(answer.read()))


class Edge:
    """The edge, for tests with an event loop. See `EdgeProcess`."""

    def __init__(self, process: EdgeProcess) -> None:
        self.args = process.args
        self.public = process.public
        self._process = process

    async def cut(self) -> None:
        await asyncio.to_thread(self._process.cut)

    async def refuse(self) -> None:
        await asyncio.to_thread(self._process.refuse)

    async def hang(self) -> None:
        await asyncio.to_thread(self._process.hang)

    async def deny(self, *, for_ever: bool) -> None:
        await asyncio.to_thread(self._process.deny, for_ever=for_ever)

    async def ok(self) -> None:
        await asyncio.to_thread(self._process.ok)

    async def api(self, status: int) -> None:
        await asyncio.to_thread(self._process.api, status)

    async def tunnel(self, hostname: str) -> dict[str, str]:
        return await asyncio.to_thread(self._process.tunnel, hostname)

    async def connectors(self) -> list[str]:
        return await asyncio.to_thread(self._process.connectors)


@contextmanager
def edge_process() -> Iterator[EdgeProcess]:
    """The edge as a process, for the time of the block."""
    with tempfile.TemporaryDirectory(prefix="fn-edge-") as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.edge_server", folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=_ROOT,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        with process.stdin, process.stdout:
            try:
                yield EdgeProcess(json.loads(process.stdout.readline()))
            finally:
                process.kill()  # it has nothing to put away
                process.wait()


@asynccontextmanager
async def edge() -> AsyncIterator[Edge]:
    """The same for a test with an event loop."""
    with edge_process() as process:
        yield Edge(process)
