"""The clock of calls: what is due when, at any speed.

At speed 0 time is instant: nobody waits, time jumps to whatever is due next, but only while no callback is in flight,
and answers count in the order in which their callbacks were sent. So a run is the same every time, however long the
function takes. At any other speed the clock runs that many times as fast as the machine's, and callbacks take the time
they take.

It must not know calls: it runs functions at times. A function that raises is its owner's fault; the clock goes on.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import time
from collections.abc import Callable

_AT_ONCE = 256  # functions run in a row before others on the event loop get their turn
_COMPACT = 64  # cancelled entries that are tolerated among what is due
_log = logging.getLogger("devserver.calls")

Run = Callable[[], None]


class Due:
    """Something that is to happen; `run` is None when it is not wanted any more, or has happened."""

    __slots__ = ("at", "number", "run")

    def __init__(self, at: float, number: int, run: Run) -> None:
        self.at = at
        self.number = number
        self.run: Run | None = run

    def __lt__(self, other: Due) -> bool:
        return (self.at, self.number) < (other.at, other.number)


class Timeline:
    """A clock that calls share; needs a running event loop once something is due on it.

    Args:
        speed: 0 is instant, 1 real time, 10 ten times as fast.
        epoch: seconds since 1970 at 0 of this clock; None is now.

    Raises:
        ValueError: a negative speed.
    """

    __slots__ = (
        "_answers",
        "_began",
        "_cancelled",
        "_due",
        "_held",
        "_next_answer",
        "_now",
        "_number",
        "_still",
        "_tickets",
        "_waking",
        "epoch",
        "speed",
    )

    def __init__(self, speed: float = 0.0, epoch: float | None = None) -> None:
        if not 0 <= speed < float("inf"):
            raise ValueError("A clock runs forwards: its speed is 0 or more.")
        self.speed = speed
        self.epoch = time.time() if epoch is None else epoch
        self._began = time.monotonic()
        self._now = 0.0
        self._due: list[Due] = []
        self._number = 0
        self._cancelled = 0
        self._held = 0
        self._still = 0
        self._tickets = 0
        self._next_answer = 0
        self._answers: dict[int, Run] = {}
        self._waking: asyncio.Handle | None = None

    @property
    def now(self) -> float:
        """Seconds since the clock began."""
        if self.speed:
            self._now = max(self._now, (time.monotonic() - self._began) * self.speed)
        return self._now

    def after(self, seconds: float, run: Run) -> Due:
        """Run something in so many seconds; in the order of asking when that is the same time."""
        self._number += 1
        due = Due(self.now + max(0.0, seconds), self._number, run)
        heapq.heappush(self._due, due)
        self._wake(due)
        return due

    def cancel(self, due: Due | None) -> None:
        """Do not run it."""
        if due is None or due.run is None:
            return
        due.run = None
        self._cancelled += 1
        if self._cancelled > max(_COMPACT, len(self._due) // 2):
            self._due = [each for each in self._due if each.run is not None]
            heapq.heapify(self._due)
            self._cancelled = 0

    @property
    def stands_still(self) -> bool:
        """Whether instant time was asked to stand still."""
        return self._still > 0

    def stand_still(self) -> None:
        """Let instant time stand still until `go_on`, as often as this is called; what is due now still happens.

        Somebody thinks. At other speeds the clock is the machine's, and nothing changes.
        """
        self._still += 1

    def go_on(self) -> None:
        """Let time go on."""
        self._still -= 1
        self._wake(None)

    def hold(self) -> int:
        """A callback is in flight: instant time stands still. Gives a ticket for `answered`."""
        self._held += 1
        self._tickets += 1
        return self._tickets - 1

    def answered(self, ticket: int, run: Run) -> None:
        """It has its answer; `run` takes it, after those of earlier tickets when time is instant."""
        self._held -= 1
        if self.speed:
            self._run(run)
            return
        self._answers[ticket] = run
        while (following := self._answers.pop(self._next_answer, None)) is not None:
            self._next_answer += 1
            self._run(following)
        self._wake(None)

    def _wake(self, due: Due | None) -> None:
        """See to it that what is due is run; `due`: it has just come in."""
        if not self._due:
            return
        loop = asyncio.get_running_loop()
        if not self.speed:
            if self._waking is None and not self._held and not self._is_later(self._due[0]):
                self._waking = loop.call_soon(self._run_due)
        elif self._waking is None or (due is not None and self._due[0] is due):
            if self._waking is not None:
                self._waking.cancel()
            self._waking = loop.call_later(max(0.0, (self._due[0].at - self.now) / self.speed), self._run_due)

    def _run_due(self) -> None:
        self._waking = None
        for _ in range(_AT_ONCE):
            run = self._pop()
            if run is None:
                break
            self._run(run)
        self._wake(None)

    def _pop(self) -> Run | None:
        """What is due now, if anything is; time moves to it."""
        while self._due and self._due[0].run is None:
            heapq.heappop(self._due)
            self._cancelled = max(0, self._cancelled - 1)
        if not self._due or (not self.speed and self._held) or (self.speed and self._due[0].at > self.now):
            return None
        if self._is_later(self._due[0]):
            return None
        due = heapq.heappop(self._due)
        self._now = max(self._now, due.at)
        run, due.run = due.run, None
        return run

    def _is_later(self, due: Due) -> bool:
        """Whether something has to wait because time stands still."""
        return self._still > 0 and not self.speed and due.at > self._now

    def _run(self, run: Run) -> None:
        try:
            run()
        except Exception:  # noqa: BLE001 one fault must not stop the clock of all calls
            _log.exception("something that was due in a call failed")
