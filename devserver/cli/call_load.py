"""`fn call --count`: many calls, a bar while they run, and their numbers at the end or at Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from devserver.calls.load import Summary, Tally, run_many
from devserver.cli.options import counting
from devserver.cli.page import Page, ms_of, page_console, shown
from devserver.session.calling import phone_of

if TYPE_CHECKING:
    from devserver.calls.start import Start
    from devserver.calls.told import CallReport
    from devserver.recorder.index import Progress

_INTERRUPTED = 130


def run_load(folder: Path, start: Start, count: int, concurrency: int, *, as_json: bool) -> int:
    """Run calls; call n has the seed of the first one plus n. Gives the exit status."""
    tally, began = Tally(), [time.perf_counter()]
    with counting("calling") as progress:
        try:
            asyncio.run(_run(folder, start, count, concurrency, tally, began, progress))
            interrupted = False
        except KeyboardInterrupt:
            interrupted = True
    summary = tally.summary(count, time.perf_counter() - began[0], start.seed, interrupted=interrupted)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(summary), indent=2, ensure_ascii=False))
    else:
        _print(summary)
    return _INTERRUPTED if interrupted else 1 if summary.failed else 0


async def _run(
    folder: Path,
    start: Start,
    count: int,
    concurrency: int,
    tally: Tally,
    began: list[float],
    progress: Progress | None,
) -> None:
    async with phone_of(folder) as phone:

        async def run(number: int) -> CallReport:
            seed, chaos = (None if each is None else each + number for each in (start.seed, start.chaos))
            return await phone.run(msgspec.structs.replace(start, seed=seed, chaos=chaos))

        def counted() -> None:
            if progress is not None:
                progress(tally.calls, count)

        began[0] = time.perf_counter()  # what starting a session takes is no call's
        await run_many(run, count, concurrency, tally, counted)


def _print(summary: Summary) -> None:
    from rich.table import Table
    from rich.text import Text

    console = page_console()
    page = Page(console)
    page.say(0, _first_line(summary), "red" if summary.failed else "bold")
    if summary.callbacks:
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("callback", no_wrap=True)
        for name in ("count", "p50", "p95", "p99", "max"):
            table.add_column(name, no_wrap=True, justify="right")
        for event, times in summary.callbacks.items():
            found = (times.p50, times.p95, times.p99, times.max)
            table.add_row(Text(event), f"{times.count:,}", *(ms_of(each) for each in found))
        console.print(table)
    for result, number in summary.results.items():
        page.say(0, f"{number:>8,}  {shown(result)}", "dim")
    for failure, number in summary.failures.items():
        page.say(0, f"{number:>8,}  {shown(failure)}", "red")


def _first_line(summary: Summary) -> str:
    words = [f"{summary.calls:,} calls in {summary.seconds:.1f} s", f"{summary.calls_per_second:,.0f} calls/s"]
    words.append(f"{summary.failed:,} failed" if summary.failed else "none failed")
    if summary.interrupted:
        words[0] = f"{summary.calls:,} of {words[0].replace(f'{summary.calls:,}', f'{summary.asked:,}', 1)}"
    if summary.seed is not None:
        words.append(f"seed {summary.seed}")
    return ", ".join(words)
