"""Row `debugging`: what `--debug` costs while nobody is attached, and what an attached editor sees of a save."""

from __future__ import annotations

import platform
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks import closed, processes, projects
from benchmarks.closed import Caller, Pressed
from benchmarks.figures import Line, Outcome, median, milliseconds, percentile, spread, times
from benchmarks.processes import Server
from benchmarks.settings import Settings, say
from tests.fakes.dap import Editor

CONNECTIONS = 16
COST = 0.10
SAVE_P50, BOUND = 0.030, 0.300
_ASK = b"GET /v HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
PAUSE = 1.2  # seconds between saves: spares must have been refilled, and joined


def debugging(settings: Settings) -> Outcome:
    """Start, throughput, saves."""
    outcomes = [_start(settings), _throughput(settings), _saves(settings)]
    raw = {name: value for outcome in outcomes for name, value in outcome.raw.items()}
    return Outcome([line for outcome in outcomes for line in outcome.lines], raw)


def _start(settings: Settings) -> Outcome:
    folder = projects.hello(settings.folder("debug-start")).folder
    seen: dict[str, list[float]] = {"plain": [], "debug": []}
    for number in range(settings.choose(9, 5)):
        say(f"debugging, start {number + 1}")
        for name, options in (("plain", ()), ("debug", ("--debug", "0"))):
            with processes.ours_with_events(settings, folder, *options) as server:
                moment = server.events.seen[0][0] if server.events else 0.0
                seen[name].append(moment - server.spawned)
    plain, debug = median(seen["plain"]), median(seen["debug"])
    line = Line("start to ready with --debug", milliseconds(debug), "", None, milliseconds(plain), times(debug / plain))
    return Outcome([line], {f"start {name}_ms": spread([one * 1e3 for one in v]) for name, v in seen.items()})


def _throughput(settings: Settings) -> Outcome:
    request, work = projects.callback(), settings.folder("debug-throughput")
    rounds, seconds = settings.choose(5, 3), settings.choose(3, 2)
    seen: dict[str, list[Pressed]] = {"plain": [], "debug": [], "attached": []}
    with ExitStack() as stack:
        servers: dict[str, Server] = {}
        for name, options in (("plain", ()), ("debug", ("--debug", "0")), ("attached", ("--debug", "0"))):
            folder = projects.hello(settings.folder(name)).folder
            servers[name] = stack.enter_context(processes.ours_with_events(settings, folder, *options))
        stack.enter_context(_attached(servers["attached"], {}))
        for server in servers.values():
            closed.press(server.port, request, CONNECTIONS, 1, work)
        for number in range(rounds):
            say(f"debugging, throughput, round {number + 1} of {rounds}")
            for name, server in servers.items():
                seen[name].append(closed.press(server.port, request, CONNECTIONS, seconds, work))
    rates = {name: median([pressed.rate for pressed in pressings]) for name, pressings in seen.items()}
    lines = []
    for name, what in (("debug", "nobody attached"), ("attached", "an editor attached")):
        ratio = rates[name] / rates["plain"]
        # With an editor the price is what Python asks for tracing; 3.12 made it cheap.
        met = ratio >= 1 - COST if name == "debug" and sys.version_info >= (3, 12) else None
        target = f"at least {1 - COST:.1f} on 3.12" if name == "debug" else ""
        shown = f"{rates[name]:,.0f}/s"
        row = f"throughput with --debug, {what} (Python {platform.python_version()})"
        lines.append(Line(row, shown, target, met, f"{rates['plain']:,.0f}/s", times(ratio)))
    return Outcome(lines, {f"rate {name}": [round(one.rate) for one in pressings] for name, pressings in seen.items()})


def _saves(settings: Settings) -> Outcome:
    folder = projects.hello(settings.folder("debug-saves")).folder
    file = folder / "function.py"
    source = file.read_text()
    place = next(number for number, line in enumerate(source.splitlines(), 1) if "return IceSvaml" in line)
    still: list[float] = []
    bound: list[float] = []
    with (
        processes.ours_with_events(settings, folder, "--debug", "0") as server,
        _attached(server, {str(file.resolve()): [place]}) as editor,
    ):
        for number in range(1, settings.choose(30, 10) + 1):
            say(f"debugging, save {number}")
            time.sleep(PAUSE)
            token = _token(number)
            still.append(_reload(server, file, file.read_text().replace(_token(number - 1), token), token))
            time.sleep(PAUSE)
            text = "#\n" * number + source.replace(projects.PLACEHOLDER, token)
            bound.append(_save(server, editor, file, text, place + number))
    p50, p95 = percentile(still, 50), percentile(still, 95)
    lines = [
        Line(
            "save to new code, an editor attached, p50 / p95",
            milliseconds(p50, p95),
            f"p50 {milliseconds(SAVE_P50)}",
            p50 <= SAVE_P50,
        ),
        Line(
            "save to a moved breakpoint that is hit again, p50 / p95",
            milliseconds(percentile(bound, 50), percentile(bound, 95)),
            milliseconds(BOUND),
            percentile(bound, 95) <= BOUND,
        ),
    ]
    seen: dict[str, Any] = {"save": still, "bound": bound}
    return Outcome(lines, {f"{name}_ms": spread([one * 1e3 for one in values]) for name, values in seen.items()})


def _token(number: int) -> str:
    return f"VER{number:06}"


def _reload(server: Server, file: Path, text: str, token: str) -> float:
    """Seconds from a save until the new generation has answered."""
    caller = Caller(server.port)
    file.write_text(text)
    saved = time.perf_counter()
    answer = caller.body(_ASK)
    took = time.perf_counter() - saved
    caller.close()
    if answer != token.encode():
        raise server.failed(f"answered {answer!r} instead of {token}")
    return took


def _save(server: Server, editor: Editor, file: Path, text: str, line: int) -> float:
    """Seconds from a save until a request stops at the breakpoint that it has moved."""
    caller = Caller(server.port)
    file.write_text(text)
    saved = time.perf_counter()
    asking = threading.Thread(target=caller.body, args=(projects.callback(),))
    asking.start()
    editor.set_breakpoints(str(file.resolve()), [line])
    stop = editor.stop()
    hit = time.perf_counter() - saved
    if stop.line != line:
        raise server.failed(f"stopped in line {stop.line} instead of {line}")
    stop.go_on()
    asking.join()
    caller.close()
    return hit


def _attached(server: Server, breakpoints: dict[str, list[int]]) -> Editor:
    """An editor whose sessions are open."""
    if server.events is None:
        raise server.failed("has no events")
    port = int(str(server.events.seen[0][1]["debug"]).rpartition(":")[2])
    editor = Editor(port, breakpoints).attach()
    editor.until(lambda: len(editor.live()) >= 4, "no child sessions")  # root, host, two spares
    return editor
