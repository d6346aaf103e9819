"""The lease under every fault at every step, whatever ends the session: a table of real processes.

Afterwards the original is in place, or it is written down, and whoever comes next puts it there. The cells of the table
run several at once, since most of their time is waiting for a platform that does not answer; each is a test.
"""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from tests.e2e.leases import Machine, Session, command, machine, wait_until_gone
from tests.fakes.callback_api import PRODUCTION, CallbackApi, Name
from tests.fakes.processes import wait_until

pytestmark = pytest.mark.e2e

AT_ONCE = 6

Method = Literal["GET", "POST"]


@dataclass(frozen=True)
class Moment:
    """When a session ends, and what the platform does just then.

    Attributes:
        name: of the row.
        when: `start` while the lease is taken, `hold` later, `end` while it is given back.
        meets: the method of the request that meets the first fault that matters.
        get: faults that the reads of that step meet, in order; and `post` the changes.
    """

    name: str
    when: Literal["start", "hold", "end"]
    meets: Method = "GET"
    get: tuple[Name, ...] = ()
    post: tuple[Name, ...] = ()

    def begin(self, api: CallbackApi) -> None:
        """Let the platform have these faults from now on."""
        api.play("GET", *self.get)
        api.play("POST", *self.post)


MOMENTS = [
    Moment("before-the-journal", "start", get=("hang",)),
    Moment("written-down-and-not-set", "start", "POST", post=("hang",)),
    Moment("set-and-nobody-knows", "start", "POST", post=("stuck",)),
    Moment("set-after-we-have-gone", "start", "POST", post=("late",)),
    Moment("taken-with-every-trouble", "start", "POST", get=("500", "drop"), post=("500", "lost")),
    Moment("held", "hold"),
    Moment("given-back-and-it-is-silent", "end", get=("hang",)),
    Moment("given-back-and-not-set", "end", "POST", post=("hang",)),
    Moment("given-back-and-nobody-knows", "end", "POST", post=("stuck",)),
    Moment("given-back-with-every-trouble", "end", "POST", get=("500", "drop"), post=("drop", "lost")),
]


def send(*numbers: int) -> Callable[[Session], None]:
    """Signals to the session, one after the other."""

    def end(session: Session) -> None:
        for count, number in enumerate(numbers, 1):
            session.process.send_signal(number)
            # Signals that nobody has seen yet are one.
            wait_until(lambda: session.process.poll() is not None or stops(session) >= count, "it does not hear")  # noqa: B023

    return end


def stops(session: Session) -> int:
    return sum(event["event"] == "stopping" for event in session.events)


def kill_group(session: Session) -> None:
    os.killpg(session.process.pid, signal.SIGKILL)


ENDINGS: dict[str, Callable[[Session], None]] = {
    "the command ends": lambda session: (session.folder / "go").touch(),
    "INT": send(signal.SIGINT),
    "INT twice": send(signal.SIGINT, signal.SIGINT),
    "INT three times": send(signal.SIGINT, signal.SIGINT, signal.SIGINT),
    "TERM": send(signal.SIGTERM),
    "HUP": send(signal.SIGHUP),
    "kill -9": lambda session: session.kill(),
    "kill -9 of the group": kill_group,
    "kill -9 with the watchdog": lambda session: session.kill_all(),
}
STATUSES = {"the command ends": 0, "INT": 130, "INT twice": 130, "TERM": 143, "HUP": 129}
BY_FORCE = {"INT three times", "kill -9", "kill -9 of the group", "kill -9 with the watchdog"}
"""These end the process in the middle of what it does; the others let it give back."""
CELLS = {f"{moment.name}, {ending}": (moment, ending) for moment, ending in itertools.product(MOMENTS, ENDINGS)}


def _public(here: Machine) -> None:
    session = here.public()
    session.lease("taken")
    session.stop()


def _at_home(here: Machine) -> None:
    session = here.start("--no-tunnel")
    session.lease("settled")
    session.stop()


def _by_hand(here: Machine) -> None:
    done = here.fn("lease", "restore", "--all")
    assert (done.returncode, done.stderr) == (0, "")


NEXT = [_public, _at_home, _by_hand]


def happen(folder: Path, moment: Moment, ending: str, then: Callable[[Machine], None]) -> None:
    """One cell of the table."""
    with machine(folder) as here:
        api = here.api
        if moment.when == "start":
            moment.begin(api)
        session = start(here, ending)
        if moment.when == "start":
            api.wait_for(lambda api: moment.meets in api.methods)
        else:
            session.lease("taken")
        family = session.family()
        if moment.when == "end":
            before = api.methods.count(moment.meets)
            moment.begin(api)
            if ending in BY_FORCE:
                session.process.send_signal(signal.SIGTERM)
                api.wait_for(lambda api: api.methods.count(moment.meets) > before)
        ENDINGS[ending](session)
        status = session.process.wait(25)
        if ending == "kill -9 with the watchdog":
            api.wait_for(lambda api: not api.under_way)
            assert here.is_back(PRODUCTION) or here.entries(), "nobody knows what is to be given back"
            if here.entries():
                then(here)
        elif ending not in BY_FORCE:
            assert here.is_back(PRODUCTION), f"{api.now}, {here.entries()}"
            assert (status, session.errors) == (STATUSES[ending], "")
        wait_until_gone(family)
        api.wait_for(lambda api: not api.under_way)
        assert here.is_back(PRODUCTION), f"{api.now}, {here.entries()}"


def start(here: Machine, ending: str) -> Session:
    if ending != "the command ends":
        return here.public(group=0)
    folder = here.project()
    wait = f"until [ -e {folder / 'go'} ]; do sleep 0.05; done"
    return here.public("--exec", wait, group=0)


EARLY: dict[str, Callable[[Session, Machine], bool]] = {
    "it is ready": lambda _session, _here: True,
    "it asks for itself": lambda session, _here: "ready" in session.told("tunnel"),
    "its watchdog starts": lambda session, _here: any("watchdog" in command(each) for each in session.family()),
    "it has read": lambda _session, here: bool(here.api.asked),
    "it is written down": lambda _session, here: bool(here.entries()),
    "it is set": lambda _session, here: "POST" in here.api.methods,
}


@pytest.mark.parametrize("moment", EARLY)
def test_cancelled_while_it_starts(moment: str, tmp_path: Path) -> None:
    with machine(tmp_path) as here:
        session = here.public(group=0)
        wait_until(lambda: EARLY[moment](session, here), "it does not come so far")
        family = session.family()

        assert session.stop(signal.SIGINT) == 130

        assert session.errors == ""
        assert here.is_back(PRODUCTION)
        wait_until_gone(family)


@pytest.fixture(scope="module")
def table(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[None]]]:
    """What comes of each cell that is wanted."""
    items = [item for item in request.session.items if isinstance(item, pytest.Function) and item.path == request.path]
    wanted = {item.callspec.params.get("cell") for item in items}
    folder = tmp_path_factory.mktemp("faults")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        futures = {
            cell: pool.submit(happen, folder / str(number), moment, ending, NEXT[number % len(NEXT)])
            for number, (cell, (moment, ending)) in enumerate(CELLS.items())
            if cell in wanted
        }
        yield futures
        for each in futures.values():
            each.cancel()


@pytest.mark.parametrize("cell", CELLS)
def test_the_original_is_in_place_or_written_down(table: dict[str, Future[None]], cell: str) -> None:
    table[cell].result()
