"""Calls as JSON for people's scripts and the console. Times are ISO 8601 in UTC, offsets seconds, `ms` milliseconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from devserver.recorder.call_lookup import find_call
from devserver.recorder.calls import Call, Callback, CallSummary, Facts
from devserver.recorder.reader import NotRecorded, RecordingReader
from devserver.recorder.shapes import iso


def call_summaries(folder: Path, limit: int) -> list[dict[str, Any]]:
    """The newest calls in `folder` (a project's `.fn`) as `fn calls list --json` has them."""
    with RecordingReader(folder) as reader:
        return [call_summary_shape(each) for each in reader.calls(limit)]


def call_detail(folder: Path, name: str) -> dict[str, Any] | None:
    """One call as `fn calls show --json` has it; None when there is none, or several fit."""
    with RecordingReader(folder) as reader:
        try:
            return call_shape(find_call(reader, name))
        except NotRecorded:
            return None


def call_summary_shape(call: CallSummary) -> dict[str, Any]:
    """One line of a list. `more` says that `callbacks` and `errors` were not counted to the end."""
    return {
        **_head(call.callid, call.facts, call.at, call.duration),
        "callbacks": call.callbacks,
        "errors": call.errors,
        "more": call.more,
    }


def call_shape(call: Call) -> dict[str, Any]:
    """Everything about one call but the raw bodies, which `fn recordings show` has."""
    return {
        **_head(call.callid, call.facts, call.at, call.duration),
        "errors": call.errors,
        "findings": call.findings,
        "generations": list(call.generations),
        "sources": list(call.sources),
        "more": call.more,
        "callbacks": [_callback(each) for each in call.callbacks],
    }


def _head(callid: str, facts: Facts, at: float, duration: float) -> dict[str, Any]:
    return {
        "callid": callid,
        "from": facts.from_,
        "to": facts.to,
        "at": iso(at),
        "ended": None if facts.ended is None else iso(facts.ended),
        "duration": duration,
        "result": facts.result,
        "reason": facts.reason,
        "state": facts.state,
    }


def _callback(callback: Callback) -> dict[str, Any]:
    exchange = callback.exchange
    return {
        "id": exchange.id,
        "event": exchange.event,
        "at": iso(exchange.at),
        "offset": callback.offset,
        "gap": callback.gap,
        "ms": None if exchange.ms is None else round(exchange.ms, 3),
        "status": exchange.answer.status if exchange.answer else None,
        "generation": exchange.generation,
        "source": exchange.source,
        "failed": callback.failed,
        "came": callback.came,
        "answer": callback.answer,
        "heard": list(callback.heard),
        "pressed": None if callback.pressed is None else msgspec.to_builtins(callback.pressed),
        "effects": msgspec.to_builtins(exchange.effects),
        "logs": exchange.logs,
        "findings": exchange.findings,
        "error": exchange.error,
        "marks": exchange.marks,
        "timeline": msgspec.to_builtins(callback.timeline),
    }
