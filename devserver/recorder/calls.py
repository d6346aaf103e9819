"""A phone call, made of the callbacks that were recorded of it: who, when, how it ended, and its timeline.

Pure: exchanges in, data out, the same today and tomorrow. It must not know where exchanges are kept. Bodies are
whatever was sent: partial, spelled otherwise, or no JSON at all; what cannot be read is simply not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec

from devserver.recorder.exchange import Exchange, Source
from devserver.recorder.numbers import with_plus
from devserver.recorder.timeline import Entry, Pressed, came, entries, pressed
from devserver.runtime.events import DiceEvent, IceEvent, Identity, VoiceEvent, parse_event
from devserver.runtime.routing import VOICE_EVENTS
from devserver.svaml import describe
from devserver.svaml import heard as heard_in

State = Literal["ended", "in progress"]


class Facts(msgspec.Struct, frozen=True):
    """What the callbacks of a call say about it.

    Attributes:
        from_: who called; a number with its plus.
        to: who was called.
        result: of the DICE, such as `ANSWERED`.
        reason: of the DICE, such as `CALLERHANGUP`.
        seconds: of the DICE: what is charged, which is not the time that the callbacks took.
        ended: when the DICE arrived, seconds since 1970; None while there is none.
    """

    from_: str | None = None
    to: str | None = None
    result: str | None = None
    reason: str | None = None
    seconds: int | None = None
    ended: float | None = None

    @property
    def state(self) -> State:
        """Without a DICE nobody knows that a call is over."""
        return "in progress" if self.ended is None else "ended"

    def duration(self, began: float, last: float) -> float:
        """Seconds: as the platform says, else from the first callback to the DICE, or to the last one so far."""
        if self.seconds is not None:
            return self.seconds
        return round(max(0.0, (last if self.ended is None else self.ended) - began), 3)


class Callback(msgspec.Struct, frozen=True):
    """One callback of a call.

    Attributes:
        exchange: as recorded.
        offset: seconds from the start of the call.
        gap: seconds since the answer before it was given; None for the first.
        came: what it says, in words, such as "pressed 2 -> support".
        answer: what was answered, in words; empty when there is no answer to speak of.
        heard: what the caller hears then, see `svaml.heard`.
        pressed: what a PIE says that the caller did.
        timeline: what happened, in order.
    """

    exchange: Exchange
    offset: float
    gap: float | None
    came: str
    answer: str
    heard: tuple[str, ...]
    pressed: Pressed | None
    timeline: tuple[Entry, ...]

    @property
    def failed(self) -> bool:
        """Whether the platform got no answer that it can use."""
        answer = self.exchange.answer
        status = answer.status if answer else None
        return went_wrong(status, answered=self.exchange.ms is not None, findings=self.exchange.findings)


class Call(msgspec.Struct, frozen=True):
    """One call.

    Attributes:
        at: when its first callback arrived, seconds since 1970.
        duration: seconds, see `Facts.duration`.
        callbacks: in order.
        more: there are later callbacks that are not in `callbacks`; what is counted is counted without them.
        errors: how many callbacks went wrong.
        findings: how many findings there are.
        generations: which loads of the user's code answered, in order.
        sources: where the callbacks came from.
    """

    callid: str
    facts: Facts
    at: float
    duration: float
    callbacks: tuple[Callback, ...]
    errors: int
    findings: int
    generations: tuple[int, ...]
    sources: tuple[Source, ...]
    more: bool = False


class CallSummary(msgspec.Struct, frozen=True):
    """One line of a list of calls; fields as in `Call`.

    Attributes:
        callbacks: how many.
        more: there are more callbacks than `callbacks`, and `errors` is of those only.
    """

    callid: str
    facts: Facts
    at: float
    duration: float
    callbacks: int
    errors: int
    more: bool = False


def call_of(exchanges: Sequence[Exchange], *, more: bool = False) -> Call:
    """The call that exchanges of one call id belong to; replays among them are left out.

    Args:
        exchanges: in order.
        more: these are not all.

    Raises:
        ValueError: there is none.
    """
    own = [exchange for exchange in exchanges if exchange.source != "replay"]
    if not own:
        raise ValueError("a call has at least one exchange")
    callbacks = tuple(_callbacks(own))
    facts = facts_of((each.event, each.request.body, each.at) for each in own)
    return Call(
        callid=own[0].callid or "",
        facts=facts,
        at=own[0].at,
        duration=facts.duration(own[0].at, own[-1].at),
        callbacks=callbacks,
        errors=sum(each.failed for each in callbacks),
        findings=sum(len(each.findings) for each in own),
        generations=tuple(dict.fromkeys(each.generation for each in own if each.generation is not None)),
        sources=tuple(dict.fromkeys(each.source for each in own)),
        more=more,
    )


def facts_of(callbacks: Iterable[tuple[str | None, bytes, float]]) -> Facts:
    """What callbacks (event, body, time of arrival), in order, say about their call.

    Of who is on the line the first word counts, of how it ended the last. An ICE after a DICE is the same call id used
    again, as people do who send a sample twice: the call goes on.
    """
    facts = Facts()
    for event, body, at in callbacks:
        match parsed(event, body):
            case IceEvent() as ice:
                facts = Facts(facts.from_ or _party(ice.cli), facts.to or _callee(ice.to))
            case DiceEvent() as dice:
                facts = Facts(
                    facts.from_ or _party(dice.from_),
                    facts.to or _callee(dice.to),
                    dice.result,
                    dice.reason,
                    dice.duration,
                    at,
                )
            case _:
                pass
    return facts


def went_wrong(status: int | None, *, answered: bool, findings: Iterable[dict[str, Any]]) -> bool:
    """Whether a callback got an error, no answer at all, or one that the platform refuses.

    Args:
        status: of the answer, if there is one.
        answered: whether its end is known; one that is still running has not gone wrong.
        findings: what the rules say about the answer.
    """
    if status is None:
        return answered
    return status >= 400 or any(finding.get("severity") == "error" for finding in findings)


def parsed(event: str | None, body: bytes) -> VoiceEvent | None:
    """The voice event that a recorded body holds, empty when it cannot be read; None for what is no voice event."""
    if event not in VOICE_EVENTS:
        return None
    payload = _document(body)
    return parse_event(event, payload if isinstance(payload, dict) else {})


def _callbacks(exchanges: list[Exchange]) -> Iterable[Callback]:
    began = exchanges[0].at
    before: Exchange | None = None
    asked: object = None  # the last answer with SVAML: what the caller heard before
    for each in exchanges:
        event = parsed(each.event, each.request.body)
        key = pressed(event, asked)
        document = _answered(each)
        yield Callback(
            exchange=each,
            offset=_seconds(each.at - began),
            gap=None if before is None else _seconds(each.at - before.at - (before.ms or 0) / 1000),
            came=came(event, key),
            answer=_words(each, document),
            heard=heard_in(document),
            pressed=key,
            timeline=entries(each, document, began),
        )
        before, asked = each, document if document is not None else asked


def _answered(exchange: Exchange) -> object:
    """The SVAML of an answer; None when there is none."""
    answer = exchange.answer
    if answer is None or not 200 <= answer.status < 300 or exchange.event not in VOICE_EVENTS:
        return None
    return _document(answer.body)


def _words(exchange: Exchange, document: object) -> str:
    answer = exchange.answer
    if answer is None:
        return "" if exchange.ms is None else "no answer"
    if exchange.event not in VOICE_EVENTS or not 200 <= answer.status < 300:
        return str(answer.status)
    if document is None and answer.body.strip() not in {b"", b"null"}:
        return "no JSON"
    return describe(document)


def _document(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body) if body else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _party(number: str | None) -> str | None:
    return with_plus(number.strip()) or None if number else None


def _callee(to: Identity) -> str | None:
    is_number = (to.type or "number").lower() in {"did", "number"}
    return _party(to.endpoint) if is_number else to.endpoint or None


def _seconds(value: float) -> float:
    return round(max(0.0, value), 6)
