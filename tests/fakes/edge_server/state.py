"""What the whole edge knows: its tunnels, its connectors, and how it is to misbehave."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

if TYPE_CHECKING:
    from tests.fakes.edge_server.connector import Connector

Mode = Literal["ok", "refuse", "hang", "error", "fatal"]
"""How connectors are treated: taken; hung up on; never answered; refused for now; refused for ever."""


@dataclass
class State:
    """The edge.

    Attributes:
        api: status that the quick tunnel service answers with.
        tunnels: hostname by tunnel id.
        registrations: connections that have been accepted, ever.
    """

    mode: Mode = "ok"
    api: int = 200
    tunnels: dict[str, str] = field(default_factory=dict)
    connectors: list[Connector] = field(default_factory=list)
    registrations: int = 0

    def add_tunnel(self, hostname: str = "") -> dict[str, str]:
        """A new tunnel: what a connector has to know of it."""
        number = str(uuid4())
        self.tunnels[number] = hostname or f"stand-in-{number[:8]}.trycloudflare.com"
        return {
            "id": number,
            "name": f"qt-{number[:8]}",
            "hostname": self.tunnels[number],
            "account_tag": "0" * 32,
            "secret": base64.b64encode(secrets.token_bytes(32)).decode(),
        }

    def connector_for(self, host: str) -> Connector | None:
        """Who serves a name; a name that nobody has is taken for that of the only tunnel."""
        live = [each for each in self.connectors if each.registered.is_set() and not each.draining]
        named = [each for each in live if each.hostname == host]
        if named:
            return named[-1]
        only = {each.hostname for each in live}
        return live[-1] if len(only) == 1 and host not in self.tunnels.values() else None
