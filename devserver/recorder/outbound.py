"""Calls to Sinch that a handler made: as effects of a recording, and answered from there in a replay.

The value of such an effect:

| field | |
|---|---|
| sent, received | JSON; other text; `{"bytes", "sha256"}` of what is no text or above 1 MiB; None for nothing |
| status, content_type | of the answer; None without one |
| headers | those of the answer that decide what the SDK does next; left out when there are none |
| error | why there was no answer, as `Kind: text` |
| ms | milliseconds it took |
| refused | why it was not made in a replay; then there is nothing else but `sent` |

A call is answered by a recording with the same method, path, query and body. Which server it was sent to does not
matter. If there is none, one will do that differs only in the account and in what differs from call to call: UUIDs,
times, references. Each recording answers once, in order, so that a status that is asked for twice may change.

No I/O and no clock.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from devserver.recorder.exchange import Effect
from devserver.recorder.outbound_match import Asked, asked_for, differing, distance, is_alike, is_of_same_kind, is_same
from devserver.recorder.redaction import Redactor
from devserver.runtime.clients.wire import OutboundAnswer, OutboundCall, OutboundFailed, OutboundRefused

LARGEST = 1 << 20
"""Bytes of a body that is recorded as it is; of a larger one, size and hash are."""

_KEPT = ("www-authenticate", "location")  # an expired token, and another address
_SHOWN = 3  # differences that a refusal names
_WAY_OUT = "--allow-outbound lets it go out."


def effect_of(
    call: OutboundCall, answer: OutboundAnswer | None, error: str | None, at: float, seconds: float
) -> Effect:
    """A call that was made, or answered in place of the network; see `Wire.after`.

    Args:
        call: the call.
        answer: None when there was none.
        error: why there was none.
        at: when, seconds since 1970.
        seconds: it took.
    """
    headers = {name.lower(): value for name, value in answer.headers} if answer else {}
    value: dict[str, Any] = {
        "sent": _content(call.body),
        "status": answer.status if answer else None,
        "content_type": headers.get("content-type"),
        "received": _content(answer.body) if answer else None,
        "error": error,
        "ms": round(seconds * 1000, 3),
    }
    kept = {name: headers[name] for name in _KEPT if name in headers}
    return Effect("outbound", call.method, _address(call.url), at, value | ({"headers": kept} if kept else {}))


def refusal_of(call: OutboundCall, refused: str, at: float) -> Effect:
    """A call that was not made.

    Args:
        call: the call.
        refused: text of the `OutboundRefused`.
        at: when, seconds since 1970.
    """
    return Effect("outbound", call.method, _address(call.url), at, {"sent": _content(call.body), "refused": refused})


class Recorded:
    """Answers the calls of a replay from what was recorded. Several threads may use it.

    Args:
        effects: of the recording, in order; those that are no calls, and refused calls, do not count.
        allow: whether a call that no recording answers may go out.
        redact: of the project: calls are compared as they would be recorded, and secrets put back into answers.
    """

    def __init__(self, effects: Sequence[Effect], allow: bool, redact: Redactor | None = None) -> None:
        self._allow = allow
        self._redact = redact or Redactor({})
        self._known = [
            (asked_for(effect.operation, effect.key, effect.value.get("sent")), effect.value)
            for effect in effects
            if effect.kind == "outbound" and isinstance(effect.value, dict) and "refused" not in effect.value
        ]
        self._used: set[int] = set()
        self._lock = threading.Lock()

    def answer(self, call: OutboundCall) -> OutboundAnswer | None:
        """The recorded answer; None to let the call go out.

        Raises:
            OutboundRefused: there is none, and it may not go out; names the nearest recording and what differs.
            OutboundFailed: what was recorded is that there was no answer.
        """
        asked = asked_for(call.method, self._redact.text(_address(call.url)), self._as_recorded(_content(call.body)))
        with self._lock:
            index = self._find(asked)
            if index is not None:
                self._used.add(index)
        value = {} if index is None else self._known[index][1]
        reason = self._why_not(asked) if index is None else _unanswerable(asked, value)
        if not reason:
            return self._answer(value)
        if self._allow:
            return None
        raise OutboundRefused(f"{reason} {_WAY_OUT}")

    def _find(self, asked: Asked) -> int | None:
        free = [(index, known) for index, (known, _) in enumerate(self._known) if index not in self._used]
        for fits in (is_same, is_alike):
            for index, known in free:
                if fits(known, asked):
                    return index
        return None

    def _answer(self, value: dict[str, Any]) -> OutboundAnswer:
        if value.get("status") is None:
            kind, _, text = str(value["error"]).partition(": ")
            raise OutboundFailed(kind, text)
        kept = value.get("headers")
        headers = {str(name): str(text) for name, text in kept.items()} if isinstance(kept, dict) else {}
        if value["status"] == HTTPStatus.TOO_MANY_REQUESTS:
            headers["retry-after"] = "0"  # nobody is busy here
        if value.get("content_type"):
            headers["content-type"] = str(value["content_type"])
        return OutboundAnswer(value["status"], tuple(headers.items()), self._redact.restore(_bytes(value)))

    def _why_not(self, asked: Asked) -> str:
        if not self._known:
            return f"{asked} was not recorded: the recording holds no call to Sinch that was answered."
        times = sum(1 for known, _ in self._known if is_alike(known, asked))
        if times:
            how_often = "once" if times == 1 else f"{times} times"
            return f"{asked} was made {how_often} when it was recorded, and now once more."
        nearest = min((known for known, _ in self._known), key=lambda known: distance(known, asked))
        if not is_of_same_kind(nearest, asked):
            return f"{asked} was not recorded; the nearest recording is {nearest}."
        found = [one.text for one in differing(nearest, asked)]
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        return (
            f"{asked} was not recorded like this; the nearest recording differs in {'; '.join(found[:_SHOWN])}{more}."
        )

    def _as_recorded(self, content: Any) -> Any:
        data = msgspec.json.encode(content)
        redacted = self._redact.data(data)
        if redacted is data:
            return content
        try:
            return msgspec.json.decode(redacted)
        except msgspec.DecodeError:  # a secret that is a number
            return content


def _content(body: bytes) -> Any:
    if not body:
        return None
    if len(body) <= LARGEST:
        try:
            document = msgspec.json.decode(body)
            # A text stands for itself, so that it can be given again byte by byte.
            return body.decode() if document is None or isinstance(document, str) else document
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass
        try:
            return body.decode()
        except UnicodeDecodeError:
            pass
    return {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}


def _bytes(value: dict[str, Any]) -> bytes:
    match value.get("received"):
        case None:
            return b""
        case str() as text:
            return text.encode()
        case document:
            return msgspec.json.encode(document)


def _unanswerable(asked: Asked, value: dict[str, Any]) -> str:
    """Why a recording cannot be given again; empty when it can."""
    status = value.get("status")
    if status is None:
        return "" if value.get("error") else f"{asked} has no answer in the recording."
    if not isinstance(status, int) or not 100 <= status <= 599:
        return f"{asked} has no status in the recording."
    match value.get("received"):
        case {"bytes": int(size), "sha256": str(), **others} if not others:
            return f"The recorded answer to {asked} cannot be given again: of its {size} bytes only the hash was kept."
        case _:
            return ""


def _address(url: str) -> str:
    """The URL without user, password and fragment."""
    try:
        parts = urlsplit(url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, ""))
    except ValueError:
        return ""
