"""The function port: takes requests, records them, hands them to the host, records and sends the answer.

The life of a request: read (with limits) -> name it -> check its signature (`reception`) -> make it durable -> ask
the host of the newest generation (`asking`) -> answer -> after the answer is on its way: judge it, record it, show it.
It is served by aiohttp's low-level server: the user's routes are not ours to register, and a catch-all needs no router.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from multidict import CIMultiDict

from devserver.clock import Clock
from devserver.recorder.exchange import Answer as RecordedAnswer
from devserver.recorder.exchange import Effect
from devserver.recorder.exchange import Request as RecordedRequest
from devserver.recorder.off import NoRecorder
from devserver.recorder.store import Recorder
from devserver.runtime.replies import Reply, problem
from devserver.session.asking import Asking
from devserver.session.exchange import NO_VERDICT, Callers, InHand, Judge, Result, failure, telling
from devserver.session.frames import Replaying
from devserver.session.generations import Generations
from devserver.session.reception import GatewaySettings, Reception, object_of
from devserver.session.report import Report
from devserver.session.statics import find_public

_IDLE = 0.5  # seconds without a request after which there is time for other things
_HOP_BY_HOP = frozenset({"connection", "content-length", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"})


class Gateway:
    """Handles every request of the function port."""

    def __init__(
        self,
        *,
        settings: Callable[[], GatewaySettings],
        generations: Generations,
        recording: Recorder | NoRecorder,
        report: Report,
        clock: Clock,
        mark_state: Callable[[], None],
        open_socket: Callable[[web.BaseRequest, str, str], Any],
    ) -> None:
        self._settings = settings
        self._generations = generations
        self._recording = recording
        self._report = report
        self._clock = clock
        self._open_socket = open_socket
        self._judge = Judge()
        self._callers = Callers()
        self._loop = asyncio.get_running_loop()
        self._reception = Reception(clock)
        self._asking = Asking(
            generations,
            recording,
            clock,
            mark_state=mark_state,
            deadline=lambda: settings().deadline,
            given_up=self._conclude,
        )

    @property
    def exposed(self) -> bool:
        """Whether a tunnel is up."""
        return self._asking.exposed

    @exposed.setter
    def exposed(self, value: bool) -> None:
        self._asking.exposed = self._reception.exposed = value

    # --- requests ----------------------------------------------------------------------------------------------

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; what it raises is aiohttp's business (a broken connection)."""
        target = request.raw_path
        path = target.partition("?")[0]
        if path == "/health" and request.method in {"GET", "HEAD"}:
            return _to_response(self._health(), [])
        if request.headers.get("Upgrade", "").lower() == "websocket":
            response: web.StreamResponse | None = await self._open_socket(request, path, self._reception.new_id())
            if response is not None:
                return response
        settings = self._settings()
        hand, refusal = await self._reception.arrive(request, target, settings)
        if refusal is None and request.method in {"GET", "HEAD"}:
            public = find_public(settings.root, path, has_home=self._has_home())
            if public is not None:
                return await self._send_file(hand, public)
        refusal = refusal or self._reception.check_signature(hand, settings)
        if refusal is not None:
            await self._begin(hand)
            return self._finish(hand, Result(refusal, failure("refused", _error_text(refusal))))
        return self._finish(hand, await self._asking.ask(hand))

    async def replay(self, request: RecordedRequest, replaying: Replaying) -> tuple[InHand, Result]:
        """Answer a request that came from a recording and not over a wire; what is known of it comes with the result.

        Everything else is as for a live one: its signature is checked, and it is recorded.
        """
        settings = self._settings()
        hand = self._reception.take_in(request, "replay", settings)
        hand.replaying = replaying
        refusal = self._reception.check_signature(hand, settings)
        if refusal is not None:
            await self._begin(hand)
            result = Result(refusal, failure("refused", _error_text(refusal)))
        else:
            result = await self._asking.ask(hand)
        hand.ms = (self._loop.time() - hand.started) * 1000
        self._conclude(hand, result)
        return hand, result

    def line(self, request_id: str, line: dict[str, Any]) -> InHand | None:
        """A log line of the user's code; returns the request it belongs to, when that is still in hand."""
        return self._asking.line(request_id, line)

    def did(self, request_id: str, effect: Effect) -> None:
        """Something that the user's code did besides answering."""
        self._asking.did(request_id, effect)

    def is_idle(self) -> bool:
        """Whether nobody calls: no request is in hand, and none came for a moment. May be asked from any thread."""
        return not self._asking and self._loop.time() - self._reception.last > _IDLE

    def running_on(self, host: object) -> list[str]:
        """Labels of the requests that a host has in hand."""
        return self._asking.running_on(host)

    async def sweep(self) -> None:
        """Fail what has passed its deadline; runs for the life of the session."""
        await self._asking.sweep()

    def _health(self) -> Reply:
        loaded = self._generations.loaded
        error = self._generations.error
        return Reply(
            200,
            (("Content-Type", "application/json"),),
            msgspec.json.encode(
                {
                    "status": "ok",
                    "generation": loaded.generation if loaded else None,
                    "error": error.text if error else None,
                }
            ),
        )

    def _has_home(self) -> bool:
        loaded = self._generations.loaded
        return loaded is not None and "/" in loaded.routes

    # --- answering ---------------------------------------------------------------------------------------------

    def _finish(self, hand: InHand, result: Result) -> web.Response:
        hand.ms = (self._loop.time() - hand.started) * 1000
        patience = self._settings().callback_deadline
        if hand.event is not None and hand.ms > patience * 1000:
            result = msgspec.structs.replace(result, hint=_too_late(hand, patience), marks=(*result.marks, "late"))
        # Runs after aiohttp has written the answer: what follows is for the developer and must not cost the caller.
        self._loop.call_soon(self._conclude, hand, result)
        reply = result.reply or problem(500, "There is no answer.")
        return _to_response(reply, self._extra(hand))

    def _extra(self, hand: InHand) -> list[tuple[str, str]]:
        if self.exposed:
            return []
        extra = [("X-Fn-Exchange", hand.id)]
        if hand.generation is not None:
            extra.append(("X-Fn-Generation", str(hand.generation)))
        return extra

    async def _send_file(self, hand: InHand, file: Path) -> web.StreamResponse:
        await self._begin(hand)
        # The file's bytes are in the project; the recording says which file it was.
        reply = Reply(200, (("X-Fn-File", file.name),), b"")
        self._loop.call_soon(self._conclude, hand, Result(reply, marks=("file",)))
        return web.FileResponse(file, headers={"Server": "fn", "Cache-Control": "no-cache"})

    async def _begin(self, hand: InHand) -> None:
        await self._recording.begin(
            hand.id,
            at=self._clock.wall(),
            callid=hand.callid,
            event=hand.event,
            source=hand.source,
            request=hand.request,
        )

    def _conclude(self, hand: InHand, result: Result) -> None:
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
        remarkable = result.error is not None or verdict.findings or result.hint
        if remarkable or self._report.has_room():
            kind, fields = telling(hand, result, verdict, number)
            self._report.tell(kind, **fields)


def _too_late(hand: InHand, patience: float) -> str:
    return f"{hand.event} took {hand.ms / 1000:.1f} s; the platform waits {patience:g} s and then goes on without it."


def _error_text(reply: Reply) -> str:
    return str(object_of(reply.body).get("error", ""))


def _to_response(reply: Reply, extra: list[tuple[str, str]]) -> web.Response:
    headers = CIMultiDict([pair for pair in reply.headers if pair[0].lower() not in _HOP_BY_HOP])
    headers.extend(extra)
    # Without this aiohttp names itself and its version.
    headers.setdefault("Server", "fn")
    return web.Response(status=reply.status, headers=headers, body=reply.body)
