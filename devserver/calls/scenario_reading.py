"""Scenario files: YAML to scenarios, or everything that is wrong with them, with lines.

    variables: {sales: "+12015550102"}      $sales or ${sales} in any text
    blocks:                                 steps with a name, for `use: to sales`
      to sales:
      - {menu: main, press: "1"}
    from: "+12015550100"                    beside `scenarios`, what holds for each of them
    to: "+12015550101"
    scenarios:
    - name: Sales answer
      steps: [{use: to sales}, {connected: $sales}, {wait: 5}, hangup]
      callees: {$sales: {answers: 3}}
      expect: {heard: [Welcome, Connecting], result: ANSWERED, reason: CALLERHANGUP}

A file of one scenario has its keys at the top, without `scenarios`. Pure: it must not know where files are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_args

from devserver.calls.expectations import read_expectations
from devserver.calls.scenario import Reach, Scenario, Step
from devserver.calls.scenario_nodes import Entries, Mistake, Page, Unreadable, compose, is_list, is_mapping, line_of
from devserver.calls.scenario_parties import DESCRIBING, read_callees, read_settings, read_setup
from devserver.calls.scenario_steps import LONGEST, Blocks, check_uses, expand, read_blocks, read_steps
from devserver.errors import FnError

if TYPE_CHECKING:
    from yaml.nodes import Node

_SHARED = (*DESCRIBING, "callees", "settings", "function", "patience")
_OWN = ("name", "steps", "expect")
_OF_THE_FILE = ("variables", "blocks")
_PATIENCE = 120.0


class Invalid(FnError):
    """A scenario file is not usable as it is.

    Attributes:
        mistakes: all of them, in the order of their lines.
    """

    def __init__(self, file: str, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        lines = [f"{file} line {each.line}: {each.text}" for each in self.mistakes]
        first = self.mistakes[0]
        for place, each in enumerate(self.mistakes[1:], 1):
            lines[place] += f" {each.hint}" if each.hint else ""
        if len(lines) > 1 and first.hint:
            lines[0] += f" {first.hint}"
        super().__init__("\n".join(lines), hint=first.hint if len(lines) == 1 else "")


def read_scenarios(text: str, file: str, variables: Mapping[str, str] | None = None) -> list[Scenario]:
    """The scenarios of a file, in order.

    Args:
        text: the file.
        file: its name, for sentences.
        variables: those that are there before the file sets its own.

    Raises:
        Invalid: with every mistake in it.
    """
    try:
        root = compose(text)
    except Unreadable as error:
        raise Invalid(file, [error.mistake]) from None
    if root is None:
        raise Invalid(file, [Mistake(1, "The file is empty.", 'A scenario has "from", "to" and "steps".')])
    page = Page(dict(variables or {}))
    scenarios = _Reading(page, file, root).scenarios()
    if page.mistakes:
        raise Invalid(file, sorted(page.mistakes, key=lambda each: each.line))
    return scenarios


class _Reading:
    """One file; the nodes of its top say what holds for every scenario in it."""

    def __init__(self, page: Page, file: str, root: Node) -> None:
        self._page = page
        self._file = file
        self._root = root

    def scenarios(self) -> list[Scenario]:
        page, root = self._page, self._root
        several = is_mapping(root) and any(key.value == "scenarios" for key, _ in root.value)
        known = (*_SHARED, *_OF_THE_FILE, *(["scenarios"] if several else [*_OWN, "scenarios"]))
        top = page.entries(root, "A scenario file", known)
        self._variables(top.get("variables"))
        blocks_node = top.get("blocks")
        blocks = read_blocks(page, blocks_node)
        for node in page.entries(blocks_node, '"blocks"').values() if blocks_node else ():
            check_uses(page, node, read_steps(page, node), blocks)
        if page.mistakes and not top:
            return []
        if not several:
            return [self._scenario(root, {}, top, blocks)]
        shared = {key: node for key, node in top.items() if key in _SHARED}
        return self._listed(top["scenarios"], shared, blocks)

    def _variables(self, node: Node | None) -> None:
        page = self._page
        entries = page.entries(node, '"variables"')
        page.variables = {
            **page.variables,
            **{key: page.text(value, key, empty=True) for key, value in entries.items()},
        }

    def _listed(self, node: Node, shared: Entries, blocks: Blocks) -> list[Scenario]:
        page = self._page
        items = page.items(node)
        if not is_list(node) or not items:
            page.wrong(node, '"scenarios" is a list of scenarios, each with "steps" or "expect".')
            return []
        found = []
        for item in items:
            own = page.entries(item, "A scenario", (*_OWN, *_SHARED))
            found.append(self._scenario(item, shared, own, blocks))
        self._check_names(items, found)
        return found

    def _check_names(self, items: list[Node], found: list[Scenario]) -> None:
        seen: dict[str, int] = {}
        for node, scenario in zip(items, found, strict=True):
            if scenario.name in seen:
                self._page.wrong(
                    node, f'"{scenario.name}" is the name of the scenario in line {seen[scenario.name]}, too.'
                )
            seen.setdefault(scenario.name, scenario.line)

    def _scenario(self, node: Node, shared: Entries, own: Entries, blocks: Blocks) -> Scenario:
        page = self._page
        entries = {**shared, **own}
        callees = {
            number: callee
            for source in (shared, own)
            for number, callee in read_callees(page, source.get("callees")).items()
        }
        settings = read_settings(page, own.get("settings"), read_settings(page, shared.get("settings")))
        patience, function = entries.get("patience"), entries.get("function")
        reach: Any = page.word(function, "function", get_args(Reach)) if function else ""
        return Scenario(
            name=page.text(own["name"], "name").strip() if "name" in own else self._name(node),
            file=self._file,
            line=line_of(node),
            setup=read_setup(page, node, entries),
            callees=callees,
            steps=self._steps(own.get("steps"), blocks),
            settings=settings,
            function=reach or "up",
            patience=page.number(patience, "patience", LONGEST) if patience else _PATIENCE,
            expect=read_expectations(page, own.get("expect")),
        )

    def _name(self, node: Node) -> str:
        if node is self._root:
            return self._file.rpartition("/")[2].rpartition(".")[0] or self._file
        return f"the call of line {line_of(node)}"

    def _steps(self, node: Node | None, blocks: Blocks) -> tuple[Step, ...]:
        if node is None:
            return ()
        written = read_steps(self._page, node)
        check_uses(self._page, node, written, blocks)
        return expand(self._page, node, written, blocks)
