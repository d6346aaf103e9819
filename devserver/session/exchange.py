"""One request on its way through the gateway: what is known of it, and the parts that are pure.

`InHand` is the gateway's note of a request between arrival and answer. `Judge` says what an answer does in words and
what the platform would say of it, and remembers both for answers it has seen: a function gives the same few answers
over and over.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from devserver.recorder.exchange import HOLDING, Effect, Source
from devserver.recorder.exchange import Request as RecordedRequest
from devserver.recorder.numbers import with_plus
from devserver.runtime.replies import Reply
from devserver.session.budget import share, used
from devserver.session.frames import Replaying
from devserver.svaml import Finding, check, describe

_REMEMBERED = 256
_LOG_LINES = 1000
_EFFECTS = 1000


class InHand(msgspec.Struct, eq=False):
    """A request that has arrived and has not been answered.

    Attributes:
        number: id between gateway and host.
        id: id in the recordings.
        payload: the body of a callback, with its keys in lower case (their spelling varies: voice-v1.md 1.1).
        callid: the call it belongs to.
        started: on the event loop's clock.
        deadline: on the same clock.
        future: gets the host's answer.
        stood: seconds that the host had stood still before it got the request.
        ms: from arrival to answer.
        held: milliseconds after which the hold answered in its place, see `holding`; None when it did not.
        way: seconds that the way here and back takes, through the tunnel.
        patience: seconds that the platform waits for the answer to a callback.
        timed_out: the deadline has passed.
        replaying: how it differs from a live request; None for a live one.
        verified: it comes from outside, and the platform has signed it.
        recorded: whether it is written down.
    """

    number: int
    id: str
    request: RecordedRequest
    event: str | None
    payload: dict[str, Any]
    source: Source
    started: float
    deadline: float
    callid: str | None = None
    generation: int | None = None
    host: Any = None
    future: Any = None
    stood: float = 0.0
    ms: float = 0.0
    held: float | None = None
    way: float = 0.0
    patience: float = 5.0
    timed_out: bool = False
    logs: list[dict[str, Any]] = []
    effects: list[Effect] = []
    replaying: Replaying | None = None
    verified: bool = False
    recorded: bool = True

    @property
    def label(self) -> str:
        """Event or path, for people."""
        return self.event or self.request.path.partition("?")[0]

    def note(self, line: dict[str, Any]) -> None:
        """A log line of this request; a runaway loop keeps its first thousand."""
        if len(self.logs) < _LOG_LINES:
            self.logs.append(line)
        elif len(self.logs) == _LOG_LINES:
            self.logs.append({**line, "level": "warning", "text": "further lines of this request were not recorded"})

    def did(self, effect: Effect) -> None:
        """Something that the handler did besides answering."""
        if len(self.effects) < _EFFECTS:
            self.effects.append(effect)


def text_of(payload: dict[str, Any], name: str) -> str | None:
    """A text field of a callback; None when it is missing, empty or no text."""
    value = payload.get(name)
    return value if isinstance(value, str) and value else None


def caller(event: str | None, payload: dict[str, Any]) -> str | None:
    """Who a callback is about: the caller's number, with a plus when it is all digits."""
    number = text_of(payload, "from" if event == "dice" else "cli")
    return with_plus(number) if number else None


class Result(msgspec.Struct, frozen=True):
    """How a request ended.

    Attributes:
        reply: what was answered; None when nothing was.
        error: kind, text and traceback, when it went wrong.
        hint: something to tell the developer.
        marks: for the recording, such as `deadline`.
        profiles: paths of flame graphs, written in a moment.
    """

    reply: Reply | None
    error: dict[str, Any] | None = None
    hint: str = ""
    marks: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()


