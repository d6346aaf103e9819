"""Row `recording`: what recording costs, and whether the gateway grows while it records.

Two `fn dev`, one with `dev.record` off, take turns. Every callback is an ICE of a call of its own: an index that grows
with each of them, and nothing that is known already.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil

from benchmarks import calls, closed, processes, projects
from benchmarks.answering import CONNECTIONS, recorded
from benchmarks.closed import Counted, Pressed
from benchmarks.figures import CannotMeasureError, Line, Outcome, median, times
from benchmarks.processes import Server
from benchmarks.settings import Settings, say

KEPT_RATE = 0.85
GROWTH = 1.10
_LIMIT = 240.0  # seconds for the load under which memory is watched


def recording(settings: Settings) -> Outcome:
    """Requests a second with and without; then the memory of the one that records."""
    request, work = Counted(*calls.counted_ice()), settings.folder("recording")
    with ExitStack() as stack:
        folders = {name: projects.hello(settings.folder(name), record=name == "on").folder for name in ("on", "off")}
        servers = {name: stack.enter_context(processes.ours(settings, folder)) for name, folder in folders.items()}
        seen = _rates(settings, servers, request, work)
        sent = sum(pressed.requests for pressed in seen["on"])
        _check(folders, sent)
        line = _rate_line(seen)
        memory, raw = _memory(settings, servers["on"], request, work, sent)
    rates = {name: [round(pressed.rate) for pressed in rounds] for name, rounds in seen.items()}
    return Outcome([line, memory], {"rates": rates, "memory": raw, "client": closed.client_name()})


def _rates(settings: Settings, servers: dict[str, Server], request: Counted, work: Path) -> dict[str, list[Pressed]]:
    seen: dict[str, list[Pressed]] = {name: [] for name in servers}
    warm_up = {name: closed.press(server.port, request, CONNECTIONS, 1, work) for name, server in servers.items()}
    seen["on"].append(warm_up["on"])  # counted, so that what is recorded can be
    rounds = settings.choose(10, 4)
    for number in range(rounds):
        say(f"recording, round {number + 1} of {rounds}")
        # Whoever comes second finds what the first has left (a checkpoint under way), so they change places.
        for name in ("on", "off") if number % 2 else ("off", "on"):
            seen[name].append(closed.press(servers[name].port, request, CONNECTIONS, settings.choose(3, 2), work))
    return seen


def _check(folders: dict[str, Path], sent: int) -> None:
    """A recorder that is off costs nothing, and one that is on has all."""
    found = recorded(folders["on"], sent)
    if found < sent:
        raise CannotMeasureError(f"only {found:,} of {sent:,} requests were recorded")
    if recorded(folders["off"], 1):
        raise CannotMeasureError("`dev.record` is off, and there are recordings")


def _rate_line(seen: dict[str, list[Pressed]]) -> Line:
    on, off = (median([pressed.rate for pressed in seen[name][-len(seen["off"]) :]]) for name in ("on", "off"))
    errors = sum(pressed.errors for rounds in seen.values() for pressed in rounds)
    complaint = f", {errors} errors" if errors else ""
    return Line(
        f"recording on, throughput, {CONNECTIONS} connections",
        f"{on:,.0f}/s{complaint}",
        f"{KEPT_RATE}x of off",
        on / off >= KEPT_RATE and not errors,
        f"off {off:,.0f}/s",
        times(on / off),
    )


def _memory(
    settings: Settings, server: Server, request: Counted, work: Path, sent: int
) -> tuple[Line, list[dict[str, Any]]]:
    """Resident memory of the gateway after the rounds, which are its warm-up, and while much more is recorded."""
    wanted, end = sent + settings.choose(200_000, 20_000), time.perf_counter() + _LIMIT
    gateway = psutil.Process(server.process.pid)
    samples = [{"requests": sent, "rss_mb": _megabytes(gateway)}]
    while sent < wanted and time.perf_counter() < end:
        say(f"recording, memory: {wanted - sent:,} requests to go")
        sent += closed.press(server.port, request, CONNECTIONS, settings.choose(10, 3), work).requests
        samples.append({"requests": sent, "rss_mb": _megabytes(gateway)})
    before, after = samples[0], samples[-1]
    ratio = max(sample["rss_mb"] for sample in samples) / before["rss_mb"]
    line = Line(
        f"  memory of the gateway after {after['requests']:,} requests",
        f"{after['rss_mb']:.0f} MB",
        f"flat, {GROWTH}x",
        ratio <= GROWTH,
        f"{before['rss_mb']:.0f} MB after {before['requests']:,}",
        times(ratio),
    )
    return line, samples


def _megabytes(process: psutil.Process) -> float:
    return round(float(process.memory_info().rss) / 1e6, 1)
