"""The three listening sockets of a session: function, console, cloud. Where they are, before anybody answers there."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from devserver.session.ports import listen, port_of
from devserver.session.terms import DEFAULT_CLOUD_PORT, DEFAULT_CONSOLE_PORT, DEFAULT_PORT, Terms


@dataclass(frozen=True, slots=True)
class Door:
    """One port, on every loopback address there is."""

    sockets: list[socket.socket]

    @property
    def url(self) -> str:
        """The address, without a slash at its end."""
        return f"http://127.0.0.1:{port_of(self.sockets)}"

    def close(self) -> None:
        """Let go of the port."""
        for one in self.sockets:
            one.close()


@dataclass(frozen=True, slots=True)
class Doors:
    """The ports of one session (DESIGN 2.3)."""

    function: Door
    console: Door
    cloud: Door

    def close(self) -> None:
        """Let go of all of them."""
        for door in (self.function, self.console, self.cloud):
            door.close()


def open_doors(terms: Terms) -> Doors:
    """Listen on the ports that were asked for.

    Raises:
        FnError: one is taken, or not allowed; none is held then.
    """
    console, console_free = terms.side_port(terms.console_port, DEFAULT_CONSOLE_PORT)
    cloud, cloud_free = terms.side_port(terms.cloud_port, DEFAULT_CLOUD_PORT)
    opened: list[Door] = []
    try:
        opened.append(Door(listen(DEFAULT_PORT if terms.port is None else terms.port, flag="--port")))
        opened.append(Door(listen(console, flag="--console-port", fall_back=console_free)))
        opened.append(Door(listen(cloud, flag="--cloud-port", fall_back=cloud_free)))
    except BaseException:
        for door in opened:
            door.close()
        raise
    return Doors(*opened)
