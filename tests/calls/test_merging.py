"""Places that behave alike are one."""

from __future__ import annotations

import json
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from devserver.calls.flow import START, Flow, Move, Place, Trouble
from devserver.calls.merging import merged
from devserver.calls.walk import Reply
from tests.calls.exploring import Document, Payload, flow_of, menu, menus, place_of


def test_what_is_remembered_but_does_not_matter_makes_no_second_place() -> None:
    """A function that counts, and does nothing with the number."""
    counts: Counter[str] = Counter()
    ask: Document = {"action": menus(menu("main", k1="return(again)"))}

    def function(event: str, payload: Payload) -> Reply | None:
        if event not in {"ice", "pie"} or payload.get("menuResult", {}).get("type") == "hangup":
            return None
        counts[payload["callid"]] += 1
        return Reply(200, json.dumps(ask).encode(), memory=str(min(counts[payload["callid"]], 4)))

    flow = flow_of(function)
    main = place_of(flow, "menu main")
    assert [move.target for move in flow.moves if move.source == main.id and not move.leaves] == [main.id] * 3


def test_what_leads_elsewhere_in_the_end_stays_apart() -> None:
    places = (Place(0, "call", "call"), *(Place(n, "menu", "menu main") for n in (1, 2, 3)), Place(4, "end", "over"))
    chain = tuple(Move(n, n + 1, "key", "1") for n in range(4))
    flow = Flow("a", "b", places, chain, ())
    assert merged(flow) == flow


def test_places_that_were_not_explored_further_stay_apart() -> None:
    places = (Place(0, "call", "call"), *(Place(n, "menu", "menu main", open=True) for n in (1, 2)))
    flow = Flow("a", "b", places, tuple(Move(0, n, "key", str(n)) for n in (1, 2)), ())
    assert merged(flow) == flow


places = st.lists(st.sampled_from(["menu a", "menu b", "menu c"]), min_size=1, max_size=8)


@given(places, st.data())
def test_a_merged_flow_can_be_walked_as_before_and_is_as_small_as_it_gets(
    titles: list[str], data: st.DataObject
) -> None:
    listed = (Place(START, "call", "call"), *(Place(n, "menu", title) for n, title in enumerate(titles, 1)))
    targets = st.integers(1, len(titles))
    moves = tuple(Move(n, data.draw(targets), "key", key) for n in range(len(listed)) for key in "12")
    trouble = Trouble("dead end", "error", len(titles), "here")
    flow = Flow("a", "b", listed, moves, (), (trouble,))

    small = merged(flow)

    assert [place.id for place in small.places] == list(range(len(small.places)))
    assert small.places[small.troubles[0].place].title == titles[-1]
    assert merged(small) == small
    way = data.draw(st.text("12", max_size=8))
    assert _walked(flow, way) == _walked(small, way)


def _walked(flow: Flow, way: str) -> list[str]:
    leads = {(move.source, move.label): move.target for move in flow.moves}
    at, seen = START, [flow.places[START].title]
    for key in way:
        at = leads[at, key]
        seen.append(flow.places[at].title)
    return seen
