"""What a scenario expects, from YAML nodes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from devserver.calls.outcomes import OUTCOMES
from devserver.calls.scenario import Expectations, Span, Wanted
from devserver.calls.scenario_nodes import Page, is_mapping, is_text, line_of
from devserver.calls.scenario_steps import LONGEST, read_callback

if TYPE_CHECKING:
    from yaml.nodes import Node

_RESULTS = ("ANSWERED", "BUSY", "NOANSWER", "FAILED", "N/A")
# The list of reasons is open (voice-v1.md 1.6); a reason in other letters is taken for a slip.
_REASONS = sorted({pair.reason for row in OUTCOMES.values() for pair in (row.answered, row.before)})
_REASON = re.compile(r"[A-Z][A-Z/]*")
_NONE = "none"
_LISTS = ("heard", "heard_exactly", "not_heard", "menus", "connected", "findings")
_MAY_BE_NONE = frozenset({"heard_exactly", "findings"})


def read_expectations(page: Page, node: Node | None) -> Expectations:
    """The mapping under `expect`."""
    if node is None:
        return Expectations()
    found: dict[str, Any] = {"line": line_of(node)}
    for word, value in page.entries(node, '"expect"', (*_LISTS, *_READERS)).items():
        found |= _read(page, word, value)
    return Expectations(**found)


def _read(page: Page, word: str, node: Node) -> dict[str, Any]:
    if word == "connected" and _is_none(node):
        return {"not_connected": True}
    if word in _LISTS:
        return {word: () if word in _MAY_BE_NONE and _is_none(node) else _wanted(page, node, word)}
    return {word: _READERS[word](page, node)}


def _is_none(node: Node) -> bool:
    return is_text(node) and node.value.strip().lower() == _NONE


def _wanted(page: Page, node: Node, what: str) -> tuple[Wanted, ...]:
    return tuple(Wanted(line, text) for line, text in page.texts(node, what))


def _result(page: Page, node: Node) -> Wanted | None:
    result = page.word(node, "result", [each.lower() for each in _RESULTS]).upper()
    return Wanted(line_of(node), result) if result else None


def _reason(page: Page, node: Node) -> Wanted:
    text = page.text(node, "reason").strip().upper()
    if text and not _REASON.fullmatch(text):
        page.unknown(node, text, 'no "reason"', _REASONS)
    return Wanted(line_of(node), text)


def _callbacks(page: Page, node: Node) -> tuple[Wanted, ...]:
    if _is_none(node):
        return ()
    return tuple(Wanted(line_of(item), text) for item in page.items(node) if (text := read_callback(page, item)))


def _cookies(page: Page, node: Node) -> tuple[tuple[str, Wanted], ...]:
    entries = page.entries(node, '"cookies"')
    return tuple((key, Wanted(line_of(value), page.text(value, key, empty=True))) for key, value in entries.items())


def _fails(page: Page, node: Node) -> bool:
    return page.flag(node, "fails")


def _duration(page: Page, node: Node) -> Span:
    if not is_mapping(node):
        seconds = page.number(node, "duration", LONGEST)
        return Span(line_of(node), seconds, seconds)
    entries = page.entries(node, '"duration"', ("least", "most"))
    least = page.number(entries["least"], "least", LONGEST) if "least" in entries else 0.0
    most = page.number(entries["most"], "most", LONGEST) if "most" in entries else LONGEST
    if least > most:
        page.wrong(node, f'"least" is {least:g} and "most" is {most:g}: no duration is between them.')
    return Span(line_of(node), least, most)


_READERS: dict[str, Callable[[Page, Node], Any]] = {
    "result": _result,
    "reason": _reason,
    "duration": _duration,
    "cookies": _cookies,
    "callbacks": _callbacks,
    "fails": _fails,
}
