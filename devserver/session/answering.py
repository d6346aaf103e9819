"""The way out: an answer is sent, and once it is on its way it is judged, recorded and told.

It must not know where an answer comes from. What the developer should know and what the caller is sent are two things:
a caller from outside (`tunnel`) gets no header of ours and no name of ours.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import msgspec
from aiohttp import web
from multidict import CIMultiDict

from devserver.clock import Clock
from devserver.recorder.exchange import Answer as RecordedAnswer
from devserver.recorder.off import NoRecorder
from devserver.recorder.store import Recorder
from devserver.runtime.replies import Pairs, Reply, problem
from devserver.session.budget import MUCH, remark, used
from devserver.session.exchange import NO_VERDICT, Callers, InHand, Judge, Result, failure, telling
from devserver.session.report import Report

_HOP_BY_HOP = frozenset({"connection", "content-length", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"})
_NAME = "fn"
"""In the Server header, where aiohttp would name itself and its version; outside there is none (`listeners`)."""


class Answering:
    """Sends answers, and writes down what came of requests.

    Args:
        recording: where to.
        report: where people look.
        clock: when a request arrived.
        patience: seconds that the platform waits for the answer to a callback.
        way: seconds that the way here and back takes, for what comes from outside.
    """

    def __init__(
        self,
        recording: Recorder | NoRecorder,
        report: Report,
        clock: Clock,
        *,
        patience: Callable[[], float],
        way: Callable[[], float],
    ) -> None:
        self._recording = recording
        self._report = report
        self._clock = clock
        self._patience = patience
        self._way = way
        self._judge = Judge()
        self._callers = Callers()
        self._answered: deque[tuple[InHand, Result]] = deque()  # in this turn of the event loop
        self._loop = asyncio.get_running_loop()

    def finish(self, hand: InHand, result: Result) -> web.Response:
        """The answer to send for what came of a request."""
        hand.ms = (self._loop.time() - hand.started) * 1000
        hand.way = self.way(hand)
        if hand.event is not None:
            result = self._with_remark(hand, result)
        self._conclude_soon(hand, result)
        return self.respond(hand, result.reply or problem(500, "There is no answer."))

    def respond(self, hand: InHand, reply: Reply) -> web.Response:
        """A reply as it is sent to whoever sent this request."""
        if hand.source == "tunnel":
            return to_response(reply)
        return to_response(reply, _extra(hand), name=_NAME)

    def way(self, hand: InHand) -> float:
        """Seconds that the way to the sender of a request and back takes."""
        return self._way() if hand.source == "tunnel" else 0.0

    def caller_of(self, hand: InHand) -> str | None:
        """The number of who calls, as far as it is known."""
        return self._callers.of(hand)

    def _with_remark(self, hand: InHand, result: Result) -> Result:
        patience = self._patience()
        if used(hand.ms, hand.way) <= MUCH * patience * 1000:
            return result
        hint = remark(str(hand.event), hand.ms, hand.way, patience)
        if not hint:
            return result
        late = used(hand.ms, hand.way) > patience * 1000
        return msgspec.structs.replace(result, hint=hint, marks=(*result.marks, *(("late",) if late else ())))

    def _conclude_soon(self, hand: InHand, result: Result) -> None:
        """Runs after aiohttp has written the answer: what follows is for the developer and must not cost the caller."""
        if not self._answered:
            self._loop.call_soon(self._conclude_all)
        self._answered.append((hand, result))

    def _conclude_all(self) -> None:
        answered = self._answered
        try:
            while answered:
                self.conclude(*answered.popleft())
        finally:
            if answered:  # one that failed is told by the event loop, and takes no other with it
                self._loop.call_soon(self._conclude_all)

    async def refuse(self, hand: InHand, reply: Reply, why: str) -> web.Response:
        """The answer to a request that the function is not asked; it is recorded and told like others.

        Args:
            hand: the request.
            reply: what is sent.
            why: what the developer is told, which may be more.
        """
        await self.begin(hand)
        return self.finish(hand, Result(reply, failure("refused", why)))

    async def send_file(self, hand: InHand, file: Path) -> web.StreamResponse:
        """A file of `public/`."""
        await self.begin(hand)
        # The file's bytes are in the project; the recording says which file it was.
        reply = Reply(200, (("X-Fn-File", file.name),), b"")
        self._conclude_soon(hand, Result(reply, marks=("file",)))
        headers = CIMultiDict([("Cache-Control", "no-cache")])
        if hand.source != "tunnel":
            headers["Server"] = _NAME
        return web.FileResponse(file, headers=headers)

    async def begin(self, hand: InHand) -> None:
        """Make a request durable; what came of one that is not to be is not written down either."""
        if not hand.recorded:
            return
        await self._recording.begin(
            hand.id,
            at=self._clock.wall(),
            callid=hand.callid,
            event=hand.event,
            source=hand.source,
            request=hand.request,
        )

    def conclude(self, hand: InHand, result: Result) -> None:
        """Judge, record and tell what came of a request."""
        reply = result.reply
        verdict = NO_VERDICT
        if hand.event is not None and reply is not None and result.error is None:
            verdict = self._judge.judge(hand.event, hand.payload, reply.status, reply.body)
        self._recording.finish(
            hand.id,
            RecordedAnswer(reply.status, reply.headers, reply.body) if reply is not None else None,
            ms=hand.ms,
            generation=hand.generation,
            findings=list(verdict.findings),
            logs=hand.logs,
            error=result.error,
            marks=list(result.marks),
            effects=hand.effects,
        )
        number = self._callers.of(hand) if hand.event is not None else None
        remarkable = _is_trouble(hand, result) or verdict.findings or result.hint
        if remarkable or self._report.has_room():
            hand.patience = self._patience()
            kind, fields = telling(hand, result, verdict, number)
            self._report.tell(kind, **fields)


def to_response(reply: Reply, extra: list[tuple[str, str]] | None = None, *, name: str | None = None) -> web.Response:
    """A reply for aiohttp.

    Args:
        reply: what is sent.
        extra: headers of ours.
        name: of the server, unless the reply has one.
    """
    kept, is_named = _sendable(reply.headers)
    headers = CIMultiDict(kept)
    if extra:
        headers.extend(extra)
    if name and not is_named:
        headers.add("Server", name)
    return web.Response(status=reply.status, headers=headers, body=reply.body)


@lru_cache(maxsize=256)
def _sendable(headers: Pairs) -> tuple[Pairs, bool]:
    """What is sent of a reply's headers, and whether the server is named there; a function sends the same again."""
    kept = tuple(pair for pair in headers if pair[0].lower() not in _HOP_BY_HOP)
    return kept, any(name.lower() == "server" for name, _ in kept)


def _extra(hand: InHand) -> list[tuple[str, str]]:
    extra = [("X-Fn-Exchange", hand.id)]
    if hand.generation is not None:
        extra.append(("X-Fn-Generation", str(hand.generation)))
    return extra


def _is_trouble(hand: InHand, result: Result) -> bool:
    """Whether something went wrong here. Strangers are refused all day long: that is no news beyond the ordinary."""
    error = result.error
    return error is not None and not (hand.source == "tunnel" and error["kind"] == "refused")
