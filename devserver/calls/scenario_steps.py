"""The steps of a scenario: YAML nodes to steps, and blocks of steps that several scenarios use.

One entry may hold a wait and what is done then (`menu: main` with `press: "1"`); it becomes two steps. Blocks may use
blocks; one that uses itself, however far round, is a mistake and not an endless call.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from devserver.calls.commands import CallbackEvent
from devserver.calls.scenario import (
    Leave,
    Manage,
    Pause,
    Press,
    Speak,
    Step,
    UntilCallback,
    UntilConnected,
    UntilHeard,
    UntilMenu,
)
from devserver.calls.scenario_nodes import Entries, Page, is_text, line_of, shown
from devserver.project.texts import nearest

if TYPE_CHECKING:
    from yaml.nodes import Node

LONGEST = 14_400.0
"""Seconds of the longest call (voice-v1.md 6), and so of any time in a scenario."""

_WORDS = (
    "heard",
    "menu",
    "callback",
    "connected",
    "wait",
    "press",
    "say",
    "patch",
    "hangup",
    "use",
    "by",
    "leg",
    "barge",
)
_ALONE = ("hangup",)
_MORE = {"by", "leg", "barge"}
_LEGS = ("caller", "callee")
_SIDES = ("caller", "callee", "both")
_KEYS = re.compile(r"[0-9*#w]+")
_LETTERS = {letter: key for key, letters in zip("23456789", ["abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "xyz"]) for letter in letters}  # fmt: skip  # noqa: B905, E501
_MOST_STEPS = 10_000


class Use(msgspec.Struct, frozen=True):
    """The steps of a block stand here."""

    line: int
    name: str


Written = list[Step | Use]
Blocks = Mapping[str, Written]


def read_blocks(page: Page, node: Node | None) -> dict[str, Written]:
    """Named blocks of steps; those that use themselves are noted and emptied."""
    nodes = page.entries(node, '"blocks"')
    blocks = {name: read_steps(page, steps) for name, steps in nodes.items()}
    for name, steps in nodes.items():
        if circle := _circle(name, blocks):
            page.wrong(steps, f"The block {' uses '.join(map(shown, circle))}, and so never ends.")
    for name in [name for name in blocks if _circle(name, blocks)]:
        blocks[name] = []
    return blocks


def _circle(name: str, blocks: Blocks) -> list[str]:
    """The way from a block back to itself; empty when there is none."""
    ways = [[name]]
    seen: set[str] = set()
    for way in ways:
        for step in blocks.get(way[-1], ()):
            if not isinstance(step, Use):
                continue
            if step.name == name:
                return [*way, name]
            if step.name not in seen:
                seen.add(step.name)
                ways.append([*way, step.name])
    return []


def expand(page: Page, node: Node, written: Written, blocks: Blocks) -> tuple[Step, ...]:
    """The steps with those of the blocks in their places."""
    steps: list[Step] = []
    for step in _expanded(written, blocks):
        steps.append(step)
        if len(steps) > _MOST_STEPS:
            page.wrong(node, f"These are more than {_MOST_STEPS:,} steps, with those of the blocks.")
            return ()
    return tuple(steps)


def _expanded(written: Written, blocks: Blocks) -> Iterator[Step]:
    for step in written:
        if isinstance(step, Use):
            yield from _expanded(blocks.get(step.name, []), blocks)
        else:
            yield step


def check_uses(page: Page, node: Node, written: Written, blocks: Blocks) -> None:
    """Note uses of blocks that are not there."""
    for item, step in _uses(page, node, written):
        if step.name not in blocks:
            hint = nearest(step.name, blocks) or (
                f"There are {', '.join(blocks)}." if blocks else 'Blocks of steps are written under "blocks".'
            )
            page.wrong(item, f'There is no block "{shown(step.name)}".', hint)


def _uses(page: Page, node: Node, written: Written) -> Iterator[tuple[Node, Use]]:
    nodes = {line_of(item): item for item in page.items(node)}
    for step in written:
        if isinstance(step, Use):
            yield nodes.get(step.line, node), step


def read_steps(page: Page, node: Node) -> Written:
    """A list of steps, or one step."""
    return [step for item in page.items(node) for step in _read_step(page, item)]


def _read_step(page: Page, node: Node) -> Written:
    if is_text(node):
        if page.text(node, "steps") in _ALONE:
            return [Leave(line_of(node))]
        if node.value.strip():
            hint = nearest(node.value, _ALONE) or f'A step is one of {", ".join(_WORDS[:10])}, such as `press: "1"`.'
            page.wrong(node, f'"{shown(node.value)}" is no step.', hint)
        return []
    entries = page.entries(node, "A step", _WORDS)
    if not entries:
        return []
    if "use" in entries:
        return _use(page, node, entries)
    found = [step for word in _WORDS if word in entries for step in _step(page, word, entries)]
    if not set(entries) - _MORE:
        page.wrong(node, f'"{next(iter(entries))}" says more about a step, but there is none.')
    return found


def _use(page: Page, node: Node, entries: Entries) -> Written:
    if others := [word for word in entries if word != "use"]:
        page.wrong(node, f'"use" stands alone in its step, without "{others[0]}".')
    name = page.text(entries["use"], "use").strip()
    return [Use(line_of(node), name)] if name else []


def _step(page: Page, word: str, entries: Entries) -> Written:
    node, line = entries[word], line_of(entries[word])
    match word:
        case "heard":
            texts = tuple(text for _, text in page.texts(node, "heard"))
            return [UntilHeard(line, texts, _barge(page, entries))] if texts else []
        case "press":
            return [Press(line, keys, _by(page, entries))] if (keys := read_keys(page, node, "press")) else []
        case _ if word in _SIMPLE:
            return [_SIMPLE[word](page, node, entries)]
        case _:
            return []


def _barge(page: Page, entries: Entries) -> bool:
    return "barge" in entries and page.flag(entries["barge"], "barge")


def _by(page: Page, entries: Entries) -> Any:
    return (page.word(entries["by"], "by", _LEGS) if "by" in entries else "") or "caller"


def _menu(page: Page, node: Node, entries: Entries) -> Step:
    return UntilMenu(line_of(node), page.text(node, "menu").strip(), _barge(page, entries))


def _callback(page: Page, node: Node, _entries: Entries) -> Step:
    return UntilCallback(line_of(node), read_callback(page, node))


def _connected(page: Page, node: Node, _entries: Entries) -> Step:
    return UntilConnected(line_of(node), page.text(node, "connected").strip())


def _pause(page: Page, node: Node, _entries: Entries) -> Step:
    return Pause(line_of(node), page.number(node, "wait", LONGEST))


def _speak(page: Page, node: Node, entries: Entries) -> Step:
    return Speak(line_of(node), page.text(node, "say"), _by(page, entries))


def _manage(page: Page, node: Node, entries: Entries) -> Step:
    leg: Any = page.word(entries["leg"], "leg", _SIDES) if "leg" in entries else ""
    if is_text(node):
        return Manage(line_of(node), page.text(node, "patch").encode(), leg)
    return Manage(line_of(node), msgspec.json.encode(page.document(node, "patch")), leg)


def _leave(page: Page, node: Node, _entries: Entries) -> Step:
    """`hangup:`, `hangup: caller` or `hangup: callee`."""
    empty = is_text(node) and not node.value.strip()
    leg: Any = "" if empty else page.word(node, "hangup", _LEGS)
    return Leave(line_of(node), leg or "caller")


_SIMPLE: Mapping[str, Callable[[Page, Node, Entries], Step]] = {
    "menu": _menu,
    "callback": _callback,
    "connected": _connected,
    "wait": _pause,
    "say": _speak,
    "patch": _manage,
    "hangup": _leave,
}


def read_keys(page: Page, node: Node, what: str) -> str:
    """Keys of a phone, without spaces and commas; empty when there is another character among them."""
    keys = re.sub(r"[\s,]", "", page.text(node, what))
    if _KEYS.fullmatch(keys) or not keys:
        return keys
    odd = next(character for character in keys if not _KEYS.fullmatch(character))
    key = _LETTERS.get(odd.lower())
    hint = f'The letter "{odd}" is on key {key}.' if key else ""
    page.wrong(node, f'"{what}" has "{shown(odd)}"; the keys are 0-9, * and #, and w waits for half a second.', hint)
    return ""


def read_callback(page: Page, node: Node) -> str:
    """`ice`, or with what it is about: `pie sales`; empty when it is no callback."""
    event, _, about = page.text(node, "callback").strip().partition(" ")
    events = get_args(CallbackEvent)
    if event and event.lower() not in events:
        page.unknown(node, event, "no callback", events)
        return ""
    return f"{event.lower()} {about.strip()}".strip()
