"""Every fault at every step of a lease: at its end the original is in place, or what is written down leads to it.

A session takes the callback, looks after it, moves it and gives it back; at one of its requests something goes wrong,
once or for as long as it lives, and it ends in order or is killed right there. The next start then settles whatever is
written down.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Literal, get_args

import pytest

from devserver.errors import FnError
from devserver.voiceapp import HttpConfiguration, Lease, settle
from tests.fakes.callback_api import KEY, PRODUCTION, SECRET, Name
from tests.voiceapp.leases import Scene, lease_scene
from tests.voiceapp.samples import DEPLOYED, MINE, MINE_LATER

FAULTS = [each for each in get_args(Name) if each != "late"]
PHASES: dict[str, Callable[[Lease], Awaitable[object]]] = {
    "take": lambda lease: lease.take(MINE),
    "check": lambda lease: lease.check(),
    "move": lambda lease: lease.move(MINE_LATER),
    "check again": lambda lease: lease.check(),
    "give back": lambda lease: lease.give_back(),
}
Step = tuple[str, Literal["GET", "POST"], int]
STEPS: dict[str, Step] = {
    "read before": ("take", "GET", 0),
    "change": ("take", "POST", 0),
    "read back": ("take", "GET", 1),
    "running check": ("check", "GET", 0),
    "read before a move": ("move", "GET", 0),
    "move": ("move", "POST", 0),
    "read back after a move": ("move", "GET", 1),
    "read at the end": ("give back", "GET", 0),
    "change at the end": ("give back", "POST", 0),
    "last look": ("give back", "GET", 1),
}
CHANGES = [name for name, (_, method, _) in STEPS.items() if method == "POST"]


def impatient(scene: Scene, patience: float, waits: tuple[float, ...], timeout: float) -> Lease:
    lease = scene.lease(patience=patience, waits=waits)
    quick = HttpConfiguration(KEY, SECRET, scene.api.url, timeout=timeout)
    lease._configuration = lease._changes._configuration = quick
    return lease


async def live(
    scene: Scene,
    step: Step,
    fault: Name | Callable[[], object],
    *,
    for_good: bool = False,
    killed: bool,
    patience: float = 0.05,
    waits: tuple[float, ...] = (0.005,),
    answers_within: float = 0.05,
) -> None:
    """A session, until its end."""
    lease = impatient(scene, patience, waits, answers_within)
    faulty, method, nth = step
    for phase, act in PHASES.items():
        if phase == faulty:
            scene.api.play(method, *[None] * nth, fault)
            if for_good:
                scene.api.break_down(method, fault)
        with suppress(FnError):
            await act(lease)
        if phase == faulty and killed:
            break
    lease._lock.give_back()  # the kernel's part in the end of a process


async def settled(scene: Scene) -> None:
    """The next start, in better weather."""
    scene.api.heal()
    outcome = await scene.settle()
    assert outcome is None or outcome.kind != "failed"
    assert scene.journal.read(KEY) is None


@pytest.mark.parametrize("killed", [False, True], ids=["ends", "killed"])
@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("step", STEPS)
async def test_the_original_is_in_place_or_written_down(
    tmp_path: Path, step: str, for_good: bool, killed: bool
) -> None:
    async def one(fault: Name) -> None:
        async with lease_scene(tmp_path / fault) as scene:
            await live(scene, STEPS[step], fault, for_good=for_good, killed=killed)
            there = scene.api.now == PRODUCTION
            written = scene.journal.read(KEY)
            assert there or written is not None, fault
            assert written is None or written.before == PRODUCTION, fault
            await settled(scene)
            assert scene.api.now == PRODUCTION, fault

    async with asyncio.TaskGroup() as all_of_them:
        for fault in FAULTS:
            all_of_them.create_task(one(fault))


@pytest.mark.parametrize("killed", [False, True], ids=["ends", "killed"])
@pytest.mark.parametrize("step", STEPS)
async def test_what_somebody_sets_in_between_stays(tmp_path: Path, step: str, killed: bool) -> None:
    """Where the step is a change, it fails, and they are there before it is tried again. A read, the decision and the
    change that follows count as one step: the platform cannot compare and set.
    """
    phase, method, nth = STEPS[step]
    async with lease_scene(tmp_path) as scene:
        if method == "POST":
            scene.api.play("POST", *[None] * CHANGES.index(step), "500")
            nth = 1
        await live(scene, (phase, "GET", nth), scene.api.somebody(DEPLOYED, DEPLOYED), killed=killed)
        assert scene.api.unplayed() == 0
        await settled(scene)
        assert scene.configured(DEPLOYED, DEPLOYED)


@pytest.mark.parametrize("killed", [False, True], ids=["ends", "killed"])
@pytest.mark.parametrize("step", CHANGES)
async def test_a_change_that_is_made_after_its_sender_has_gone(tmp_path: Path, step: str, killed: bool) -> None:
    """It is made after another try has succeeded and the lease has ended, which looks for longer than that may take; or
    it is made while the next start looks.
    """
    async with lease_scene(tmp_path) as scene:
        scene.api.lateness = 0.4
        await live(scene, STEPS[step], "late", killed=killed, patience=5.0, waits=(0.2,) * 3)
        left = scene.journal.read(KEY)
        if left is not None:
            outcome = await settle(left, scene.configuration(), scene.journal, patience=5.0, waits=(0.2,) * 3)
            assert outcome.kind != "failed"
        await asyncio.to_thread(scene.api.wait_for, lambda api: api.under_way == 0)
        assert scene.api.now == PRODUCTION
        assert scene.journal.read(KEY) is None


async def test_the_faults_are_met(tmp_path: Path) -> None:
    """Each step of the table is a request that is made."""
    for name, step in STEPS.items():
        met: list[str] = []
        async with lease_scene(tmp_path / name) as scene:
            await live(scene, step, partial(met.append, name), killed=False, patience=20.0, answers_within=20.0)
            assert scene.states == ["taken", "moved", "restored"]
        assert met == [name]
