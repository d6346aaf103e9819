"""Played scenarios in words: a line for each, below it what is not as expected, with the line of its file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from devserver.session.words import visible_line

if TYPE_CHECKING:
    from devserver.calls.playing import Played


def print_played(played: Sequence[Played]) -> None:
    """Everything about scenarios that were played."""
    console = Console(highlight=False, soft_wrap=False, width=None if sys.stdout.isatty() else 120)
    for file, group in groupby(played, key=lambda each: each.scenario.file):
        console.print(Text(visible_line(file), style="bold"))
        for each in group:
            _print_one(console, each)


def _print_one(console: Console, played: Played) -> None:
    report = played.report
    line = Text("  ")
    line.append("failed  " if played.failures else "passed  ", style="red" if played.failures else "green")
    line.append(visible_line(played.scenario.name))
    ended = f"{report.result} {report.reason}".strip() or "not ended"
    line.append(f"  {visible_line(ended)}, {report.duration} s", style="dim")
    console.print(line)
    for failure in played.failures:
        text = f"line {failure.line}: {visible_line(failure.text)}"
        console.print(Padding(Text(text, style="yellow"), (0, 0, 0, 10), expand=False))
