"""The Debug Adapter Protocol's messages as bytes: JSON behind a header with its length. No sockets, no meaning.

What passes through is read no further than it must be: `Head` has the fields by which a message is told from others,
and everything else stays the bytes it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

_HEADER = b"content-length:"
_LONGEST_HEADER = 4096  # bytes; a web browser that knocks here sends more, and is no client
_LONGEST = 256 << 20  # bytes of one message


class NotDap(Exception):
    """Whoever is there does not speak this protocol."""


class Head(msgspec.Struct, frozen=True):
    """What a message is.

    Attributes:
        type: `request`, `response` or `event`.
        seq: number of the message, by its sender.
        command: of a request or a response.
        event: kind of an event.
        request_seq: which request a response is for.
        success: whether that went well.
    """

    type: str = ""
    seq: int = 0
    command: str = ""
    event: str = ""
    request_seq: int = 0
    success: bool = False


class Reader:
    """Bytes in, whole messages out. One per connection and direction."""

    __slots__ = ("_buffer", "_length")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._length: int | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The body of every message that is complete now.

        Raises:
            NotDap: this is something else.
        """
        self._buffer += data
        while True:
            if self._length is None:
                self._length = self._header()
            if self._length is None or len(self._buffer) < self._length:
                return
            body = bytes(self._buffer[: self._length])
            del self._buffer[: self._length]
            self._length = None
            yield body

    def _header(self) -> int | None:
        # Looked at first: a whole request of HTTP has a Content-Length, too.
        if not _may_become_header(self._buffer):
            raise NotDap
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > _LONGEST_HEADER:
                raise NotDap
            return None
        for line in bytes(self._buffer[:end]).split(b"\r\n"):
            if line.lower().startswith(_HEADER):
                value = line[len(_HEADER) :].strip()
                if value.isdigit() and int(value) <= _LONGEST:
                    del self._buffer[: end + 4]
                    return int(value)
        raise NotDap


def _may_become_header(start: bytes | bytearray) -> bool:
    """Whether this is how a message begins: so a browser is not waited for until it has sent its whole request."""
    lower = bytes(start[: len(_HEADER)]).lower()
    return _HEADER.startswith(lower) or lower.startswith(b"content-type:"[: len(lower)])


_heads = msgspec.json.Decoder(Head)


def head_of(body: bytes) -> Head:
    """What a message is.

    Raises:
        NotDap: no JSON, or not of this protocol.
    """
    try:
        return _heads.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotDap from error


def object_of(body: bytes) -> dict[str, Any]:
    """A message as it is.

    Raises:
        NotDap: no JSON object.
    """
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotDap from error


def frame(body: bytes) -> bytes:
    """A message with its header."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def body_of(message: dict[str, Any]) -> bytes:
    """A message as bytes, without its header."""
    return msgspec.json.encode(message)


def write(message: dict[str, Any]) -> bytes:
    """A message as bytes, with its header."""
    return frame(body_of(message))
