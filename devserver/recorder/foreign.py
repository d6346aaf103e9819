"""Requests that another tool recorded, as exchanges of ours. Pure.

Their ids are made from what they are, so that the same file imported twice is known again.
"""

from __future__ import annotations

import hashlib
from typing import Any, Literal

import msgspec

from devserver.recorder.exchange import ID_LENGTH, Answer, Exchange, Request
from devserver.runtime.routing import voice_event

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_TIME = 10  # characters of an id that are its time


class Found(msgspec.Struct, frozen=True):
    """A request, and all that another tool knows about it.

    Attributes:
        at: seconds since 1970.
        ours: the exchange as it was, when it was we who wrote the document.
    """

    at: float
    request: Request
    answer: Answer | None = None
    ms: float | None = None
    source: Literal["local", "tunnel"] = "local"
    ours: Exchange | None = None


def exchange_from(found: Found) -> Exchange:
    """The exchange; a request that looks like a callback is one, and belongs to its call."""
    if found.ours is not None:
        return found.ours
    request = found.request
    document = _json(request.body)
    event = voice_event(request.method, request.path, lambda: document)
    return Exchange(
        id=_id(found),
        at=found.at,
        callid=_callid(document) if event is not None else None,
        event=event,
        source=found.source,
        request=request,
        answer=found.answer,
        ms=found.ms,
    )


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _callid(document: Any) -> str | None:
    if not isinstance(document, dict):
        return None
    folded = {str(key).lower().replace("_", ""): value for key, value in document.items()}
    found = folded.get("callid")
    return found if isinstance(found, str) and found else None


def _id(found: Found) -> str:
    """As `new_id` makes one, with what the request is in place of chance."""
    request = found.request
    content = repr((found.at, request.method, request.path, request.headers, request.body)).encode("utf-8", "replace")
    drawn = int.from_bytes(hashlib.sha256(content).digest()[:10])
    milliseconds = min(max(0, int(found.at * 1000)), (1 << 48) - 1)
    return _letters(milliseconds, _TIME) + _letters(drawn, ID_LENGTH - _TIME)


def _letters(number: int, length: int) -> str:
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in range(length - 1, -1, -1))
