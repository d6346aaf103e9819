"""Recordings as a table for people: one line each, what came from outside made harmless."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime

from devserver.recorder.exchange import Summary
from devserver.session.words import visible_line

_PLAIN_WIDTH = 240  # without a terminal there is no width to keep to, and a cut id is of no use


def print_table(found: Sequence[Summary], matches: Sequence[str] = ()) -> None:
    """Print a table; with `matches`, what was searched for stands in place of the call."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("time", "event", "answer", "ms", "source", "request", "match" if matches else "call", "id"):
        table.add_column(name, no_wrap=name != "match", justify="right" if name == "ms" else "left")
    for number, each in enumerate(found):
        status = "none" if each.status is None else str(each.status)
        style = "green" if (each.status or 0) // 100 == 2 else "red"
        table.add_row(
            datetime.fromtimestamp(each.at).astimezone().strftime("%d %b %H:%M:%S"),
            Text(visible_line(each.event or "")),
            Text(status, style),
            "" if each.ms is None else f"{each.ms:.1f}",
            Text(visible_line(each.source)),
            Text(_line(f"{each.method} {each.path}", 40)),
            Text(_line(matches[number], 110) if matches else _line(each.callid or "", 36)),
            Text(visible_line(each.id)),
        )
    console = Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=_PLAIN_WIDTH)
    console.print(table)


def _line(text: str, width: int) -> str:
    line = visible_line(text)
    return line if len(line) <= width else f"{line[: width - 2]}.."
