"""The lines of our portable file as JSON, one struct a kind of line, and exchanges to and from them.

Text is text; bytes that are none are `{"base64": "..."}`, also in a path or a header.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from devserver.recorder.exchange import Answer, Effect, Exchange, Headers, Request, Source
from devserver.recorder.state import CacheEntry

WARNING = "This file may hold personal data: phone numbers, names and what callers said or typed."
Numbers = Literal["pseudonyms", "kept"]


class State(msgspec.Struct, frozen=True):
    """The state that a call began with.

    Attributes:
        storage: content by key.
        database: content of an SQLite file; None when there was none, or when it is left out.
    """

    cache: list[CacheEntry] = []
    storage: dict[str, bytes] = {}
    database: bytes | None = None


class _Data(msgspec.Struct):
    base64: bytes  # msgspec writes bytes as base64


_Text = str | _Data


class HeaderLine(msgspec.Struct):
    """The first line."""

    fn: Literal["recording"]
    version: int
    project: str
    made_by: str
    at: str
    numbers: Numbers
    warning: str = WARNING


class CallLine(msgspec.Struct, tag_field="kind", tag="call"):
    """A call begins."""

    callid: _Text | None


class _CacheLine(msgspec.Struct):
    key: _Text
    value: _Text
    ttl: float


class StateLine(msgspec.Struct, tag_field="kind", tag="state", omit_defaults=True):
    """The state that a call began with."""

    cache: list[_CacheLine] = []
    storage: dict[str, _Text] = {}
    database: _Data | None = None


class _Request(msgspec.Struct, omit_defaults=True):
    method: _Text
    path: _Text
    headers: list[tuple[_Text, _Text]]
    body: _Text = ""
    remote: str = ""


class _Answer(msgspec.Struct, omit_defaults=True):
    status: int
    headers: list[tuple[_Text, _Text]]
    body: _Text = ""


class ExchangeLine(msgspec.Struct, tag_field="kind", tag="exchange", omit_defaults=True):
    """An exchange; fields as in `Exchange`."""

    # An id becomes the name of a file.
    id: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-z]{1,26}\Z")]
    at: float
    callid: _Text | None
    event: str | None
    source: Source
    request: _Request
    answer: _Answer | None = None
    ms: float | None = None
    generation: int | None = None
    findings: list[dict[str, Any]] = []
    logs: list[dict[str, Any]] = []
    error: dict[str, Any] | None = None
    marks: list[str] = []
    effects: list[Effect] = []
    state: int = 0


class EndLine(msgspec.Struct, tag_field="kind", tag="end"):
    """The last line."""


Line = CallLine | StateLine | ExchangeLine | EndLine


def packed(exchange: Exchange) -> ExchangeLine:
    """The line of an exchange."""
    request, answer = exchange.request, exchange.answer
    fields = {name: getattr(exchange, name) for name in _SAME}
    return ExchangeLine(
        callid=packed_name(exchange.callid),
        request=_Request(
            _packed_text(request.method),
            _packed_text(request.path),
            _packed_headers(request.headers),
            _packed_bytes(request.body),
            request.remote,
        ),
        answer=None
        if answer is None
        else _Answer(answer.status, _packed_headers(answer.headers), _packed_bytes(answer.body)),
        **fields,
    )


def packed_state(state: State) -> StateLine:
    """The line of a state."""
    return StateLine(
        [_CacheLine(_packed_text(entry.key), _packed_bytes(entry.value), entry.ttl) for entry in state.cache],
        {key: _packed_bytes(value) for key, value in state.storage.items()},
        None if state.database is None else _Data(state.database),
    )


def _packed_headers(headers: Headers) -> list[tuple[_Text, _Text]]:
    return [(_packed_text(name), _packed_text(value)) for name, value in headers]


def _packed_bytes(data: bytes) -> _Text:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return _Data(data)


def _packed_text(text: str) -> _Text:
    """Text as it is; bytes in disguise (half surrogates, where a path was no UTF-8) as those bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return _Data(text.encode("utf-8", "surrogateescape"))
    return text


def packed_name(name: str | None) -> _Text | None:
    """A call id as it stands in a line."""
    return None if name is None else _packed_text(name)


def unpacked(line: ExchangeLine) -> Exchange:
    """The exchange of a line."""
    request, answer = line.request, line.answer
    fields = {name: getattr(line, name) for name in _SAME}
    return Exchange(
        callid=unpacked_name(line.callid),
        request=Request(
            _unpacked_text(request.method),
            _unpacked_text(request.path),
            _unpacked_headers(request.headers),
            _unpacked_bytes(request.body),
            request.remote,
        ),
        answer=None
        if answer is None
        else Answer(answer.status, _unpacked_headers(answer.headers), _unpacked_bytes(answer.body)),
        **fields,
    )


def unpacked_state(line: StateLine) -> State:
    """The state of a line."""
    return State(
        [CacheEntry(_unpacked_text(entry.key), _unpacked_bytes(entry.value), entry.ttl) for entry in line.cache],
        {key: _unpacked_bytes(value) for key, value in line.storage.items()},
        None if line.database is None else line.database.base64,
    )


def _unpacked_headers(headers: list[tuple[_Text, _Text]]) -> Headers:
    return tuple((_unpacked_text(name), _unpacked_text(value)) for name, value in headers)


def _unpacked_bytes(value: _Text) -> bytes:
    return value.base64 if isinstance(value, _Data) else value.encode()


def _unpacked_text(value: _Text) -> str:
    return value.base64.decode("utf-8", "surrogateescape") if isinstance(value, _Data) else value


def unpacked_name(value: _Text | None) -> str | None:
    """A call id from a line."""
    return None if value is None else _unpacked_text(value)


_SAME = tuple(name for name in Exchange.__struct_fields__ if name not in {"callid", "request", "answer"})
"""Fields that stand in a line as they are."""
