"""Played scenarios in words: a line for each, below it what is not as expected, with the line of its file."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from devserver.session.words import visible, visible_line

if TYPE_CHECKING:
    from devserver.calls.playing import Played
    from devserver.calls.told import CallReport


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
        console.print(_below(text, "yellow"))
    if played.failures:
        for trace in _tracebacks(played.report):
            console.print(_below(visible(trace), "dim"))


def _below(text: str, style: str) -> Padding:
    return Padding(Text(text, style=style), (0, 0, 0, 10), expand=False)


def _tracebacks(report: CallReport) -> Iterator[str]:
    """What the function left in answers that failed."""
    for callback in report.callbacks:
        trace = callback.answer.get("traceback") if isinstance(callback.answer, dict) else None
        if callback.failed and isinstance(trace, str):
            yield trace.rstrip()
