"""Who may speak to the console: this machine, by its own name, with the session's token.

Any web page can send requests to a port of the visitor's machine, so each of these is checked (anchors.md 4): the Host
header (a name of ours, against DNS rebinding), the Origin of what changes something, marks of a tunnel, and the token.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
_TUNNEL_MARKS = ("Cf-Ray", "Cf-Connecting-Ip", "X-Forwarded-For", "X-Forwarded-Host")
COOKIE = "fn-console"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "fn",
    "X-Content-Type-Options": "nosniff",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def guard(token: str) -> Middleware:
    """The middleware that lets requests with this token in."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        refusal = _refusal(request, token)
        try:
            response = refusal or await handler(request)
        except web.HTTPException as error:
            response = web.json_response({"error": error.reason}, status=error.status)
        response.headers.update(HEADERS)
        return response

    return check


def _refusal(request: web.Request, token: str) -> web.Response | None:
    if _host(request.headers.get("Host", "")) not in _NAMES:
        return _no(403, "The console answers to localhost only.")
    if any(mark in request.headers for mark in _TUNNEL_MARKS):
        return _no(403, "The console is not to be reached through a tunnel or proxy.")
    origin = request.headers.get("Origin")
    if origin is not None and _host(origin.partition("//")[2]) not in _NAMES:
        return _no(403, "The console does not answer other sites.")
    if not hmac.compare_digest(_token(request).encode(), token.encode()):
        return _no(401, "The token is missing or wrong; use the address that `fn dev` printed.")
    return None


def _host(value: str) -> str:
    host, colon, port = value.rpartition(":")
    return (host if colon and port.isdigit() else value).lower()


def _token(request: web.Request) -> str:
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return bearer
    given = request.headers.get("X-Fn-Token") or request.query.get("token")
    # A browser's cookie proves nothing on a request that another site may have caused, so it opens GETs only.
    return given or (request.cookies.get(COOKIE, "") if request.method in {"GET", "HEAD"} else "")


def _no(status: int, text: str) -> web.Response:
    return web.json_response({"error": text}, status=status)
