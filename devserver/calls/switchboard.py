"""Runs calls: executes what the machine commands, in order, and brings back what became of it.

    Call.receive(event) -> commands -> Switchboard -> callbacks, prompts, timers, phones -> event -> ...

Time. A `Timeline` is a clock with what is due on it. At speed 0 it is instant: when no callback is in flight, time
jumps to whatever is due next, so a menu's silence of 30 s takes none, and a run is the same every time. Calls that can
meet (the phone of a session and the callouts that its function makes) share one timeline; a load test gives each call
its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from devserver.calls.delivery import Deliver
from devserver.calls.party import Action, Party
from devserver.calls.settings import Settings
from devserver.calls.setup import CallSetup, Side
from devserver.calls.told import CallReport, Told

Listener = Callable[[Told], None]


class Timeline:
    """A clock that calls share. `speed`: 0 is instant, 1 real time, 10 ten times as fast."""

    def __init__(self, speed: float = 0.0) -> None:
        raise NotImplementedError


class RunningCall:
    """One call, running or ended.

    Attributes:
        setup: how it began.
        over: it has ended.
    """

    setup: CallSetup
    over: bool

    def act(self, action: Action) -> None:
        """Do something as one of its parties, now."""
        raise NotImplementedError

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Be told what happens from now on; the result stops that."""
        raise NotImplementedError

    def cancel(self, why: str = "") -> None:
        """The client that asked for a callout went away; or the session ends."""
        raise NotImplementedError

    async def ended(self) -> CallReport:
        """Wait for the end."""
        raise NotImplementedError

    def report(self) -> CallReport:
        """The report so far; complete when `over`."""
        raise NotImplementedError


class Switchboard:
    """All calls of a session, or of a test.

    Args:
        deliver: brings callbacks to the function.
        settings: how the platform behaves.
        recordings: folder for recordings of calls; None: no file is written.
        callbacks_at_once: how many callbacks are in flight at most.
        most_seconds: of real time that an instant call may take.
    """

    def __init__(
        self,
        deliver: Deliver,
        settings: Settings | None = None,
        *,
        recordings: Path | None = None,
        callbacks_at_once: int = 64,
        most_seconds: float = 120.0,
    ) -> None:
        raise NotImplementedError

    def start(
        self,
        setup: CallSetup,
        party: Party,
        *,
        timeline: Timeline | None = None,
        listener: Listener | None = None,
        keep_timeline: bool = False,
        remember: bool = True,
    ) -> RunningCall:
        """Start a call; gives it back before anything has happened.

        Args:
            setup: who calls whom.
            party: caller and callees.
            timeline: its clock; None: an instant one of its own.
            listener: is told everything from the very first.
            keep_timeline: the report has all that was told.
            remember: the call can be found by its id after its end.
        """
        raise NotImplementedError

    def call(self, callid: str) -> RunningCall | None:
        """A call that runs or is remembered."""
        raise NotImplementedError

    def calls(self) -> Iterable[RunningCall]:
        """Those that run, the oldest first."""
        raise NotImplementedError

    def patch(self, callid: str, body: bytes, leg: Side | None = None) -> tuple[int, str] | None:
        """PATCH of a call; gives the REST code and a sentence when it is refused."""
        raise NotImplementedError

    async def close(self) -> None:
        """End everything that runs, without further callbacks."""
        raise NotImplementedError

    def info(self, callid: str) -> dict[str, Any] | None:
        """What GET of the call shows (voice-v1.md 5.4); None: there is no such call."""
        raise NotImplementedError
