"""Which moves of a flow recorded calls take: the callbacks of a call are followed through the graph.

A recording knows callbacks and not keys, so moves within one answer, from menu to menu, are inferred: they were made if
the call came to the menu that a PIE is from. Pure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from devserver.calls.flow import START, Callback, Flow, Move, by_source
from devserver.recorder.exchange import Exchange

_ENDS = frozenset({"dice"})
_LIKE_ANY_OTHER = frozenset({"sequence"})  # digits that were entered need not be those that were tried


def callbacks_of(exchanges: Iterable[Exchange]) -> list[Callback]:
    """The callbacks of a recorded call that tell branches apart, in order."""
    return of_payloads((each.event or "", _body(each)) for each in exchanges)


def of_payloads(callbacks: Iterable[tuple[str, Mapping[str, Any]]]) -> list[Callback]:
    """The same of events with their bodies."""
    return [_callback(event, body) for event, body in callbacks if event not in {"", "notify"}]


def _callback(event: str, body: Mapping[str, Any]) -> Callback:
    # Keys are read in any case, as everywhere (voice-v1.md 1.1).
    payload = {key.lower(): value for key, value in body.items()}
    result = payload.get("menuresult")
    found = {key.lower(): value for key, value in result.items()} if isinstance(result, dict) else {}
    return Callback(
        event=event,
        menu=str(found.get("menuid") or ""),
        type=str(found.get("type") or "").lower(),
        value=str(found.get("value") or ""),
        result=str(payload.get("result") or "").upper(),
        reason=str(payload.get("reason") or "").upper(),
    )


def _body(exchange: Exchange) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(exchange.request.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def mark(flow: Flow, calls: Iterable[Sequence[Callback]]) -> Flow:
    """The flow with `tested` on every move.

    Args:
        flow: what was explored.
        calls: callbacks of each call, from `callbacks_of`.
    """
    following = by_source(flow.moves)
    taken: set[Move] = set()
    for call in calls:
        taken.update(_followed(following, call))
    branches = {_branch(move) for move in taken}
    marked = [msgspec.structs.replace(move, tested=_branch(move) in branches) for move in flow.moves]
    return msgspec.structs.replace(flow, moves=tuple(marked))


def _branch(move: Move) -> tuple[int, int, str]:
    """Digits that lead to the same place are one branch, whichever they are."""
    return (move.source, move.target, "digits" if move.kind == "digits" else move.label)


def _followed(following: dict[int, list[Move]], call: Sequence[Callback]) -> set[Move]:
    """The moves that a call took, as far as it can be followed."""
    at, taken = START, set[Move]()
    for callback in call:
        way = _way(following, at, callback)
        if way is None and callback.event in _ENDS:
            break
        if way is None:
            continue
        taken.update(way)
        at = way[-1].target
    return taken


def _way(following: dict[int, list[Move]], start: int, callback: Callback) -> list[Move] | None:
    """The shortest way to a move with this callback that causes no other one before; None when there is none."""
    ways: dict[int, list[Move]] = {start: []}
    waiting = deque([start])
    near: list[Move] | None = None
    while waiting:
        place = waiting.popleft()
        for move in following.get(place, ()):
            fits = _fits(move, callback)
            if fits and _leading(move).value == callback.value:
                return [*ways[place], move]
            if fits and near is None:
                near = [*ways[place], move]
            if not _leading(move).event and move.target not in ways:
                ways[move.target] = [*ways[place], move]
                waiting.append(move.target)
    return near


def _leading(move: Move) -> Callback:
    return next((each for each in move.callbacks if each.event != "notify"), Callback(""))


def _fits(move: Move, callback: Callback) -> bool:
    """Whether a move begins with this callback, apart from the digits that were entered."""
    leading = _leading(move)
    if leading.event != callback.event:
        return False
    match callback.event:
        case "pie":
            same = (leading.menu, leading.type) == (callback.menu, callback.type)
            return same and (callback.type in _LIKE_ANY_OTHER or leading.value == callback.value)
        case "dice":
            return (leading.result, leading.reason) == (callback.result, callback.reason)
        case _:
            return True
