"""`fn call SCENARIO.yaml`: the calls of scenario files with their timelines, and what is not as expected."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from devserver.session.scenarios import run_files

if TYPE_CHECKING:
    from devserver.calls.scenario import Scenario
    from devserver.calls.told import Told
    from devserver.cli.call_words import Teller


def run_scenarios(folder: Path, files: Sequence[Path], *, as_json: bool) -> int:
    """Play scenario files in order; gives the exit status: 1 when something is not as expected."""
    if as_json:
        from devserver.calls.playing import as_document

        played = run_files(folder, files)
        documents = [as_document(each) for each in played]
        one_or_all = documents[0] if len(documents) == 1 else documents
        click.echo(json.dumps(one_or_all, indent=2, ensure_ascii=False))
    else:
        from devserver.cli.scenario_words import print_played

        played = run_files(folder, files, _Timelines().tell)
        print_played(played)
    return 1 if any(each.failures for each in played) else 0


class _Timelines:
    """Prints the calls of scenarios while they go on, one after the other."""

    def __init__(self) -> None:
        self._teller = _teller()
        self._scenario: Scenario | None = None

    def tell(self, scenario: Scenario, told: Told) -> None:
        """Something happened in the call of a scenario."""
        if scenario is not self._scenario:
            self._scenario, self._teller = scenario, _teller()
            self._teller.page.say(0, f"{scenario.file}:{scenario.line}  {scenario.name}", "bold cyan")
        self._teller.tell(told)


def _teller() -> Teller:
    from devserver.cli.call_words import Teller
    from devserver.cli.page import Page, page_console

    return Teller(Page(page_console()))
