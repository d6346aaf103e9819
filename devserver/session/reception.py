"""The way in: reads a request within its limits, names its event, and checks its signature.

What arrives becomes an `InHand`, with the bytes as they came. It must not know who answers, or how: a request that is
refused here has an answer of ours, every other one is for the function.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from devserver.clock import Clock
from devserver.recorder.exchange import Headers, Source, new_id
from devserver.recorder.exchange import Request as RecordedRequest
from devserver.runtime.replies import Reply, problem
from devserver.runtime.routing import voice_event
from devserver.session.bodies import BodyTooLarge, BodyTooSlow, read_body
from devserver.session.exchange import InHand, text_of
from devserver.session.terms import SOURCE_HEADER, TOKEN_HEADER
from devserver.signing import verify

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
        hold_margin: seconds before that at which a call that is to be held is answered for.
        hold_prompt: what a parked call hears.
        voice_app: application key, and `voice_secret` its secret; without both nothing can be verified.
        hosts: further names of this machine, and of sites whose pages may call the function.
    """

    root: Path
    token: str
    body_limit: int
    deadline: float
    callback_deadline: float
    hold_margin: float
    hold_prompt: str
    voice_app: str | None
    voice_secret: str | None
    hosts: Sequence[str] = ()


class Reception:
    """Takes requests in, and counts them.

    Args:
        clock: for the ids in the recordings, which sort by time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._numbers = 0
        self.last = 0.0
        """When a request came, on the clock of the loop."""

    def new_id(self) -> str:
        """An id in the recordings."""
        name: str = new_id(self._clock)
        return name

    async def arrive(
        self, request: web.BaseRequest, target: str, settings: GatewaySettings
    ) -> tuple[InHand, Reply | None]:
        """Read a request; what it is refused with, if its body is too large or too slow."""
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
        source = _source(request.headers, settings)
        headers = headers_of(request, ours=source == "local")
        recorded = RecordedRequest(request.method, target, headers, body, request.remote or "")
        return self.take_in(recorded, source, settings), refusal

    def take_in(self, request: RecordedRequest, source: Source, settings: GatewaySettings) -> InHand:
        """Name a request that has been read."""
        payload: dict[str, Any] = {}
        event = None
        if request.method == "POST":
            payload = {key.lower(): value for key, value in object_of(request.body).items()}
            event = voice_event("POST", request.path, lambda: payload)
        self._numbers += 1
        now = self.last = self._loop.time()
        deadline, callid = now + settings.deadline, text_of(payload, "callid")
        return InHand(self._numbers, self.new_id(), request, event, payload, source, now, deadline, callid)

    @staticmethod
    def check_signature(hand: InHand, settings: GatewaySettings) -> Reply | None:
        """What a callback on this machine is refused with, if its signature is wrong; it need not have one."""
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
        if verdict.ok or verdict.unsigned:
            return None
        return problem(401, verdict.reason, line=verdict.line)


def _source(headers: Mapping[str, str], settings: GatewaySettings) -> Source:
    claimed = _CLAIMS.get(headers.get(SOURCE_HEADER, ""))
    return claimed if claimed is not None and headers.get(TOKEN_HEADER) == settings.token else "local"


def target_of(request: web.BaseRequest) -> str:
    """Path and query of a request, as received.

    A client may name a whole address (`GET http://host/path`, as to a proxy) or an authority (`CONNECT host:80`). Of
    these the path counts, and nothing else: what is recorded is sent again one day, and must not lead elsewhere then.
    """
    raw = request.raw_path
    if raw.startswith("/"):
        return raw
    rest = raw.partition("://")[2] or raw
    return f"/{rest.partition('/')[2]}"


def headers_of(request: web.BaseRequest, *, ours: bool) -> Headers:
    """The headers of a request, in order and spelling of the wire; with or without those of our own commands."""
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers]
    return tuple(headers if ours else [pair for pair in headers if pair[0].lower() not in _OURS])


def object_of(body: bytes) -> dict[str, Any]:
    """A JSON object; empty when the body is none."""
    if not body or body.lstrip()[:1] != b"{":
        return {}
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
