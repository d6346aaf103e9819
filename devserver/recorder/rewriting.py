"""Every text of a call, changed by one function: for what must not leave the machine with it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from devserver.recorder.exchange import Answer, Effect, Exchange, Headers, Request
from devserver.recorder.noticing import stored_value
from devserver.recorder.portable import PortableCall, State
from devserver.recorder.state import CacheEntry

Change = Callable[[bytes], bytes]
"""Gives the same object when it changes nothing. JSON must stay JSON, or become strings where numbers were."""

_Notes = tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, Any] | None, list[str], list[Effect]]


def rewritten(call: PortableCall, change: Change) -> PortableCall:
    """The call with all its bodies, headers, paths, notes and its state changed; its database is left alone."""
    return PortableCall(
        None if call.callid is None else _text(call.callid, change),
        [_exchange(exchange, change) for exchange in call.exchanges],
        None if call.state is None else _state(call.state, change),
    )


def _exchange(exchange: Exchange, change: Change) -> Exchange:
    request, answer = exchange.request, exchange.answer
    findings, logs, error, marks, effects = _notes(exchange, change)
    return msgspec.structs.replace(
        exchange,
        callid=None if exchange.callid is None else _text(exchange.callid, change),
        request=Request(
            request.method,
            _text(request.path, change),
            _headers(request.headers, change),
            change(request.body),
            request.remote,
        ),
        answer=answer and Answer(answer.status, _headers(answer.headers, change), change(answer.body)),
        findings=findings,
        logs=logs,
        error=error,
        marks=marks,
        effects=[_counted(effect) for effect in effects],
    )


def _notes(exchange: Exchange, change: Change) -> _Notes:
    notes: _Notes = (exchange.findings, exchange.logs, exchange.error, exchange.marks, exchange.effects)
    written = msgspec.json.encode(notes, enc_hook=repr)
    clean = change(written)
    if clean is written:
        return notes
    try:
        decoded: _Notes = msgspec.json.decode(clean, type=_Notes)
    except msgspec.DecodeError:
        # What stands for a number is none, and has no quotes around it.
        decoded = msgspec.convert(_strings(msgspec.json.decode(written), change), _Notes)
    return decoded


def _counted(effect: Effect) -> Effect:
    """A stored text that has changed has another hash and another size."""
    match effect:
        case Effect(kind="storage", value={"text": str(text), "sha256": str()}):
            return msgspec.structs.replace(effect, value=stored_value(text.encode()))
        case _:
            return effect


def _strings(value: Any, change: Change) -> Any:
    match value:
        case str():
            return _text(value, change)
        case dict():
            return {_text(key, change): _strings(item, change) for key, item in value.items()}
        case list():
            return [_strings(item, change) for item in value]
        case _:
            return value


def _headers(headers: Headers, change: Change) -> Headers:
    return tuple((name, _text(value, change)) for name, value in headers)


def _state(state: State, change: Change) -> State:
    return State(
        [CacheEntry(_text(entry.key, change), change(entry.value), entry.ttl) for entry in state.cache],
        {_text(key, change): change(content) for key, content in state.storage.items()},
        state.database,
    )


def _text(text: str, change: Change) -> str:
    data = text.encode("utf-8", "surrogatepass")
    clean = change(data)
    return text if clean is data else clean.decode("utf-8", "surrogatepass")
