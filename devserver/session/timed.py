"""The function, asked against the clock: the question goes on as a task, whether or not somebody still waits for it.

It must not know what is done when the time is over: that is decided in `in_time` and `holding`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from devserver.clock import Clock
from devserver.session.answering import Answering
from devserver.session.exchange import InHand, Result
from devserver.session.reception import GatewaySettings


class TimedFunction:
    """The function of a session.

    Args:
        ask: asks it, and waits as long as it takes.
        answering: sends answers and writes down what came of requests.
        settings: how long the platform waits.
        clock: when something happened.

    Attributes:
        ask: as given.
        answering: as given.
        loop: on whose clock requests have begun.
    """

    def __init__(
        self,
        ask: Callable[[InHand], Awaitable[Result]],
        answering: Answering,
        settings: Callable[[], GatewaySettings],
        clock: Clock,
    ) -> None:
        self.ask = ask
        self.answering = answering
        self.loop = asyncio.get_running_loop()
        self._settings = settings
        self._clock = clock

    @property
    def settings(self) -> GatewaySettings:
        """What is set now."""
        return self._settings()

    async def ask_until(self, hand: InHand, end: float) -> asyncio.Task[Result]:
        """Ask, and wait until a time of the loop's clock; gives the question, which may have been answered."""
        asked = self.loop.create_task(self._asked(hand))
        await self.wait(asked, max(0.0, end - self.loop.time()))
        return asked

    async def wait(self, asked: asyncio.Task[Result], seconds: float | None = None) -> None:
        """Wait for an answer, some time or for ever; if nobody wants it any more meanwhile, the question ends."""
        try:
            await asyncio.wait({asked}, timeout=seconds)
        except asyncio.CancelledError:
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)
            raise

    def took(self, hand: InHand) -> float:
        """Milliseconds since a request has arrived."""
        return (self.loop.time() - hand.started) * 1000

    def note(self, hand: InHand, level: str, text: str, **fields: str) -> None:
        """Put a line of our own into the log of a request."""
        hand.note({"at": self._clock.wall(), "level": level, "text": text, "fields": fields})

    async def _asked(self, hand: InHand) -> Result:
        return await self.ask(hand)
