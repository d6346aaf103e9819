"""Any function at all is explored to an end, drawn, and reported on."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from devserver.calls.drawing import tree
from devserver.calls.drawing_mermaid import mermaid
from devserver.calls.drawing_svg import svg
from devserver.calls.exercised import mark, of_payloads
from devserver.calls.explore import Bounds, explore
from devserver.calls.flow import START, reached_from
from devserver.calls.settings import Settings
from devserver.calls.walk import Reply
from tests.calls.exploring import SETUP, Payload, drive

NAMES = ("main", "more", "third")
OTHERS = (
    {"name": "hangup"},
    {"name": "continue"},
    {"name": "park", "maxDuration": 60},
    {"name": "connectPstn", "number": "+12015550102", "amd": {"enabled": True, "async": True}},
    {"name": "connectPstn", "number": "+12015550102", "dtmf": "w12", "amd": {"enabled": True}},
    {"name": "connectMxp", "destination": {"type": "username", "endpoint": "bob"}},
    {"name": "connectSip", "destination": {"endpoint": "bob@example.com"}},
    {"name": "connectConf", "conferenceId": "room", "conferenceDtmfOptions": {"mode": "detect"}},
)


@st.composite
def menus(draw: st.DrawFn) -> dict[str, Any]:
    """A runMenu action; mostly legal."""
    names = NAMES[: draw(st.integers(1, 3))]
    action = st.sampled_from([*(f"menu({name})" for name in names), "return(a)", "return(b)", "return(c)"])
    options = st.dictionaries(st.sampled_from("0123456789*#"), action, max_size=4)
    listed = [
        {
            "id": name,
            "mainPrompt": f"#tts[This is {name}.]",
            "maxDigits": draw(st.integers(0, 5)),
            "repeats": draw(st.integers(0, 2)),
            "options": [{"dtmf": key, "action": each} for key, each in draw(options).items()],
        }
        for name in names
    ]
    return {"name": "runMenu", "menus": listed, "enableVoice": draw(st.booleans()), "locale": "en-US"}


steps = st.one_of(
    st.text(min_size=1, max_size=20).map(lambda text: {"name": "say", "text": text}),
    st.sampled_from(["1", "2"]).map(lambda value: {"name": "setCookie", "key": "k", "value": value}),
)
documents = st.fixed_dictionaries(
    {"action": st.one_of(menus(), st.sampled_from(OTHERS))}, optional={"instructions": st.lists(steps, max_size=2)}
)
replies = st.one_of(
    documents.map(lambda document: Reply(200, json.dumps(document).encode())),
    st.builds(
        Reply,
        st.sampled_from([0, 200, 404, 500]),
        st.binary(max_size=20),
        st.text(max_size=20),
        st.text("ab", max_size=1),
    ),
)


answers_of_a_function = st.builds(
    lambda ice, more: {"ice": Reply(200, json.dumps({"action": ice}).encode()), **more},
    menus(),
    st.dictionaries(st.sampled_from(["ace", "dice", "a", "b", "c", "sequence", "timeout", "invalidinput"]), replies),
)


@settings(max_examples=100, deadline=None)
@given(answers_of_a_function)
def test_any_function_is_explored_drawn_and_reported_on(answers: dict[str, Reply]) -> None:
    def function(event: str, payload: Payload) -> Any:
        result = payload.get("menuResult", {})
        found = answers.get(result.get("value", "")) or answers.get(result.get("type", "")) or answers.get(event)
        return found or Reply(200, b'{"action": {"name": "hangup"}}')

    flow, asked = drive(explore(SETUP, Settings(), Bounds(depth=6, calls=300)), function)

    assert flow.calls <= 300
    assert len({question.callid for question in asked}) == flow.calls
    leads: dict[int, list[int]] = {}
    for move in flow.moves:
        leads.setdefault(move.source, []).append(move.target)
    assert reached_from([START], leads) == set(range(len(flow.places)))
    for place in flow.places:
        assert len({move.label for move in flow.moves if move.source == place.id}) == len(leads.get(place.id, []))
        if place.kind in {"end", "failed"}:
            assert place.id not in leads
    assert all(0 <= trouble.place < len(flow.places) for trouble in flow.troubles)
    assert tree(flow)
    assert mermaid(flow)
    assert ET.fromstring(svg(flow)).get("role") == "img"  # noqa: S314 our own
    first = of_payloads((question.event, question.payload) for question in asked if question.callid == asked[0].callid)
    assert mark(flow, [first]).moves[0].tested
