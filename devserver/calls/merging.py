"""Makes one place of those that behave alike.

What a function remembers tells places apart while they are explored, since it may matter. Where it turns out not to
matter, because everything that can be done there leads on in the same way, nobody wants to see them twice. This is the
minimisation of an automaton by refining classes (Moore). Pure.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import msgspec

from devserver.calls.flow import Flow, Move, Place, by_source


def merged(flow: Flow) -> Flow:
    """The smallest flow that behaves alike; places keep their order, and their numbers have no gaps."""
    moves = by_source(flow.moves)
    classes = _numbered({place.id: _looks(place) for place in flow.places})
    while True:
        finer = _numbered({number: _behaviour(number, classes, moves) for number in classes})
        if len(set(finer.values())) == len(set(classes.values())):
            break
        classes = finer
    first: dict[int, int] = {}
    for place in flow.places:
        first.setdefault(classes[place.id], place.id)
    numbers = {kept: number for number, kept in enumerate(first.values())}
    new = {place.id: numbers[first[classes[place.id]]] for place in flow.places}
    return msgspec.structs.replace(
        flow,
        places=tuple(msgspec.structs.replace(place, id=new[place.id]) for place in flow.places if place.id in numbers),
        moves=tuple(
            msgspec.structs.replace(move, source=new[move.source], target=new[move.target])
            for move in flow.moves
            if move.source in numbers
        ),
        troubles=tuple(msgspec.structs.replace(trouble, place=new[trouble.place]) for trouble in flow.troubles),
    )


def _looks(place: Place) -> Hashable:
    return (place.kind, place.title, place.options, place.menu, place.answer, place.id if place.open else None)


def _behaviour(number: int, classes: Mapping[int, int], moves: Mapping[int, list[Move]]) -> Hashable:
    leads = frozenset((move.label, classes[move.target], move.callbacks) for move in moves.get(number, ()))
    return (classes[number], leads)


def _numbered(signatures: Mapping[int, Hashable]) -> dict[int, int]:
    """Equal signatures get equal numbers."""
    numbers: dict[Hashable, int] = {}
    return {place: numbers.setdefault(signature, len(numbers)) for place, signature in signatures.items()}
