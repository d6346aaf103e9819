"""Row `calls`: many simulated calls at once, each of five callbacks over signed HTTP, with `fn call --count`.

Twice: on the phone of a running `fn dev`, which runs the calls, and without one, when the command runs them itself. All
calls begin together and take turns, so the memory of whoever runs them is read at its highest. Each level gets
processes of its own, because memory that was once asked for is not given back.

The baseline is a client that sends as many callbacks, signed by nobody and simulating nothing, to the same function
over as many connections.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks import calls, functions, processes
from benchmarks.answering import recorded
from benchmarks.figures import CannotMeasureError, Line, Outcome, times
from benchmarks.processes import Server
from benchmarks.settings import BASELINES, Settings, say

KILOBYTES = 20.0
LINEAR = 1.25
"""The last calls may cost so many times what all of them do on average."""
_AT_ONCE = 64  # as the phone of a session sends
_EVERY = 0.05
_LIMIT = 400.0
_EACH = len(functions.EVENTS)


@dataclass(frozen=True, slots=True)
class Level:
    """So many calls at once. `peak`: bytes of the process that ran them, at its highest."""

    count: int
    seconds: float
    peak: int
    ended: int
    failed: int
    callbacks: int
    recorded: int

    @property
    def lost(self) -> int:
        """Calls that did not end as they should."""
        return self.count - self.ended + self.failed

    @property
    def whole(self) -> bool:
        """Everything came, and is on disk."""
        return not self.lost and self.callbacks == self.recorded == self.count * _EACH


def calling(settings: Settings) -> Outcome:
    """Up to 10,000 calls at once, and what each of them takes of memory."""
    most = settings.choose(10_000, 1_000)
    counts = (1, most // 4, most // 2, most)
    plain = _plain_client(settings, most // 2 * _EACH)
    lines: list[Line] = []
    raw: dict[str, Any] = {"plain client": round(plain)}
    for title, live in (("fn dev", True), ("fn call alone", False)):
        levels = [_level(settings, count, live=live) for count in counts]
        lines += [_rate_line(title, levels[-1], plain), _memory_line(levels)]
        raw[title] = [{name: getattr(level, name) for name in Level.__slots__} for level in levels]
    return Outcome(lines, raw)


def _rate_line(title: str, level: Level, plain: float) -> Line:
    rate = level.callbacks / level.seconds
    complaint = "none lost" if level.whole else f"{level.lost:,} lost, {level.recorded:,} callbacks recorded"
    return Line(
        f"{level.count:,} calls at once, {title}",
        f"{level.count / level.seconds:,.0f} calls/s, {rate:,.0f} callbacks/s, {complaint}",
        "none lost",
        level.whole,
        f"plain client {plain:,.0f}/s",
        times(rate / plain),
    )


def _memory_line(levels: list[Level]) -> Line:
    first, _, middle, last = levels
    each = (last.peak - first.peak) / (last.count - first.count)
    latest = (last.peak - middle.peak) / (last.count - middle.count)
    return Line(
        f"  memory with {' / '.join(f'{level.count:,}' for level in levels)} of them",
        f"{' / '.join(f'{level.peak / 1e6:.0f}' for level in levels)} MB, {each / 1e3:.1f} KB a call",
        f"linear, under {KILOBYTES:.0f} KB a call",
        each < KILOBYTES * 1e3 and latest < each * LINEAR,
    )


def _level(settings: Settings, count: int, *, live: bool) -> Level:
    say(f"calls: {count:,} at once, {'through fn dev' if live else 'by fn call alone'}")
    folder = functions.five(settings.folder("calls"))
    with ExitStack() as stack:
        server = stack.enter_context(processes.ours(settings, folder)) if live else None
        summary, peak = _call(settings, folder, count, server)
        events = Counter({event: times["count"] for event, times in summary["callbacks"].items()})
        if summary["calls"] and set(events) != set(functions.EVENTS):
            raise CannotMeasureError(f"the calls are other ones: {dict(events)}")
        on_disk = recorded(folder, count * _EACH + live)
    return Level(
        count=count,
        seconds=summary["seconds"],
        peak=peak,
        ended=summary["calls"],
        failed=summary["failed"],
        callbacks=events.total(),
        recorded=on_disk - live,  # the request that saw that it was ready
    )


def _call(settings: Settings, folder: Path, count: int, server: Server | None) -> tuple[dict[str, Any], int]:
    """What `fn call` sums up, and the peak of whoever ran the calls."""
    asked = ("--keys", functions.KEYS, "--count", str(count), "--concurrency", str(count), "--json")
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [*settings.fn, "call", "--dir", str(folder), *asked],
            env=processes.environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
        )
        try:
            with _watched(server.process.pid if server else process.pid) as peak:
                process.wait(_LIMIT)
        except subprocess.TimeoutExpired as late:
            raise CannotMeasureError(f"{count:,} calls were not over after {_LIMIT:.0f} s") from late
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        output.seek(0)
        errors.seek(0)
        try:
            return json.loads(output.read()), max(peak)
        except ValueError as error:
            raise CannotMeasureError(f"fn call failed: {errors.read().decode()[-200:]}") from error


@contextmanager
def _watched(pid: int) -> Iterator[list[int]]:
    """Resident memory of a process, in bytes, again and again."""
    seen, over = [0], threading.Event()

    def look() -> None:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            while not over.wait(_EVERY):
                seen.append(process.memory_info().rss)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def _plain_client(settings: Settings, count: int) -> float:
    """Callbacks a second."""
    say("calls: the plain client")
    lines = []
    for number in range(count // _EACH):
        for event, callback in zip(functions.EVENTS, calls.call(number, _EACH), strict=True):
            lines.append(json.dumps([f"/{event}", callback.body.decode()]))
    bodies = settings.folder("bodies") / "bodies.jsonl"
    bodies.write_text("\n".join(lines))
    with processes.ours(settings, functions.five(settings.folder("plain"))) as server:
        command = [sys.executable, str(BASELINES / "client.py"), str(server.port), str(bodies), str(_AT_ONCE)]
        done = subprocess.run(command, env=processes.environment(), capture_output=True, timeout=_LIMIT, check=False)
    if done.returncode:
        raise CannotMeasureError(f"the plain client failed: {done.stderr.decode()[-200:]}")
    return (len(lines) - 1) / float(done.stdout)
