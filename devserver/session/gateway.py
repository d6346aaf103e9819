"""The function port: takes requests, records them, hands them to the host, records and sends the answer.

The life of a request: read (with limits) -> name it -> check its signature -> make it durable -> ask the host of the
newest generation -> answer -> after the answer is on its way: judge it, record it, show it. It is served by aiohttp's
low-level server: the user's routes are not ours to register, and a catch-all needs no router.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from multidict import CIMultiDict

from devserver.clock import Clock
from devserver.recorder.exchange import Answer as RecordedAnswer
from devserver.recorder.exchange import Effect, Source, new_id
from devserver.recorder.exchange import Request as RecordedRequest
from devserver.recorder.off import NoRecorder
from devserver.recorder.store import Recorder
from devserver.runtime.replies import Reply, problem
from devserver.runtime.routing import voice_event
from devserver.session.bodies import BodyTooLarge, BodyTooSlow, read_body
from devserver.session.exchange import NO_VERDICT, Callers, InHand, Judge, Result, telling
from devserver.session.frames import Answer, Invoke, Replaying
from devserver.session.generations import Generations, NoHost
from devserver.session.link import Died, HostLink
from devserver.session.report import Report
from devserver.session.statics import find_public
from devserver.session.terms import SOURCE_HEADER, TOKEN_HEADER
from devserver.signing import verify

_IDLE = 0.5  # seconds without a request after which there is time for other things
_SWEEP = 0.05  # seconds between looks for passed deadlines
_HOP_BY_HOP = frozenset({"connection", "content-length", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"})
_CLAIMS: dict[str, Source] = {"replay": "replay", "simulator": "simulator"}
_OURS = frozenset({SOURCE_HEADER.lower(), TOKEN_HEADER.lower()})


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Limits and secrets of the function port.

    Attributes:
        root: folder of the project.
        token: proves that a request comes from one of our own commands.
        body_limit: bytes.
        deadline: seconds that a handler may take.
        callback_deadline: seconds that the platform waits for the answer to a callback.
        voice_app: application key, and `voice_secret` its secret; without both nothing can be verified.
    """

    root: Path
    token: str
    body_limit: int
    deadline: float
    callback_deadline: float
    voice_app: str | None
    voice_secret: str | None


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
        self._mark_state = mark_state
        self._open_socket = open_socket
        self._judge = Judge()
        self._callers = Callers()
        self._in_hand: dict[int, InHand] = {}
        self._by_id: dict[str, InHand] = {}
        self._waiting: set[asyncio.Task[None]] = set()
        self._numbers = 0
        self._loop = asyncio.get_running_loop()
        self._last = 0.0  # when a request came, on the clock of the loop
        self.exposed = False

    # --- requests ----------------------------------------------------------------------------------------------

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; what it raises is aiohttp's business (a broken connection)."""
        target = request.raw_path
        path = target.partition("?")[0]
        if path == "/health" and request.method in {"GET", "HEAD"}:
            return _to_response(self._health(), [])
        if request.headers.get("Upgrade", "").lower() == "websocket":
            response: web.StreamResponse | None = await self._open_socket(request, path, self._new_id())
            if response is not None:
                return response
        settings = self._settings()
        hand, refusal = await self._arrive(request, target, settings)
        if refusal is None and request.method in {"GET", "HEAD"}:
            public = find_public(settings.root, path, has_home=self._has_home())
            if public is not None:
                return await self._send_file(hand, public)
        refusal = refusal or self._check_signature(hand, settings)
        if refusal is not None:
            await self._begin(hand)
            return self._finish(hand, Result(refusal, _failure("refused", _error_text(refusal))))
        return self._finish(hand, await self._ask(hand))

    async def replay(self, request: RecordedRequest, replaying: Replaying) -> tuple[InHand, Result]:
        """Answer a request that came from a recording and not over a wire; what is known of it comes with the result.

        Everything else is as for a live one: its signature is checked, and it is recorded.
        """
        settings = self._settings()
        hand = self._take_in(request, "replay", settings)
        hand.replaying = replaying
        refusal = self._check_signature(hand, settings)
        if refusal is not None:
            await self._begin(hand)
            result = Result(refusal, _failure("refused", _error_text(refusal)))
        else:
            result = await self._ask(hand)
        hand.ms = (self._loop.time() - hand.started) * 1000
        self._conclude(hand, result)
        return hand, result

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

    def is_idle(self) -> bool:
        """Whether nobody calls: no request is in hand, and none came for a moment. May be asked from any thread."""
        return not self._in_hand and self._loop.time() - self._last > _IDLE

    def running_on(self, host: object) -> list[str]:
        """Labels of the requests that a host has in hand."""
        return [hand.label for hand in self._in_hand.values() if hand.host is host]

    async def sweep(self) -> None:
        """Fail what has passed its deadline; runs for the life of the session."""
        while True:
            await asyncio.sleep(_SWEEP)
            now = self._loop.time()
            for hand in self._in_hand.values():
                if hand.deadline <= now and hand.host is not None:
                    hand.timed_out = True
                    hand.host.abandon(hand.number)
                    hand.future.cancel()

    # --- arrival -----------------------------------------------------------------------------------------------

    def _new_id(self) -> str:
        name: str = new_id(self._clock)
        return name

    async def _arrive(
        self, request: web.BaseRequest, target: str, settings: GatewaySettings
    ) -> tuple[InHand, Reply | None]:
        refusal: Reply | None = None
        try:
            body = await read_body(request, settings.body_limit)
        except BodyTooLarge:
            limit = settings.body_limit / (1 << 20)
            body, refusal = (
                b"",
                problem(413, f"The body is larger than {limit:g} MB, the limit (`dev.bodyLimit` of sinch.json)."),
            )
        except BodyTooSlow as error:
            body, refusal = b"", problem(408, str(error))
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers]
        source = self._source(request.headers, settings)
        if source != "local":
            headers = [(name, value) for name, value in headers if name.lower() not in _OURS]
        recorded = RecordedRequest(request.method, target, tuple(headers), body, request.remote or "")
        return self._take_in(recorded, source, settings), refusal

    def _take_in(self, request: RecordedRequest, source: Source, settings: GatewaySettings) -> InHand:
        payload: dict[str, Any] = {}
        event = None
        if request.method == "POST":
            payload = {key.lower(): value for key, value in _object(request.body).items()}
            event = voice_event("POST", request.path, lambda: payload)
        self._numbers += 1
        now = self._last = self._loop.time()
        return InHand(self._numbers, self._new_id(), request, event, payload, source, now, now + settings.deadline)

    def _source(self, headers: Mapping[str, str], settings: GatewaySettings) -> Source:
        claimed = _CLAIMS.get(headers.get(SOURCE_HEADER, ""))
        if claimed is not None and headers.get(TOKEN_HEADER) == settings.token:
            return claimed
        return "tunnel" if self.exposed and "Cf-Connecting-Ip" in headers else "local"

    def _check_signature(self, hand: InHand, settings: GatewaySettings) -> Reply | None:
        if hand.event is None or not settings.voice_app or not settings.voice_secret:
            return None
        verdict = verify(
            key=settings.voice_app,
            secret=settings.voice_secret,
            method=hand.request.method,
            path=hand.request.path,
            body=hand.request.body,
            headers=dict(hand.request.headers),
        )
        if verdict.ok or (verdict.unsigned and not self.exposed):
            return None
        return problem(401, verdict.reason, line=verdict.line)

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

    # --- asking the host ---------------------------------------------------------------------------------------

    async def _ask(self, hand: InHand) -> Result:
        self._in_hand[hand.number] = hand
        self._by_id[hand.id] = hand
        hand.future = self._loop.create_future()
        self._mark_state()
        try:
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
            result = _result(await hand.future)
        except NoHost as none:
            result = self._no_host(none)
        except Died as died:
            text = f"The function's process ended while it ran {hand.label}: {died.why}."
            result = Result(problem(502, text), _failure("died", text))
        except TimeoutError:
            result = self._late(hand)
        except asyncio.CancelledError:
            if not hand.timed_out:
                if hand.host is not None:
                    hand.host.abandon(hand.number)
                self._conclude(hand, Result(None, _failure("stopped", "fn stopped before there was an answer.")))
                raise
            result = self._late(hand)
        finally:
            del self._in_hand[hand.number], self._by_id[hand.id]
        return result

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
            async with asyncio.timeout_at(hand.deadline):
                host = await self._generations.acquire()
        except (NoHost, TimeoutError) as error:
            if not hand.future.done():
                hand.future.set_exception(error)
        else:
            self._invoke(hand, host)

    def _invoke(self, hand: InHand, host: HostLink) -> None:
        if hand.future.done():
            return  # the session ended meanwhile
        request = hand.request
        hand.host, hand.generation = host, host.generation
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
                self.exposed,
                hand.replaying,
            ),
        )

    def _no_host(self, none: NoHost) -> Result:
        error = none.error
        more = {"traceback": error.traceback} if error.traceback and not self.exposed else {}
        reply = problem(502 if error.kind == "died" else 500, error.text, **more)
        return Result(reply, _failure(error.kind, error.text, error.traceback))

    def _late(self, hand: InHand) -> Result:
        seconds = self._settings().deadline
        text = f"`{hand.label}` took longer than {seconds:g} s, the deadline of a handler."
        return Result(problem(504, text), _failure("deadline", text), marks=("deadline",))

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


def _result(answer: Answer) -> Result:
    reply = Reply(answer.status, tuple(answer.headers), answer.body)
    return Result(reply, _failure(*answer.failure) if answer.failure else None, answer.hint)


def _failure(kind: str, text: str, traceback: str = "") -> dict[str, Any]:
    return {"kind": kind, "text": text, "traceback": traceback}


def _too_late(hand: InHand, patience: float) -> str:
    return f"{hand.event} took {hand.ms / 1000:.1f} s; the platform waits {patience:g} s and then goes on without it."


def _object(body: bytes) -> dict[str, Any]:
    if not body or body.lstrip()[:1] != b"{":
        return {}
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _error_text(reply: Reply) -> str:
    return str(_object(reply.body).get("error", ""))


def _to_response(reply: Reply, extra: list[tuple[str, str]]) -> web.Response:
    headers = CIMultiDict([pair for pair in reply.headers if pair[0].lower() not in _HOP_BY_HOP])
    headers.extend(extra)
    # Without this aiohttp names itself and its version.
    headers.setdefault("Server", "fn")
    return web.Response(status=reply.status, headers=headers, body=reply.body)
