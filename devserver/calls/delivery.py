"""One callback over HTTP: signed, to the primary address and then the fallback, each within its deadline.

The deadline is real time even where the call's clock is not: it is the function's, not the caller's. What travels how
is a `Send`, so that tests and chaos can stand in for the network. Nothing here knows calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from devserver.calls.commands import SendCallback

ANSWER_LIMIT = 1 << 20
"""Bytes of an answer; more is unusable."""


class Outgoing(msgspec.Struct, frozen=True):
    """A request as it goes out: POST, signed, complete."""

    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Incoming(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class Undelivered(Exception):
    """No answer came; the text is a sentence that says why."""


class Send(Protocol):
    """The network."""

    async def __call__(self, outgoing: Outgoing, deadline: float) -> Incoming:
        """Send, and wait for the answer for at most `deadline` seconds.

        Raises:
            Undelivered: there was none.
        """
        ...


class Attempt(msgspec.Struct, frozen=True):
    """What became of one address; status 0: no answer."""

    url: str
    status: int
    ms: float
    why: str = ""


class Delivered(msgspec.Struct, frozen=True):
    """What became of a callback.

    Attributes:
        status: of the last address that was tried; 0: no answer.
        body: its answer.
        ms: milliseconds of all addresses together.
        attempts: one for each address that was tried.
        why: why there is no answer; empty when there is one.
    """

    status: int
    body: bytes
    ms: float
    attempts: tuple[Attempt, ...]
    why: str = ""


class Deliver(Protocol):
    """Brings a callback to the function. Never raises but for cancellation."""

    async def __call__(self, command: SendCallback) -> Delivered:
        """See `Deliver`."""
        ...


class Signer(msgspec.Struct, frozen=True):
    """Who signs: the application's key and secret. Without a secret callbacks go unsigned."""

    key: str
    secret: str


class Delivery:
    """`Deliver` over a `Send`.

    Args:
        send: the network.
        signer: asked for each callback, since a project can get another secret while it runs.
        private: headers for addresses of the function port alone: they hold what nobody else may see.
        ours: the beginning of those addresses, such as `http://127.0.0.1:3000`.
    """

    def __init__(
        self, send: Send, signer: Callable[[], Signer], private: Mapping[str, str] | None = None, ours: str = ""
    ) -> None:
        raise NotImplementedError

    async def __call__(self, command: SendCallback) -> Delivered:
        """See `Deliver`."""
        raise NotImplementedError
