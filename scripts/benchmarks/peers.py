"""`--peers`: functions-framework and twilio-run beside `fn dev`, each pair in turns.

They are installed into .bench/ the first time, which is the only thing here that needs a package registry. A peer that
cannot be installed is a line with the reason, and nothing else fails.
"""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import closed, processes, projects, reloading
from benchmarks.figures import CannotMeasureError, Line, Outcome, median, milliseconds, spread, times
from benchmarks.processes import Server
from benchmarks.projects import Source
from benchmarks.settings import KEPT, Settings, say
from benchmarks.starting import start_once

_INSTALL_LIMIT = 300
_GIVE_UP = 3
_NODE = {"twilio-run": "5.0.1", "@twilio/runtime-handler": "2.1.0", "twilio": "5.13.1"}

_FLASK = """\
TOKEN = "VER000000"


def hello(request):
    if request.method == "GET":
        return TOKEN
    event = request.get_json()
    return {
        "instructions": [{"name": "say", "text": f"Hello {event['cli']}, please hold.", "locale": "en-US"}],
        "action": {"name": "connectPstn", "number": "+15551234567"},
    }
"""
_NODE_TOKEN = 'exports.handler = (context, event, callback) => callback(null, "VER000000");\n'
_NODE_ICE = """\
exports.handler = (context, event, callback) => callback(null, {
  instructions: [{ name: "say", text: `Hello ${event.cli}, please hold.`, locale: "en-US" }],
  action: { name: "connectPstn", number: "+15551234567" },
});
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """Another development server. `command` takes a port and whether it is to reload."""

    name: str
    install: Callable[[], Path]
    make: Callable[[Path, Path], Source]
    command: Callable[[Path, int, bool], list[str]]
    connections: int
    start_to_beat: bool

    @contextmanager
    def running(self, settings: Settings, source: Source, *, reload: bool) -> Iterator[Server]:
        """Answers when this returns."""
        port = processes.free_port()
        command = self.command(self.install(), port, reload)
        with processes.running(self.name, command, settings, port, cwd=source.folder) as server:
            processes.wait_for_answer(server, "/v")
            yield server


def reload(settings: Settings) -> Outcome:
    """Save -> answer to a client that asks again and again, one request at a time."""
    return _with_each(settings, "reload p50", _reload)


def throughput(settings: Settings) -> Outcome:
    """The same callback, as `throughput`; functions-framework as it is deployed."""
    return _with_each(settings, "throughput", _throughput)


def startup(settings: Settings) -> Outcome:
    """Spawn to the first answer."""
    return _with_each(settings, "startup to first answer", _startup)


ROWS: dict[str, Callable[[Settings], Outcome]] = {"startup": startup, "throughput": throughput, "reload": reload}

Measured = tuple[Line, dict[str, Any]]


def _with_each(settings: Settings, what: str, measure: Callable[[Settings, Peer, str], Measured]) -> Outcome:
    lines: list[Line] = []
    raw: dict[str, Any] = {}
    for peer in PEERS:
        name = f"{what}, {peer.name}"
        say(name)
        try:
            line, raw[peer.name] = measure(settings, peer, name)
        except (CannotMeasureError, OSError) as reason:
            line, raw[peer.name] = Line(name, f"not measured: {reason}"), {"not measured": str(reason)}
        lines.append(line)
    return Outcome(lines, raw)


def _reload(settings: Settings, peer: Peer, name: str) -> Measured:
    source = projects.hello(settings.folder("ours"))
    other = peer.make(peer.install(), settings.folder("peer"))
    delays: list[float] = []
    theirs: list[float] = []
    never = 0
    with processes.ours(settings, source.folder) as ours, peer.running(settings, other, reload=True) as rival:
        for _ in range(settings.choose(20, 7)):
            delay = reloading.asked(ours, source)
            if delay is None:
                raise CannotMeasureError("fn dev never answered a save")
            delays.append(delay)
            delay = reloading.asked(rival, other)
            if delay is None:
                never += 1
                if never == _GIVE_UP and not theirs:
                    break
            else:
                theirs.append(delay)
            time.sleep(1.02 - time.time() % 1)  # as in `reload`: never two saves within one second
    shown = milliseconds(median(theirs)) + (f", {never} never" if theirs and never else "")
    line = Line(name, milliseconds(median(delays)), "", None, shown, times(median(theirs) / median(delays), 1))
    return line, {"ours_ms": _raw(delays), "peer_ms": _raw(theirs), "never": never}


def _throughput(settings: Settings, peer: Peer, name: str) -> Measured:
    request, work = projects.callback(), settings.folder("throughput")
    folder = projects.hello(settings.folder("ours")).folder
    other = peer.make(peer.install(), settings.folder("peer"))
    rates: dict[str, list[float]] = {"ours": [], "peer": []}
    with processes.ours(settings, folder) as ours, peer.running(settings, other, reload=False) as rival:
        for number in range(settings.choose(3, 2) + 1):
            for which, server in (("ours", ours), ("peer", rival)):
                pressed = closed.press(server.port, request, peer.connections, 3 if number else 1, work)
                if pressed.errors or not pressed.requests:
                    raise CannotMeasureError(f"{pressed.errors} errors and {pressed.requests} answers of {server.name}")
                if number:
                    rates[which].append(pressed.rate)
    mine, its = median(rates["ours"]), median(rates["peer"])
    line = Line(f"{name} ({peer.connections})", f"{mine:,.0f}/s", "", None, f"{its:,.1f}/s", times(mine / its, 1))
    return line, rates | {"client": closed.client_name()}


def _startup(settings: Settings, peer: Peer, name: str) -> Measured:
    folder = projects.hello(settings.folder("ours")).folder
    other = peer.make(peer.install(), settings.folder("peer"))
    mine: list[float] = []
    its: list[float] = []
    for number in range(settings.choose(10, 5) + 1):
        answered = start_once(settings, folder)[1]
        with peer.running(settings, other, reload=False) as rival:
            theirs = time.perf_counter() - rival.spawned
        if number:  # the first pair fills the caches
            mine.append(answered)
            its.append(theirs)
    target, met = ("under the peer's", median(mine) < median(its)) if peer.start_to_beat else ("", None)
    ratio = times(median(its) / median(mine))
    line = Line(name, milliseconds(median(mine)), target, met, milliseconds(median(its)), ratio)
    return line, {"ours_ms": _raw(mine), "peer_ms": _raw(its)}


def _raw(seconds: list[float]) -> dict[str, float]:
    return spread([one * 1e3 for one in seconds if not math.isnan(one)])


def _install_framework() -> Path:
    place = KEPT / "functions-framework"
    program = place / "bin" / "functions-framework"
    if not program.exists():
        say("installing functions-framework into .bench/")
        _install([sys.executable, "-m", "venv", str(place)], KEPT)
        _install([str(place / "bin" / "pip"), "install", "--quiet", "functions-framework"], KEPT)
    return place


def _install_twilio() -> Path:
    if not (shutil.which("node") and shutil.which("npm")):
        raise CannotMeasureError("twilio-run needs node and npm, which are not installed")
    place = KEPT / "twilio-run"
    if not (place / "node_modules" / "@twilio" / "runtime-handler").exists():
        say("installing twilio-run into .bench/")
        place.mkdir(parents=True, exist_ok=True)
        _twilio_package(place)
        _install(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"], place)
    return place


def _install(command: list[str], cwd: Path) -> None:
    cwd.mkdir(parents=True, exist_ok=True)
    environment = processes.environment()
    try:
        done = subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=_INSTALL_LIMIT, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise CannotMeasureError(f"{command[0]} took longer than {_INSTALL_LIMIT} s to install it") from error
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines() or ["no output"]
        raise CannotMeasureError(f"it cannot be installed: {words[-1]}")


def _make_framework(_place: Path, folder: Path) -> Source:
    file = folder / "main.py"
    file.write_text(_FLASK)
    return Source(folder, file)


def _make_twilio(place: Path, folder: Path) -> Source:
    (folder / "functions").mkdir()
    (folder / "functions" / "ice.js").write_text(_NODE_ICE)
    (folder / "node_modules").symlink_to(place / "node_modules")
    _twilio_package(folder)
    file = folder / "functions" / "v.js"
    file.write_text(_NODE_TOKEN)
    return Source(folder, file)


def _twilio_package(folder: Path) -> None:
    # It refuses a version range of its runtime handler.
    package = {"name": "bench-twilio-run", "version": "1.0.0", "private": True, "dependencies": _NODE}
    (folder / "package.json").write_text(json.dumps(package))


def _framework_command(place: Path, port: int, reload: bool) -> list[str]:
    program = str(place / "bin" / "functions-framework")
    command = [program, "--source", "main.py", "--target", "hello", "--host", "127.0.0.1", "--port", str(port)]
    return [*command, "--debug"] if reload else command


def _twilio_command(place: Path, port: int, _reload: bool) -> list[str]:
    return ["node", str(place / "node_modules" / "twilio-run" / "bin" / "twilio-run.js"), "start", "--port", str(port)]


# twilio-run starts a process for each request: sixteen at a time would only measure how two cores suffer.
PEERS = (
    Peer("functions-framework", _install_framework, _make_framework, _framework_command, 16, start_to_beat=False),
    Peer("twilio-run", _install_twilio, _make_twilio, _twilio_command, 4, start_to_beat=True),
)
