"""Row `explore`: `fn explore` of trees of menus, as a command and without a function.

Each entry of each menu is a callback of its own, so that the tree is only found by calling again and again. The walk
alone is the same search with answers out of this process.
"""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import functions, processes
from benchmarks.figures import CannotMeasureError, Line, Outcome, median
from benchmarks.settings import Settings, say
from devserver.calls.explore import Bounds
from devserver.calls.explore import explore as search
from devserver.calls.flow import Flow
from devserver.calls.settings import Settings as Platform
from devserver.calls.start import Start, setup_of
from devserver.calls.walk import Reply

SECONDS = 2.0
NODES = 60
_LIMIT = 60.0


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, and how long that took."""

    seconds: float
    calls: int
    callbacks: int
    menus: int
    phones: int


def explore(settings: Settings) -> Outcome:
    """A tree of 60 menus and phones, and one of 60 menus with the phones behind them."""
    lines: list[Line] = []
    raw: dict[str, Any] = {}
    for menus, title, target in (
        (NODES // 3, f"fn explore, {NODES // 3} menus and {functions.departments(NODES // 3)} phones", SECONDS),
        (NODES, f"  {NODES} menus and {functions.departments(NODES)} phones", None),
    ):
        folder = functions.tree(settings.folder("explore"), menus)
        whole: list[Found] = []
        alone: list[Found] = []
        for number in range(settings.choose(5, 2)):
            say(f"explore, {menus} menus, round {number + 1}")
            whole.append(_command(settings, folder))
            alone.append(_alone(menus))
        _expect(menus, whole[0], alone[0])
        lines.append(_line(title, whole, alone, target))
        raw[f"{menus} menus"] = {
            "command_s": [round(one.seconds, 3) for one in whole],
            "walk_s": [round(one.seconds, 3) for one in alone],
            "calls": whole[0].calls,
            "callbacks": whole[0].callbacks,
        }
    return Outcome(lines, raw)


def _line(title: str, whole: list[Found], alone: list[Found], target: float | None) -> Line:
    took = median([one.seconds for one in whole])
    found = whole[0]
    return Line(
        title,
        f"{took:.2f} s, {found.calls:,} calls, {found.callbacks:,} callbacks",
        "" if target is None else f"under {target:g} s",
        None if target is None else took < target,
        f"the walk alone {median([one.seconds for one in alone]):.2f} s",
    )


def _expect(menus: int, *found: Found) -> None:
    wanted = (menus, functions.departments(menus))
    for one in found:
        if (one.menus, one.phones) != wanted:
            raise CannotMeasureError(f"{one.menus} menus and {one.phones} phones were found, not {wanted}")


def _command(settings: Settings, folder: Path) -> Found:
    command = [*settings.fn, "explore", "--dir", str(folder), "--json"]
    begin = time.perf_counter()
    done = subprocess.run(command, env=processes.environment(), capture_output=True, timeout=_LIMIT, check=False)
    took = time.perf_counter() - begin
    if done.returncode:
        raise CannotMeasureError(f"fn explore failed: {done.stderr.decode()[-200:]}")
    flow = json.loads(done.stdout)
    said = [text for place in flow["places"] for text in place["heard"]]
    return _found(took, flow["calls"], flow["callbacks"], said)


def _alone(menus: int) -> Found:
    setup = setup_of(Start(), "", "3989400d-d725-437f-a701-e6281831c93b", ("http://127.0.0.1/",), 0.0)
    begin = time.perf_counter()
    flow = _answered(setup, menus)
    took = time.perf_counter() - begin
    return _found(took, flow.calls, flow.callbacks, [text for place in flow.places for text in place.heard])


def _answered(setup: Any, menus: int) -> Flow:
    steps = search(setup, Platform(), Bounds())
    try:
        question = next(steps)
        while True:
            question = steps.send(Reply(200, functions.tree_answer(question.payload, menus)))
    except StopIteration as stop:
        flow: Flow = stop.value
        return flow


def _found(seconds: float, calls: int, callbacks: int, said: list[str]) -> Found:
    kinds = {kind: {text for text in said if text.startswith(kind)} for kind in ("Menu ", "Department ")}
    return Found(seconds, calls, callbacks, len(kinds["Menu "]), len(kinds["Department "]))
