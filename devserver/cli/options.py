"""Options that several commands have, and how they print JSON and progress."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from devserver.recorder.index import Progress

EVENTS = ("ice", "ace", "pie", "dice", "notify")
"""Voice events, as `--event` takes them."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGE = re.compile(r"(\d{1,9})([smhdw])")
_QUICK = 0.5  # seconds; what is done by then shows no bar

folder_option = click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=".",
    help="Folder of the project; by default here.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
event_option = click.option("--event", type=click.Choice(EVENTS, case_sensitive=False), help="Only this voice event.")
limit_option = click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many at most."
)


def seconds(_context: click.Context, _parameter: click.Parameter, age: str | None) -> float | None:
    """An age like 12h, in seconds; for `callback=` of an option."""
    if age is None:
        return None
    match = _AGE.fullmatch(age)
    if match is None:
        raise click.BadParameter(f'"{age}" is no age; write 30m, 12h, 7d or 2w.')
    return float(match[1]) * _UNITS[match[2]]


def with_options(command: Callable[..., Any], options: Sequence[Callable[..., Any]]) -> Callable[..., Any]:
    """A command with options of `click.option`, which its help has in this order."""
    for option in reversed(options):
        command = option(command)
    return command


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    import msgspec

    click.echo(msgspec.json.encode(value))


def shows_colours() -> bool:
    """Whether standard output is a terminal with colours, and nobody has said no (https://no-color.org)."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


@contextmanager
def counting(label: str) -> Iterator[Progress | None]:
    """A bar on standard error for work that takes its time; None where nobody watches.

    It appears only after half a second, and so does what draws it.
    """
    if not sys.stderr.isatty():
        yield None
        return
    began = time.monotonic()
    bar: Bar | None = None

    def show(done: int, total: int) -> None:
        nonlocal bar
        if bar is None and time.monotonic() - began > _QUICK:
            bar = _started()
            bar.add_task(label, total=total)
        if bar is not None:
            bar.update(bar.task_ids[0], completed=done, total=total)

    try:
        yield show
    finally:
        if bar is not None:
            bar.stop()


def _started() -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    bar.start()
    return bar
