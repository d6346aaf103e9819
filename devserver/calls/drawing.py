"""A flow as a tree: what there is to draw, and the tree for a terminal.

Pure. What a function says is text from outside: it stays on one line, is cut, and is escaped for where it goes. That
somebody hangs up is possible everywhere; it is drawn only where the function does not take it as it should.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from devserver.calls.flow import START, Flow, Move, Place

_HEARD = 70
_LABEL = 40


class Edge(msgspec.Struct, frozen=True):
    """The moves between two places as one; `tested`: no test is missing."""

    source: int
    target: int
    label: str
    tested: bool


class Twig(msgspec.Struct, frozen=True):
    """A place as it hangs on the tree.

    Attributes:
        label: what led here.
        tested: see `Edge`.
        again: it hangs elsewhere on the tree too, with all its twigs.
    """

    label: str
    place: Place
    tested: bool = True
    again: bool = False
    twigs: tuple[Twig, ...] = ()


def line(text: str, most: int) -> str:
    """Text on one line of at most so many characters."""
    plain = " ".join("".join(each if each.isprintable() else " " for each in text[: 4 * most]).split())
    return plain if len(plain) <= most else f"{plain[: most - 2]}.."


def edges(flow: Flow) -> list[Edge]:
    """Moves to draw."""
    found: dict[tuple[int, int], list[Move]] = {}
    for move in flow.moves:
        if not move.leaves or _fails(move):
            found.setdefault((move.source, move.target), []).append(move)
    return [
        Edge(source, target, ", ".join(map(_label, moves)), all(move.tested is not False for move in moves))
        for (source, target), moves in found.items()
    ]


def _fails(move: Move) -> bool:
    return any(callback.status // 100 != 2 for callback in move.callbacks)


def _label(move: Move) -> str:
    return f"{move.label} (fails)" if _fails(move) else move.label


def headline(place: Place) -> str:
    """What a place is."""
    match place.kind:
        case "end":
            return f"the call ends: {place.title}"
        case "failed":
            return f"FAILS: {place.title}"
        case _:
            return place.title


def twigs(flow: Flow) -> Twig:
    """The tree: each place hangs with its twigs where it is reached by the fewest moves."""
    from_place: dict[int, list[Edge]] = {}
    for edge in edges(flow):
        from_place.setdefault(edge.source, []).append(edge)
    homes = _homes(from_place)

    def twig(edge: Edge) -> Twig:
        place = flow.places[edge.target]
        ends = not from_place.get(place.id) and not place.open
        if not ends and homes[place.id] is not edge:
            return Twig(edge.label, place, edge.tested, again=True)
        return Twig(edge.label, place, edge.tested, twigs=tuple(map(twig, from_place.get(place.id, ()))))

    return Twig("", flow.places[START], twigs=tuple(map(twig, from_place.get(START, ()))))


def _homes(from_place: dict[int, list[Edge]]) -> dict[int, Edge]:
    homes: dict[int, Edge] = {}
    waiting = [START]
    for place in waiting:
        for edge in from_place.get(place, ()):
            if edge.target not in homes:
                homes[edge.target] = edge
                waiting.append(edge.target)
    return homes


def tree(flow: Flow) -> str:
    """A tree for a terminal; a place that is drawn elsewhere is referred to by its number."""
    trunk = twigs(flow)
    return "\n".join([line(trunk.place.title, _HEARD), *_below(trunk, "")])


def _below(twig: Twig, indent: str) -> Iterator[str]:
    for number, each in enumerate(twig.twigs, 1):
        last = number == len(twig.twigs)
        arrow = "" if twig.place.id == START else f"{line(each.label, _LABEL)}{_mark(each)} → "
        yield f"{indent}{'└─' if last else '├─'} {arrow}{_written(each)}"
        further = f"{indent}{'   ' if last else '│  '}"
        if each.place.open and not each.again:
            yield f"{further}└─ ... not explored further"
        yield from _below(each, further)


def _mark(twig: Twig) -> str:
    return "" if twig.tested else " (not tested)"


def _written(twig: Twig) -> str:
    place = twig.place
    title = line(headline(place), _HEARD)
    number = f"({place.id}) " if place.id != START and (twig.twigs or twig.again or place.open) else ""
    if twig.again:
        return f"{number}{title}, see there"
    said = " ".join(f'"{line(text, _HEARD)}"' for text in place.heard)
    return f"{number}{title}: {said}" if said else f"{number}{title}"
