"""Exchanges as rows of the two tables, and back. Redaction happens here: what has become a row may be written."""

from __future__ import annotations

from typing import Any

import msgspec

from devserver.recorder.exchange import Answer, Effect, Exchange, Headers, Request, Summary
from devserver.recorder.redaction import Redactor

Row = tuple[Any, ...]

INSERT_REQUEST = (
    "INSERT INTO request (id, at, callid, event, source, method, path, remote, headers, body, state)"
    " VALUES (?,?,?,?,?,?,?,?,?,?,?)"
)
INSERT_ANSWER = "INSERT INTO answer (seq, status, ms, generation, headers, notes, body) VALUES (?,?,?,?,?,?,?)"
# Only if the request (its seq and id again) is still there: after a purge its number may be another request's.
INSERT_LATE_ANSWER = (
    "INSERT INTO answer (seq, status, ms, generation, headers, notes, body)"
    " SELECT ?,?,?,?,?,?,? WHERE EXISTS (SELECT 1 FROM request WHERE seq = ? AND id = ?)"
)
SUMMARY_COLUMNS = "r.id, r.callid, r.event, r.source, r.method, r.path, a.status, r.at, a.ms"
EXCHANGE_COLUMNS = (
    "r.id, r.at, r.callid, r.event, r.source, r.method, r.path, r.remote, r.headers, r.body, r.state,"
    " a.status, a.ms, a.generation, a.headers, a.notes, a.body"
)

_DEEPEST = 20
_encoder = msgspec.json.Encoder(enc_hook=repr)
_decode_headers = msgspec.json.Decoder(Headers).decode


class Notes(msgspec.Struct, array_like=True):
    """What is known about an exchange besides the answer itself."""

    findings: list[dict[str, Any]]
    logs: list[dict[str, Any]]
    error: dict[str, Any] | None
    marks: list[str]
    effects: list[Effect] = []


_decode_notes = msgspec.json.Decoder(Notes).decode


def request_row(  # noqa: PLR0917 the hot path; keywords cost
    redact: Redactor,
    exchange_id: str,
    at: float,
    callid: str | None,
    event: str | None,
    source: str,
    request: Request,
    state: int = 0,
) -> Row:
    """A row for `INSERT_REQUEST`."""
    return (
        exchange_id,
        at,
        _storable(redact.text(callid)) if callid else None,
        event,
        source,
        _storable(request.method),
        _storable(redact.text(request.path)),
        request.remote,
        _json(redact.headers(request.headers)),
        redact.data(request.body),
        state,
    )


def answer_row(
    redact: Redactor, answer: Answer | None, ms: float | None, generation: int | None, notes: Notes | None
) -> Row:
    """A row for `INSERT_ANSWER`, without its seq; without notes there is nothing to say, as with empty ones."""
    has_notes = notes is not None and (notes.findings or notes.logs or notes.error or notes.marks or notes.effects)
    written = _written(redact, notes) if notes is not None and has_notes else None
    if answer is None:
        return (None, ms, generation, None, written, None)
    return (answer.status, ms, generation, _json(redact.headers(answer.headers)), written, redact.data(answer.body))


def summary_of(row: Row) -> Summary:
    """From `SUMMARY_COLUMNS`."""
    exchange_id, callid, event, source, method, path, status, at, ms = row
    return Summary(exchange_id, _text(callid), event, source, _text(method), _text(path), status, at, ms)


def _written(redact: Redactor, notes: Notes) -> bytes:
    data = _json(notes)
    clean = redact.data(data)
    if clean is not data:
        try:
            _decode_notes(clean)
        except msgspec.DecodeError:
            # A secret that was a number has no quotes around it.
            return _json(_quoted(redact, msgspec.json.decode(data)))
    return clean


def _quoted(redact: Redactor, value: Any) -> Any:
    match value:
        case str():
            return redact.text(value)
        case dict():
            return {redact.text(key): _quoted(redact, item) for key, item in value.items()}
        case list():
            return [_quoted(redact, item) for item in value]
        case int() | float() if not isinstance(value, bool):
            text = str(value)
            clean = redact.text(text)
            return value if clean == text else clean
        case _:
            return value


def answer_of(status: int | None, headers: Any, notes: Any, body: Any) -> tuple[Answer | None, Notes]:
    """An answer and what is known besides, from their columns."""
    known = _decode_notes(notes) if notes else Notes([], [], None, [])
    return (None if status is None else Answer(status, _decode_headers(headers), body)), known


def exchange_of(row: Row) -> Exchange:
    """From `EXCHANGE_COLUMNS`."""
    exchange_id, at, callid, event, source, method, path, remote, headers, body, state = row[:11]
    status, ms, generation, answer_headers, notes, answer_body = row[11:]
    answer, known = answer_of(status, answer_headers, notes, answer_body)
    return Exchange(
        id=exchange_id,
        at=at,
        callid=_text(callid),
        event=event,
        source=source,
        request=Request(_text(method), _text(path), _decode_headers(headers), body, remote),
        answer=answer,
        ms=ms,
        generation=generation,
        findings=known.findings,
        logs=known.logs,
        error=known.error,
        marks=known.marks,
        effects=known.effects,
        state=state,
    )


def _json(value: Any) -> bytes:
    try:
        return _encoder.encode(value)
    except (UnicodeEncodeError, TypeError, ValueError, OverflowError, RecursionError):
        return _encoder.encode(_plain(msgspec.to_builtins(value, enc_hook=repr) if isinstance(value, Notes) else value))


def _plain(value: Any, deep: int = 0) -> Any:
    """What user code logged, made fit for JSON: half surrogates, numbers beyond 64 bits, keys that are no strings."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict() if deep < _DEEPEST:
            return {_plain(str(key)): _plain(item, deep + 1) for key, item in value.items()}
        case list() | tuple() if deep < _DEEPEST:
            return [_plain(item, deep + 1) for item in value]
        case None | bool() | float():
            return value
        case int() if -(1 << 63) <= value < 1 << 63:
            return value
        case _:
            return _plain(repr(value)) if deep < _DEEPEST else "..."


def _storable(text: str) -> str | bytes:
    """Text for SQLite, which takes no half surrogates; a path may hold them where it was no UTF-8."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape")


def _text(value: Any) -> Any:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value
