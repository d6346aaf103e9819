from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any, cast

from devserver.session.frames import Message, TerminalLent, TerminalReturned, TerminalWanted
from devserver.session.lending import Lending, Terminal
from devserver.session.link import HostLink


@dataclass(eq=False)
class Borrower:
    """As much of a host as borrows."""

    pid: int = 0
    heard: list[Message] = field(default_factory=list)

    def send(self, message: Message) -> None:
        self.heard.append(message)


def link(borrower: Borrower) -> HostLink:
    return cast("HostLink", cast("Any", borrower))


class Desk:
    def __init__(self) -> None:
        self.done: list[str] = []
        self.lending = Lending(
            Terminal("/dev/pts/9", lambda: self.done.append("lend"), lambda: self.done.append("take back"))
        )


def test_one_at_a_time_and_in_turn() -> None:
    desk, one, two = Desk(), Borrower(), Borrower()
    desk.lending.wanted(link(one), TerminalWanted(1))
    desk.lending.wanted(link(two), TerminalWanted(1))
    desk.lending.wanted(link(one), TerminalWanted(2))
    assert (one.heard, two.heard) == ([TerminalLent(1, "/dev/pts/9")], [])

    desk.lending.returned(link(one), TerminalReturned(1))
    assert two.heard == [TerminalLent(1, "/dev/pts/9")]
    desk.lending.returned(link(one), TerminalReturned(2))  # not theirs to return
    assert one.heard == [TerminalLent(1, "/dev/pts/9")]
    desk.lending.returned(link(two), TerminalReturned(1))
    assert one.heard[1:] == [TerminalLent(2, "/dev/pts/9")]
    assert "take back" not in desk.done, "nothing of ours is written while somebody waits"
    desk.lending.returned(link(one), TerminalReturned(2))
    assert desk.done[-1] == "take back"


def test_a_host_that_dies_gives_back_and_waits_no_more() -> None:
    desk, one, two, three = Desk(), Borrower(), Borrower(), Borrower()
    for borrower in (one, two, three):
        desk.lending.wanted(link(borrower), TerminalWanted(1))
    desk.lending.died(link(two))
    desk.lending.died(link(one))

    assert (two.heard, three.heard) == ([], [TerminalLent(1, "/dev/pts/9")])
    desk.lending.died(link(three))
    assert desk.done[-1] == "take back"


def test_where_there_is_none_there_is_none() -> None:
    borrower, lending = Borrower(), Lending(None)
    lending.wanted(link(borrower), TerminalWanted(1))

    assert not lending.possible
    assert borrower.heard == [TerminalLent(1, "")]


def test_ctrl_c_is_for_the_borrower() -> None:
    desk = Desk()
    assert not desk.lending.interrupt()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], stderr=subprocess.DEVNULL) as process:
        desk.lending.wanted(link(Borrower(process.pid)), TerminalWanted(1))
        assert desk.lending.interrupt()
        assert process.wait(20) != 0
    assert desk.lending.interrupt(), "it has just ended, and that is soon known"
