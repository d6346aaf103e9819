"""What is to be sent again: from a recording, a file or a folder to a request. Pure: reading and sending is elsewhere.

A replay sends the bytes that were received; it never writes them anew. What redaction took out is put back when the
secret is still loaded, and the signature is made again, because its time is part of it (voice-v1.md 4.3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from devserver.errors import FnError
from devserver.recorder.compare import Difference, answer_differences
from devserver.recorder.exchange import Answer, Exchange, Headers
from devserver.runtime.routing import VOICE_EVENTS, event_name
from devserver.signing import sign

CONTENT_TYPE = "application/json; charset=utf-8"
"""What the platform sends with a callback (voice-v1.md 1.1)."""

# Belong to the connection, or are made anew.
_NOT_SENT_AGAIN = frozenset(
    {
        "authorization",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-timestamp",
    }
)


@dataclass(frozen=True, slots=True)
class Item:
    """One request to send.

    Attributes:
        name: id of the recording, or name of the file.
        event: the voice event, or None.
        old: the recorded answer; None for a file, and for a request that had no answer.
        authorization: scheme of the recorded Authorization header, in lower case; empty when there was none.
    """

    name: str
    event: str | None
    method: str
    path: str
    headers: Headers
    body: bytes
    old: Answer | None = None
    is_recorded: bool = False
    authorization: str = ""


@dataclass(frozen=True, slots=True)
class Replayed:
    """An item, its new answer, and what is different."""

    item: Item
    new: Answer
    differences: tuple[Difference, ...]

    @property
    def failed(self) -> bool:
        """Whether the new answer is an error where the old one, if any, was none."""
        return self.new.status >= 400 and (self.item.old is None or self.item.old.status < 400)


def from_exchange(exchange: Exchange) -> Item:
    """A recorded exchange."""
    request = exchange.request
    scheme = next((value.partition(" ")[0] for name, value in request.headers if name.lower() == "authorization"), "")
    return Item(
        exchange.id,
        exchange.event,
        request.method,
        request.path,
        tuple(pair for pair in request.headers if pair[0].lower() not in _NOT_SENT_AGAIN),
        request.body,
        exchange.answer,
        is_recorded=True,
        authorization=scheme.lower(),
    )


def from_file(name: str, data: bytes, event: str | None) -> Item:
    """A file with the JSON body of a callback.

    Args:
        name: of the file, for people.
        data: its bytes, sent as they are.
        event: from the command line, for files that do not say what they are.

    Raises:
        FnError: it is no callback, or it does not say which one.
    """
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FnError(
            f"{name} is not JSON: {error}.", hint="Give the body of a callback as the platform sends it."
        ) from error
    if not isinstance(document, dict):
        raise FnError(f"{name} holds no JSON object.", hint="Give the body of a callback as the platform sends it.")
    found = event or event_name(document)
    if found not in VOICE_EVENTS:
        known = ", ".join(VOICE_EVENTS)
        what = f"has the unknown event `{found}`" if found else "does not say which event it is"
        raise FnError(f"{name} {what}.", hint=f"Say so with --event, one of {known}.")
    return Item(name, found, "POST", f"/{found}", (("Content-Type", CONTENT_TYPE),), data)


def headers_to_send(
    item: Item, body: bytes, *, variables: Mapping[str, str], voice_app: str | None, voice_secret: str | None, now: str
) -> Headers:
    """The headers of a replay: those recorded, and credentials made anew where the project has what they take.

    Args:
        item: what is sent.
        body: the bytes that are really sent, secrets put back.
        variables: of the project; PROJECT_ID_API_KEY and PROJECT_ID_API_SECRET for a handler behind Basic auth.
        voice_app: application key; without it and its secret a callback is sent unsigned.
        voice_secret: its secret.
        now: for `x-timestamp`, ISO 8601 in UTC.
    """
    if item.event is not None and voice_app and voice_secret:
        content_type = next((value for name, value in item.headers if name.lower() == "content-type"), "")
        value = sign(
            key=voice_app,
            secret=voice_secret,
            method=item.method,
            path=item.path,
            body=body,
            content_type=content_type,
            timestamp=now,
        )
        return (*item.headers, ("x-timestamp", now), ("Authorization", value))
    key, secret = variables.get("PROJECT_ID_API_KEY"), variables.get("PROJECT_ID_API_SECRET")
    if item.authorization == "basic" and key and secret:
        from base64 import b64encode

        return (*item.headers, ("Authorization", "Basic " + b64encode(f"{key}:{secret}".encode()).decode()))
    return item.headers


def compared(item: Item, new: Answer, redact: Callable[[bytes], bytes]) -> Replayed:
    """An item with its new answer; compared as both would be recorded, so that a secret is no difference."""
    if not item.is_recorded:
        return Replayed(item, new, ())
    seen = Answer(new.status, new.headers, redact(new.body))
    return Replayed(item, new, tuple(answer_differences(item.old, seen, svaml=item.event is not None)))


def shape(replayed: list[Replayed]) -> dict[str, Any]:
    """What `fn replay --json` prints (DESIGN 6)."""
    return {
        "replayed": len(replayed),
        "different": sum(1 for one in replayed if one.differences),
        "failed": sum(1 for one in replayed if one.failed),
        "results": [
            {
                "id": one.item.name,
                "event": one.item.event,
                "status": {"old": one.item.old.status if one.item.old else None, "new": one.new.status},
                "old": document(one.item.old),
                "new": document(one.new),
                "differences": [msgspec.to_builtins(difference) for difference in one.differences],
            }
            for one in replayed
        ],
    }


def document(answer: Answer | None) -> Any:
    """The body of an answer: JSON where it is, else text; None when there is none."""
    if answer is None or not answer.body:
        return None
    try:
        return msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return answer.body.decode("utf-8", "replace")
