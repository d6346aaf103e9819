"""What stands between our clients and the network: sees every call before it leaves, and may answer it itself.

Data and a Protocol only; nothing here imports the SDK. Recording and replaying are the business of whoever implements
`Wire`; `adapter` calls it for the SDK, `voice_http` for the Voice API. Credentials never reach it: the `Authorization`
header is left out, and requests for tokens are not shown at all.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

Headers = tuple[tuple[str, str], ...]


class OutboundCall(msgspec.Struct, frozen=True):
    """A request that a client is about to send; `url` with the query, `headers` without credentials."""

    method: str
    url: str
    headers: Headers
    body: bytes


class OutboundAnswer(msgspec.Struct, frozen=True):
    """What came back, or is given in place of it; `body` is decoded, whatever its encoding on the wire was."""

    status: int
    headers: Headers
    body: bytes


class OutboundRefused(Exception):
    """A call that must not leave this machine was not made; the text is one sentence and the way out."""


class OutboundFailed(Exception):
    """A call that had no answer when it was recorded, such as a timeout, and has none now.

    The handler gets the error that it got then, as far as its kind is known.

    Attributes:
        kind: name of the exception's class then.
        text: its text.
    """

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(kind, text)
        self.kind = kind
        self.text = text


class Wire(Protocol):
    """Asked about every call, in the thread that makes it, with the context variables of the request."""

    def before(self, call: OutboundCall) -> OutboundAnswer | None:
        """An answer in place of the network; None lets the call go out.

        Raises:
            OutboundRefused: it must not go out, and there is no answer; the user's handler gets this.
            OutboundFailed: the answer is that there is none; the handler gets an error of the client.
        """
        ...

    def after(self, call: OutboundCall, answer: OutboundAnswer | None, error: str | None, seconds: float) -> None:
        """What came of a call that was not refused, by the network or by `before`.

        Args:
            call: the call.
            answer: None when there was none.
            error: why there was none, as `Kind: text`.
            seconds: it took.
        """
        ...
