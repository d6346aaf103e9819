"""What a live call is told while its handler takes too long, and how it gets the true answer later. Pure decisions.

The platform waits some seconds for the answer to a callback and then goes on without it (voice-v1.md 1.1). Somebody who
looks at a breakpoint needs minutes. So the platform gets another legal answer in time, one that keeps the call:

| callback | answer | the true one comes |
|---|---|---|
| ICE | `park` with a prompt, for ten minutes (2.2) | by PATCH of the parked call (5.5) |
| PIE | a menu that is silent and comes back every few seconds | as the answer to its next PIE |
| ACE | `continue`: what the platform does without an answer, too (1.8) | by PATCH, as far as a running call takes it |
| DICE, notify, PIE of a conference or of a caller who hung up | an empty 200 | never: nobody reads it |

It must not know hosts, HTTP or clocks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from devserver.runtime.replies import Reply
from devserver.session.exchange import text_of
from devserver.svaml import check, describe
from devserver.svaml.canonical import canonical

Way = Literal["park", "menu", "continue", "empty"]
Document = dict[str, Any]

PARKED = 600
"""Seconds that a call can be parked (voice-v1.md 2.2)."""

ROUND = 3.0
"""Seconds of a silent menu; so long the true answer may have to wait for its PIE."""

HANG_UP: Document = {"action": {"name": "hangup"}}
"""SVAML that ends a call."""

_DIGITS = 20  # keys that a round collects; a menu that collects none would drop them
_JSON = (("Content-Type", "application/json"),)
_EMPTY = Reply(200, (), b"")
_SORRY = "An error occurred. Goodbye."

_FAREWELL: Document = {"instructions": [{"name": "say", "text": _SORRY}], **HANG_UP}
"""What the platform does with an ICE that fails: an error prompt, and the end (voice-v1.md 1.8)."""
_WHILE_TALKING = frozenset({"hangup", "continue", "park"})
"""Actions that a PATCH may give to a call that is not parked (voice-v1.md 1.8)."""
_RETRIES = (0.25, 0.5, 1.0, 2.0, 4.0)  # seconds between tries; the call may not be parked yet when the first one comes
_FINAL = frozenset({401, 402, 403, 404})


@dataclass(frozen=True, slots=True)
class Patch:
    """The true answer goes to the call by PATCH.

    Attributes:
        document: SVAML.
        why: what else there is to say, such as why it is not what the handler answered; empty for nothing.
    """

    document: Document
    why: str = ""


@dataclass(frozen=True, slots=True)
class Next:
    """The true answer is that to the next PIE of the silent menu."""

    reply: Reply
    why: str = ""


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is nothing to deliver, or no way to do so; `lost` says what the caller does not get, empty for nothing."""

    lost: str = ""


Delivery = Patch | Next | Nothing


def way_of(event: str | None, payload: Mapping[str, Any]) -> Way | None:
    """How a call can be kept when this callback is not answered in time; None when it cannot.

    Args:
        event: the callback.
        payload: its body, keys in lower case.
    """
    fields = dict(payload)
    if event in {"dice", "notify"}:
        return "empty"
    if event not in {"ice", "ace", "pie"} or text_of(fields, "callid") is None:
        return None
    if event == "ace":
        return "continue"
    if event == "pie":
        return "empty" if text_of(fields, "conferenceid") or _menu_result(fields)[0] == "hangup" else "menu"
    # The ICE of a callout: nobody is on the line yet who could be parked.
    return None if (text_of(fields, "originationtype") or "").upper() == "SERVER" else "park"


def answer_of(way: Way, prompt: str) -> Reply:
    """The answer that keeps the call; `prompt` is what a parked one hears, as text or in the syntax of prompts."""
    match way:
        case "park":
            return _reply_of(
                {"action": {"name": "park", "holdPrompt": _prompt(prompt), "maxDuration": PARKED}},
            )
        case "menu":
            menu = {"id": "main", "maxDigits": _DIGITS, "timeoutMills": int(ROUND * 1000), "repeats": 0}
            return _reply_of({"action": {"name": "runMenu", "mainMenu": "main", "barge": True, "menus": [menu]}})
        case "continue":
            return _reply_of({"action": {"name": "continue"}})
        case "empty":
            return _EMPTY


def keys_in(payload: Mapping[str, Any]) -> str:
    """The keys that the caller pressed in a round of the silent menu."""
    kind, value = _menu_result(payload)
    return value if kind == "sequence" else ""


def delivery_of(way: Way, payload: Mapping[str, Any], reply: Reply) -> Delivery:
    """How the true answer comes to the call.

    Args:
        way: how the call was kept.
        payload: of the callback, keys in lower case.
        reply: the true answer.
    """
    event, deliver = _DELIVERIES[way]
    document, wrong = _read(reply, event, payload)
    return deliver(document, wrong, payload, reply)


