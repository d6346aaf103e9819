"""Puts a `Wire` between the SDK and the network, as a transport adapter of the SDK's `requests` session.

The SDK never holds a real token here. It asks for one before its first call, when nobody can know yet whether that
call will go out at all; so it is handed a made-up one, and the real one is fetched and put in its place when a call
really leaves. A replay that is answered from recordings therefore needs neither network nor valid credentials, and a
token cannot be recorded.

Imports `requests`, so that it is itself imported on first use only.
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import urlsplit

import msgspec
import requests
from requests.adapters import BaseAdapter
from requests.utils import get_encoding_from_headers

from devserver.runtime.clients.wire import OutboundAnswer, OutboundCall, OutboundFailed, Wire

_TOKEN_PATH = "/oauth2/token"  # noqa: S105 the path of a request, no token
_BEARER = "Bearer "
_STATUSES = frozenset(HTTPStatus)
_ERRORS = (
    requests.ConnectTimeout,
    requests.ReadTimeout,
    requests.Timeout,
    requests.exceptions.SSLError,
    requests.exceptions.ProxyError,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
    requests.ConnectionError,
)


def put_between(client: Any, wire: Wire) -> None:
    """Have a `SinchClient` ask the wire about every call."""
    transport = client.configuration.transport
    session: requests.Session = transport.http_session

    def fetch() -> str:
        from sinch.domains.authentication.endpoints.v1.oauth import OAuthEndpoint

        return str(transport.request(OAuthEndpoint()).access_token)

    tokens = _Tokens(fetch)
    for prefix, network in list(session.adapters.items()):
        session.mount(prefix, _Wired(network, wire, tokens))


class _Tokens:
    """Made-up tokens, and the real one for each that was needed. The SDK makes a new one when one has expired."""

    def __init__(self, fetch: Callable[[], str]) -> None:
        self._fetch = fetch
        self._real: dict[str, str | None] = {}
        self._lock = threading.Lock()
        self._thread = threading.local()

    def make_up(self) -> str:
        with self._lock:
            token = f"fn-token-{len(self._real) + 1}"
            self._real[token] = None
        return token

    @property
    def is_fetching(self) -> bool:
        """Whether this thread is about to fetch a real one."""
        return getattr(self._thread, "fetching", False)

    def real(self, token: str) -> str:
        """What is to be sent in place of a token; one that was not made up here is sent as it is.

        Raises:
            Exception: whatever the SDK raises when it gets no token.
        """
        if token not in self._real:
            return token
        with self._lock:  # calls at once share one token, as they do in the SDK
            known = self._real[token]
            if known is None:
                self._thread.fetching = True
                try:
                    known = self._real[token] = self._fetch()
                finally:
                    self._thread.fetching = False
            return known


class _Wired(BaseAdapter):
    """The adapter of a session that asks the wire, and sends by the adapter that was there before."""

    def __init__(self, network: BaseAdapter, wire: Wire, tokens: _Tokens) -> None:
        super().__init__()
        self._network = network
        self._wire = wire
        self._tokens = tokens

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """See `HTTPAdapter.send`.

        Raises:
            OutboundRefused: the wire refuses the call.
            AuthenticationException: there is no token to send it with.
            requests.RequestException: as ever; or the recording of the call ended so.
        """
        if self._tokens.is_fetching:
            return self._network.send(request, *args, **kwargs)
        if urlsplit(str(request.url)).path.endswith(_TOKEN_PATH):
            return _response(request, _token_answer(self._tokens.make_up()))
        call = _call(request)
        started = time.perf_counter()
        try:
            answer = self._wire.before(call)
        except OutboundFailed as failed:
            self._wire.after(call, None, f"{failed.kind}: {failed.text}", time.perf_counter() - started)
            raise _error(failed) from failed
        if answer is None:
            return self._send(call, request, args, kwargs)
        self._wire.after(call, answer, None, time.perf_counter() - started)
        return _response(request, answer)

    def close(self) -> None:
        """See `HTTPAdapter.close`."""
        self._network.close()

    def _send(
        self, call: OutboundCall, request: requests.PreparedRequest, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> requests.Response:
        started = time.perf_counter()
        try:
            self._authorize(request)
            started = time.perf_counter()  # the call itself, without its token
            response = self._network.send(request, *args, **kwargs)
            body = response.content  # the session would read it now as well
        except Exception as error:
            self._wire.after(call, None, f"{type(error).__name__}: {error}", time.perf_counter() - started)
            raise
        answer = OutboundAnswer(response.status_code, tuple(response.headers.items()), body)
        self._wire.after(call, answer, None, time.perf_counter() - started)
        return response

    def _authorize(self, request: requests.PreparedRequest) -> None:
        value = str(request.headers.get("Authorization", ""))
        if value.startswith(_BEARER):
            request.headers["Authorization"] = _BEARER + self._tokens.real(value.removeprefix(_BEARER))


def _call(request: requests.PreparedRequest) -> OutboundCall:
    headers = tuple((name, str(value)) for name, value in request.headers.items() if name.lower() != "authorization")
    match request.body:
        case str() as text:
            body = text.encode()
        case bytes() as body:
            pass
        case _:  # nothing; the SDK sends no files
            body = b""
    return OutboundCall(str(request.method), str(request.url), headers, body)


def _response(request: requests.PreparedRequest, answer: OutboundAnswer) -> requests.Response:
    response = requests.Response()
    response.status_code = answer.status
    response.reason = HTTPStatus(answer.status).phrase if answer.status in _STATUSES else ""
    response.headers.update(answer.headers)
    response.encoding = get_encoding_from_headers(response.headers)
    response.raw = io.BytesIO(answer.body)
    response.url = str(request.url)
    response.request = request
    return response


def _token_answer(token: str) -> OutboundAnswer:
    # The SDK wants all four (cloud-apis.md 1.4).
    document = {"access_token": token, "expires_in": 3599, "scope": "", "token_type": "bearer"}
    return OutboundAnswer(200, (("Content-Type", "application/json"),), msgspec.json.encode(document))


def _error(failed: OutboundFailed) -> Exception:
    """What the SDK raised when the call was recorded; what is not known is an error of the connection."""
    if failed.kind == "AuthenticationException":
        from sinch.domains.authentication.exceptions import AuthenticationException

        return cast("Exception", AuthenticationException(failed.text, response=None, is_from_server=True))
    known = next((each for each in _ERRORS if each.__name__ == failed.kind), None)
    return known(failed.text) if known else requests.ConnectionError(f"{failed.kind}: {failed.text}")
