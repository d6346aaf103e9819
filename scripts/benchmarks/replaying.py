"""Rows `replay` and `watch`: recorded calls against the code of today, and how soon a save shows what it changed.

The baseline of a replay is a plain HTTP client that sends the same bodies to a running `fn dev`, one after the other.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from benchmarks import calls, processes, projects
from benchmarks.closed import Caller
from benchmarks.figures import CannotMeasureError, Line, Outcome, median, milliseconds, percentile, spread, times
from benchmarks.processes import Events, Server
from benchmarks.projects import Source
from benchmarks.settings import BASELINES, Settings, say
from devserver.recorder import portable
from devserver.recorder.reader import RecordingReader
from devserver.session.replay_session import Options
from devserver.session.replaying import find_takes
from devserver.session.replaying import replay as play

CALLS = 250
EACH = 4
RATIO = 0.6
WATCHED = 10  # callbacks of the call that is watched
SHOWN = 0.2
_LIMIT = 120.0


def replay(settings: Settings) -> Outcome:
    """1,000 callbacks of 250 calls: the sending alone, the whole command with call ids, and with a folder of files."""
    folder = projects.ivr(settings.folder("replay")).folder
    numbers = range(CALLS)
    with processes.ours(settings, folder) as server:
        _drive(server, EACH, numbers)
    files = _export(folder, settings.folder("exported"))
    ids = [calls.callid(number) for number in numbers]
    rates: dict[str, list[float]] = {"plain client": [], "sending": [], "call ids": [], "files": []}
    with _live(settings) as (server, bodies):
        _plain_client(server, bodies)
        for number in range(settings.choose(5, 2)):
            say(f"replay, round {number + 1}")
            rates["plain client"].append(_plain_client(server, bodies))
            rates["sending"].append(_sending(folder, ids))
            rates["call ids"].append(_command(settings, folder, ids))
            rates["files"].append(_command(settings, folder, [str(files)]))
    plain = median(rates["plain client"])
    lines = [
        _rate_line("replay of 1,000 callbacks, sending alone", rates["sending"], plain, RATIO),
        _rate_line("  the whole command, 250 call ids", rates["call ids"], plain),
        _rate_line("  the whole command, a folder of 250 files", rates["files"], plain),
    ]
    return Outcome(lines, {name: [round(rate, 1) for rate in seen] for name, seen in rates.items()})


def _rate_line(name: str, seen: list[float], plain: float, target: float | None = None) -> Line:
    ratio = median(seen) / plain
    promise, met = ("", None) if target is None else (f"{target}x", ratio >= target)
    return Line(name, f"{median(seen):,.0f}/s", promise, met, f"{plain:,.0f}/s", times(ratio))


def _drive(server: Server, callbacks: int, numbers: range) -> None:
    with closing(Caller(server.port)) as caller:
        for number in numbers:
            for callback in calls.call(number, callbacks):
                caller.call(callback.request())


def _export(folder: Path, target: Path) -> Path:
    """Each recorded call as a portable file."""
    with RecordingReader(folder / ".fn") as reader:
        for number in range(CALLS):
            call = portable.PortableCall(calls.callid(number), reader.call(calls.callid(number)), portable.State())
            lines = portable.write(portable.Portable("bench", "kept", [call]), "2026-11-21T10:00:00Z")
            (target / f"call{number:03d}.jsonl").write_bytes(b"".join(lines))
    return target


@contextmanager
def _live(settings: Settings) -> Iterator[tuple[Server, Path]]:
    """The same function in a session of its own, and what the plain client sends to it."""
    bodies = settings.folder("bodies") / "bodies.jsonl"
    callbacks = [callback for number in range(CALLS) for callback in calls.call(number, EACH)]
    lines = [json.dumps([f"/{callback.event}", callback.body.decode()]) for callback in callbacks]
    bodies.write_text("\n".join(lines))
    with processes.ours(settings, projects.ivr(settings.folder("live")).folder) as server:
        yield server, bodies


def _plain_client(server: Server, bodies: Path) -> float:
    """Callbacks a second."""
    command = [sys.executable, str(BASELINES / "client.py"), str(server.port), str(bodies)]
    done = subprocess.run(command, env=processes.environment(), capture_output=True, timeout=_LIMIT, check=False)
    if done.returncode:
        raise CannotMeasureError(f"the plain client failed: {done.stderr.decode()[-200:]}")
    return (CALLS * EACH - 1) / float(done.stdout)


def _sending(folder: Path, ids: list[str]) -> float:
    """Callbacks a second between the first and the last answer."""
    takes = [take for name in ids for take in find_takes(folder, name)]
    moments: list[float] = []
    results = play(folder, takes, Options(), lambda _take, _replayed: moments.append(time.perf_counter()))
    different = sum(bool(one.differences) for _, found in results for one in found)
    if different or len(moments) != CALLS * EACH:
        raise CannotMeasureError(f"{len(moments)} callbacks were replayed, {different} were different")
    return (len(moments) - 1) / (moments[-1] - moments[0])


def _command(settings: Settings, folder: Path, targets: list[str]) -> float:
    """Callbacks a second of `fn replay`, from its start to its end."""
    command = [*settings.fn, "replay", *targets, "--dir", str(folder), "--json"]
    begin = time.perf_counter()
    done = subprocess.run(command, env=processes.environment(), capture_output=True, timeout=_LIMIT, check=False)
    took = time.perf_counter() - begin
    if done.returncode:
        raise CannotMeasureError(f"fn replay failed: {done.stderr.decode()[-200:]}")
    found = json.loads(done.stdout)
    if found["replayed"] != CALLS * EACH or found["different"]:
        raise CannotMeasureError(f"fn replay: {found['replayed']} replayed, {found['different']} different")
    return CALLS * EACH / took


# --- watch ------------------------------------------------------------------------------------------------------


def watch(settings: Settings) -> Outcome:
    """From the save to the line that says what is different."""
    lines, raw = [], {}
    for name, modules in (("one file", False), (f"{projects.MODULES} modules", True)):
        say(f"watch, {name}")
        source = projects.ivr(settings.folder("watch"), modules=modules)
        with processes.ours(settings, source.folder) as server:
            _drive(server, WATCHED, range(1))
        delays = _saves(settings, source, settings.choose(30, 15))
        p50, p95 = percentile(delays, 50), percentile(delays, 95)
        title = f"watch, save to difference, {WATCHED} callbacks, p50 / p95, {name}"
        # The promise is made for a small project.
        promise, met = ("", None) if modules else (milliseconds(SHOWN), p95 <= SHOWN)
        lines.append(Line(title, milliseconds(p50, p95), promise, met))
        raw[name] = spread([delay * 1e3 for delay in delays])
    return Outcome(lines, raw)


def _saves(settings: Settings, source: Source, count: int) -> list[float]:
    command = [*settings.fn, "replay", "last", "--watch", "--json", "--dir", str(source.folder)]
    delays = []
    with ExitStack() as stack:
        server = stack.enter_context(processes.running("fn replay --watch", command, settings, 0, events=True))
        events = server.events or Events()
        number = 1
        if _round(events, number) is None:
            raise server.failed("showed no first round")
        for _ in range(count):
            time.sleep(0.5 + random.random() * 0.5)  # a person's saves are further apart; spares are ready again
            saved = source.save()
            number += 1
            shown = _round(events, number)
            if shown is None or shown[1]["different"] != WATCHED - 1:  # all but the DICE, which has no answer
                raise server.failed(f"did not show what save {saved.version} changed: {shown and shown[1]}")
            delays.append(shown[0] - saved.at)
    return delays


def _round(events: Events, number: int) -> tuple[float, dict[str, Any]] | None:
    return events.first(lambda line: line.get("round") == number, 0, 20.0)
