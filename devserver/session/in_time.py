"""What is done about the time that the platform gives a callback: nothing, a hold, or its own hard end.

By default an answer that comes too late is sent and marked. With a hold the call is kept meanwhile (`holding`), and
with `--deadline` an answer that comes too late is none, as on the platform. It must not know how the function is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from aiohttp import web
from msgspec.structs import replace

from devserver.runtime.replies import problem
from devserver.session.exchange import InHand, Result
from devserver.session.holding import Holding
from devserver.session.timed import TimedFunction


class InTime:
    """The function's answers, in time.

    Args:
        function: is asked.
        tell: told events, as `Report.tell`.

    Attributes:
        holding: keeps calls; it does nothing before it knows the way to them.
        strict: what comes too late is not sent.
    """

    def __init__(self, function: TimedFunction, tell: Callable[..., None]) -> None:
        self.holding = Holding(function, tell)
        self.strict = False
        self._function = function
        self._answering = function.answering
        self._late: set[asyncio.Task[Result]] = set()

    async def answer(self, hand: InHand) -> web.Response:
        """The answer to send to a request that is for the function."""
        if hand.event is not None:
            if self.holding.applies(hand):
                return await self.holding.answer(hand)
            if self.strict:
                return await self._strictly(hand)
        return self._answering.finish(hand, await self._function.ask(hand))

    async def close(self) -> None:
        """Give up what nobody waits for."""
        for task in self._late:
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)
        await self.holding.close()

    async def _strictly(self, hand: InHand) -> web.Response:
        function = self._function
        seconds = function.settings.callback_deadline
        asked = await function.ask_until(hand, hand.started + seconds - self._answering.way(hand))
        if asked.done():
            return self._answering.finish(hand, asked.result())
        self._late.add(asked)
        asked.add_done_callback(partial(self._came_late, hand))
        function.note(hand, "warning", f"{hand.event} has not answered within {seconds:g} s. The platform got a 504.")
        return self._answering.respond(hand, problem(504, "The function took too long."))

    def _came_late(self, hand: InHand, asked: asyncio.Task[Result]) -> None:
        self._late.discard(asked)
        if asked.cancelled():
            return  # the session ends, and that has been written down
        hand.ms = self._function.took(hand)
        hand.way = self._answering.way(hand)
        hint = f"{hand.event} took {hand.ms / 1000:.1f} s: its answer came too late, and was not sent (--deadline)."
        result = asked.result()
        self._answering.conclude(hand, replace(result, hint=hint, marks=(*result.marks, "late")))
