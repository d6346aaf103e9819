"""How a recorded request is sent again, and what is said of its new answer. Pure: sending is elsewhere.

What redaction took out is put back when the secret is still loaded, and the signature is made again, because its time
is part of it (voice-v1.md 4.3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from devserver.recorder.compare import Difference, Rules, Side, exchange_differences
from devserver.recorder.exchange import Answer, Effect, Headers, Request
from devserver.recorder.takes import Item, Take
from devserver.signing import sign

if TYPE_CHECKING:
    from devserver.recorder.reports import CallReport

NO_RULES = Rules()
"""Leaves nothing out."""


@dataclass(frozen=True, slots=True)
class Run:
    """What came of an item this time.

    Attributes:
        id: under which it was recorded this time.
        at: when, seconds since 1970, on the clock that the function saw.
        answer: None when there was none.
        error: kind, text, traceback, when it went wrong.
        hint: something to tell the developer.
    """

    id: str
    at: float
    answer: Answer | None
    effects: tuple[Effect, ...] = ()
    logs: tuple[dict[str, Any], ...] = ()
    error: dict[str, Any] | None = None
    hint: str = ""
    ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Replayed:
    """An item, what came of it this time, and what is different."""

    item: Item
    run: Run
    differences: tuple[Difference, ...]

    @property
    def new(self) -> Answer | None:
        """The new answer."""
        return self.run.answer

    @property
    def failed(self) -> bool:
        """Whether the new answer is an error where the old one, if any, was none."""
        was_fine = self.item.old is None or self.item.old.status < 400
        return was_fine and (self.new is None or self.new.status >= 400)


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


def request_of(item: Item, body: bytes, path: str, headers: Headers) -> Request:
    """The request to send: the item with its secrets put back and its credentials made anew."""
    return Request(item.method, path, headers, body, "replay")


def compared(
    item: Item,
    run: Run,
    redact: Callable[[bytes], bytes],
    rules: Rules = NO_RULES,
    earlier: Sequence[Replayed] = (),
) -> Replayed:
    """An item with what came of it; compared as both would be recorded, so that a secret is no difference.

    What was never finished has no differences: nothing is known of its answer or its effects.

    Args:
        item: as recorded.
        run: this time.
        redact: takes secrets out.
        rules: differences that are left out.
        earlier: what came of the callbacks before it in the same take: handlers keep times of theirs.
    """
    if not item.has_outcome:
        return Replayed(item, run, ())
    answer = run.answer
    seen = None if answer is None else Answer(answer.status, answer.headers, redact(answer.body))
    effects = redacted(run.effects, redact) if item.knows_effects else ()
    known = item.effects if item.knows_effects else ()
    were, are = tuple(one.item.at for one in earlier), tuple(one.run.at for one in earlier)
    old = Side(item.old, known, item.at, item.name, item.took, were, item.body)
    new = Side(seen, effects, run.at, run.id, run.ms / 1000, are, item.body)
    found = exchange_differences(old, new, event=item.event, ignore=rules)
    return Replayed(item, run, tuple(_explained(item, run, each) for each in found))


def redacted(effects: tuple[Effect, ...], redact: Callable[[bytes], bytes]) -> tuple[Effect, ...]:
    """Effects as they would be recorded."""
    if not effects:
        return effects
    data = msgspec.json.encode(effects, enc_hook=repr)
    clean = redact(data)
    return effects if clean is data else msgspec.json.decode(clean, type=tuple[Effect, ...])


def _explained(item: Item, run: Run, difference: Difference) -> Difference:
    """A change of the status with its reason."""
    if difference.path != "status" or (run.error is None and (run.answer is None or run.answer.status != 404)):
        return difference
    reason = f"{item.event or item.path} has no handler any more" if run.error is None else str(run.error.get("text"))
    return msgspec.structs.replace(difference, text=f"{difference.text} ({reason})")


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
                "status": {
                    "old": one.item.old.status if one.item.old else None,
                    "new": one.new.status if one.new else None,
                },
                "old": document(one.item.old),
                "new": document(one.new),
                "differences": [msgspec.to_builtins(difference) for difference in one.differences],
                "error": one.run.error,
                "logs": list(one.run.logs),
                "ms": round(one.run.ms, 3),
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


def call_shape(take: Take, replayed: list[Replayed]) -> dict[str, Any]:
    """One entry of `calls` of `fn replay --json`."""
    return {
        "name": take.name,
        "callid": take.callid,
        "replayed": len(replayed),
        "different": sum(1 for one in replayed if one.differences),
        "failed": sum(1 for one in replayed if one.failed),
    }


def call_report(take: Take, replayed: list[Replayed]) -> CallReport:
    """A call for the reports."""
    from devserver.recorder.reports import CallbackReport, CallReport

    return CallReport(
        take.name,
        take.callid,
        [
            CallbackReport(
                one.item.name,
                one.item.event,
                one.run.ms,
                list(one.differences),
                one.run.error if one.failed else None,
            )
            for one in replayed
        ],
    )
