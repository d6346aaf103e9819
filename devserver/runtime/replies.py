"""From what a handler returned to an HTTP answer: status, headers, bytes.

Pure. The shapes are DESIGN 4: a builder, a dict, a `Response`, `{"statusCode", "headers", "body"}`, a bare JSON
value, bytes, text, or nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from devserver.runtime.request import Response

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"

Pairs = tuple[tuple[str, str], ...]

_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 5.6.2
_UNSENDABLE = re.compile("[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
_BODILESS = frozenset({204, 205, 304})


class UnusableReturn(TypeError):
    """A handler returned something that cannot become an answer; the text names the handler and the type."""


class Reply(msgspec.Struct, frozen=True):
    """An HTTP answer, ready to be sent: header fields in order, and the body's bytes."""

    status: int
    headers: Pairs
    body: bytes


def problem(status: int, text: str, **more: Any) -> Reply:
    """An answer of our own: `{"error": text, ...}`."""
    # A text may quote what cannot be encoded, such as a file name with a stray byte.
    text = text.encode("utf-8", "backslashreplace").decode()
    return Reply(status, (("Content-Type", JSON),), msgspec.json.encode({"error": text, **more}))


def voice_reply(handler: str, value: object) -> Reply:
    """What a Voice handler returned, as an answer; nothing becomes an empty 200.

    Raises:
        UnusableReturn: the value cannot be sent.
    """
    if value is None:
        return Reply(200, (), b"")
    return to_reply(handler, value)


def to_reply(handler: str, value: object) -> Reply:
    """What a handler returned, as an answer; nothing becomes 204.

    Raises:
        UnusableReturn: the value cannot be sent.
    """
    match value:
        case None:
            return Reply(204, (), b"")
        case Response(body=body, status=status, headers=headers):
            return _with_status(handler, status, headers, body)
        case {"statusCode": status, **rest}:
            return _with_status(handler, status, rest.get("headers"), rest.get("body"))
        case _:
            kind, data = _content(handler, value)
            return Reply(200, (("Content-Type", kind),), data)


def _with_status(handler: str, status: object, headers: object, body: object) -> Reply:
    if not isinstance(status, int) or not 200 <= status <= 599:
        raise UnusableReturn(f"`{handler}` returned status {status!r:.60}; it must be a number from 200 to 599.")
    pairs = _headers(handler, headers)
    if body is None or status in _BODILESS:
        return Reply(int(status), pairs, b"")
    kind, data = _content(handler, body)
    if not any(name.lower() == "content-type" for name, _ in pairs):
        pairs = (("Content-Type", kind), *pairs)
    return Reply(int(status), pairs, data)


def _headers(handler: str, headers: object) -> Pairs:
    if headers is None:
        return ()
    if not isinstance(headers, Mapping):
        raise UnusableReturn(f"`{handler}` returned headers of type {type(headers).__name__}; a dict is needed.")
    pairs: list[tuple[str, str]] = []
    for name, value in headers.items():
        values = value if isinstance(value, list | tuple) else [value]
        pairs.extend((str(name), str(item)) for item in values)
    for name, value in pairs:
        if not _FIELD_NAME.fullmatch(name):
            raise UnusableReturn(f"`{handler}` returned {name!r} as the name of a header, which cannot be one.")
        if _UNSENDABLE.search(value):
            raise UnusableReturn(f"`{handler}` returned the header {name} with a line break or the like in its value.")
    return tuple(pairs)


def _content(handler: str, value: object) -> tuple[str, bytes]:
    match value:
        case bytes() | bytearray() | memoryview():
            return "application/octet-stream", bytes(value)
        case str():
            return TEXT, value.encode("utf-8", "replace")
        case dict() | list():
            return JSON, _encode(handler, value)
        case _:
            return JSON, _encode(handler, _built(value))


def _built(value: object) -> object:
    """What a builder builds; anything else as it is. A builder is whatever has a `build` method, not only ours."""
    build = getattr(type(value), "build", None)
    return build(value) if callable(build) else value


def _encode(handler: str, value: object) -> bytes:
    try:
        return msgspec.json.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise UnusableReturn(
            f"`{handler}` returned a {type(value).__name__} that cannot be sent as JSON: {error}."
        ) from error
