"""Is this an answer that the platform will take? One function of data: a document and the callback it answers.

The order of a check: the document as a whole, unknown keys, each instruction, the action, and then what they do to
each other. It must not know where a document came from, and it never raises, whatever JSON it is given: the gateway
runs it on every answer while a caller waits. The severities follow the sources: `error` is what the platform refuses,
`warning` is where the sources disagree or the result will surprise.
"""

from __future__ import annotations

from typing import Any

from devserver.svaml.canonical import Oddity, read
from devserver.svaml.fields import check_fields
from devserver.svaml.findings import Finding, Report, did_you_mean, json_kind, shown
from devserver.svaml.legality import ACTION_RULINGS, INSTRUCTION_RULINGS, V_LEGAL, Ruling, allowed_in
from devserver.svaml.menu_rules import check_menus
from devserver.svaml.model import ACTIONS, INSTRUCTIONS
from devserver.svaml.shapes import Shape
from devserver.svaml.surprises import check_action, check_instruction, check_together

__all__ = ["Finding", "check"]

_ANSWERED = frozenset({"ice", "ace", "pie", "patch"})
_SILENT = frozenset({"dice", "notify"})
_AGENT = "connectagent"
# Keys of any length arrive; this much of one is shown.
_KEY = 60


def check(document: object, event: str, callback: object = None) -> tuple[Finding, ...]:
    """Everything that is wrong with an answer, in the order of the document.

    Args:
        document: the parsed body of the answer; None when it was empty.
        event: `ice`, `ace`, `pie`, `dice` or `notify`; `patch` for SVAML that manages a running call. Anything else is
            no question of SVAML and gives no findings.
        callback: the parsed body of the callback, if known. With it, `continue` in an ICE from the phone network is an
            error, and an empty answer to a PIE from a conference is none (voice-v1.md 1.8, 2.2).
    """
    event = event.lower()
    report = Report()
    if event in _SILENT:
        _check_ignored(document, event, report)
    elif event in _ANSWERED:
        _check_answer(document, event, callback if isinstance(callback, dict) else {}, report)
    return tuple(report.found)


def _check_answer(document: object, event: str, callback: dict[str, Any], report: Report) -> None:
    if document is None or document == {}:
        _check_empty(event, callback, report)
    elif not isinstance(document, dict):
        said = f"The answer is {json_kind(document)}; SVAML is an object with an `action`."
        report.error("document-not-object", "", said, V_LEGAL)
    else:
        _check_document(document, event, callback, report)


def _check_empty(event: str, callback: dict[str, Any], report: Report) -> None:
    if event == "ace" or (event == "pie" and callback.get("conferenceId")):
        return
    if event == "patch":
        report.error("document-empty", "", "There is no SVAML in the request.", V_LEGAL)
        return
    then = "plays an error prompt and hangs up" if event == "ice" else "is not known to do anything but hang up"
    said = f"The answer to {_article(event)} is empty: the platform {then}."
    report.error("document-empty", "", said, V_LEGAL)


def _check_document(document: dict[Any, Any], event: str, callback: dict[str, Any], report: Report) -> None:
    oddities: list[Oddity] = []
    top = read(document, oddities)
    for oddity in oddities:
        if report.full("warning"):
            break
        _check_oddity(oddity, report)
    listed = _instructions(top.get("instructions"), report)
    for index, instruction in enumerate(listed):
        _check_one_instruction(instruction, f"instructions[{index}]", event, report)
    action = _action(top, report)
    if action is not None:
        _check_the_action(action, event, callback, report)
        check_together(listed, action, report)


def _check_oddity(odd: Oddity, report: Report) -> None:
    key = odd.key[:_KEY]
    path = f"{odd.path}.{key}" if odd.path else key
    if odd.twice:
        said = f"`{key}` is here twice in different case; keys are read in any case."
        report.warning("field-twice", path, said, "voice-v1 1.1")
        return
    if odd.shape.name == "document" and odd.key.lower() == "name":
        return  # The missing action says it better.
    hint = odd.shape.hints.get(odd.key.lower())
    meant = f"; did you mean {hint!r}?" if hint else did_you_mean(odd.key, [field.name for field in odd.shape.fields])
    said = f"{odd.shape.name} has no field {shown(odd.key)}{meant}"
    report.warning("field-unknown", path, said if meant else f"{said}.", "voice-v1 2")


def _instructions(value: object, report: Report) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, list):
        return value
    report.error(
        "instructions-not-list", "instructions", f"`instructions` is {json_kind(value)}; it is a list.", V_LEGAL
    )
    return []


def _check_one_instruction(value: object, path: str, event: str, report: Report) -> None:
    if not isinstance(value, dict):
        said = f"An instruction is an object with a `name`; this is {json_kind(value)}."
        report.error("instruction-not-object", path, said, "voice-v1 2")
        return
    shape = _shape(value, INSTRUCTIONS, path, "instruction", report)
    if shape is None:
        return
    _check_legal(shape.name, event, INSTRUCTION_RULINGS.get((shape.name, event)), path, report)
    check_fields(value, shape, path, report)
    check_instruction(value, path, report)


