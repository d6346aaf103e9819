"""A flow as a tree, as Mermaid and as a picture."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from devserver.calls.drawing import line, tree
from devserver.calls.drawing_mermaid import mermaid
from devserver.calls.drawing_svg import svg
from devserver.calls.exercised import mark
from devserver.calls.explore import Bounds
from devserver.calls.flow import Callback, Flow
from devserver.calls.walk import Reply
from tests.calls.exploring import by, flow_of, menu, menus, say

SVG = "{http://www.w3.org/2000/svg}"
NASTY = '</text><script>alert("1")</script>\x1b[31m & "quoted" `code` #59; [x] | --> \x00 \u202e end'


@pytest.fixture
def flow() -> Flow:
    first = menus(menu("main", k1="return(sales)", k2="menu(more)", k3="return(bad)"), menu("more", k1="menu(main)"))
    sales = say("To sales.", {"name": "connectPstn", "number": "+12015550102"})
    return flow_of(by(say("Welcome.", first), sales=sales, bad=Reply(500, error="boom")))


@pytest.fixture
def nasty() -> Flow:
    return flow_of(by(say(NASTY, menus(menu("main", k1="return(x)"))), x=Reply(500, error=NASTY)))


def picture(flow: Flow) -> ET.Element:
    return ET.fromstring(svg(flow))  # noqa: S314 our own


def test_the_tree(flow: Flow) -> None:
    assert (
        tree(flow)
        == """\
+12015550100 calls +12015550101
└─ (1) menu main: "Welcome." "This is main."
   ├─ 1 → (3) dials +12015550102: "To sales."
   │  ├─ answered → connected to +12015550102
   │  ├─ busy → the call ends: BUSY, N/A
   │  ├─ no answer → the call ends: NOANSWER, TIMEOUT
   │  └─ no route → the call ends: FAILED, CONGESTION
   ├─ 2 → (4) menu more: "This is more."
   │  ├─ 1 → (1) menu main, see there
   │  └─ another key, silence → the call ends: ANSWERED, MANAGERHANGUP: "Goodbye."
   ├─ 3 (fails) → FAILS: status 500: boom
   └─ another key, silence → the call ends: ANSWERED, MANAGERHANGUP: "Goodbye.\""""
    )


def test_hanging_up_is_drawn_where_the_function_fails() -> None:
    flow = flow_of(lambda event, _: Reply(500) if event == "dice" else say("Hi.", {"name": "park"}))
    assert "caller hangs up (fails) → the call ends: ANSWERED, CALLERHANGUP" in tree(flow)


def test_what_no_test_takes_is_marked(flow: Flow) -> None:
    tested = mark(flow, [[Callback("ice"), Callback("pie", menu="main", type="return", value="sales")]])
    drawn = tree(tested)
    assert "1 → (3) dials" in drawn
    assert "busy (not tested) → the call ends" in drawn
    assert 'p1 -->|"1"| p3' in mermaid(tested)
    assert 'p3 -.->|"busy"|' in mermaid(tested)
    assert svg(tested).count('class="untested"') == drawn.count("(not tested)")


def test_a_place_that_was_not_explored_further_says_so() -> None:
    deep = flow_of(by({"action": menus(menu("main", k1="menu(more)"), menu("more", k1="menu(main)"))}), Bounds(depth=1))
    assert '   ├─ 1 → (3) menu more: "This is more."\n   │  └─ ... not explored further\n' in tree(deep)
    assert "... not explored further" in svg(deep)
    assert "... not explored further" in mermaid(deep)


def test_text_from_outside_stays_on_its_line_in_the_tree(nasty: Flow) -> None:
    drawn = tree(nasty)
    assert not re.search(r"[\x00\x1b\u202e]", drawn)
    assert max(map(len, drawn.splitlines())) < 200


def test_text_from_outside_is_text_in_mermaid(nasty: Flow) -> None:
    for row in mermaid(nasty).splitlines():
        quoted = re.findall(r'"([^"]*)"', row)
        assert row.count('"') == 2 * len(quoted)
        for text in quoted:
            assert not re.search(r"[<>`|\[\]\x00\x1b]", text.replace("<br/>", "")), text


def test_mermaid_draws_every_place_and_move_once(flow: Flow) -> None:
    rows = mermaid(flow).splitlines()
    assert rows[0] == "flowchart TD"
    nodes = [match[1] for row in rows if (match := re.match(r"    (p\d+)[\[{(]", row))]
    assert len(nodes) == len(set(nodes)) > 5
    arrows = [match.groups() for row in rows if (match := re.match(r"    (p\d+) -->.* (p\d+)$", row))]
    assert {name for arrow in arrows for name in arrow} == set(nodes)
    assert len(arrows) == len(set(arrows))
    assert rows[-1] == "    class p5 bad"


@pytest.mark.parametrize("which", ["flow", "nasty"])
def test_the_picture_is_xml_with_a_title_and_a_description(which: str, request: pytest.FixtureRequest) -> None:
    found: Flow = request.getfixturevalue(which)
    root = picture(found)
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") == "+12015550100 calls +12015550101"
    assert (root.findtext(f"{SVG}desc") or "").startswith("The flow of a call, with ")
    assert not list(root.iter(f"{SVG}script"))


def test_boxes_of_the_picture_lie_inside_and_apart(flow: Flow) -> None:
    root = picture(flow)
    paper, *found = [
        tuple(int(rect.get(name, "0")) for name in ("x", "y", "width", "height")) for rect in root.iter(f"{SVG}rect")
    ]
    assert len(found) == tree(flow).count("\n") + 1
    for x, y, width, height in found:
        assert x >= 0
        assert y >= 0
        assert x + width <= paper[2]
        assert y + height <= paper[3]
    for (_, y, _, height), (_, below, _, _) in (
        pair for x in {box[0] for box in found} for pair in pairwise(sorted(box for box in found if box[0] == x))
    ):
        assert y + height < below


def test_links_of_the_picture_lead_to_a_box(flow: Flow) -> None:
    root = picture(flow)
    identities = [group.get("id") for group in root.iter(f"{SVG}g") if group.get("id")]
    assert len(identities) == len(set(identities))
    links = [link.get("href", "") for link in root.iter(f"{SVG}a")]
    assert links == ["#p1"]
    assert {link[1:] for link in links} <= set(identities)


def test_a_line_is_cut_and_printable() -> None:
    assert line("a\nb\tc\x07d", 20) == "a b c d"
    assert line("x" * 50, 10) == "xxxxxxxx.."
