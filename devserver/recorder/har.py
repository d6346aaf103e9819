"""A call as a HAR 1.2 document, which browser tools and proxies open; and requests out of such a document of anybody.

What a HAR has no place for stands in `_fn` of each entry (names with an underscore are free for all), so that a
document of ours comes back complete. One of a browser has bodies that were decoded on the way, so the headers that say
how they had been encoded are left out.

Pure: functions of data.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import parse_qsl, quote, urlsplit

import msgspec

from devserver.errors import FnError
from devserver.recorder.exchange import Answer, Effect, Exchange, Headers, Request, Source
from devserver.recorder.foreign import Found
from devserver.recorder.portable import WARNING, PortableCall
from devserver.recorder.shapes import iso

_SAFE = "/?#[]@!$&'()*+,;=:%~-._"
_HTTP = "HTTP/1.1"
_WITH_BODIES = (
    'In Chrome "Save all as HAR with content", in Firefox "Save All As HAR", in mitmproxy `--set hardump=FILE`.'
)
_ENCODINGS = frozenset({"content-encoding", "content-length", "transfer-encoding"})


# --- writing -------------------------------------------------------------------------------------------------------


def render(calls: list[PortableCall]) -> Iterator[bytes]:
    """The document, an entry at a time."""
    from importlib.metadata import version

    encode = msgspec.json.Encoder(enc_hook=repr).encode
    creator = {"name": "fn", "version": version("fn-dev")}
    yield b'{"log":{"version":"1.2","creator":%b,"comment":%b,"entries":[' % (encode(creator), encode(WARNING))
    between = b"\n"
    for exchange in (each for call in calls for each in call.exchanges):
        yield between + encode(_entry(exchange))
        between = b",\n"
    yield b"\n]}}\n"


def _entry(exchange: Exchange) -> dict[str, Any]:
    milliseconds = exchange.ms or 0.0
    return {
        "startedDateTime": iso(exchange.at),
        "time": milliseconds,
        "request": _request(exchange.request),
        "response": _response(exchange.answer),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "comment": " ".join(word for word in (exchange.event, exchange.callid) if word),
        "_fn": _Ours(
            exchange.id,
            exchange.at,
            exchange.callid,
            exchange.event,
            exchange.source,
            exchange.request.remote,
            exchange.ms,
            exchange.generation,
            exchange.findings,
            exchange.logs,
            exchange.error,
            exchange.marks,
            exchange.effects,
        ),
    }


def _request(request: Request) -> dict[str, Any]:
    path = quote(request.path.encode("utf-8", "surrogateescape"), safe=_SAFE)
    host = _value(request.headers, "host") or "127.0.0.1:3000"
    made: dict[str, Any] = {
        "method": request.method,
        "url": f"http://{quote(host, safe='[]:.-')}{path}",
        "httpVersion": _HTTP,
        "cookies": _cookies(_value(request.headers, "cookie"), ";"),
        "headers": _pairs(request.headers),
        "queryString": _pairs(tuple(parse_qsl(urlsplit(path).query, keep_blank_values=True))),
        "headersSize": -1,
        "bodySize": len(request.body),
    }
    if request.body:
        made["postData"] = {
            "mimeType": _value(request.headers, "content-type"),
            "params": [],
            **_text(request.body, "_encoding"),
        }
    return made


def _response(answer: Answer | None) -> dict[str, Any]:
    """A request without an answer has status 0, as browsers write one that was aborted."""
    status, headers, body = (0, (), b"") if answer is None else (answer.status, answer.headers, answer.body)
    return {
        "status": status,
        "statusText": _phrase(status),
        "httpVersion": _HTTP,
        "cookies": _cookies(_value(headers, "set-cookie"), "\n"),
        "headers": _pairs(headers),
        "content": {"size": len(body), "mimeType": _value(headers, "content-type"), **_text(body)},
        "redirectURL": _value(headers, "location"),
        "headersSize": -1,
        "bodySize": len(body),
    }


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""


def _value(headers: Headers, wanted: str) -> str:
    return "\n".join(value for name, value in headers if name.lower() == wanted)


def _pairs(pairs: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _cookies(value: str, between: str) -> list[dict[str, str]]:
    found = [part.partition(";")[0].partition("=") for part in value.split(between) if "=" in part]
    return [{"name": name.strip(), "value": content.strip()} for name, _, content in found]


def _text(body: bytes, encoding: str = "encoding") -> dict[str, str]:
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"text": b64encode(body).decode(), encoding: "base64"}


# --- reading -------------------------------------------------------------------------------------------------------


class _Ours(msgspec.Struct, omit_defaults=True):
    """What `_fn` holds."""

    id: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-z]{1,26}\Z")]
    at: float
    callid: str | None
    event: str | None
    source: Source
    remote: str = ""
    ms: float | None = None
    generation: int | None = None
    findings: list[dict[str, Any]] = []
    logs: list[dict[str, Any]] = []
    error: dict[str, Any] | None = None
    marks: list[str] = []
    effects: list[Effect] = []


class _Pair(msgspec.Struct):
    name: str
    value: str = ""


class _Body(msgspec.Struct):
    text: str | None = None
    encoding: str | None = None
    own_encoding: str | None = msgspec.field(name="_encoding", default=None)  # of a request, where HAR has none
    size: float = 0
    params: list[_Pair] = []


class _HarRequest(msgspec.Struct, rename="camel"):
    method: str
    url: str
    headers: list[_Pair] = []
    post_data: _Body | None = None
    body_size: float = -1


class _HarResponse(msgspec.Struct):
    status: int = 0
    headers: list[_Pair] = []
    content: _Body = msgspec.field(default_factory=_Body)


class _HarEntry(msgspec.Struct):
    started: str = msgspec.field(name="startedDateTime")
    request: _HarRequest
    response: _HarResponse = msgspec.field(default_factory=_HarResponse)
    time: float | None = None
    ours: _Ours | None = msgspec.field(name="_fn", default=None)


class _HarLog(msgspec.Struct):
    entries: list[_HarEntry]


class _Har(msgspec.Struct):
    log: _HarLog


def read(data: bytes, name: str) -> list[Found]:
    """The requests in a HAR, in the order of their times.

    Args:
        data: the document.
        name: of the file, for errors.

    Raises:
        FnError: it is no HAR, or it was written without the bodies.
    """
    try:
        entries = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=_Har).log.entries
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FnError(f"{name} is no complete HAR: {error}.", hint="Save it again, or get a whole copy.") from error
    if not entries:
        raise FnError(f"{name} is a HAR without any request.", hint="Record some requests before saving it.")
    _refuse_without_bodies(entries, name)
    try:
        return sorted([_found(entry) for entry in entries], key=lambda found: found.at)
    except ValueError as error:
        raise FnError(f"{name} is no complete HAR: {error}.", hint="Save it again.") from error


def _refuse_without_bodies(entries: list[_HarEntry], name: str) -> None:
    asked = [entry.request for entry in entries if _had_body(entry.request)]
    if asked and not any(_body(request.post_data) for request in asked):
        raise FnError(
            f"{name} is a HAR without the bodies of its requests, which cannot be replayed.", hint=_WITH_BODIES
        )
    answered = [entry.response.content for entry in entries if entry.response.content.size > 0]
    if answered and all(content.text is None for content in answered):
        raise FnError(f"{name} is a HAR without the bodies of its answers.", hint=_WITH_BODIES)


def _had_body(request: _HarRequest) -> bool:
    if request.body_size >= 0:
        return request.body_size > 0
    length = next((pair.value for pair in request.headers if pair.name.lower() == "content-length"), "")
    return length.strip() not in {"", "0"} or (not length and request.method in {"POST", "PUT", "PATCH"})


def _found(entry: _HarEntry) -> Found:
    at = datetime.fromisoformat(entry.started).timestamp()
    known = entry.ours
    request = Request(
        entry.request.method,
        _path(entry.request.url),
        _headers(entry.request.headers, is_ours=known is not None),
        _body(entry.request.post_data),
        known.remote if known else "",
    )
    answer = None
    if entry.response.status > 0:
        headers = _headers(entry.response.headers, is_ours=known is not None)
        answer = Answer(entry.response.status, headers, _body(entry.response.content))
    found = Found(at, request, answer, entry.time)
    return found if known is None else msgspec.structs.replace(found, ours=_exchange(known, request, answer))


def _exchange(known: _Ours, request: Request, answer: Answer | None) -> Exchange:
    fields = {name: getattr(known, name) for name in known.__struct_fields__ if name != "remote"}
    return Exchange(request=request, answer=answer, **fields)


def _path(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _headers(pairs: list[_Pair], *, is_ours: bool) -> Headers:
    """Those of HTTP/1; browsers show those of HTTP/2, like `:authority`, too."""
    kept = (pair for pair in pairs if not pair.name.startswith(":"))
    return tuple((pair.name, pair.value) for pair in kept if is_ours or pair.name.lower() not in _ENCODINGS)


def _body(body: _Body | None) -> bytes:
    if body is None:
        return b""
    if body.text is None:
        # A form, which some tools give in its parts only.
        return "&".join(f"{quote(pair.name)}={quote(pair.value)}" for pair in body.params).encode()
    if "base64" in {body.encoding, body.own_encoding}:
        return b64decode(body.text)
    return body.text.encode("utf-8", "replace")
