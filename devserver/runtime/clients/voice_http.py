"""Sends a request to the Voice API: which host, signed how, through the wire, and what came back.

It must not know which operations there are. A session of aiohttp is opened for each request: a function may call from
any event loop, a generation has no moment at which it could close one, and calls are too rare for it to matter.
"""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import msgspec

from devserver.runtime.clients.unlocking import MissingVariables, missing
from devserver.runtime.clients.voice_hosts import calling_origin, configuration_origin
from devserver.runtime.clients.voice_results import VoiceError, VoiceUnreachable, refusal, unanswered
from devserver.runtime.clients.wire import Headers, OutboundAnswer, OutboundCall, OutboundFailed, Wire
from devserver.signing import sign

TIMEOUT = 10.0
"""Seconds for a request. The platform itself waits 5 s for the answer to a callback."""

NOWHERE = ""
"""The origin that is none: there is no local Sinch here, and the real one is not meant."""

_CONTENT_TYPE = "application/json"
_ELSEWHERE = frozenset({301, 302, 307, 308})
_HOPS = 3


@dataclass(frozen=True)
class VoiceHttp:
    """The way to the Voice API.

    Attributes:
        variables: of the function: key, secret and region.
        origin: of a platform that has everything at one address; None is Sinch, `NOWHERE` is nobody.
        wire: sees every request before it leaves.
        basic: authorize by key and secret instead of by a signature (voice-v1.md 4.1).
        timeout: seconds for a request.
    """

    variables: Mapping[str, str] = field(repr=False)
    origin: str | None = None
    wire: Wire | None = field(default=None, repr=False)
    basic: bool = False
    timeout: float = TIMEOUT

    @property
    def is_unlocked(self) -> bool:
        """Whether key and secret are set."""
        return not missing("voice", self.variables)

    @property
    def key(self) -> str:
        """The application key."""
        return self.variables.get("VOICE_APPLICATION_KEY", "").strip()

    async def send(
        self,
        method: str,
        path: str,
        document: Any = None,
        *,
        configuration: bool = False,
        headers: Headers = (),
    ) -> OutboundAnswer:
        """Send a request, and once more where the platform says it is to go: a call lives in one region.

        Args:
            method: upper case.
            path: percent-encoded; it is signed and sent as it is.
            document: the body, JSON; None for none.
            configuration: whether this is about numbers and callbacks, which have a host of their own.
            headers: more of them.

        Returns:
            An answer with a 2xx status.

        Raises:
            MissingVariables: key or secret are not set.
            VoiceError: the platform refused it, or did not answer.
            OutboundRefused: the wire refuses it.
            ConfigError: `FN_CALLING_ORIGIN` or `FN_CONFIGURATION_ORIGIN` is no address.
            ValueError: the secret is not base64, or there is no such region.
        """
        if names := missing("voice", self.variables):
            raise MissingVariables("voice", names)
        body = b"" if document is None else msgspec.json.encode(document)
        url = self._base(configuration=configuration) + path
        request = f"{method} {path}"
        for _ in range(_HOPS):
            answer = await self._exchange(method, url, body, headers, request)
            if 200 <= answer.status < 300:
                return answer
            if answer.status not in _ELSEWHERE:
                raise refusal(answer, request)
            url = _elsewhere(url, answer, request)
        raise VoiceError(None, None, f"it was sent on {_HOPS} times, at last to {url}.", None, request)

    def _base(self, *, configuration: bool) -> str:
        if self.origin is not None:
            return self.origin.rstrip("/")
        if configuration:
            return configuration_origin(os.environ)
        return calling_origin(os.environ, self.variables.get("VOICE_REGION", ""))

    async def _exchange(self, method: str, url: str, body: bytes, headers: Headers, request: str) -> OutboundAnswer:
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        shown = (("Content-Type", _CONTENT_TYPE), *headers)
        if not self.basic:
            shown = (*shown, ("x-timestamp", now))
        call = OutboundCall(method, url, shown, body)
        started = time.perf_counter()
        try:
            answer = self.wire.before(call) if self.wire is not None else None
        except OutboundFailed as failed:
            self._after(call, None, f"{failed.kind}: {failed.text}", started)
            raise unanswered(failed.kind, failed.text, request) from failed
        if answer is None:
            return await self._leave(call, self._authorization(call, now), started, request)
        self._after(call, answer, None, started)
        return answer

    async def _leave(self, call: OutboundCall, authorization: str, started: float, request: str) -> OutboundAnswer:
        try:
            answer = await _fetch(call, authorization, self.timeout, request)
        except VoiceUnreachable as error:
            self._after(call, None, f"{type(error).__name__}: {error.message}", started)
            raise
        except BaseException as error:
            self._after(call, None, f"{type(error).__name__}: {error}", started)
            raise
        self._after(call, answer, None, started)
        return answer

    def _after(self, call: OutboundCall, answer: OutboundAnswer | None, error: str | None, started: float) -> None:
        if self.wire is not None:
            self.wire.after(call, answer, error, time.perf_counter() - started)

    def _authorization(self, call: OutboundCall, now: str) -> str:
        secret = self.variables["VOICE_APPLICATION_SECRET"].strip()
        if self.basic:
            return "Basic " + base64.b64encode(f"{self.key}:{secret}".encode()).decode()
        return sign(
            key=self.key,
            secret=secret,
            method=call.method,
            path=urlsplit(call.url).path,
            body=call.body,
            content_type=_CONTENT_TYPE,
            timestamp=now,
        )

    def with_basic_auth(self) -> VoiceHttp:
        """The same way, authorized by key and secret."""
        return replace(self, basic=True)


async def _fetch(call: OutboundCall, authorization: str, timeout: float, request: str) -> OutboundAnswer:  # noqa: ASYNC109 it is aiohttp that keeps it
    if "://" not in call.url:
        text = "there is no local Sinch here: it is a part of a running `fn dev`."
        raise VoiceUnreachable(None, None, text, None, request)
    import aiohttp
    from yarl import URL

    is_tls = call.url.startswith("https:")
    try:
        # A company's proxy is for the real hosts; this machine is reached without.
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=timeout), trust_env=is_tls) as session,
            session.request(
                call.method,
                URL(call.url, encoded=True),
                data=call.body or None,
                headers=[*call.headers, ("Authorization", authorization)],
                allow_redirects=False,  # aiohttp would leave the authorization behind
            ) as response,
        ):
            body = await response.read()
            return OutboundAnswer(response.status, tuple(response.headers.items()), body)
    except TimeoutError as error:
        raise unanswered("VoiceTimeout", f"no answer within {timeout:g} s.", request) from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        host = urlsplit(call.url).netloc.rpartition("@")[2]
        raise unanswered("VoiceUnreachable", f"{host} cannot be reached: {error}", request) from error


def _elsewhere(url: str, answer: OutboundAnswer, request: str) -> str:
    """Where an answer says that the same request is to go. Credentials follow only within Sinch, or stay at home."""
    location = next((value for name, value in answer.headers if name.lower() == "location"), "")
    target = urljoin(url, location)
    if location and (_origin(target) == _origin(url) or (_is_sinch(target) and _is_sinch(url))):
        return target
    said = f"the request is to go to {location or 'nowhere'}, which is not Sinch's."
    raise VoiceError(answer.status, None, said, None, request)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _is_sinch(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" and (parts.hostname or "").endswith(".sinch.com")
