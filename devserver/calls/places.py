"""Where a call stands, in words: from a walk to the data of a flow. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from devserver.calls.flow import Answer, Callback, Place, PlaceKind
from devserver.calls.progress import State
from devserver.calls.setup import CallSetup
from devserver.calls.walk import Asked, Walk
from devserver.svaml import check, describe

_TALKS: dict[State, PlaceKind] = {
    State.DIALLING: "dialling",
    State.BRIDGED: "connected",
    State.CONFERENCE: "conference",
    State.STREAMING: "streaming",
    State.PARKED: "parked",
}


def call_words(setup: CallSetup) -> str:
    """Who calls whom."""
    called = "" if setup.to is None else setup.to.endpoint
    return f"{setup.cli or 'somebody'} calls {called or 'the function'}"


def read_answer(number: int, asked: Asked) -> Answer:
    """An answer in words, with what the rules say about it."""
    document = _document(asked.reply.body)
    event = asked.question.event
    callback = {"originationType": asked.question.payload.get("originationType")}
    findings = tuple((finding.rule, finding.text) for finding in check(document, event, callback)) if document else ()
    return Answer(number, event, describe(document), (), findings)


def _document(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body) if body.strip() else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def place_of(walk: Walk, number: int, answer: int, way: tuple[str, ...]) -> Place:
    """Where a call stands."""
    progress, heard = walk.call.progress, tuple(text for text in walk.heard if text)
    if walk.end is not None:
        ours = any(asked.question.wanted for asked in walk.asked)
        failed = ours and walk.answer is not None and not walk.answer.usable
        kind: PlaceKind = "failed" if failed else "end"
        title = _why(walk.answer) if failed and walk.answer else f"{walk.end.result}, {walk.end.reason}"
        return Place(number, kind, title, heard, answer=answer if ours else 0, way=way)
    if progress.menu is not None and walk.call.state is State.MENU:
        menu = progress.menu
        options = tuple((choice.key, choice.written) for choice in menu.choices.values())
        return Place(number, "menu", f"menu {menu.id}", heard, options, menu.id, answer, way)
    kind = _TALKS.get(walk.call.state, "silence")
    return Place(number, kind, _title(walk, kind), heard, answer=answer, way=way)


def _why(asked: Asked) -> str:
    """Why a call cannot go on."""
    reply = asked.reply
    if asked.illegal:
        return asked.illegal
    if reply.refused:
        return f"calls {reply.refused}, which is not let out"
    status = f"status {reply.status}" if reply.status else "no answer"
    return f"{status}: {reply.error}" if reply.error else status


def _title(walk: Walk, kind: PlaceKind) -> str:
    progress = walk.call.progress
    whom = "" if progress.connected is None else progress.connected.endpoint
    match kind:
        case "dialling":
            return f"dials {whom}"
        case "connected":
            return f"connected to {whom}"
        case "conference":
            return f"in the conference {progress.conference}"
        case "streaming":
            return f"streams to {whom}"
        case "parked":
            return "parked"
        case _:
            return "silence"


def callback_of(asked: Asked) -> Callback:
    """What tells a callback from others."""
    payload, reply = asked.question.payload, asked.reply
    result = payload.get("menuResult") or {}
    words = describe(_document(reply.body)) if asked.question.wanted and reply.succeeded else ""
    return Callback(
        event=asked.question.event,
        menu=str(result.get("menuId", "")),
        type=str(result.get("type", "")),
        value=str(result.get("value", "")),
        result=str(payload.get("result", "")),
        reason=str(payload.get("reason", "")),
        status=reply.status,
        words=words,
    )
