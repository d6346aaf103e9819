"""A call that is kept, and the way to it: what `holding` knows of each, and what it needs of a platform. Plain data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from devserver.recorder.exchange import Source
from devserver.session.exchange import InHand, Result
from devserver.session.hold import Document, Next, Way


class Unreached(Exception):
    """A call could not be given its answer; the text says why.

    Attributes:
        status: of the platform's answer; None when there was none.
    """

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


class Reach(Protocol):
    """The way to calls that go on. `source` is where their callbacks come from."""

    def knows(self, source: Source, callid: str) -> bool:
        """Whether there is such a call, as far as that can be told from here."""
        ...

    def stop_clock(self, source: Source, callid: str) -> Callable[[], None]:
        """Let the time of a pretend call stand still, if nobody lives through it; gives what lets it go on."""
        ...

    async def patch(self, source: Source, callid: str, svaml: Document) -> None:
        """Give a call new markup.

        Raises:
            Unreached: it did not work.
        """
        ...


@dataclass(slots=True, eq=False)
class Held:
    """A callback whose code has not answered, and whose call is kept.

    Attributes:
        since: when it was answered in its place, on the clock of the loop.
        go_on: lets the clock of the call go on; None when it does.
        next: the true answer, waiting for the next round of the menu; with what came of the code.
        gone: the caller has hung up.
    """

    hand: InHand
    way: Way
    since: float
    go_on: Callable[[], None] | None
    next: tuple[Next, Result] | None = None
    gone: bool = False

    @property
    def key(self) -> tuple[str | None, str | None]:
        """One of a call and an event is held at a time."""
        return self.hand.callid, self.hand.event

    def is_meant(self, hand: InHand) -> bool:
        """Whether another callback of the same call and event is for the hold and not for the code."""
        # A call has many notifications; the same one again has the same bytes.
        return self.hand.event != "notify" or self.hand.request.body == hand.request.body

    def let_go_on(self) -> None:
        """Let the clock of the call go on, if that has not been done."""
        go_on, self.go_on = self.go_on, None
        if go_on is not None:
            go_on()