def failure(kind: str, text: str, traceback: str = "") -> dict[str, Any]:
    """The `error` of a result."""
    return {"kind": kind, "text": text, "traceback": traceback}


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer in words, and what the platform would say of it (findings as plain data)."""

    words: str
    findings: tuple[dict[str, Any], ...]


NO_VERDICT = Verdict("", ())


class Judge:
    """Answers in words and in findings."""

    def __init__(self) -> None:
        self._seen: dict[tuple[Any, ...], Verdict] = {}

    def judge(self, event: str, payload: dict[str, Any], status: int, body: bytes) -> Verdict:
        """What an answer to a callback does, and what the platform would say of it.

        A failed handler (status outside 2xx) has no SVAML to judge.
        """
        if not 200 <= status < 300:
            return NO_VERDICT
        # The two facts about a callback on which a rule depends are part of what is remembered.
        key = (event, body, text_of(payload, "originationtype"), text_of(payload, "conferenceid") is None)
        if (known := self._seen.get(key)) is not None:
            return known
        verdict = _judge(event, payload, body)
        if len(body) < 16_384:
            if len(self._seen) >= _REMEMBERED:
                self._seen.pop(next(iter(self._seen)))
            self._seen[key] = verdict
        return verdict


def _judge(event: str, payload: dict[str, Any], body: bytes) -> Verdict:
    document = None
    if body:
        try:
            document = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            text = "The answer is not JSON; the platform needs a SVAML object."
            return _verdict("no JSON", [Finding("error", "", text, "not-json", "voice-v1 1.8")])
    callback = {"originationType": payload.get("originationtype"), "conferenceId": payload.get("conferenceid")}
    return _verdict(describe(document), check(document, event, callback))


def _verdict(words: str, findings: Iterable[Finding]) -> Verdict:
    return Verdict(words, tuple(msgspec.to_builtins(finding) for finding in findings))


class Callers:
    """Who is on the line, by call: only the first and the last callback of a call say it."""

    def __init__(self) -> None:
        self._by_call: dict[str, str] = {}

    def of(self, hand: InHand) -> str | None:
        """The caller's number, from this callback or from an earlier one of the same call."""
        callid = hand.callid
        number = caller(hand.event, hand.payload)
        if callid is None:
            return number
        if number is None:
            return self._by_call.get(callid)
        if len(self._by_call) >= _REMEMBERED and callid not in self._by_call:
            self._by_call.pop(next(iter(self._by_call)))
        self._by_call[callid] = number
        return number


def _reason(body: bytes) -> str:
    """The sentence of an answer of ours that refuses a request; empty when it is the user's own error answer."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    reason = document.get("error") if isinstance(document, dict) else None
    return reason if isinstance(reason, str) else ""


def telling(hand: InHand, result: Result, verdict: Verdict, number: str | None) -> tuple[str, dict[str, Any]]:
    """The event to report for a finished request: its kind and its fields; `number` is the caller's."""
    fields: dict[str, Any] = {
        "id": hand.id,
        "method": hand.request.method,
        "path": hand.request.path,
        "status": result.reply.status if result.reply else None,
        "ms": round(hand.ms, 2),
        "source": hand.source,
        "generation": hand.generation,
    }
    if not hand.recorded:
        fields["recorded"] = False
    if result.error is not None:
        fields["error"] = result.error
    if result.hint:
        fields["hint"] = result.hint
    if result.error is None and result.reply is not None and result.reply.status >= 400:
        fields["reason"] = _reason(result.reply.body)
    if hand.event is None:
        return "request", fields
    fields |= {"name": hand.event, "callid": hand.callid, "answer": verdict.words, "findings": verdict.findings}
    fields["from"] = number
    fields["budget"] = share(used(hand.ms if hand.held is None else hand.held, hand.way), hand.patience)
    fields["deadline"] = hand.patience
    if hand.held is not None:
        fields["held"] = round(hand.held, 2)
    if result.profiles:
        fields["profiles"] = list(result.profiles)
    if HOLDING in result.marks:
        fields["holding"] = True
    if hand.event == "dice":
        fields["reason"] = text_of(hand.payload, "reason")
    return "callback", fields