def _action(top: dict[str, Any], report: Report) -> dict[str, Any] | None:
    value = top.get("action")
    match value:
        case dict():
            return value
        case None:
            name = top.get("name")
            bare = isinstance(name, str) and name.lower() in ACTIONS
            wrap = ' An action goes under the key "action".' if bare else ""
            report.error("action-missing", "action", f"SVAML needs exactly one `action`; there is none.{wrap}", V_LEGAL)
        case list() | tuple() if len(value) > 1:
            said = f"SVAML has exactly one action; `action` is a list of {len(value)}."
            report.error("action-many", "action", said, V_LEGAL)
        case _:
            said = f"`action` is {json_kind(value)}; it is one object with a `name`."
            report.error("action-not-object", "action", said, V_LEGAL)
    return None


def _check_the_action(action: dict[str, Any], event: str, callback: dict[str, Any], report: Report) -> None:
    shape = _shape(action, ACTIONS, "action", "action", report)
    if shape is None:
        return
    _check_legal(shape.name, event, _action_ruling(shape.name, event, callback), "action", report)
    check_fields(action, shape, "action", report)
    check_action(action, report)
    if shape.name == "runMenu":
        check_menus(action, report)


def _action_ruling(name: str, event: str, callback: dict[str, Any]) -> Ruling | None:
    ruling = ACTION_RULINGS.get((name, event))
    # A tuple, because what came from outside may be unhashable.
    if ruling and name == "continue" and callback.get("originationType") in ("PSTN", "pstn"):
        why = f"{ruling.why}; this call came from the phone network and has nowhere to go on to"
        return Ruling("error", why, ruling.source)
    return ruling


def _check_legal(name: str, event: str, ruling: Ruling | None, path: str, report: Report) -> None:
    if ruling is None:
        return
    kind = "action" if path == "action" else "instruction"
    if ruling.why:
        said = f"{name} in the answer to {_article(event)}: {ruling.why}."
    else:
        where = ", ".join(item.upper() for item in allowed_in(name, action=kind == "action")) or "a managed call"
        said = f"{name} is not allowed in the answer to {_article(event)}; it is in {where}."
    state = "not-allowed" if ruling.severity == "error" else "disputed"
    report.add(ruling.severity, f"{kind}-{state}", path, said, ruling.source)


def _article(event: str) -> str:
    return "a PATCH" if event == "patch" else f"a{'n' if event in {'ice', 'ace'} else ''} {event.upper()}"


def _shape(value: dict[str, Any], table: dict[str, Shape], path: str, kind: str, report: Report) -> Shape | None:
    name = value.get("name")
    where = f"{path}.name"
    if name is None or name == "":
        report.error(f"{kind}-no-name", where, f"This {kind} has no `name`.", "voice-v1 2")
        return None
    shape = table.get(name.lower()) if isinstance(name, str) else None
    if shape is None and not report.full("error"):
        report.error(f"{kind}-unknown", where, _unknown(name, table, kind), "voice-v1 2")
    return shape


def _unknown(name: object, table: dict[str, Shape], kind: str) -> str:
    word = name.lower() if isinstance(name, str) else ""
    if word == _AGENT:
        return "connectAgent is a shortcut of the Sinch Functions builders and no SVAML; use connectSip to the vendor."
    other = INSTRUCTIONS if table is ACTIONS else ACTIONS
    if word in other:
        return f"{other[word].name} is {'an instruction' if table is ACTIONS else 'an action'}, not an {kind}."
    meant = did_you_mean(word, [shape.name for shape in table.values()])
    return f"{shown(name)} is no {kind}{meant or '.'}"


def _check_ignored(document: object, event: str, report: Report) -> None:
    if not isinstance(document, dict):
        return
    top = read(document, [])
    action, listed = top.get("action"), top.get("instructions")
    if action is None and not listed:
        return
    listed = listed if isinstance(listed, list) else []
    reports = [item for item in listed if isinstance(item, dict) and item.get("name") == "reportCallStatus"]
    if event != "dice" or not reports:
        said = f"The answer to {_article(event)} is ignored; this SVAML does nothing."
        report.warning("body-ignored", "", said, V_LEGAL)
        return
    for index, item in enumerate(listed):
        _check_after_the_call(item, f"instructions[{index}]", report)
    if not isinstance(action, dict) or action.get("name") != "hangup":
        said = "reportCallStatus is read only together with the action hangup."
        report.warning("report-without-hangup", "action", said, V_LEGAL)


def _check_after_the_call(item: object, path: str, report: Report) -> None:
    if isinstance(item, dict) and item.get("name") == "reportCallStatus":
        check_fields(item, INSTRUCTIONS["reportcallstatus"], path, report)
        return
    report.warning("body-ignored", path, "After the call only reportCallStatus is read.", V_LEGAL)
