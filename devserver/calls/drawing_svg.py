"""A flow as a picture: a column for each move, and in it a box for each place; nothing crosses anything.

The layout is our own: the tree of `drawing.twigs` laid on its side. A box stands beside the first of what follows from
it, and takes as many rows as all of that. A place that has its box elsewhere is a link to it. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from textwrap import wrap

import msgspec

from devserver.calls.drawing import Twig, headline, line, twigs
from devserver.calls.flow import START, Flow, PlaceKind

_BOX = 230  # pixels, as everything here
_GAP = 170
_MARGIN = 20
_ROW = 16
_PADDING = 8
_BETWEEN = 14
_TITLE_CHARACTERS = 28
_TEXT_CHARACTERS = 33
_MOST_LINES = 6
_LABEL_CHARACTERS = 23

_COLOURS: dict[PlaceKind, str] = {
    "call": "#e8eaf6",
    "menu": "#e3f2fd",
    "dialling": "#fff8e1",
    "connected": "#e8f5e9",
    "conference": "#e8f5e9",
    "streaming": "#e8f5e9",
    "parked": "#fff8e1",
    "silence": "#ffebee",
    "end": "#f5f5f5",
    "failed": "#ffebee",
}
_STYLE = (
    "text{font:11px system-ui,sans-serif;fill:#212121}"
    ".title{font-weight:600;font-size:12px}"
    ".label{fill:#424242}"
    "rect{stroke:#9e9e9e}"
    ".bad rect{stroke:#c62828;stroke-width:2}"
    ".again rect{stroke-dasharray:3 3;fill:#fff}"
    "path{fill:none;stroke:#757575}"
    ".untested path{stroke-dasharray:4 3}"
)
_BAD = frozenset({"failed", "silence"})


class _Box(msgspec.Struct, frozen=True):
    """A twig in its place; `whole` is the height of everything that follows from it."""

    twig: Twig
    x: int
    y: int
    titles: list[str]
    texts: list[str]
    whole: int
    boxes: tuple[_Box, ...]

    @property
    def height(self) -> int:
        return _height(self.titles, self.texts)


def svg(flow: Flow) -> str:
    """The picture, as a document of its own."""
    trunk = _laid_out(twigs(flow), _MARGIN, _MARGIN)
    width = max(box.x for box in _all(trunk)) + _BOX + _MARGIN
    height = trunk.whole + 2 * _MARGIN
    title = line(flow.places[START].title, 200)
    about = f"The flow of a call, with {len(flow.places) - 1} places and {len(flow.moves)} moves."
    body = "\n".join(text for box in _all(trunk) for text in _drawn(box))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-labelledby="title about">\n'
        f'<title id="title">{escape(title)}</title>\n<desc id="about">{escape(about)}</desc>\n'
        f'<style>{_STYLE}</style>\n<rect width="{width}" height="{height}" fill="#fff" style="stroke:none"/>\n'
        f"{body}\n</svg>\n"
    )


def _laid_out(twig: Twig, x: int, y: int) -> _Box:
    titles, texts = _lines(twig)
    boxes: list[_Box] = []
    below = y
    for each in twig.twigs:
        boxes.append(_laid_out(each, x + _BOX + _GAP, below))
        below += boxes[-1].whole + _BETWEEN
    whole = max(_height(titles, texts), below - y - _BETWEEN)
    return _Box(twig, x, y, titles, texts, whole, tuple(boxes))


def _height(titles: list[str], texts: list[str]) -> int:
    return _ROW * (len(titles) + len(texts)) + 2 * _PADDING


def _lines(twig: Twig) -> tuple[list[str], list[str]]:
    place = twig.place
    number = f"({place.id}) " if place.id != START and (twig.twigs or twig.again or place.open) else ""
    titles = wrap(number + line(headline(place), 3 * _TITLE_CHARACTERS), _TITLE_CHARACTERS)
    if twig.again:
        return titles, []
    said = [row for text in place.heard for row in wrap(f'"{line(text, 600)}"', _TEXT_CHARACTERS)]
    texts = said if len(said) <= _MOST_LINES else [*said[: _MOST_LINES - 1], ".."]
    return titles, [*texts, "... not explored further"] if place.open else texts


def _all(box: _Box) -> Iterator[_Box]:
    yield box
    for each in box.boxes:
        yield from _all(each)


def _drawn(box: _Box) -> Iterator[str]:
    place, again = box.twig.place, box.twig.again
    marks = [mark for mark, has in (("bad", place.kind in _BAD), ("again", again)) if has]
    # Only the box with all that follows can be the target of links: an id stands once in a document.
    identity = f' id="p{place.id}"' if box.twig.twigs or place.open else ""
    group = f"<g{identity}{_class(marks)}>{''.join(_box(box))}</g>"
    yield f'<a href="#p{place.id}">{group}</a>' if again else group
    for each in box.boxes:
        yield _edge(box, each)


def _box(box: _Box) -> Iterator[str]:
    place = box.twig.place
    yield f"<title>{escape(line(' '.join((headline(place), *place.heard)), 2000))}</title>"
    yield (
        f'<rect x="{box.x}" y="{box.y}" width="{_BOX}" height="{box.height}" rx="6" '
        f'fill="{_COLOURS.get(place.kind, "#fff")}"/>'
    )
    rows = [*((text, ' class="title"') for text in box.titles), *((text, "") for text in box.texts)]
    for number, (text, look) in enumerate(rows):
        y = box.y + _PADDING + _ROW * number + 12
        yield f'<text x="{box.x + _PADDING}" y="{y}"{look}>{escape(text)}</text>'


def _edge(source: _Box, target: _Box) -> str:
    start, end = source.x + _BOX, target.x
    from_y, to_y = source.y + _PADDING + _ROW // 2, target.y + _PADDING + _ROW // 2
    # All lines of a box share a stem and turn off beside their labels.
    path = f"M{start} {from_y}H{start + 12}V{to_y}H{end - 1}m-6 -4l6 4l-6 4"
    label = line(target.twig.label, _LABEL_CHARACTERS) if source.twig.place.id != START else ""
    marks = [] if target.twig.tested else ["untested"]
    return (
        f'<g{_class(marks)}><title>{escape(line(target.twig.label, 200))}</title><path d="{path}"/>'
        f'<text class="label" x="{start + 18}" y="{to_y - 4}">{escape(label)}</text></g>'
    )


def _class(marks: list[str]) -> str:
    return f' class="{" ".join(marks)}"' if marks else ""
