"""Requests out of the log of ngrok's agent, as its API gives it: `curl http://127.0.0.1:4040/api/requests/http`.

`raw` of a request and an answer is the whole message of HTTP as it went over the wire, in base64. Other tunnels write
the same. Pure: functions of data.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from devserver.errors import FnError
from devserver.recorder.exchange import Answer, Headers, Request
from devserver.recorder.foreign import Found

_HINT = "Save what http://127.0.0.1:4040/api/requests/http gives, while ngrok runs."


class _Message(msgspec.Struct):
    method: str = ""
    uri: str = ""
    status_code: int = 0
    headers: dict[str, list[str]] | None = None
    raw: bytes = b""  # base64 in the file


class _Entry(msgspec.Struct):
    start: str
    request: _Message
    duration: float = 0.0  # nanoseconds
    response: _Message | None = None
    remote_addr: str = ""


class _Log(msgspec.Struct):
    requests: list[_Entry]


def read(data: bytes, name: str) -> list[Found]:
    """The requests in a log, in the order of their times.

    Args:
        data: the document.
        name: of the file, for errors.

    Raises:
        FnError: it is no such log, or it was written without the raw messages.
    """
    try:
        entries = msgspec.json.decode(data, type=_Log).requests
        found = [_found(entry) for entry in entries]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise FnError(f"{name} is no complete log of ngrok: {error}.", hint=_HINT) from error
    if not found:
        raise FnError(f"{name} is a log of ngrok without any request.", hint=_HINT)
    if not any(entry.request.raw for entry in entries):
        raise FnError(f"{name} is a log of ngrok without the raw requests, which cannot be replayed.", hint=_HINT)
    return sorted(found, key=lambda one: one.at)


def _found(entry: _Entry) -> Found:
    at = datetime.fromisoformat(entry.start).timestamp()
    first, headers, body = _message(entry.request)
    method, _, rest = first.partition(" ")
    path = rest.rpartition(" ")[0]
    request = Request(
        entry.request.method or method, entry.request.uri or path or "/", headers, body, entry.remote_addr
    )
    answer = None
    if entry.response is not None and entry.response.status_code:
        _, headers, body = _message(entry.response)
        answer = Answer(entry.response.status_code, headers, body)
    return Found(at, request, answer, entry.duration / 1e6, "tunnel")


def _message(message: _Message) -> tuple[str, Headers, bytes]:
    """First line, headers and body; headers from the list beside it when there is no raw message."""
    head, _, body = message.raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = tuple((name.strip(), value.strip()) for name, colon, value in map(_parts, lines) if colon)
    if not headers and message.headers:
        headers = tuple((name, value) for name, values in message.headers.items() for value in values)
    if any(name.lower() == "transfer-encoding" and "chunked" in value.lower() for name, value in headers):
        body = _joined(body)
    return first, headers, body


def _parts(line: str) -> tuple[str, str, str]:
    return line.partition(":")


def _joined(body: bytes) -> bytes:
    """A body that was sent in chunks; as it is when it is in none, because some logs have joined them already."""
    rest = body
    parts: list[bytes] = []
    while True:
        size, line_end, rest = rest.partition(b"\r\n")
        try:
            length = int(size.partition(b";")[0], 16)
        except ValueError:
            return body
        if not line_end or length < 0:
            return body
        if length == 0:
            return b"".join(parts)
        parts.append(rest[:length])
        rest = rest[length:].removeprefix(b"\r\n")
