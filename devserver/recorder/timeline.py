"""What happened during one callback, in order and in words: log lines, changes, calls to others, what the caller hears.

Pure. Whatever a handler did has its own time; what follows from the answer (prompts, findings, an error) happens when
the answer is given. Words are for people and may hold anything that came from outside: whoever prints them makes
control characters visible.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from devserver.recorder.exchange import Effect, Exchange
from devserver.runtime.events import AceEvent, Amd, DiceEvent, NotifyEvent, PieEvent, VoiceEvent
from devserver.svaml.canonical import canonical
from devserver.svaml.words import heard

Kind = Literal["log", "cache", "storage", "database", "outbound", "says", "asks", "finding", "error", "mark"]

_REASONS = {
    "callerhangup": "caller hung up",
    "calleehangup": "callee hung up",
    "managerhangup": "ended by the function",
    "timeout": "nobody answered in time",
    "cancel": "cancelled",
    "callbackerror": "a callback failed",
    "nocreditpartner": "no credit",
    "usernotfound": "no such user",
    "generalerror": "general error",
    "n/a": "",
}
_MENU_ENDS = {"hangup": "hung up in the menu", "invalidinput": "pressed something invalid", "error": "menu failed"}
_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"))


class Pressed(msgspec.Struct, frozen=True):
    """What a PIE says that the caller did (voice-v1.md 1.5).

    Attributes:
        type: `return`, `sequence`, `timeout`, `hangup`, `invalidinput`, `error`; in lower case.
        value: the x of `return(x)`, or the digits.
        key: the key that leads to a `return(x)` in the menu that was answered before, when that is known.
        menu: id of the menu.
        input: `dtmf` or `voice`.
        text: the same in words.
    """

    type: str | None
    value: str | None
    key: str | None
    menu: str | None
    input: str | None
    text: str


class Entry(msgspec.Struct, frozen=True):
    """One thing that happened.

    Attributes:
        offset: seconds from the start of the call.
        text: in words; several lines for a log line or traceback that has them.
        level: of a log line or finding: `info`, `warning`, `error`, ...; `error` for what failed.
    """

    offset: float
    kind: Kind
    text: str
    level: str = ""


# --- what a callback says ---------------------------------------------------------------------------------------


def came(event: VoiceEvent | None, key: Pressed | None) -> str:
    """What a callback says, in words; empty when it is just the next event."""
    match event:
        case PieEvent():
            return key.text if key else ""
        case AceEvent():
            return _amd(event.amd)
        case DiceEvent():
            return ending(event.reason, event.result)
        case NotifyEvent():
            told = [event.type, event.destination, event.error_msg, _amd(event.amd)]
            return " ".join(part for part in told if part)
        case _:
            return ""


def ending(reason: str | None, result: str | None) -> str:
    """How a call ended, like "caller hung up (ANSWERED)"; the list of reasons is open (voice-v1.md 1.6)."""
    words = _REASONS.get(reason.lower(), reason.lower()) if reason else ""
    if words and (reason or "").lower() == "timeout" and (result or "").lower() == "answered":
        words = "its time was up"  # parked too long, or maxDuration: there was somebody who answered
    return f"{words} ({result})".strip() if result else words


def pressed(event: VoiceEvent | None, asked: object) -> Pressed | None:
    """What the caller did in a menu; None when the callback is no PIE or says nothing about it.

    Args:
        event: the callback.
        asked: the answer before it, with the menus.
    """
    if not isinstance(event, PieEvent) or not event.menu_result:
        return None
    result = event.menu_result
    kind = result.type.lower() if result.type else None
    key = _key(asked, result.menu_id, result.value) if kind == "return" else None
    return Pressed(kind, result.value, key, result.menu_id, result.input_method, _did(kind, result.value, key))


def _did(kind: str | None, value: str | None, key: str | None) -> str:
    match kind:
        case "return":
            return f"pressed {key} -> {value}" if key else f"return({value or ''})"
        case "sequence":
            return f"pressed {value}" if value else "pressed nothing"
        case None:
            return value or ""
        case _:
            return _MENU_ENDS.get(kind, kind)


def _key(asked: object, menu_id: str | None, value: str | None) -> str | None:
    """The key whose option is `return(value)`, when there is just one."""
    action = canonical(asked).get("action")
    menus = action.get("menus") if isinstance(action, dict) else None
    keys = {
        str(option.get("dtmf"))
        for menu in _objects(menus)
        if menu_id is None or menu.get("id") == menu_id
        for option in _objects(menu.get("options"))
        if str(option.get("action")).strip() == f"return({value})"
    }
    return keys.pop() if len(keys) == 1 else None


def _objects(listed: object) -> list[dict[str, Any]]:
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []


def _amd(amd: Amd) -> str:
    return f"{amd.status} ({amd.reason})" if amd.status and amd.reason else amd.status or ""


# --- what happened ----------------------------------------------------------------------------------------------


def entries(exchange: Exchange, document: object, began: float) -> tuple[Entry, ...]:
    """What happened during one callback, in order.

    Args:
        exchange: the callback.
        document: the SVAML of its answer.
        began: when the call began, seconds since 1970.
    """
    answered = exchange.at + (exchange.ms or 0) / 1000
    found = [*_meanwhile(exchange), *((answered, *rest) for rest in _afterwards(exchange, document))]
    return tuple(Entry(round(max(0.0, at - began), 6), kind, text, level) for at, kind, text, level in found)


def _meanwhile(exchange: Exchange) -> list[tuple[float, Kind, str, str]]:
    """Log lines and effects by their times; what has none stays behind what it followed."""
    dated: list[tuple[float, Kind, str, str]] = []
    for noted in (_logged(exchange), _effects(exchange)):
        at = exchange.at
        for own, kind, text, level in noted:
            at = own or at
            dated.append((at, kind, text, level))
    return sorted(dated, key=lambda entry: entry[0])


def _logged(exchange: Exchange) -> Iterator[tuple[float | None, Kind, str, str]]:
    for line in exchange.logs:
        at, fields = line.get("at"), line.get("fields")
        more = "".join(f"  {key}={value}" for key, value in fields.items()) if isinstance(fields, dict) else ""
        level = str(line.get("level") or "")
        yield at if isinstance(at, int | float) else None, "log", f"{line.get('text') or ''}{more}", level


def _effects(exchange: Exchange) -> Iterator[tuple[float | None, Kind, str, str]]:
    for effect in exchange.effects:
        yield effect.at or None, effect.kind, effect_words(effect), "error" if _is_failure(effect) else ""


def _afterwards(exchange: Exchange, document: object) -> Iterator[tuple[Kind, str, str]]:
    for kind, text in _prompts(document):
        yield kind, text, ""
    for finding in exchange.findings:
        place = f"{finding['path']}: " if finding.get("path") else ""
        yield "finding", f"{place}{finding.get('text') or ''}", str(finding.get("severity") or "")
    if exchange.error:
        yield "error", _error_words(exchange.error), "error"
    for mark in exchange.marks:
        yield "mark", mark, ""


def _prompts(document: object) -> Iterator[tuple[Kind, str]]:
    """What the caller hears; what a menu plays is a question."""
    read = canonical(document)
    said = heard({key: value for key, value in read.items() if key != "action"})
    action = read.get("action")
    is_menu = isinstance(action, dict) and action.get("name") == "runMenu"
    for text in said:
        yield "says", f'"{text}"'
    for text in heard(read)[len(said) :]:
        yield ("asks" if is_menu else "says"), f'"{text}"'


def _error_words(error: dict[str, Any]) -> str:
    """The sentence and the traceback under it, whose last line mostly says the same."""
    text, traceback = str(error.get("text") or error.get("kind") or ""), str(error.get("traceback") or "").rstrip()
    return f"{text}\n{traceback.removesuffix(text).rstrip()}".rstrip() if text else traceback


# --- effects in words -------------------------------------------------------------------------------------------


def effect_words(effect: Effect) -> str:
    """What a handler did, like `set caller:c1 = "+12025550199" (4 h)`."""
    match effect.kind:
        case "cache":
            value = f" = {_json(effect.value)}" if effect.operation == "set" else ""
            ttl = f" ({span(effect.ttl)})" if effect.ttl is not None else ""
            return f"{effect.operation} {effect.key}{value}{ttl}"
        case "storage":
            size = effect.value.get("bytes") if isinstance(effect.value, dict) else None
            return f"{effect.operation} {effect.key}" + (f" ({size:,} bytes)" if isinstance(size, int) else "")
        case "database":
            return effect.key or effect.operation
        case "outbound":
            return f"{effect.operation} {effect.key} -> {_outcome(effect.value)}"


def _outcome(value: object) -> str:
    facts = value if isinstance(value, dict) else {}
    took = f", {facts['ms']:.0f} ms" if isinstance(facts.get("ms"), int | float) else ""
    if facts.get("refused"):
        return "refused"
    if facts.get("error"):
        return f"{facts['error']}{took}"
    return f"{facts.get('status') or 'no answer'}{took}"


def _is_failure(effect: Effect) -> bool:
    if effect.kind != "outbound":
        return False
    facts = effect.value if isinstance(effect.value, dict) else {}
    status = facts.get("status")
    return bool(facts.get("refused") or facts.get("error")) or not isinstance(status, int) or status >= 400


def _json(value: object) -> str:
    return msgspec.json.encode(value, enc_hook=repr).decode("utf-8", "replace")


def span(seconds: float) -> str:
    """A time in its largest whole unit, like "4 h" or "90 s"."""
    for size, unit in _UNITS:
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:g} s"
