"""Rows `throughput` and `latency`: an ICE callback through gateway, recorder and host, against a bare aiohttp handler.

Both servers are up all the time and take turns, so that whatever else the machine does hits both.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks import closed, processes, projects
from benchmarks.closed import Caller, Pressed
from benchmarks.figures import Line, Outcome, median, milliseconds, percentile, spread, times
from benchmarks.processes import Server
from benchmarks.settings import Settings, say

CONNECTIONS = 16
THROUGHPUT = 0.6
ADDED_P50, ADDED_P99 = 0.0003, 0.002


@contextlib.contextmanager
def _both(settings: Settings) -> Iterator[tuple[Server, Server, Path]]:
    with ExitStack() as stack:
        folder = projects.hello(settings.folder("answering")).folder
        ours = stack.enter_context(processes.ours(settings, folder))
        bare = stack.enter_context(processes.bare(settings))
        yield ours, bare, folder


def throughput(settings: Settings) -> Outcome:
    """Requests a second with 16 keep-alive connections."""
    request, work = projects.callback(), settings.folder("throughput")
    rounds, seconds = settings.choose(5, 3), settings.choose(3, 2)
    seen: dict[str, list[Pressed]] = {"ours": [], "bare": []}
    cost: dict[str, list[float]] = {"ours": [], "bare": []}
    with _both(settings) as (ours, bare, folder):
        same = _same_answers(ours, bare, request)
        for server in (ours, bare):
            closed.press(server.port, request, CONNECTIONS, 1, work)
        for number in range(rounds):
            say(f"throughput, round {number + 1} of {rounds}")
            for name, server in (("ours", ours), ("bare", bare)):
                before = server.cpu_seconds()
                pressed = closed.press(server.port, request, CONNECTIONS, seconds, work)
                seen[name].append(pressed)
                cost[name].append((server.cpu_seconds() - before) / max(1, pressed.requests) * 1e6)
        total = sum(pressed.requests for pressed in seen["ours"])
        on_disk = recorded(folder, total)
    rates = {name: median([pressed.rate for pressed in rounds]) for name, rounds in seen.items()}
    ratio = rates["ours"] / rates["bare"]
    errors = sum(pressed.errors for pressed in seen["ours"])
    complaints = _complaints(same, errors, on_disk, total)
    line = Line(
        f"throughput, {CONNECTIONS} connections",
        f"{rates['ours']:,.0f}/s" + complaints,
        f"{THROUGHPUT}x",
        ratio >= THROUGHPUT and not complaints,
        f"{rates['bare']:,.0f}/s",
        times(ratio),
    )
    raw = {name: _raw(rounds, cost[name]) for name, rounds in seen.items()}
    return Outcome([line], raw | {"recorded": on_disk, "same answer": same, "client": closed.client_name()})


def _complaints(same: bool, errors: int, recorded: int, total: int) -> str:
    found = [
        "" if same else "answers differ",
        f"{errors} errors" if errors else "",
        "" if recorded >= total else f"only {recorded:,} of {total:,} recorded",
    ]
    return "".join(f", {complaint}" for complaint in found if complaint)


def _raw(rounds: list[Pressed], cost: list[float]) -> dict[str, Any]:
    return {
        "rates": [round(pressed.rate) for pressed in rounds],
        "errors": sum(pressed.errors for pressed in rounds),
        "p50_ms": round(median([pressed.p50 for pressed in rounds]) * 1e3, 3),
        "p99_ms": round(median([pressed.p99 for pressed in rounds]) * 1e3, 3),
        "cpu_us_per_request": round(median(cost), 1),
    }


def _same_answers(ours: Server, bare: Server, request: bytes) -> bool:
    answers = []
    for server in (ours, bare):
        caller = Caller(server.port)
        answers.append(json.loads(caller.body(request)))
        caller.close()
    if answers[0] != answers[1]:
        say(f"the answers differ: {answers[0]} from fn dev, {answers[1]} from the bare handler")
    return answers[0] == answers[1]


def recorded(folder: Path, expected: int) -> int:
    """How many exchanges are on disk, once the writer has caught up: a fast recorder that is off is no recorder."""
    database = folder / ".fn" / "recordings.db"
    count = 0
    end = time.perf_counter() + 10
    while database.exists() and count < expected and time.perf_counter() < end:
        with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            count = max((_rows(connection, name) for (name,) in connection.execute(_TABLES).fetchall()), default=0)
        time.sleep(0.1)
    return count


_TABLES = "select name from sqlite_master where type = 'table' and sql not like 'create virtual%'"


def _rows(connection: sqlite3.Connection, table: str) -> int:
    with contextlib.suppress(sqlite3.OperationalError):
        return int(connection.execute(f'select count(*) from "{table}"').fetchone()[0])
    return 0


def latency(settings: Settings) -> Outcome:
    """One connection: how much later the answer comes than from the bare handler."""
    say("latency")
    request = projects.callback()
    took: dict[str, list[float]] = {"ours": [], "bare": []}
    with _both(settings) as (ours, bare, _), ExitStack() as stack:
        callers = {"ours": Caller(ours.port), "bare": Caller(bare.port)}
        for caller in callers.values():
            stack.callback(caller.close)
            for _ in range(300):
                caller.call(request)
        for _ in range(settings.choose(40, 15)):
            for name, caller in callers.items():
                took[name] += [caller.call(request) for _ in range(200)]
    p50 = percentile(took["ours"], 50) - percentile(took["bare"], 50)
    p99 = percentile(took["ours"], 99) - percentile(took["bare"], 99)
    line = Line(
        "latency p50 / p99, one connection",
        f"{_fine(took['ours'])}, added {p50 * 1e3:.2f} / {p99 * 1e3:.2f} ms",
        f"added {milliseconds(ADDED_P50, ADDED_P99)}",
        p50 <= ADDED_P50 and p99 <= ADDED_P99,
        _fine(took["bare"]),
        times(percentile(took["ours"], 50) / percentile(took["bare"], 50)),
    )
    return Outcome([line], {name: spread([one * 1e3 for one in values], 3) for name, values in took.items()})


def _fine(values: list[float]) -> str:
    return f"{percentile(values, 50) * 1e3:.2f} / {percentile(values, 99) * 1e3:.2f} ms"