def retry_after(status: int | None, tries: int) -> float | None:
    """Seconds until a PATCH that was refused is tried again; None: it is of no use.

    Args:
        status: of the answer; None when there was none.
        tries: how often it was tried.
    """
    return None if status in _FINAL or tries > len(_RETRIES) else _RETRIES[tries - 1]


def _to_parked(document: Document, wrong: str, payload: Mapping[str, Any], _reply: Reply) -> Delivery:
    if wrong:
        return Patch(_FAREWELL, f"{wrong} The caller hears an error prompt, and the call ends, as in production.")
    read = canonical(document)
    # A parked call is answered already, and PATCH does not take the instruction (1.8).
    steps = [step for step in read.get("instructions") or [] if step.get("name") != "answer"]
    action, why = read.get("action") or {}, ""
    if action.get("name") == "continue":
        # For a parked call it would mean to stay parked (5.5).
        action = _as_dialled(payload.get("to"))
        why = "`continue` became a connection to whom the caller dialled."
        if not action:
            return Patch(_FAREWELL, "`continue` cannot be given to a parked call, and whom it dialled is not known.")
    patch = {**({"instructions": steps} if steps else {}), "action": action}
    illegal = _illegal(patch, "patch", {})
    if illegal:
        return Patch(_FAREWELL, f"A parked call cannot be given this answer: {illegal} The call ends.")
    return Patch(patch, why)


def _to_menu(_document: Document, wrong: str, _payload: Mapping[str, Any], reply: Reply) -> Delivery:
    return Next(_reply_of(HANG_UP), f"{wrong} The call ends, as in production.") if wrong else Next(reply)


def _to_running(document: Document, wrong: str, _payload: Mapping[str, Any], _reply: Reply) -> Delivery:
    if wrong:
        return Nothing(f"{wrong} The call goes on, as in production.")
    read = canonical(document)
    name = (read.get("action") or {}).get("name", "")
    if name == "continue" and not read.get("instructions"):
        return Nothing()
    illegal = _illegal(document, "patch", {})
    if name not in _WHILE_TALKING or illegal:
        return Nothing(f"{describe(document)} cannot be given to a call that goes on already. {illegal}".strip())
    return Patch(document)


def _to_nobody(_document: Document, _wrong: str, _payload: Mapping[str, Any], _reply: Reply) -> Delivery:
    return Nothing()


_DELIVERIES: Mapping[Way, tuple[str, Callable[[Document, str, Mapping[str, Any], Reply], Delivery]]] = {
    "park": ("ice", _to_parked),
    "menu": ("pie", _to_menu),
    "continue": ("ace", _to_running),
    "empty": ("dice", _to_nobody),
}
"""The event that a way belongs to, and how its true answer is delivered."""


def _as_dialled(to: object) -> Document:
    """The connection that `continue` means for a call that an app dialled (voice-v1.md 1.3, 1.8)."""
    fields = to if isinstance(to, dict) else {}
    kind, endpoint = str(fields.get("type", "")).lower(), fields.get("endpoint")
    if not isinstance(endpoint, str) or not endpoint:
        return {}
    match kind:
        case "number" | "did":
            return {"name": "connectPstn", "number": endpoint if endpoint.startswith("+") else f"+{endpoint}"}
        case "username":
            return {"name": "connectMxp", "destination": {"type": "username", "endpoint": endpoint}}
        case "sip":
            return {"name": "connectSip", "destination": {"type": "sip", "endpoint": endpoint}}
        case "conference":
            return {"name": "connectConf", "conferenceId": endpoint}
        case _:
            return {}


def _read(reply: Reply, event: str, payload: Mapping[str, Any]) -> tuple[Document, str]:
    """The SVAML of an answer, and why it is none."""
    if event == "dice":
        return {}, ""
    if not 200 <= reply.status < 300:
        return {}, f"The handler failed with status {reply.status}."
    try:
        document = msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}, "The answer is no SVAML."
    if not isinstance(document, dict) or not document:
        return {}, "The answer is no SVAML."
    illegal = _illegal(document, event, {"originationType": payload.get("originationtype")})
    return document, f"The answer is illegal. {illegal}" if illegal else ""


def _illegal(document: Document, event: str, callback: Mapping[str, Any]) -> str:
    for finding in check(document, event, callback):
        if finding.severity == "error":
            return finding.text
    return ""


def _menu_result(payload: Mapping[str, Any]) -> tuple[str, str]:
    result = payload.get("menuresult")
    fields = {str(key).lower(): value for key, value in result.items()} if isinstance(result, dict) else {}
    return (text_of(fields, "type") or "").lower(), text_of(fields, "value") or ""


def _prompt(text: str) -> str:
    return text if text.startswith(("#", "http://", "https://")) else f"#tts[{text}]"


def _reply_of(document: Document) -> Reply:
    return Reply(200, _JSON, msgspec.json.encode(document))
