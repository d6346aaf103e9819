"""Rows `startup` and `memory`."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks import processes, projects
from benchmarks.figures import Line, Outcome, median, milliseconds, spread, times
from benchmarks.processes import Server
from benchmarks.settings import Settings, say

RATIO = 2.5
ABSOLUTE = 0.49  # twilio-run 5.0.1, measured on two cores
MEMORY = 180e6
PROCESSES = 4  # gateway, host and two spares: with fewer, something else was measured
IDLE = 3.0


def startup(settings: Settings) -> Outcome:
    """Spawn to the ready line, and to the first answer, against a Python that only imports aiohttp."""
    folder = projects.hello(settings.folder("startup")).folder
    runs = settings.choose(15, 7)
    ready: list[float] = []
    answered: list[float] = []
    baseline: list[float] = []
    for number in range(runs + 1):
        say(f"startup, {number} of {runs}")
        pair = start_once(settings, folder)
        imported = _import_aiohttp()
        if number:  # the first pair fills the caches
            ready.append(pair[0])
            answered.append(pair[1])
            baseline.append(imported)
    ratio = median(ready) / median(baseline)
    line = Line(
        "startup to ready / first answer",
        milliseconds(median(ready), median(answered)),
        f"{RATIO}x, under {milliseconds(ABSOLUTE)}",
        ratio <= RATIO and median(ready) < ABSOLUTE,
        milliseconds(median(baseline)),
        times(ratio),
    )
    seen = {"ready": ready, "answered": answered, "import aiohttp": baseline}
    return Outcome([line], {f"{name}_ms": spread([one * 1e3 for one in values]) for name, values in seen.items()})


def start_once(settings: Settings, folder: Path) -> tuple[float, float]:
    """Seconds from the spawn to the ready line and to the first answer."""
    with processes.ours_with_events(settings, folder) as server:
        answered = processes.wait_for_answer(server, "/v")
        moment = server.events.seen[0][0] if server.events else 0.0
        return moment - server.spawned, answered


def _import_aiohttp() -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import aiohttp"], env=processes.environment(), check=True)
    return time.perf_counter() - begin


def memory(settings: Settings) -> Outcome:
    """Resident memory of the whole family, idle."""
    folder = projects.hello(settings.folder("memory")).folder
    sums: list[tuple[int, int, int]] = []
    members: list[dict[str, Any]] = []
    for number in range(settings.choose(3, 1)):
        say(f"memory, run {number + 1}")
        with processes.ours_with_events(settings, folder) as server:
            time.sleep(IDLE)
            members = _members(server)
            sums.append((len(members), sum(one["rss"] for one in members), sum(one["pss"] for one in members)))
    count, rss, pss = max(sums, key=lambda one: one[1])
    shown = f"{rss / 1e6:.0f} MB in {count} processes" + (
        f", {pss / 1e6:.0f} MB without what they share" if pss else ""
    )
    line = Line("memory, idle", shown, f"under {MEMORY / 1e6:.0f} MB", rss < MEMORY and count >= PROCESSES)
    return Outcome([line], {"runs": sums, "members": members})


def _members(server: Server) -> list[dict[str, Any]]:
    """Bytes of each process. PSS counts a page that n processes share as one n-th; only Linux tells it."""
    found = []
    for member in server.family():
        try:
            details = member.memory_full_info()
            name = " ".join(member.cmdline())[-80:]
        except psutil.Error:
            continue
        found.append({"command": name, "rss": details.rss, "pss": getattr(details, "pss", 0)})
    return found
