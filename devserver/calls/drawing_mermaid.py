"""A flow as a Mermaid flowchart, for pages that draw it, such as a README."""

from __future__ import annotations

from devserver.calls.drawing import edges, headline, line
from devserver.calls.flow import START, Flow, Place, PlaceKind

_WIDE = 48

_SHAPES: dict[PlaceKind, tuple[str, str]] = {
    "call": ("([", "])"),
    "menu": ("{{", "}}"),
    "dialling": ("[/", "/]"),
    "end": ("([", "])"),
    "failed": ("[[", "]]"),
    "silence": ("[[", "]]"),
}
_BAD = frozenset({"failed", "silence"})
# Mermaid takes a number between # and ; for the character; of these, any may be syntax or Markdown to it.
_ENTITIES = str.maketrans({each: f"#{ord(each)};" for each in "#&;\"'<>`\\[]{}()|_*~"})


def mermaid(flow: Flow) -> str:
    """The flowchart; what no test takes is dotted, once that is known."""
    shown = edges(flow)
    targets = {START, *(edge.target for edge in shown)}
    places = [place for place in flow.places if place.id in targets]
    lines = ["flowchart TD", *(f"    {_box(place)}" for place in places)]
    for edge in shown:
        arrow = "-->" if edge.tested or edge.source == START else "-.->"
        lines.append(f'    p{edge.source} {arrow}|"{_escaped(line(edge.label, _WIDE))}"| p{edge.target}')
    if bad := [f"p{place.id}" for place in places if place.kind in _BAD]:
        lines += ["    classDef bad stroke:#c00,stroke-width:3px", f"    class {','.join(bad)} bad"]
    return "\n".join(lines)


def _box(place: Place) -> str:
    before, after = _SHAPES.get(place.kind, ("[", "]"))
    texts = [headline(place), *(f'"{line(text, _WIDE)}"' for text in place.heard)]
    if place.open:
        texts.append("... not explored further")
    written = "<br/>".join(_escaped(line(text, _WIDE + 2)) for text in texts)
    return f'p{place.id}{before}"{written}"{after}'


def _escaped(text: str) -> str:
    return text.translate(_ENTITIES)
