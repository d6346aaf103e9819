"""Row `ignored`: 100,000 files in node_modules and .venv must change neither start-up nor reload.

Two reloads are measured: asked for (a request made right after the save waits for its code) and unasked (nobody
asks; the watcher alone must find the save), since only the second one depends on watching.
"""

from __future__ import annotations

import time
from contextlib import ExitStack

from benchmarks import processes, projects
from benchmarks.figures import CannotMeasureError, Line, Outcome, median, milliseconds, spread, times
from benchmarks.processes import Server
from benchmarks.projects import Source
from benchmarks.reloading import asked
from benchmarks.settings import Settings, say
from benchmarks.starting import start_once

CHANGE = 1.10
LIMIT = 8.0
# Two projects take turns: each has twice this for its spares to come up again.
PAUSE = 0.4


def ignored(settings: Settings) -> Outcome:
    """Start-up and reload with and without, in turns."""
    say(f"ignored: writing {projects.IGNORED_FILES:,} files")
    plain, full = (projects.hello(settings.folder(name)) for name in ("plain", "full"))
    projects.fill_with_ignored(full.folder)
    lines, raw = [], {}
    for name, seen in (
        ("start-up", _starts(settings, plain, full)),
        *_reloads(settings, plain, full).items(),
    ):
        without, having = median(seen[0]), median(seen[1])
        ratio = having / without
        lines.append(
            Line(
                f"{projects.IGNORED_FILES:,} ignored files: {name}",
                milliseconds(having),
                f"within {(CHANGE - 1) * 100:.0f} %",
                ratio <= CHANGE,
                milliseconds(without),
                times(ratio),
            )
        )
        raw[name] = {
            which: spread([one * 1e3 for one in values])
            for which, values in zip(("without", "with"), seen, strict=True)
        }
    return Outcome(lines, raw)


Pair = tuple[list[float], list[float]]


def _starts(settings: Settings, plain: Source, full: Source) -> Pair:
    found: Pair = ([], [])
    runs = settings.choose(15, 7)
    for number in range(runs + 1):
        say(f"ignored: start {number} of {runs}")
        for seen, source in zip(found, (plain, full), strict=True):
            seen.append(start_once(settings, source.folder)[0])
    for seen in found:
        del seen[0]  # fills the caches
    return found


def _reloads(settings: Settings, plain: Source, full: Source) -> dict[str, Pair]:
    found: dict[str, Pair] = {"reload when asked": ([], []), "reload unasked": ([], [])}
    edits = settings.choose(40, 15)
    with ExitStack() as stack:
        pairs = [
            (stack.enter_context(processes.ours_with_events(settings, source.folder)), source)
            for source in (plain, full)
        ]
        for name, measure in zip(found, (_asked, _unasked), strict=True):
            for number in range(edits):
                if number % 10 == 0:
                    say(f"ignored: {name}, {number} of {edits}")
                for seen, (server, source) in zip(found[name], pairs, strict=True):
                    time.sleep(PAUSE)
                    seen.append(measure(server, source))
    return found


def _asked(server: Server, source: Source) -> float:
    delay = asked(server, source, LIMIT)
    if delay is None:
        raise CannotMeasureError(f"a save was not answered within {LIMIT:.0f} s")
    return delay


def _unasked(server: Server, source: Source) -> float:
    events = server.events
    if events is None:
        raise CannotMeasureError("stdout is not read")
    known = len(events.seen)
    saved = source.save()
    reloaded = events.wait("reload", known, LIMIT)
    if reloaded is None:
        raise CannotMeasureError(f"no reload event within {LIMIT:.0f} s of a save that nobody asked for")
    return reloaded[0] - saved.at
