"""Rows `reload` and `burst`: from a save that has returned to the first answer of the new code, under steady load."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import processes, projects, steady
from benchmarks.figures import Line, Outcome, median, milliseconds, percentile, spread, times
from benchmarks.processes import Server
from benchmarks.projects import Saved, Source
from benchmarks.settings import Settings, say
from benchmarks.steady import Answer, Client

RATIO = 20.0
BURST_SAVES = 20
BURST_GAP = 0.05
BURST_TARGET = 0.1


@dataclass(slots=True)
class Subject:
    """A server, its source, and what was seen of both."""

    server: Server
    source: Source
    rename: bool = False
    delays: list[float] = field(default_factory=list)
    never: int = 0
    saves: list[Saved] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    def raw(self) -> dict[str, Any]:
        """For the raw results."""
        return {
            "save_to_answer_ms": spread([delay * 1e3 for delay in self.delays]),
            "all_ms": [round(delay * 1e3, 2) for delay in self.delays],
            "never": self.never,
        } | steady.summary(self.answers, self.saves)


@dataclass(frozen=True, slots=True)
class Size:
    """A project to reload, and what DESIGN promises for it."""

    name: str
    make: Callable[[Path], Source]
    make_asgi: Callable[[Path], Source]
    p50: float
    p95: float


SIZES = (
    Size("hello function", projects.hello, projects.asgi_hello, 0.012, 0.020),
    Size("50 modules + sinch", projects.shop, projects.asgi_shop, 0.030, 0.045),
)


def reload(settings: Settings) -> Outcome:
    """p50 / p95 of save -> answer; failed and stale answers; `uvicorn --reload` on the same edits."""
    lines: list[Line] = []
    raw: dict[str, Any] = {}
    for size in SIZES:
        subjects = _measure(settings, size)
        lines += _lines(size, *subjects)
        names = ("ours in place", "uvicorn in place", "ours renamed")
        raw[size.name] = {name: subject.raw() for name, subject in zip(names, subjects, strict=True)}
    return Outcome(lines, raw)


def _measure(settings: Settings, size: Size) -> tuple[Subject, Subject, Subject]:
    with ExitStack() as stack:
        source, other = size.make(settings.folder("ours")), size.make_asgi(settings.folder("uvicorn"))
        server = stack.enter_context(processes.ours(settings, source.folder))
        rival = stack.enter_context(processes.uvicorn(settings, other.folder))
        subjects = (Subject(server, source), Subject(rival, other), Subject(server, source, rename=True))
        rounds, edits = settings.choose(3, 2), settings.choose(10, 5)
        for number in range(rounds):
            for subject in subjects:
                how = "renamed" if subject.rename else "in place"
                say(f"reload, {size.name}: {subject.server.name}, {how}, round {number + 1} of {rounds}")
                asyncio.run(_edit(subject, edits))
        return subjects


async def _edit(subject: Subject, edits: int) -> None:
    async with Client(subject.server.port) as client:
        await asyncio.sleep(1)
        for _ in range(edits):
            wall = int(time.time())
            saved = subject.source.save(rename=subject.rename)
            subject.saves.append(saved)
            seen = await client.first(saved.version)
            if seen:
                subject.delays.append(seen.done - saved.at)
            else:
                subject.never += 1
            await _rest(wall)
    subject.answers += client.answers


async def _rest(second: int) -> None:
    """Until the next second has begun: two saves of equal size within one are never seen by what trusts bytecode files.

    The baseline would lose for that reason alone. The random part keeps us out of step with any polling.
    """
    await asyncio.sleep(0.6)
    await asyncio.sleep(max(0.0, second + 1.02 - time.time()) + random.random() * 0.5)


def _lines(size: Size, ours: Subject, rival: Subject, renamed: Subject) -> list[Line]:
    ratio = percentile(rival.delays, 50) / percentile(ours.delays, 50)
    asked = len(ours.answers) + len(renamed.answers)
    failed = steady.failures(ours.answers + renamed.answers).total()
    late = len(steady.stale(ours.answers, ours.saves)) + len(steady.stale(renamed.answers, renamed.saves))
    promise = f"{milliseconds(size.p50, size.p95)}, {RATIO:.0f}x"
    fast, fast_renamed = (_holds(size, subject) for subject in (ours, renamed))
    return [
        Line(
            f"reload p50 / p95, {size.name}",
            _delays(ours),
            promise,
            fast and ratio >= RATIO,
            _delays(rival),
            times(ratio, 1),
        ),
        Line("  saved through a rename", _delays(renamed), milliseconds(size.p50, size.p95), fast_renamed),
        Line(
            "  requests failed",
            f"{failed} of {asked}",
            "0",
            failed == 0,
            _share(steady.failures(rival.answers).total(), rival),
        ),
        Line(
            "  stale answers",
            f"{late} of {asked}",
            "0",
            late == 0,
            _share(len(steady.stale(rival.answers, rival.saves)), rival),
        ),
    ]


def _share(count: int, subject: Subject) -> str:
    return f"{count} of {len(subject.answers)}"


def _delays(subject: Subject) -> str:
    shown = milliseconds(percentile(subject.delays, 50), percentile(subject.delays, 95))
    return f"{shown}, {subject.never} never" if subject.never else shown


def _holds(size: Size, subject: Subject) -> bool:
    quick = percentile(subject.delays, 50) <= size.p50 and percentile(subject.delays, 95) <= size.p95
    return quick and not subject.never


def asked(server: Server, source: Source, limit: float = 8.0) -> float | None:
    """Seconds from a save to its answer, for a client that asks at once and one request after the other."""
    saved = source.save()
    wanted = f"VER{saved.version:06d}".encode()
    while wanted not in processes.ask(server.port, "/v"):
        if time.perf_counter() - saved.at > limit:
            return None
    return time.perf_counter() - saved.at


def burst(settings: Settings) -> Outcome:
    """20 saves 50 ms apart; the worst of several bursts counts."""
    lines: list[Line] = []
    raw: dict[str, Any] = {}
    for size in SIZES:
        say(f"burst, {size.name}")
        source = size.make(settings.folder("burst"))
        with processes.ours(settings, source.folder) as server:
            subject = Subject(server, source)
            asyncio.run(_bursts(subject, settings.choose(6, 3)))
        raw[size.name] = subject.raw()
        lines.append(_burst_line(size, subject))
    return Outcome(lines, raw)


def _burst_line(size: Size, subject: Subject) -> Line:
    failed, late = steady.failures(subject.answers).total(), len(steady.stale(subject.answers, subject.saves))
    shown = milliseconds(median(subject.delays), max(subject.delays, default=float("nan")))
    met = not (subject.never or failed or late) and max(subject.delays) < BURST_TARGET
    extra = f", {failed} failed, {late} stale" if failed or late else ""
    return Line(f"burst of {BURST_SAVES}, p50 / worst, {size.name}", shown + extra, "under 100 ms", met)


async def _bursts(subject: Subject, count: int) -> None:
    async with Client(subject.server.port) as client:
        for _ in range(count):
            await asyncio.sleep(2.5)
            due = time.perf_counter()
            for _ in range(BURST_SAVES):
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                subject.saves.append(subject.source.save())
                due += BURST_GAP
            seen = await client.first(subject.source.version)
            if seen:
                subject.delays.append(seen.done - subject.saves[-1].at)
            else:
                subject.never += 1
    subject.answers += client.answers
