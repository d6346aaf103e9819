"""One callback over HTTP: signed, to the primary address and then the fallback, each within its deadline.

The deadline is real time even where the call's clock is not: it is the function's, not the caller's. What travels how
is a `Send`, so that tests and chaos can stand in for the network. Nothing here knows calls.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from math import inf
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self
from urllib.parse import urlsplit

import msgspec

from devserver.calls.commands import SendCallback
from devserver.signing import sign

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

ANSWER_LIMIT = 1 << 20
"""Bytes of an answer; more is unusable."""

_CONTENT_TYPE = "application/json; charset=utf-8"


class Outgoing(msgspec.Struct, frozen=True):
    """A request as it goes out: POST, signed, complete."""

    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Incoming(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    body: bytes


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


Unusable = Callable[[int, bytes], str]
"""Why an answer (status and body) is none, so that the next address is tried; empty when it is one."""


class Deliver(Protocol):
    """Brings a callback to the function. Never raises but for cancellation."""

    async def __call__(self, command: SendCallback, unusable: Unusable) -> Delivered:
        """See `Deliver`."""
        ...


class Signer(msgspec.Struct, frozen=True):
    """Who signs: the application's key and secret. Without a secret callbacks go unsigned."""

    key: str
    secret: str

    def __repr__(self) -> str:
        return f"Signer({self.key!r}, ...)"


class Delivery:
    """`Deliver` over a `Send`.

    Args:
        send: the network.
        signer: asked for each callback, since a project can get another secret while it runs.
        private: headers for addresses of the function port alone: they hold what nobody else may see.
        ours: the origin of those addresses, such as `http://127.0.0.1:3000`.
    """

    def __init__(
        self, send: Send, signer: Callable[[], Signer], private: Mapping[str, str] | None = None, ours: str = ""
    ) -> None:
        self._send = send
        self._signer = signer
        self._private = tuple((private or {}).items())
        self._ours = ours.rstrip("/")

    async def __call__(self, command: SendCallback, unusable: Unusable) -> Delivered:
        """See `Deliver`."""
        attempts: list[Attempt] = []
        body, why = b"", "No address is configured for it."
        encoded = msgspec.json.encode(command.payload)
        for url in command.urls:
            attempt, body = await self._attempt(url, encoded, command)
            attempts.append(attempt)
            why = attempt.why
            if not why and not unusable(attempt.status, body):
                break
        last = attempts[-1].status if attempts else 0
        return Delivered(last, body, round(sum(each.ms for each in attempts), 2), tuple(attempts), why)

    async def _attempt(self, url: str, body: bytes, command: SendCallback) -> tuple[Attempt, bytes]:
        began = time.perf_counter()
        status, answer, why = 0, b"", ""
        try:
            incoming = await self._send(self._outgoing(url, body, command), command.deadline)
            status, answer = incoming.status, incoming.body
        except (Undelivered, ValueError) as error:
            why = str(error)
        return Attempt(url, status, round((time.perf_counter() - began) * 1000, 2), why), answer

    def _outgoing(self, url: str, body: bytes, command: SendCallback) -> Outgoing:
        timestamp = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        headers = [("Content-Type", _CONTENT_TYPE), ("x-timestamp", timestamp), *command.headers]
        signer = self._signer()
        if signer.key and signer.secret:
            path = urlsplit(url).path or "/"
            signature = sign(
                key=signer.key,
                secret=signer.secret,
                method="POST",
                path=path,
                body=body,
                content_type=_CONTENT_TYPE,
                timestamp=timestamp,
            )
            headers.append(("Authorization", signature))
        if self._ours and _origin(url) == self._ours:
            headers.extend(self._private)
        return Outgoing(url, tuple(headers), body)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def is_local(url: str) -> bool:
    """Whether an address is of this machine; callbacks of simulated calls go nowhere else."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class HttpSend:
    """`Send` over real HTTP to addresses of this machine; an asynchronous context, which holds the connections.

    Args:
        at_once: how many connections at most.
    """

    def __init__(self, at_once: int = 100) -> None:
        self._at_once = at_once
        self._client: ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            await self._client.close()

    async def __call__(self, outgoing: Outgoing, deadline: float) -> Incoming:
        """See `Send`."""
        import aiohttp
        from yarl import URL

        if not is_local(outgoing.url):
            raise Undelivered("Simulated calls are answered on this machine only; its address is another machine's.")
        try:
            async with self._open().post(
                URL(outgoing.url, encoded=True),
                data=outgoing.body,
                headers=outgoing.headers,
                allow_redirects=False,
                # aiohttp would round times from 5 s on up to the next whole second of the event loop's clock.
                timeout=aiohttp.ClientTimeout(total=deadline, ceil_threshold=inf),
            ) as response:
                return Incoming(response.status, await _bounded(response))
        except TimeoutError:
            raise Undelivered(f"There was no answer within {deadline:g} s.") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Undelivered(_in_words(error)) from None

    def _open(self) -> ClientSession:
        import aiohttp

        if self._client is None:
            self._client = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._at_once), cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._client


async def _bounded(response: ClientResponse) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_chunked(1 << 16):
        body += piece
        if len(body) > ANSWER_LIMIT:
            raise Undelivered(f"The answer is larger than {ANSWER_LIMIT} bytes.")
    return bytes(body)


def _in_words(error: Exception) -> str:
    import aiohttp

    match error:
        case aiohttp.ClientConnectorError():
            return f"Nobody listens there: {error.strerror or 'the connection was refused'}."
        case aiohttp.ServerDisconnectedError() | ConnectionResetError():
            return "The connection was closed without an answer."
        case aiohttp.ClientPayloadError():
            return "The answer broke off."
        case aiohttp.InvalidURL():
            return "The address cannot be used."
        case _:
            return f"The request failed: {str(error) or type(error).__name__}."
