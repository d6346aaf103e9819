"""Row `snapshot`: what it costs a call that the state of a large database can be told for it later.

The same function runs twice, on a database of 200 MB and on one with hardly anything in it; every ICE writes a row.
They take turns, in bursts with quiet moments between: in a quiet moment the history of the database is brought in
order, and the next call must not wait for that.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from benchmarks import calls, processes, projects
from benchmarks.closed import Caller, Counted
from benchmarks.figures import Line, Outcome, milliseconds, percentile, spread
from benchmarks.processes import Server
from benchmarks.settings import Settings, say

ADDED = 0.005
MEGABYTES = 200
BURST = 10
QUIET = 0.7  # seconds, more than the half second after which fn calls it quiet
_CHUNK = 10_000  # bytes of a row
Took = dict[str, list[float]]


def snapshot(settings: Settings) -> Outcome:
    """Each answer's time, and the first one's of each burst; then how long sessions take to begin and to end."""
    sources = {name: projects.ledger(settings.folder(f"database-{name}")) for name in ("large", "tiny")}
    say(f"snapshot: writing {MEGABYTES} MB")
    for name, source in sources.items():
        _make(source.folder / "data" / "function.db", MEGABYTES if name == "large" else 0)
    took: dict[str, Took] = {name: {"first": [], "all": []} for name in sources}
    started: dict[str, list[float]] = {name: [] for name in sources}
    with ExitStack() as stack:
        servers = {}
        for name, source in sources.items():
            servers[name] = stack.enter_context(processes.ours_with_events(settings, source.folder))
            started[name].append(_start(servers[name]))
        _bursts(settings, servers, took)
        ended = {name: _stop(server) for name, server in servers.items()}
    for name, source in sources.items():
        with processes.ours_with_events(settings, source.folder) as server:
            started[name].append(_start(server))
    kept = {name: _kept(source.folder / ".fn" / "state") for name, source in sources.items()}
    raw: dict[str, Any] = {
        name: {which: spread([one * 1e3 for one in values], 3) for which, values in seen.items()}
        for name, seen in took.items()
    }
    raw |= {"started_ms": started, "ended_ms": ended, "kept_mb": kept}
    return Outcome([*_lines(took), _sessions(started, ended), _space(kept)], raw)


def _lines(took: dict[str, Took]) -> list[Line]:
    lines = []
    for which, title in (
        ("all", f"ICE that writes to a database of {MEGABYTES} MB"),
        ("first", "  after a quiet moment"),
    ):
        large, tiny = ([percentile(took[name][which], rank) for rank in (50, 99)] for name in ("large", "tiny"))
        added = [one - other for one, other in zip(large, tiny, strict=True)]
        shown = f"{milliseconds(*large)}, added {added[0] * 1e3:.2f} / {added[1] * 1e3:.2f} ms"
        promise = f"added {milliseconds(ADDED)}"
        lines.append(Line(f"{title}, p50 / p99", shown, promise, max(added) < ADDED, f"tiny {milliseconds(*tiny)}"))
    return lines


def _sessions(started: dict[str, list[float]], ended: dict[str, float]) -> Line:
    shown = {name: f"{milliseconds(*started[name])}; {milliseconds(ended[name])}" for name in started}
    return Line("  session's start, first / second; its end", shown["large"], baseline=f"tiny {shown['tiny']}")


def _space(kept: dict[str, float]) -> Line:
    return Line("  kept in .fn/state", f"{kept['large']:.1f} MB", baseline=f"tiny {kept['tiny']:.1f} MB")


def _make(database: Path, megabytes: int) -> None:
    database.parent.mkdir()
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE history (id INTEGER PRIMARY KEY, data BLOB)")
        connection.execute("CREATE TABLE calls (id INTEGER PRIMARY KEY, callid TEXT, cli TEXT)")
        connection.execute("CREATE INDEX calls_callid ON calls (callid)")
        rows = ((os.urandom(_CHUNK),) for _ in range(megabytes * 1_000_000 // _CHUNK))
        connection.executemany("INSERT INTO history (data) VALUES (?)", rows)


def _bursts(settings: Settings, servers: dict[str, Server], took: dict[str, Took]) -> None:
    request, number = Counted(*calls.counted_ice()), 0
    with ExitStack() as stack:
        callers = {name: stack.enter_context(closing(Caller(server.port))) for name, server in servers.items()}
        for burst in range(settings.choose(60, 20) + 1):
            if burst % 10 == 0:
                say(f"snapshot, burst {burst}")
            time.sleep(QUIET)
            for name, caller in callers.items():
                number += BURST
                seen = [caller.call(request.numbered(number + one)) for one in range(BURST)]
                if burst:  # the first one warms up
                    took[name]["first"].append(seen[0])
                    took[name]["all"] += seen


def _start(server: Server) -> float:
    return server.events.seen[0][0] - server.spawned if server.events else 0.0


def _stop(server: Server) -> float:
    begin = time.perf_counter()
    processes.stop(server)
    return time.perf_counter() - begin


def _kept(folder: Path) -> float:
    total = 0
    for file in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += file.stat().st_size if file.is_file() else 0
    return total / 1e6
