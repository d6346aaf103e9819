"""What an answer to a callback does: it is executed, or it is none, and then the platform has its way (1.8).

Also the test that a driver needs to know whether it should try the fallback address: `unusable`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from devserver.calls.commands import CallbackEvent, ReportStatus, SendCallback
from devserver.calls.connecting import CONNECTS, target
from devserver.calls.ending import finish
from devserver.calls.events import CallbackAnswered, CallbackFailed
from devserver.calls.outcomes import Situation
from devserver.calls.program import CONTINUE, Asked, Program, Reading, read, text_of
from devserver.calls.progress import Progress, Source, State
from devserver.calls.sending import send_calling_error
from devserver.calls.settings import Settings
from devserver.calls.setup import CallSetup, Side
from devserver.svaml.canonical import canonical
from devserver.svaml.prompts import Prompt

_ASKED: Mapping[str, Source] = {"ice": "ice", "ace": "ace", "pie": "pie"}
_WITHOUT_PARTY = CONNECTS | {"hangup"}
_DETAILS = 64
_REPORTED = frozenset({"success", "failure"})


def unusable(setup: CallSetup, settings: Settings, sent: SendCallback, status: int, body: bytes) -> str:
    """Why the answer is none, so that the next address is tried; empty when it is one (1.1).

    Args:
        setup: of the call.
        settings: of the call.
        sent: the callback.
        status: of the answer.
        body: of the answer.
    """
    if succeeded(status) and not settings.fallback_on_illegal:
        return ""
    return why_failed(setup, settings, sent, status, body)


def why_failed(setup: CallSetup, settings: Settings, sent: SendCallback, status: int, body: bytes) -> str:
    """Why the function failed with this answer: a status, nothing usable, or illegal SVAML; empty when it did not."""
    if not succeeded(status):
        return f"The status is {status}."
    if sent.wants != "svaml":
        return ""
    reading = reading_of(setup, settings, sent.event, body)
    if reading.program is None and not reading.illegal and sent.event != "ace":
        return "The answer is empty."
    return reading.illegal


def succeeded(status: int) -> bool:
    """Whether the platform takes an answer with this status for one."""
    return 200 <= status < 300


def reading_of(setup: CallSetup, settings: Settings, event: CallbackEvent, body: bytes) -> Reading:
    """What a body tells this call to do."""
    asked: Asked = _ASKED_AS.get(event, "pie")
    reading = read(body, asked, setup.origin == "PSTN", settings.unknown_menu == "pie")
    if reading.program is None:
        return reading
    misplaced = _misplaced(setup, event, reading.program)
    return Reading(None, misplaced) if misplaced else reading


_ASKED_AS: Mapping[str, Asked] = {"ice": "ice", "ace": "ace", "pie": "pie"}


def _misplaced(setup: CallSetup, event: str, program: Program) -> str:
    """What the rules cannot see, because it depends on the call."""
    action = program.action
    if event == "ice" and setup.callout is not None and action not in _WITHOUT_PARTY:
        return f"{action} in the answer to the ICE of a callout: there is nobody on the line yet, so it has to connect."
    if action in CONNECTS and target(setup, action, program.fields) is None:
        return f"{action} does not say whom to connect to, and the call does not either."
    return ""


def callback_answered(p: Progress, event: CallbackAnswered) -> str | None:
    """The function answered."""
    sent = p.open.pop(event.callback, None)
    if sent is None:
        return f"No callback {event.callback} is open."
    if event.callback == p.awaiting:
        p.awaiting = 0
        if succeeded(event.status):
            take(p, sent, event.body)
        else:
            _failed(p, sent, "callback failed", f"The answer to the {sent.upper()} had the status {event.status}.")
    elif sent == "dice" and succeeded(event.status):
        _reported(p, event.body)
    return None


def callback_failed(p: Progress, event: CallbackFailed) -> str | None:
    """Nobody answered a callback."""
    sent = p.open.pop(event.callback, None)
    if sent is None:
        return f"No callback {event.callback} is open."
    if event.callback == p.awaiting:
        p.awaiting = 0
        _failed(p, sent, "callback failed", f"The {sent.upper()} was not answered: {event.why}")
    return None


def take(p: Progress, event: str, body: bytes) -> None:
    """The body of an answer that the call waits for."""
    source = _ASKED[event]
    reading = reading_of(p.setup, p.settings, source, body)  # type: ignore[arg-type]
    if reading.program is not None:
        p.run(reading.program, source, _side(p, source))
    elif reading.illegal:
        why = f"The SVAML in the answer to the {event.upper()} is illegal. {reading.illegal}"
        send_calling_error(p, 40001, why)
        _failed(p, event, "illegal SVAML", why)
    else:
        _failed(p, event, "callback failed", f"The answer to the {event.upper()} was empty.")


def _side(p: Progress, source: Source) -> Side:
    if p.callee != "up":
        return "caller"
    return p.settings.ace_prompts_to if source == "ace" else p.menu_leg


def _failed(p: Progress, event: str, situation: Situation, why: str) -> None:
    """ACE: as if it had said continue. ICE: an error prompt, and the end. PIE: the end (1.8)."""
    if event == "ace":
        p.run(CONTINUE, "ace")
        return
    prompted = p.caller and (event == "ice" or p.settings.error_prompt_pie)
    text = p.settings.error_prompt
    if not (prompted and text):
        finish(p, situation, why)
        return
    p.play((Prompt("tts", text, text),), "caller", "error")
    p.closing, p.why = situation, why
    p.move(State.CLOSING)


def closed(p: Progress) -> None:
    """The last prompt is over."""
    finish(p, p.closing, p.why)


def _reported(p: Progress, body: bytes) -> None:
    """The one thing that is read in the answer to a DICE: reportCallStatus, with the action hangup (1.8, 2.1)."""
    try:
        read_as = canonical(msgspec.json.decode(body)) if body.strip() else {}
    except (msgspec.DecodeError, RecursionError):
        return
    action, listed = read_as.get("action"), read_as.get("instructions")
    if not isinstance(action, dict) or action.get("name") != "hangup" or not isinstance(listed, list):
        return
    for item in listed:
        if isinstance(item, dict) and item.get("name") == "reportCallStatus":
            _report(p, item)


def _report(p: Progress, item: Mapping[str, Any]) -> None:
    value = text_of(item, "value").lower()
    if value in _REPORTED:
        p.out.append(ReportStatus(value, text_of(item, "details").strip()[:_DETAILS]))
