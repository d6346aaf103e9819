"""How long before the platform's deadline a held call has its answer, with many at once and load beside them."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from pathlib import Path

from benchmarks import processes, steady
from benchmarks.figures import Line, Outcome, spread
from benchmarks.settings import Settings, say

DEADLINE = 5.0
SPARE = 0.5  # seconds that have to be left
_AT_ONCE = 50
_WAVES, _QUICK = 4, 1
_FUNCTION = """\
import asyncio

TOKEN = "VER000001"


async def ice(context, event):
    await asyncio.sleep(7)
    return {"action": {"name": "hangup"}}


async def v(context, request):
    return TOKEN
"""


def hold(settings: Settings) -> Outcome:
    """The row."""
    project = settings.folder("hold")
    _write(project)
    waves = settings.choose(_WAVES, _QUICK)
    with processes.ours_with_events(settings, project, "--hold") as server:
        left, kinds, answers = asyncio.run(_measure(server.port, waves))
    met = sum(seconds >= SPARE for seconds in left)
    failed = steady.failures(answers)
    took = spread([(answer.done - answer.asked) * 1e3 for answer in answers if answer.outcome == "ok"])
    ours = f"{met} of {len(left)}, {SPARE * 1e3:.0f} ms or more before; the least {min(left) * 1e3:.0f} ms"
    line = Line("hold answer before the deadline", ours, "all", met == len(left) and kinds == {"park": len(left)})
    raw = {"left_ms": spread([seconds * 1e3 for seconds in left]), "kinds": dict(kinds)}
    return Outcome([line], {**raw, "beside_ms": took, "beside_failed": dict(failed)})


def _write(project: Path) -> None:
    (project / "sinch.json").write_text(json.dumps({"name": "hold", "runtime": "python"}))
    (project / "function.py").write_text(_FUNCTION)


async def _measure(port: int, waves: int) -> tuple[list[float], Counter[str], list[steady.Answer]]:
    left: list[float] = []
    kinds: Counter[str] = Counter()
    async with steady.Client(port) as client:
        for wave in range(waves):
            say(f"hold: {_AT_ONCE} calls at once, {wave + 1} of {waves}")
            for seconds, kind in await asyncio.gather(*(_one(port, f"{wave}-{n}") for n in range(_AT_ONCE))):
                left.append(seconds)
                kinds[kind] += 1
    return left, kinds, client.answers


async def _one(port: int, callid: str) -> tuple[float, str]:
    """Seconds that were left when the answer had come, and its action."""
    body = json.dumps({"event": "ice", "callid": callid, "cli": "12025550199"}).encode()
    head = f"POST /ice HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(head.encode() + body)
        reply = await reader.read()
    finally:
        writer.close()
    took = time.perf_counter() - began
    try:
        kind = str(json.loads(reply.partition(b"\r\n\r\n")[2])["action"]["name"])
    except (ValueError, KeyError, TypeError):
        kind = "no answer"
    return DEADLINE - took, kind
