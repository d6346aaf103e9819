"""Asking the function: a request that is durable goes to the host of the newest code, and its answer comes back.

It knows deadlines, hosts that die and hosts that are not there yet, and makes an answer of ours of each. It must not
know of HTTP: what it is given has been read and admitted, and what it gives back is sent by somebody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from devserver.clock import Clock
from devserver.recorder.exchange import Effect
from devserver.recorder.off import NoRecorder
from devserver.recorder.store import Recorder
from devserver.runtime.replies import Reply, problem
from devserver.session.exchange import InHand, Result, failure
from devserver.session.exposure import Exposure
from devserver.session.frames import Answer, Invoke
from devserver.session.generations import Generations, NoHost
from devserver.session.link import Died, HostLink

_SWEEP = 0.05  # seconds between looks for passed deadlines


class Asking:
    """The requests that the function has in hand.

    Args:
        generations: which host answers.
        recording: where a request is made durable.
        clock: when it was.
        exposure: how far the session is open.
        mark_state: notes where the project's state stands; called before each request.
        deadline: seconds that a handler may take.
        given_up: is told of a request whose asking was cancelled; there is nobody to answer any more.
    """

    def __init__(
        self,
        generations: Generations,
        recording: Recorder | NoRecorder,
        clock: Clock,
        exposure: Exposure,
        *,
        mark_state: Callable[[], None],
        deadline: Callable[[], float],
        given_up: Callable[[InHand, Result], None],
    ) -> None:
        self._generations = generations
        self._recording = recording
        self._clock = clock
        self.exposure = exposure
        self._mark_state = mark_state
        self._deadline = deadline
        self._given_up = given_up
        self._in_hand: dict[int, InHand] = {}
        self._by_id: dict[str, InHand] = {}
        self._waiting: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()

    def __len__(self) -> int:
        return len(self._in_hand)

    def line(self, request_id: str, line: dict[str, Any]) -> InHand | None:
        """A log line of the user's code; returns the request it belongs to, when that is still in hand."""
        hand = self._by_id.get(request_id)
        if hand is not None:
            hand.note(line)
        return hand

    def did(self, request_id: str, effect: Effect) -> None:
        """Something that the user's code did besides answering."""
        hand = self._by_id.get(request_id)
        if hand is not None:
            hand.did(effect)

    def running_on(self, host: object) -> list[str]:
        """Labels of the requests that a host has in hand."""
        return [hand.label for hand in self._in_hand.values() if hand.host is host]

    async def sweep(self) -> None:
        """Fail what has passed its deadline; runs for the life of the session.

        Time in which a debugger holds the code does not count.
        """
        while True:
            await asyncio.sleep(_SWEEP)
            now = self._loop.time()
            stands_still = self._generations.stands_still
            for hand in self._in_hand.values():
                if hand.host is None and stands_still:
                    hand.deadline += _SWEEP
                elif hand.deadline + _stood_still(hand) <= now:
                    self._time_out(hand)

    def _time_out(self, hand: InHand) -> None:
        if hand.host is not None:
            hand.timed_out = True
            hand.host.abandon(hand.number)
            hand.future.cancel()
        elif not hand.future.done():
            hand.future.set_exception(TimeoutError())

    async def ask(self, hand: InHand) -> Result:
        """The function's answer, or one of ours that says why there is none."""
        self._in_hand[hand.number] = hand
        self._by_id[hand.id] = hand
        hand.future = self._loop.create_future()
        self._mark_state()
        try:
            self._begin(hand)
            result = _result(await hand.future)
        except NoHost as none:
            result = _no_host(hand, none)
        except Died as died:
            text = f"The function's process ended while it ran {hand.label}: {died.why}."
            result = Result(_problem(hand, 502, text), failure("died", text))
        except TimeoutError:
            result = self._late(hand)
        except asyncio.CancelledError:
            if not hand.timed_out:
                if hand.host is not None:
                    hand.host.abandon(hand.number)
                self._given_up(hand, Result(None, failure("stopped", "fn stopped before there was an answer.")))
                raise
            result = self._late(hand)
        finally:
            del self._in_hand[hand.number], self._by_id[hand.id]
        return result

    def _begin(self, hand: InHand) -> None:
        """Make a request durable, if it is to be, and hand it over."""
        if not hand.recorded:
            self._hand_over(hand)
            return
        self._recording.begin_then(
            partial(self._hand_over, hand),
            hand.id,
            self._clock.wall(),
            hand.callid,
            hand.event,
            hand.source,
            hand.request,
            alone=len(self._in_hand) == 1,
        )

    def _hand_over(self, hand: InHand) -> None:
        """The request is durable: the host may have it, as soon as there is one that runs the newest code."""
        host = self._generations.at_hand()
        if host is not None:
            self._invoke(hand, host)
            return
        waiting = self._loop.create_task(self._wait_for_host(hand))
        self._waiting.add(waiting)
        waiting.add_done_callback(self._waiting.discard)

    async def _wait_for_host(self, hand: InHand) -> None:
        try:
            host = await self._generations.acquire()
        except NoHost as error:
            if not hand.future.done():
                hand.future.set_exception(error)
        else:
            self._invoke(hand, host)

    def _invoke(self, hand: InHand, host: HostLink) -> None:
        if hand.future.done():
            return  # the session ended meanwhile
        request = hand.request
        hand.host, hand.generation, hand.stood = host, host.generation, host.pause.seconds
        host.invoke(
            hand.future,
            Invoke(
                hand.number,
                request.method,
                request.path,
                request.headers,
                request.body,
                hand.id,
                request.remote,
                hand.source == "tunnel",
                hand.replaying,
                self.exposure.open,
            ),
        )

    def _late(self, hand: InHand) -> Result:
        text = f"`{hand.label}` took longer than {self._deadline():g} s, the deadline of a handler."
        return Result(_problem(hand, 504, text), failure("deadline", text), marks=("deadline",))


def _stood_still(hand: InHand) -> float:
    """Seconds in which the code of a request stood still in a debugger."""
    seconds: float = hand.host.pause.seconds - hand.stood if hand.host is not None else 0.0
    return seconds


def _result(answer: Answer) -> Result:
    reply = Reply(answer.status, tuple(answer.headers), answer.body)
    return Result(
        reply, failure(*answer.failure) if answer.failure else None, answer.hint, profiles=tuple(answer.profiles)
    )


def _no_host(hand: InHand, none: NoHost) -> Result:
    error = none.error
    more = {"traceback": error.traceback} if error.traceback else {}
    reply = _problem(hand, 502 if error.kind == "died" else 500, error.text, **more)
    return Result(reply, failure(error.kind, error.text, error.traceback))


def _problem(hand: InHand, status: int, text: str, **more: Any) -> Reply:
    """An answer of ours; who called from outside learns that it failed, and not how."""
    if hand.source == "tunnel":
        return problem(status, "The function took too long." if status == 504 else "The function failed.")
    return problem(status, text, **more)
