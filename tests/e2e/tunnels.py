"""Sessions behind the real cloudflared, and the outside: whoever knows the public address."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from devserver.signing import sign
from tests.e2e.leases import NOWHERE
from tests.e2e.running import Answer
from tests.fakes.callback_api import KEY, SECRET
from tests.fakes.edge import EdgeProcess

ICE = {"event": "ice", "callid": "c1", "cli": "+12025550199"}


def through(edge: EdgeProcess, cloudflared: Path) -> dict[str, str]:
    """Variables of a session whose tunnel leads to that edge, where its address is asked for, too."""
    return {
        **NOWHERE,
        "FN_CLOUDFLARED": str(cloudflared),
        "FN_CLOUDFLARED_ARGS": edge.args,
        "FN_TUNNEL_PROBE": edge.public,
    }


class Stranger:
    """Somebody on the Internet.

    Args:
        edge: through which they come.
        address: the public address that they know.
    """

    def __init__(self, edge: EdgeProcess, address: str) -> None:
        self._edge = edge
        self._host = urlsplit(address).netloc

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, host: str = ""
    ) -> Answer:
        """One request; `body` is anything JSON."""
        data = None if body is None else json.dumps(body).encode()
        return self._send(method, path, data, {"Host": host or self._host, **(headers or {})})

    def call(self, path: str = "/", body: Any = None, *, key: str = KEY, secret: str = SECRET) -> Answer:
        """A signed callback, as the platform sends it."""
        data = json.dumps(ICE if body is None else body).encode()
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        signature = sign(
            key=key,
            secret=secret,
            method="POST",
            path=path,
            body=data,
            content_type="application/json",
            timestamp=now,
        )
        return self._send("POST", path, data, {"Host": self._host, "x-timestamp": now, "Authorization": signature})

    def _send(self, method: str, path: str, data: bytes | None, headers: Mapping[str, str]) -> Answer:
        connection = HTTPConnection(urlsplit(self._edge.public).netloc, timeout=20)
        try:
            connection.request(method, path, data, {"Content-Type": "application/json", **headers})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()
