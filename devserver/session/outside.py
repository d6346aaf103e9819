"""Requests from outside of this machine: what passes, and what a stranger is told (anchors.md 4).

Anyone may find a public address. Only what the function declares passes, callbacks must be signed, and nothing of ours
goes out: no reasons, no tracebacks, no list of routes. The developer is told everything: what is refused is recorded
and shown with its whole reason, up to a ration. It must not know tunnels, nor decide where a request comes from.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from devserver.recorder.exchange import Request as RecordedRequest
from devserver.runtime.replies import Reply, problem
from devserver.runtime.routing import VOICE_EVENTS, Refused, route, voice_event
from devserver.session.answering import Answering, to_response
from devserver.session.bodies import BodyTooLarge, BodyTooSlow, NoRoom, read_body
from devserver.session.exchange import InHand
from devserver.session.exposure import Exposure, has_marks, unprotected, warning_of
from devserver.session.generations import Generations, NoHost
from devserver.session.limits import Limits, Say
from devserver.session.rationing import Share
from devserver.session.reception import GatewaySettings, Reception, headers_of, object_of, target_of
from devserver.session.statics import find_public
from devserver.signing import Verdict, verify

_CALLBACK_BODY = 1 << 20  # bytes; the largest published callback has a few thousand
_UNKNOWN_BODY = 16 << 10  # bytes of a request to a path that does not exist
_MESSAGE = 1 << 20  # bytes of a message of a WebSocket: the half that has arrived is in hand, of two hundred of them
_READING = frozenset({"GET", "HEAD"})

_NOT_FOUND = problem(404, "Not found.")
_UNAUTHORIZED = problem(401, "The signature is missing or wrong.")
_TOO_LARGE = problem(413, "The body is too large.")
_TOO_SLOW = problem(408, "The body did not arrive in time.")
_BUSY = problem(503, "Too many requests at once.")
_BUSY = Reply(503, (*_BUSY.headers, ("Retry-After", "1")), _BUSY.body)
_HEALTHY = Reply(200, (("Content-Type", "application/json"),), b'{"status":"ok"}')

_NO_KEY = (
    "This callback cannot be verified, because there is no Voice App to verify it with. Set VOICE_APPLICATION_KEY and "
    "VOICE_APPLICATION_SECRET, for instance in .env; --allow-unsigned lets callbacks in without."
)
_OWN_PROXY = (
    " With --public-url every request on the function port counts as one from outside that no command of fn sends: a "
    "proxy need not say that it is one. Use `fn call` or `fn trigger`, or start fn dev with --allow-unsigned."
)
_REAL_CALLS = (
    "A verified callback came in from outside: real calls reach this machine now, and run this code until fn dev stops."
)

OpenSocket = Callable[[web.BaseRequest, str, str, int], Awaitable[web.StreamResponse | None]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request from outside is not for the function.

    Attributes:
        reply: what its sender is told.
        why: what the developer is told.
    """

    reply: Reply
    why: str


