"""The procedures that a connector calls on its control stream, in Cap'n Proto (lab.md 1.2)."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import capnp

from tests.fakes.edge_server.state import State

if TYPE_CHECKING:
    from tests.fakes.edge_server.connector import Connector

_SCHEMA: Any = capnp.load(str(Path(__file__).with_suffix(".capnp")))


class Registration(_SCHEMA.Registration.Server):  # type: ignore[misc] # made at run time
    """One connector's registration."""

    def __init__(self, state: State, connector: Connector) -> None:
        self._state = state
        self._connector = connector

    async def registerConnection_context(self, context: Any, **_: Any) -> None:  # noqa: N802 the name on the wire
        result = context.results.init("result").init("result")
        match self._state.mode:
            case "error":
                refused = result.init("error")
                refused.cause, refused.shouldRetry, refused.retryAfter = "stand-in says not now", True, 10**9
            case "fatal":
                refused = result.init("error")
                refused.cause, refused.shouldRetry = "Unauthorized: Invalid tunnel secret", False
            case _:
                accepted = result.init("connectionDetails")
                accepted.uuid, accepted.locationName, accepted.tunnelIsRemotelyManaged = uuid4().bytes, "lo01", False
                self._state.registrations += 1
                number = str(UUID(bytes=bytes(context.params.tunnelId)))
                self._connector.register(self._state.tunnels.get(number, ""))

    async def unregisterConnection_context(self, context: Any, **_: Any) -> None:  # noqa: N802 likewise
        del context
        self._connector.begin_drain()

    async def updateLocalConfiguration_context(self, context: Any, **_: Any) -> None:  # noqa: N802 likewise
        del context


async def serve(registration: Registration, ours: socket.socket) -> None:
    """Answer calls that come through a socket, until it is closed."""
    stream = await capnp.AsyncIoStream.create_connection(sock=ours)
    await capnp.TwoPartyServer(stream, bootstrap=registration).on_disconnect()
