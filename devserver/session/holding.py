"""Keeps live calls while their handlers are looked at: answers for them in time, and delivers what they say later.

The platform has one answer, the code is asked once, and both are recorded: the exchange has the true answer and the
mark `hold`, a line of its log says what went out in its place. What the hold answers by itself (the rounds of a silent
menu, a callback that the platform sends again meanwhile) is recorded with the mark `holding` and never reaches the
code. What is decided is in `hold`; this is the driver, which knows time, tasks and who is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from aiohttp import web
from msgspec.structs import replace

from devserver.recorder.exchange import HOLDING, Source
from devserver.runtime.replies import Reply, problem
from devserver.session.exchange import InHand, Result
from devserver.session.held import Held, Reach, Unreached
from devserver.session.hold import (
    HANG_UP,
    ROUND,
    Next,
    Nothing,
    Patch,
    answer_of,
    delivery_of,
    keys_in,
    retry_after,
    way_of,
)
from devserver.session.timed import TimedFunction

_LEAST = 0.1  # of the deadline: so long code always has, however large the margin is
_SETTLED = 0.1  # seconds that the platform has for what it was answered before a PATCH comes
_NO_ROUND = 3 * ROUND + 5.0  # seconds after which no PIE comes any more
_REMEMBERED = 256  # calls that have ended
_LAST_WORDS = 2.0  # seconds for hanging up at the end of the session
_KEPT = {
    "park": "the call is parked and hears the hold prompt",
    "menu": "the caller waits in a silent menu",
    "continue": "the call goes on as if it had said `continue`",
    "empty": "the platform got an empty 200",
}


class Holding:
    """All calls that are kept.

    Args:
        function: is asked, and its settings say how long the platform waits, and with what the call is kept.
        tell: told events, as `Report.tell`.

    Attributes:
        reach: the way to the calls; None holds nothing.
        sources: whose callbacks are held.
        only_paused: code that is slow by itself is not held, only what stands still.
    """

    def __init__(self, function: TimedFunction, tell: Callable[..., None]) -> None:
        self.reach: Reach | None = None
        self.sources: frozenset[Source] = frozenset({"tunnel", "simulator"})
        self.only_paused = False
        self._function = function
        self._answering = function.answering
        self._tell = tell
        self._held: dict[tuple[str | None, str | None], Held] = {}
        self._over: dict[str | None, None] = {}  # calls that have ended lately
        self._tasks: set[asyncio.Task[Any]] = set()
        self._loop = function.loop

    def applies(self, hand: InHand) -> bool:
        """Whether a request is one that would be held."""
        reach = self.reach
        if reach is None or hand.source not in self.sources or way_of(hand.event, hand.payload) is None:
            return False
        return reach.knows(hand.source, hand.callid or "")

    async def answer(self, hand: InHand) -> web.Response:
        """The function's answer, or in time the one that keeps the call."""
        held = self._held.get((hand.callid, hand.event))
        if held is not None and held.is_meant(hand):
            return await self._answer_again(held, hand)
        if hand.event == "dice":
            self._hung_up(hand.callid)
        asked = await self._function.ask_until(hand, self._until(hand))
        if (hand.event != "dice" and hand.callid in self._over) or (self.only_paused and not _stands(hand)):
            await self._function.wait(asked)  # there is no call any more that could be kept, or nobody looks at it
        return self._answering.finish(hand, asked.result()) if asked.done() else self._hold(hand, asked)

    async def close(self) -> None:
        """The session ends: nobody will answer any more, so that calls of real people end, too."""
        left, self._held = list(self._held.values()), {}
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for held in left:
            if held.next is not None:
                self._conclude(held, held.next[1], "The session ended.", delivered=False)
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS):
                await asyncio.gather(*map(self._hang_up, left))

    def _until(self, hand: InHand) -> float:
        """When the call has to be kept, on the clock of the loop."""
        settings = self._function.settings
        most = settings.callback_deadline
        return hand.started + max(most - settings.hold_margin - self._answering.way(hand), most * _LEAST)

    # --- keeping a call ----------------------------------------------------------------------------------------

    def _hold(self, hand: InHand, asked: asyncio.Task[Result]) -> web.Response:
        way = way_of(hand.event, hand.payload) or "empty"
        now = self._loop.time()
        hand.held, hand.way = (now - hand.started) * 1000, self._answering.way(hand)
        held = Held(hand, way, now, self._reached.stop_clock(hand.source, hand.callid or ""))
        self._held[held.key] = held
        self._keep(asked)
        asked.add_done_callback(partial(self._went_on, held))
        reply = answer_of(way, self._function.settings.hold_prompt)
        why = "stands still in the debugger" if _stands(hand) else "takes long"
        text = f"{hand.event} {why}: after {hand.held / 1000:.1f} s {_KEPT[way]}."
        self._function.note(hand, "info", text, sent=reply.body.decode())
        self._say(held, "held", text)
        return self._answering.respond(hand, reply)

    async def _answer_again(self, held: Held, hand: InHand) -> web.Response:
        """The platform asks for what is held: a round of the silent menu is over, or it tries again."""
        await self._answering.begin(hand)
        reply = self._next_answer(held, hand)
        return self._answering.finish(hand, Result(reply, marks=(HOLDING,)))

    def _next_answer(self, held: Held, hand: InHand) -> Reply:
        way = way_of(hand.event, hand.payload) or held.way
        if keys := keys_in(hand.payload):
            self._say(held, "keys", f"The caller pressed {keys} meanwhile.")
        if way != held.way:  # a PIE that says that the caller hung up
            self._hung_up(hand.callid)
        elif held.next is not None:
            (answer, result), held.next = held.next, None
            self._delivered(held, result, answer.why)
            return answer.reply
        return answer_of(way, self._function.settings.hold_prompt)

    def _hung_up(self, callid: str | None) -> None:
        """The call is over; what the code says now is for the recording."""
        self._over[callid] = None
        if len(self._over) > _REMEMBERED:
            self._over.pop(next(iter(self._over)))
        for held in [held for held in self._held.values() if held.hand.callid == callid and not held.gone]:
            held.gone = True
            if held.next is not None:
                self._lost(held, held.next[1], "The caller hung up before the answer came.")
            else:
                text = f"The caller hung up while {held.hand.event} was held. The code goes on for itself."
                self._say(held, "gone", text)

    # --- the true answer ---------------------------------------------------------------------------------------

    def _went_on(self, held: Held, asked: asyncio.Task[Result]) -> None:
        if asked.cancelled():
            return  # the session ends, and that has been written down
        result, hand = asked.result(), held.hand
        hand.ms = self._function.took(hand)
        if held.gone:
            self._lost(held, result, "The caller had hung up.")
            return
        match delivery_of(held.way, hand.payload, result.reply or problem(500, "There is no answer.")):
            case Patch() as patch:
                self._keep(self._loop.create_task(self._patch(held, result, patch)))
            case Next() as answer:
                held.next = answer, result
                held.let_go_on()
                self._loop.call_later(_NO_ROUND, self._missed, held)
            case Nothing(lost=""):
                self._delivered(held, result, "")
            case Nothing(lost=lost):
                self._lost(held, result, lost)

    async def _patch(self, held: Held, result: Result, patch: Patch) -> None:
        hand = held.hand
        await asyncio.sleep(max(0.0, held.since + _SETTLED - self._loop.time()))
        tries = 0
        while not held.gone:
            tries += 1
            try:
                await self._reached.patch(hand.source, hand.callid or "", patch.document)
            except Unreached as error:
                pause = retry_after(error.status, tries)
                if pause is None:
                    self._lost(held, result, str(error))
                    return
                await asyncio.sleep(pause)
            else:
                self._delivered(held, result, patch.why)
                return
        self._lost(held, result, "The caller had hung up.")

    def _missed(self, held: Held) -> None:
        if held.next is not None and self._held.get(held.key) is held:
            self._lost(held, held.next[1], "The menu in which the caller waited did not come back.")

    def _delivered(self, held: Held, result: Result, why: str) -> None:
        self._conclude(held, result, why, delivered=True)

    def _lost(self, held: Held, result: Result, why: str) -> None:
        self._conclude(held, result, why, delivered=False)

    def _conclude(self, held: Held, result: Result, why: str, *, delivered: bool) -> None:
        hand = held.hand
        self._held.pop(held.key, None)
        held.let_go_on()
        went_on = f"{hand.event} went on after {hand.ms / 1000:.1f} s"
        text = f"{went_on}; its answer was {'delivered' if delivered else 'not delivered'}. {why}".strip()
        state = "delivered" if delivered else "undelivered"
        self._function.note(hand, "info" if delivered else "warning", text)
        self._say(held, state, text)
        marks = (*result.marks, "hold", *(() if delivered else (state,)))
        self._answering.conclude(hand, replace(result, marks=marks))

    @property
    def _reached(self) -> Reach:
        if self.reach is None:
            raise RuntimeError("nothing is held without a way to reach it")
        return self.reach

    async def _hang_up(self, held: Held) -> None:
        """At the end of the session a real call must not stay parked for ten minutes."""
        if held.way != "park" or held.hand.source != "tunnel" or held.gone:
            return
        try:
            await self._reached.patch(held.hand.source, held.hand.callid or "", HANG_UP)
        except Unreached as error:
            self._say(held, "undelivered", f"The parked call could not be ended, and stays so at most 10 min. {error}")
        else:
            self._say(held, "delivered", "The session ends, and so does the call that was parked.")

    # --- telling -----------------------------------------------------------------------------------------------

    def _say(self, held: Held, state: str, text: str) -> None:
        hand = held.hand
        ms = round(self._function.took(hand), 2)
        number = self._answering.caller_of(hand)
        self._tell(
            "hold", state=state, id=hand.id, callid=hand.callid, name=hand.event, ms=ms, text=text, caller=number
        )

    def _keep(self, task: asyncio.Task[Any]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _stands(hand: InHand) -> bool:
    """Whether somebody looks at the code of a request, in a debugger."""
    return hand.host is not None and hand.host.paused