class Outside:
    """Answers requests from outside.

    Args:
        exposure: of the session.
        settings: limits and secrets.
        generations: what the function declares.
        reception: names requests.
        answering: sends answers.
        answer: gives the function's answer.
        open_socket: serves a WebSocket.
        say: tells the developer a sentence: level and text.
    """

    def __init__(
        self,
        exposure: Exposure,
        settings: Callable[[], GatewaySettings],
        generations: Generations,
        reception: Reception,
        answering: Answering,
        *,
        answer: Callable[[InHand], Awaitable[web.Response]],
        open_socket: OpenSocket,
        say: Say,
    ) -> None:
        self.exposure = exposure
        self._settings = settings
        self._generations = generations
        self._reception = reception
        self._answering = answering
        self._answer_of_function = answer
        self._open_socket = open_socket
        self._say = say
        self._limits = Limits(say, asyncio.get_running_loop().time)
        self._warned_of: list[str] = []
        self._met_platform = False

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request from outside."""
        path = target_of(request).partition("?")[0]
        if request.method == "GET" and (proof := self.exposure.proof(path)) is not None:
            return web.Response(body=proof, content_type="text/plain")
        upgrade = request.headers.get("Upgrade", "").lower() == "websocket"
        with (self._limits.sockets if upgrade else self._limits.requests).entered() as has_room:
            if not has_room:
                return to_response(_BUSY)
            readings = self.exposure.readings(path)
            if request.method in _READING and "/health" in readings:
                return to_response(_HEALTHY)
            settings = self._settings()
            await self._catch_up(settings.deadline)
            if upgrade and (response := await self._socket(request, readings)) is not None:
                return response
            with self._limits.bodies.shared(self._limits.most_bodies(settings.body_limit)) as share:
                try:
                    return await self._answer(request, readings, settings, share)
                except NoRoom:
                    return to_response(_BUSY)

    async def turn_away(self, request: web.BaseRequest, why: str) -> web.StreamResponse:
        """Answer one that another site's page may have caused while no tunnel is wanted: nothing of it is read.

        Args:
            request: on the function port.
            why: what its sender is told, too, who may be the developer with a name that we do not know.
        """
        if request.method in _READING and target_of(request).partition("?")[0] == "/health":
            return to_response(_HEALTHY)
        recorded = RecordedRequest(
            request.method, target_of(request), headers_of(request, ours=False), b"", request.remote or ""
        )
        hand = self._reception.take_in(recorded, "local", self._settings())
        return await self._refuse(hand, Refusal(problem(403, why), why))

    def warn_of_open_routes(self) -> None:
        """Say which routes anybody can reach, when there are any that have not been named yet."""
        loaded = self._generations.loaded
        routes = unprotected(loaded.handlers, loaded.protected, loaded.sockets) if loaded else []
        if routes != self._warned_of:
            self._warned_of = routes
            if routes:
                self._say("warning", warning_of(routes))

    async def _catch_up(self, deadline: float) -> None:
        """What the function declares is what is on disk now, or what worked last."""
        if self._generations.at_hand() is None:
            with suppress(NoHost, TimeoutError):
                async with asyncio.timeout(deadline):
                    await self._generations.acquire()
        self.warn_of_open_routes()

    async def _socket(self, request: web.BaseRequest, readings: tuple[str, ...]) -> web.StreamResponse | None:
        loaded = self._generations.loaded
        for path in readings:
            if loaded is not None and path in loaded.sockets:
                return await self._open_socket(request, path, self._reception.new_id(), _MESSAGE)
        return None

    async def _answer(
        self, request: web.BaseRequest, readings: tuple[str, ...], settings: GatewaySettings, share: Share
    ) -> web.StreamResponse:
        names = self._names()
        body, unread = await self._read(request, self._body_limit(request.method, readings, names, settings), share)
        if unread is None and request.method in _READING:
            for path in readings:
                file = find_public(settings.root, path, has_home="home" in names or "default" in names)
                if file is not None:
                    hand = self._take_in(request, path, body, settings)
                    hand.recorded = self._limits.records(hand.request)
                    return await self._answering.send_file(hand, file)
        path, unknown = _routed(request.method, readings, names, body)
        hand = self._take_in(request, path, body, settings)
        # At the root the body names the callback: what could not be read is not unknown.
        refusal = (unread or unknown) if "/" in readings else (unknown or unread)
        refusal = refusal or self._check(hand, readings[0], settings)
        if refusal is not None:
            return await self._refuse(hand, refusal)
        return await self._answer_of_function(hand) if hand.verified else await self._answer_anybody(hand)

    async def _answer_anybody(self, hand: InHand) -> web.StreamResponse:
        """The function's answer to what nobody has signed: of that only so much is recorded (anchors.md 4, item 8)."""
        hand.recorded = self._limits.records(hand.request)
        response = await self._answer_of_function(hand)
        if hand.recorded:
            self._limits.recorded(hand, response.body)
        return response

    def _names(self) -> list[str]:
        # Before anything could be loaded a callback is not unknown: it cannot be answered, and the platform may know.
        loaded = self._generations.loaded
        return loaded.handlers if loaded is not None else list(VOICE_EVENTS)

    async def _read(self, request: web.BaseRequest, limit: int, share: Share) -> tuple[bytes, Refusal | None]:
        try:
            return await read_body(request, limit, share.take), None
        except BodyTooLarge:
            return b"", Refusal(_TOO_LARGE, f"The body is larger than {limit / 1024:g} KB, the limit for this request.")
        except BodyTooSlow as error:
            return b"", Refusal(_TOO_SLOW, str(error))

    def _body_limit(self, method: str, readings: tuple[str, ...], names: list[str], settings: GatewaySettings) -> int:
        path, unknown = _routed(method, readings, names, b"")
        if voice_event(method, path, lambda: None) or (unknown and method == "POST" and "/" in readings):
            return min(_CALLBACK_BODY, settings.body_limit)
        return min(_UNKNOWN_BODY, settings.body_limit) if unknown else settings.body_limit

    def _take_in(self, request: web.BaseRequest, path: str, body: bytes, settings: GatewaySettings) -> InHand:
        # A prefix that had to come off belongs to the public address and not to the function: what is recorded is the
        # function's path, so that it can be replayed.
        query = target_of(request).partition("?")[1:]
        recorded = RecordedRequest(
            request.method, path + "".join(query), headers_of(request, ours=False), body, request.remote or ""
        )
        return self._reception.take_in(recorded, "tunnel", settings)

    def _check(self, hand: InHand, received: str, settings: GatewaySettings) -> Refusal | None:
        """Why a callback is not to be believed; None: it is no callback, or signed as it must be."""
        if hand.event is None:
            return None
        if len(hand.request.body) > _CALLBACK_BODY:
            return Refusal(_TOO_LARGE, "The body of a callback from outside may have 1 MB.")
        application = _application(settings) or self.exposure.application
        if application is None:
            return None if self.exposure.allow_unsigned else Refusal(_UNAUTHORIZED, _NO_KEY)
        verdict = self._verdict(hand.request, received, application)
        if verdict.ok:
            hand.verified = True
            self._met()
            return None
        if verdict.unsigned and self.exposure.allow_unsigned:
            return None
        by_proxy = verdict.unsigned and self.exposure.own_proxy and not has_marks(dict(hand.request.headers))
        return Refusal(_UNAUTHORIZED, verdict.reason + (_OWN_PROXY if by_proxy else ""))

    def _verdict(self, request: RecordedRequest, received: str, application: tuple[str, str]) -> Verdict:
        key, secret = application
        verdicts: list[Verdict] = []
        for path in self.exposure.signed_paths(received):
            verdict = verify(
                key=key,
                secret=secret,
                method=request.method,
                path=path,
                body=request.body,
                headers=dict(request.headers),
            )
            if verdict.ok or verdict.unsigned:
                return verdict
            verdicts.append(verdict)
        # Where the received path has the prefix it is the public one, and its explanation is the better one.
        return verdicts[0] if self.exposure.below(received) else verdicts[-1]

    async def _refuse(self, hand: InHand, refusal: Refusal) -> web.StreamResponse:
        if not self._limits.records_refusal(hand.request):
            return to_response(refusal.reply)
        return await self._answering.refuse(hand, refusal.reply, refusal.why)

    def _met(self) -> None:
        if not self._met_platform:
            self._met_platform = True
            self._say("warning", _REAL_CALLS)


def _routed(method: str, readings: tuple[str, ...], names: list[str], body: bytes) -> tuple[str, Refusal | None]:
    """The reading of the path for which there is a route; the first, and why, when there is none."""
    why = ""
    for path in readings:
        found: Any = route(method, path, names, lambda: object_of(body))
        if not isinstance(found, Refused):
            return path, None
        why = why or found.reason
    return readings[0], Refusal(_NOT_FOUND, why)


def _application(settings: GatewaySettings) -> tuple[str, str] | None:
    key, secret = settings.voice_app, settings.voice_secret
    return (key, secret) if key and secret else None
