"""What is wrong with a flow: in words, with the way to it. Pure.

Errors and warnings are faults of the function, so that `fn explore --check` fails for them; notes are for knowing.
"""

from __future__ import annotations

from collections.abc import Iterator

from devserver.calls.flow import (
    START,
    Flow,
    Move,
    Place,
    Severity,
    Trouble,
    TroubleKind,
    by_source,
    circles,
    reached_from,
)
from devserver.calls.walk import Asked

_NOT_FOUND = 404
_KEYS = frozenset({"key", "digits", "speech"})
_SHOWN = 8  # moves that are named in a sentence


def of_asked(asked: Asked, move: Move, way: tuple[str, ...]) -> Iterator[Trouble]:
    """What is wrong with one answer.

    Args:
        asked: the question and its reply.
        move: what caused it.
        way: how to get there, with the move.
    """
    found = _fault(asked)
    if found is not None:
        kind, severity, text = found
        yield Trouble(kind, severity, move.source, text, move.label, way[:] if move.source != START else ())


def _fault(asked: Asked) -> tuple[TroubleKind, Severity, str] | None:
    reply, event = asked.reply, asked.question.event.upper()
    if reply.refused:
        said = f"{_asked(asked)} makes the function call {reply.refused}, which is let out with --allow-outbound only."
        return "calls out", "note", said
    if reply.status == _NOT_FOUND and event == "PIE":
        return "missing pie", "error", f"{_returned(asked)}, but the function has no `pie` handler for it."
    if not reply.succeeded:
        status = f"answers {reply.status}" if reply.status else "does not answer"
        return "fails", "error", f"{_asked(asked)} {status}{f': {reply.error}' if reply.error else ''}."
    if asked.illegal and "characters" in asked.illegal and "at most" in asked.illegal:
        return "long prompt", "error", f"A prompt is over the limit. {asked.illegal}"
    if asked.illegal:
        return "illegal", "error", f"{_asked(asked)} gets no legal SVAML. {asked.illegal}"
    return None


def _asked(asked: Asked) -> str:
    payload, event = asked.question.payload, asked.question.event.upper()
    match asked.question.event:
        case "pie":
            result = payload.get("menuResult") or {}
            value = result.get("value")
            about = f"`{value}`" if value else str(result.get("type", ""))
            return f"The PIE for {about} of the menu {result.get('menuId', '')}"
        case "dice":
            return f"The DICE for {payload.get('result', '')}, {payload.get('reason', '')}"
        case "notify":
            return f"The notify {payload.get('type', '')}"
        case _:
            return f"The {event}"


def _returned(asked: Asked) -> str:
    result = asked.question.payload.get("menuResult") or {}
    return f"The menu {result.get('menuId', '')} has a result"


def unsteady(place: Place) -> Trouble:
    """The same moves led elsewhere when they were made again."""
    text = f"{place.title} was not reached again by the same moves: the function does not answer alike each time."
    return Trouble("unsteady", "note", place.id, text, way=place.way)


def of_flow(flow: Flow) -> Iterator[Trouble]:
    """What is wrong with the flow as a whole."""
    moves = by_source(flow.moves)
    for place in flow.places:
        if place.kind == "silence":
            said = "The call stays up in silence: nothing is heard, no key does anything, and nobody is connected."
            yield Trouble("dead end", "error", place.id, said, way=place.way)
        elif place.kind == "menu" and not place.open and not _has_keys(place, moves.get(place.id, [])):
            said = f"In the {place.title} no key leads anywhere; only waiting does."
            yield Trouble("dead end", "warning", place.id, said, way=place.way)
    yield from _loops(flow, moves)
    yield from _unreachable(flow)


def _has_keys(place: Place, moves: list[Move]) -> bool:
    return any(move.kind in _KEYS and move.target != place.id for move in moves)


def _loops(flow: Flow, moves: dict[int, list[Move]]) -> Iterator[Trouble]:
    """Circles of menus that nobody can leave but by hanging up."""
    steps = {
        place.id: [move.target for move in moves.get(place.id, []) if not move.leaves]
        for place in flow.places
        if place.kind == "menu" and not place.open
    }
    back: dict[int, list[int]] = {}
    for place, targets in steps.items():
        for target in targets:
            back.setdefault(target, []).append(place)
    free = reached_from([place.id for place in flow.places if place.id not in steps], back)
    for circle in circles([place for place in steps if place not in free], steps):
        first = flow.places[circle[0]]
        names = list(dict.fromkeys(flow.places[number].title for number in circle))
        shown = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
        said = f"There is no way out of {shown} but to hang up: every key and silence lead back."
        yield Trouble("loop", "error", first.id, said, way=first.way)


def _unreachable(flow: Flow) -> Iterator[Trouble]:
    """Menus of an answer that no key leads to."""
    visited: dict[int, set[str]] = {}
    unfinished: set[int] = set()
    first: dict[int, Place] = {}
    for place in flow.places:
        visited.setdefault(place.answer, set()).add(place.menu)
        first.setdefault(place.answer, place)
        if place.open:
            unfinished.add(place.answer)
    for answer in flow.answers:
        for menu in answer.menus:
            if answer.id not in unfinished and menu not in visited[answer.id]:
                place = first[answer.id]
                said = f"No key leads to the menu {menu}."
                yield Trouble("unreachable menu", "warning", place.id, said, way=place.way)


def untested(flow: Flow) -> Iterator[Trouble]:
    """Branches of the function that no recorded call and no scenario takes; one note for all that lead to one place."""
    branches: dict[tuple[int, int], list[str]] = {}
    for move in flow.moves:
        if move.tested is False and not move.leaves and any(callback.event != "dice" for callback in move.callbacks):
            branches.setdefault((move.source, move.target), []).append(move.label)
    for (source, _), labels in branches.items():
        place, label = flow.places[source], ", ".join(labels)
        said = f"No test takes `{label}` at {_named(place)}."
        yield Trouble("untested", "note", place.id, said, label, (*place.way, labels[0]))


def _named(place: Place) -> str:
    return "the beginning" if place.id == START else f"({place.id}) {place.title}"
