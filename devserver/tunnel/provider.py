"""The one interface of everything that gives a loopback port a public address.

A provider knows how to connect; a connection knows its address and, asked about once a second, how it is. When to
connect again and what to tell is decided in `supervisor`, once for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Reachable:
    """The other side sends us requests, as far as can be seen from here."""


@dataclass(frozen=True, slots=True)
class Away:
    """Disconnected for now. It mends itself, and keeps its address: it must be left alone.

    Attributes:
        reason: one sentence.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Gone:
    """It does not come back: connect again.

    Attributes:
        reason: one sentence.
    """

    reason: str


Health = Reachable | Away | Gone


class Connection(Protocol):
    """One public address, for as long as it lives."""

    @property
    def url(self) -> str:
        """The address, without a slash at its end."""
        ...

    async def look(self) -> Health:
        """How it is now. Cheap, and never longer than about two seconds."""
        ...

    async def ended(self) -> None:
        """Return as soon as it is gone, so that nobody has to poll for that."""
        ...

    async def close(self) -> None:
        """Give it up, in less than 4 s. Harmless when it is gone, and when it is called twice."""
        ...


class Provider(Protocol):
    """A way to get a public address."""

    @property
    def name(self) -> str:
        """What people call it, such as `quick tunnel`."""
        ...

    @property
    def private(self) -> bool:
        """Whether its addresses belong to a private edge, so that no public name server knows them."""
        ...

    async def connect(self, port: int) -> Connection:
        """Get an address for 127.0.0.1:`port`, and wait until it is ready.

        Raises:
            TunnelFailed: it cannot be had. Nothing is left running then.
        """
        ...


Environment = Mapping[str, str]
"""Variables of a process."""
