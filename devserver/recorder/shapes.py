"""Recordings as JSON for people's scripts: the shapes that DESIGN promises, and more fields.

Headers are an object, name to value, spelled as received; lines of the same name are joined by ", " (RFC 9110 5.3),
those of Set-Cookie by a line break. Bodies are text when they are UTF-8; otherwise base64, and `body_encoding` says so.
"""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from devserver.recorder.exchange import Answer, Exchange, Headers, Summary
from devserver.recorder.reader import NotRecorded, RecordingReader


def summaries(folder: Path, limit: int) -> list[dict[str, Any]]:
    """The newest exchanges in `folder` (a project's `.fn`) as `fn recordings list --json` has them."""
    with RecordingReader(folder) as reader:
        return [summary_shape(each) for each in reader.newest(limit)]


def detail(folder: Path, name: str) -> dict[str, Any] | None:
    """One exchange as `fn recordings show --json` has it; None when there is none, or several fit."""
    with RecordingReader(folder) as reader:
        try:
            return exchange_shape(reader.get(name))
        except NotRecorded:
            return None


def summary_shape(summary: Summary) -> dict[str, Any]:
    """One line of a list."""
    return {
        "id": summary.id,
        "callid": summary.callid,
        "event": summary.event,
        "source": summary.source,
        "method": summary.method,
        "path": _printable(summary.path),
        "status": summary.status,
        "at": iso(summary.at),
        "ms": _rounded(summary.ms),
    }


def exchange_shape(exchange: Exchange) -> dict[str, Any]:
    """Everything about one exchange. `response` is null when there was no answer."""
    request = exchange.request
    return {
        "id": exchange.id,
        "callid": exchange.callid,
        "event": exchange.event,
        "source": exchange.source,
        "at": iso(exchange.at),
        "ms": _rounded(exchange.ms),
        "generation": exchange.generation,
        "remote": request.remote,
        "request": {
            "method": request.method,
            "path": _printable(request.path),
            "headers": header_object(request.headers),
            **body_fields(request.body),
        },
        "response": _response(exchange.answer),
        "findings": exchange.findings,
        "logs": exchange.logs,
        "error": exchange.error,
        "marks": exchange.marks,
        "effects": msgspec.to_builtins(exchange.effects),
    }


def iso(at: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC, with milliseconds."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def header_object(headers: Headers) -> dict[str, str]:
    """Name to value; the first spelling of a name wins."""
    spelled: dict[str, str] = {}
    joined: dict[str, str] = {}
    for name, value in headers:
        key = spelled.setdefault(name.lower(), name)
        between = "\n" if name.lower() == "set-cookie" else ", "
        joined[key] = f"{joined[key]}{between}{value}" if key in joined else value
    return joined


def body_fields(body: bytes) -> dict[str, str]:
    """`body`, and `body_encoding` when it is not text."""
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body": b64encode(body).decode(), "body_encoding": "base64"}


def _response(answer: Answer | None) -> dict[str, Any] | None:
    if answer is None:
        return None
    return {"status": answer.status, "headers": header_object(answer.headers), **body_fields(answer.body)}


def _printable(path: str) -> str:
    # Bytes of a path that were no UTF-8 are half surrogates by now, which JSON cannot carry.
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _rounded(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 3)
