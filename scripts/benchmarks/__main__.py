"""`scripts/bench [ROW ...] [--quick] [--peers] [--json]`: runs rows, prints one table, keeps everything in .bench/."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import shlex
import signal
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks import (
    answering,
    calling,
    closed,
    debugging,
    exploring,
    holding,
    ignoring,
    machine,
    peers,
    public,
    recording,
    reloading,
    replaying,
    scale,
    snapshot,
    starting,
)
from benchmarks.figures import CannotMeasureError, Line, Outcome
from benchmarks.settings import KEPT, ROOT, Settings, say

ROWS: dict[str, Callable[[Settings], Outcome]] = {
    "startup": starting.startup,
    "memory": starting.memory,
    "latency": answering.latency,
    "throughput": answering.throughput,
    "burst": reloading.burst,
    "reload": reloading.reload,
    "ignored": ignoring.ignored,
    "scale": scale.scale,
    "recording": recording.recording,
    "replay": replaying.replay,
    "watch": replaying.watch,
    "snapshot": snapshot.snapshot,
    "machine": machine.machine,
    "calls": calling.calling,
    "explore": exploring.explore,
    "hold": holding.hold,
    "public": public.public,
    "debugging": debugging.debugging,
}
BUSY = 0.7


def main() -> int:
    """Exit status 0 when every row could be measured, met or not; 1 otherwise."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, _leave)
    with tempfile.TemporaryDirectory(prefix="fn-bench-", ignore_cleanup_errors=True) as work:
        settings = Settings(tuple(arguments.fn), Path(work), arguments.quick)
        rows = [(name, ROWS[name]) for name in ROWS if name in (arguments.rows or ROWS)]
        if arguments.peers:
            rows += [(f"peers: {name}", row) for name, row in peers.ROWS.items() if name in (arguments.rows or ROWS)]
        facts = _facts(settings)
        outcomes = {name: _measure(name, row, settings) for name, row in rows}
    result = {"facts": facts, "rows": {name: outcome.raw for name, (outcome, _) in outcomes.items()}}
    result["lines"] = [_plain(line) for outcome, _ in outcomes.values() for line in outcome.lines]
    kept = _keep(result)
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        _print_table(facts, [line for outcome, _ in outcomes.values() for line in outcome.lines], kept)
    return 0 if all(measured for _, measured in outcomes.values()) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measure fn dev against baselines in the same run.",
        epilog="example: scripts/bench reload throughput --quick",
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"what to measure: {', '.join(ROWS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions: about a third of the time")
    parser.add_argument(
        "--peers", action="store_true", help="also functions-framework and twilio-run, installed into .bench/"
    )
    parser.add_argument("--json", action="store_true", help="print the raw results instead of the table")
    default = [str(Path(sys.executable).with_name("fn"))]
    parser.add_argument(
        "--fn", type=shlex.split, default=default, metavar="CMD", help="the fn to measure (default: .venv's)"
    )
    arguments = parser.parse_args()
    unknown = [row for row in arguments.rows if row not in ROWS]
    if unknown:
        parser.error(f"no such row: {', '.join(unknown)}; there are {', '.join(ROWS)}")
    return arguments


def _leave(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def _measure(name: str, row: Callable[[Settings], Outcome], settings: Settings) -> tuple[Outcome, bool]:
    before = os.getloadavg()[0]
    try:
        outcome = row(settings)
    except (CannotMeasureError, OSError) as reason:  # a server that dies under load resets connections
        say(f"{name}: {reason}")
        return Outcome([Line(name, f"not measured: {reason}")], {"not measured": str(reason)}), False
    outcome.raw["load before"] = round(before, 2)
    return outcome, True


def _facts(settings: Settings) -> dict[str, Any]:
    return {
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "aiohttp": version("aiohttp"),
        "uvicorn": version("uvicorn"),
        "client": closed.client_name(),
        "quick": settings.quick,
        "load": round(os.getloadavg()[0], 2),
    }


def _plain(line: Line) -> dict[str, Any]:
    return {name: getattr(line, name) for name in Line.__slots__}


def _keep(result: dict[str, Any]) -> Path:
    KEPT.mkdir(exist_ok=True)
    path = KEPT / f"results-{result['facts']['date'].replace(':', '').replace('+0000', 'Z')}.json"
    path.write_text(json.dumps(result, indent=2))
    return path


def _print_table(facts: dict[str, Any], lines: list[Line], kept: Path) -> None:
    quick = ", --quick" if facts["quick"] else ""
    table = Table(title=f"fn dev, {facts['date']}{quick}", title_justify="left")
    for heading in ("", "fn dev", "baseline", "ratio", "target", "met"):
        table.add_column(heading, no_wrap=heading in {"ratio", "met"})
    for line in lines:
        table.add_row(line.row, line.ours, line.baseline, line.ratio, line.target, _mark(line.met))
    # A table that goes into a file or a log is as wide as it needs to be.
    console = Console() if sys.stdout.isatty() else Console(width=160)
    console.print(table)
    console.print(
        f"{facts['cores']} cores, {facts['system']}, Python {facts['python']}, aiohttp {facts['aiohttp']}, "
        f"uvicorn {facts['uvicorn']}; load client: {facts['client']}",
        highlight=False,
    )
    if facts["load"] > BUSY:
        console.print(f"The machine was busy when this began (load {facts['load']}): only the ratios mean something.")
    console.print(f"Raw results: {kept.relative_to(ROOT)}", highlight=False)


def _mark(met: bool | None) -> Text:
    if met is None:
        return Text("")
    return Text("yes", style="green") if met else Text("NO", style="bold red")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        say("stopped")
        sys.exit(130)
