"""Row `public`: what a tunnel costs at the start, and how soon a callback is given back or pointed at a new address.

The platform is the scripted API of the tests, on loopback; the tunnel is the real cloudflared on the edge of the tests,
where both can be had.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from benchmarks import processes, projects
from benchmarks.figures import CannotMeasureError, Line, Outcome, median, milliseconds, percentile, spread, times
from benchmarks.processes import Server
from benchmarks.settings import Settings, say
from tests.fakes.binaries import CLOUDFLARED, program
from tests.fakes.callback_api import KEY, PRODUCTION, SECRET, CallbackApi, callback_api_in_a_thread
from tests.fakes.edge import edge_process

DELAY = 1.1  # of the start: the noise of a busy machine
RESTORED = 3.0  # seconds
MOVED = 5.0  # seconds beside the provider's own
CRASHES = 4  # one after the other; with more, the pauses before the next attempt would be what is measured
LIMIT = 30.0


def public(settings: Settings) -> Outcome:
    """All of it."""
    folder = projects.hello(settings.folder("public")).folder
    lines, raw = [], {}
    with callback_api_in_a_thread() as api:
        environment = {
            "FN_CONFIGURATION_ORIGIN": api.url,
            "FN_STATE_DIR": str(settings.folder("state")),
            "VOICE_APPLICATION_KEY": KEY,
            "VOICE_APPLICATION_SECRET": SECRET,
        }
        for part in (_start, _killed, _moved):
            line, found = part(settings, folder, api, environment)
            lines.append(line)
            raw |= found
    return Outcome(lines, raw)


def _start(settings: Settings, folder: Path, api: CallbackApi, environment: dict[str, str]) -> tuple[Line, dict]:
    with_tunnel, without, costs = [], [], []
    for number in range(settings.choose(15, 5) + 1):
        say(f"public: start {number}")
        for flags, ready in ((_own(), with_tunnel), (("--no-tunnel",), without)):
            asked = len(api.asked)
            with processes.ours_with_events(settings, folder, *flags, more=environment) as server:
                taken = flags[0] != "--no-tunnel" and _lease(server, "taken")
                if number:  # the first ones fill the caches
                    ready.append(server.events.seen[0][0] - server.spawned)
                if taken:
                    costs.append("".join(method[0] for method in api.methods[asked:]))
    ratio = median(with_tunnel) / median(without)
    line = Line(
        "start to ready with --public-url",
        milliseconds(median(with_tunnel)),
        f"{DELAY}x",
        ratio <= DELAY,
        milliseconds(median(without)),
        times(ratio),
    )
    seen = {"public": with_tunnel, "local": without}
    return line, {"requests of a lease": costs} | {f"{name}_ms": _ms(values) for name, values in seen.items()}


def _killed(settings: Settings, folder: Path, api: CallbackApi, environment: dict[str, str]) -> tuple[Line, dict]:
    took = []
    for number in range(settings.choose(20, 7)):
        say(f"public: kill -9, {number}")
        with processes.ours_with_events(settings, folder, *_own(), more=environment) as server:
            _lease(server, "taken")
            begin = time.perf_counter()
            os.kill(server.process.pid, signal.SIGKILL)
            api.wait_for(lambda api: api.now == PRODUCTION, LIMIT)
            took.append(time.perf_counter() - begin)
    worst = percentile(took, 95)
    shown = milliseconds(median(took), worst)
    return Line("kill -9 to callback restored, p50 / p95", shown, f"{RESTORED:.0f} s", worst < RESTORED), {
        "restored_ms": _ms(took)
    }


def _moved(settings: Settings, folder: Path, api: CallbackApi, environment: dict[str, str]) -> tuple[Line, dict]:
    try:
        cloudflared = program(CLOUDFLARED)
    except pytest.skip.Exception as reason:
        raise CannotMeasureError(str(reason)) from reason
    ours, providers = [], []
    with edge_process() as edge:
        tunnel = {"FN_CLOUDFLARED": str(cloudflared), "FN_CLOUDFLARED_ARGS": edge.args, "FN_TUNNEL_PROBE": edge.public}
        with processes.ours_with_events(settings, folder, "--tunnel", "--yes", more=environment | tunnel) as server:
            _lease(server, "taken")
            for number in range(CRASHES):
                say(f"public: cloudflared killed, {number}")
                ready, moved = _kill_cloudflared(server, api)
                providers.append(ready)
                ours.append(max(0.0, moved - ready))  # lines are written some milliseconds after the fact
    worst = percentile(ours, 95)
    shown = f"{milliseconds(median(ours), worst)}, after {milliseconds(median(providers))} for the tunnel"
    return Line("lost tunnel to callback at the new one, p50 / p95", shown, f"{MOVED:.0f} s", worst < MOVED), {
        "moved_ms": _ms(ours),
        "tunnel_ms": _ms(providers),
    }


def _kill_cloudflared(server: Server, api: CallbackApi) -> tuple[float, float]:
    """Seconds until the tunnel is there again, and until the callback is there."""
    before, after = api.now.primary, len(server.events.seen)
    begin = time.perf_counter()
    for member in server.family():
        if "cloudflared" in member.name():
            member.kill()
    api.wait_for(lambda api: api.now.primary != before, LIMIT)
    moved = time.perf_counter() - begin
    ready = server.events.first(lambda event: event.get("state") == "ready", after, LIMIT)
    if ready is None:
        raise server.failed("told of no new tunnel")
    return ready[0] - begin, moved


def _own() -> tuple[str, ...]:
    """Public without any tunnel: the address is that of the function port itself."""
    port = processes.free_port()
    return ("--port", str(port), "--public-url", f"http://127.0.0.1:{port}", "--yes")


def _lease(server: Server, state: str) -> bool:
    told = server.events.first(lambda event: (event.get("event"), event.get("state")) == ("lease", state), 0, LIMIT)
    if told is None:
        raise server.failed(f"told of no lease that is {state}")
    return True


def _ms(values: list[float]) -> dict[str, float]:
    return spread([one * 1e3 for one in values])
