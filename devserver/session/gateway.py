"""The function port: takes requests, records them, hands them to the host, records and sends the answer.

The life of a request: read (with limits) -> name it -> check its signature (`reception`) -> make it durable -> ask
the host of the newest generation (`asking`) -> answer -> after the answer is on its way: judge it, record it, show it.
It is served by aiohttp's low-level server: the user's routes are not ours to register, and a catch-all needs no router.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from devserver.clock import Clock
from devserver.names import Visitors
from devserver.recorder.exchange import Effect
from devserver.recorder.exchange import Request as RecordedRequest
from devserver.recorder.off import NoRecorder
from devserver.recorder.store import Recorder
from devserver.runtime.replies import Reply
from devserver.session.answering import Answering, to_response
from devserver.session.asking import Asking
from devserver.session.exchange import InHand, Result, failure
from devserver.session.exposure import Exposure, is_token
from devserver.session.frames import Replaying
from devserver.session.generations import Generations
from devserver.session.in_time import InTime
from devserver.session.outside import Outside
from devserver.session.reception import GatewaySettings, Reception, object_of, target_of
from devserver.session.report import Report
from devserver.session.statics import find_public
from devserver.session.terms import TOKEN_HEADER
from devserver.session.timed import TimedFunction

_IDLE = 0.5  # seconds without a request after which there is time for other things


class Gateway:
    """Handles every request to the function.

    Attributes:
        in_time: what is done about answers that take longer than the platform waits.
    """

    def __init__(
        self,
        *,
        settings: Callable[[], GatewaySettings],
        generations: Generations,
        recording: Recorder | NoRecorder,
        report: Report,
        clock: Clock,
        mark_state: Callable[[], None],
        open_socket: Callable[..., Any],
    ) -> None:
        self._settings = settings
        self._generations = generations
        self._open_socket = open_socket
        self._loop = asyncio.get_running_loop()
        self._exposure = Exposure()
        self._visitors = Visitors()
        self._reception = Reception(clock)
        self._answering = Answering(
            recording,
            report,
            clock,
            patience=lambda: settings().callback_deadline,
            way=lambda: self._exposure.way,
        )
        self._asking = Asking(
            generations,
            recording,
            clock,
            self._exposure,
            mark_state=mark_state,
            deadline=lambda: settings().deadline,
            given_up=self._answering.conclude,
        )
        self.in_time = InTime(TimedFunction(self._asking.ask, self._answering, settings, clock), report.tell)
        self._outside = Outside(
            self._exposure,
            settings,
            generations,
            self._reception,
            self._answering,
            answer=self.in_time.answer,
            open_socket=open_socket,
            say=lambda level, text: report.tell("log", level=level, text=text, ours=True),
        )

    @property
    def exposure(self) -> Exposure:
        """How far the session is open to the outside; whoever opens a tunnel says so here."""
        return self._exposure

    @exposure.setter
    def exposure(self, exposure: Exposure) -> None:
        self._exposure = self._asking.exposure = self._outside.exposure = exposure

    # --- requests ----------------------------------------------------------------------------------------------

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request of the function port; what it raises is aiohttp's business (a broken connection)."""
        settings = self._settings()
        if self._exposure.open:
            if self._exposure.is_from_outside(request.headers, settings.token, settings.hosts):
                return await self._outside.handle(request)
        elif why := self._refusal(request, settings):
            return await self._outside.turn_away(request, why)
        return await self._handle_ours(request, settings)

    def _refusal(self, request: web.BaseRequest, settings: GatewaySettings) -> str:
        """Why a page of another site may be behind a request. Not behind ours: what a replay sends has its old Host."""
        why = self._visitors.refusal(request.method, request.headers, settings.hosts)
        return "" if not why or is_token(request.headers.get(TOKEN_HEADER), settings.token) else why

    async def _handle_ours(self, request: web.BaseRequest, settings: GatewaySettings) -> web.StreamResponse:
        target = target_of(request)
        path = target.partition("?")[0]
        if path == "/health" and request.method in {"GET", "HEAD"}:
            return to_response(self._health(), name="fn")
        if request.headers.get("Upgrade", "").lower() == "websocket":
            response: web.StreamResponse | None = await self._open_socket(request, path, self._reception.new_id())
            if response is not None:
                return response
        hand, refusal = await self._reception.arrive(request, target, settings)
        if refusal is None and request.method in {"GET", "HEAD"}:
            public = find_public(settings.root, path, has_home=self._has_home())
            if public is not None:
                return await self._answering.send_file(hand, public)
        refusal = refusal or self._reception.check_signature(hand, settings)
        if refusal is not None:
            return await self._answering.refuse(hand, refusal, _error_text(refusal))
        return await self.in_time.answer(hand)

    async def handle_public(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request of the tunnel's own port: it comes from outside, whatever it says of itself."""
        return await self._outside.handle(request)

    def warn_of_open_routes(self) -> None:
        """Tell which routes anybody can reach through a tunnel; once, and again when they are others."""
        self._outside.warn_of_open_routes()

    async def replay(self, request: RecordedRequest, replaying: Replaying) -> tuple[InHand, Result]:
        """Answer a request that came from a recording and not over a wire; what is known of it comes with the result.

        Everything else is as for a live one: its signature is checked, and it is recorded.
        """
        settings = self._settings()
        hand = self._reception.take_in(request, "replay", settings)
        hand.replaying = replaying
        refusal = self._reception.check_signature(hand, settings)
        if refusal is not None:
            await self._answering.begin(hand)
            result = Result(refusal, failure("refused", _error_text(refusal)))
        else:
            result = await self._asking.ask(hand)
        hand.ms = (self._loop.time() - hand.started) * 1000
        self._answering.conclude(hand, result)
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

    async def close(self) -> None:
        """Give up what nobody waits for on a port: calls that are held, and answers that come too late."""
        await self.in_time.close()

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


def _error_text(reply: Reply) -> str:
    return str(object_of(reply.body).get("error", ""))
