"""The console's JSON API. It knows no session: `create_app` is given the functions it needs (DESIGN 3)."""

from __future__ import annotations

import asyncio
import html
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from devserver.console.guard import COOKIE, guard
from devserver.console.phone import Phone
from devserver.console.phone import routes as phone_routes

_MOST = 1000  # lines of a list
_DIGITS = 9  # of a limit
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{name} - fn dev</title>
<h1>{name}</h1>
<p>The function answers at <a href="{function}">{function}</a>.</p>
<p>What the console knows so far is JSON: <a href="/api/session">session</a>,
<a href="/api/calls">calls</a>, <a href="/api/recordings">recordings</a>. At a terminal: <code>fn calls list</code>.</p>
</html>
"""


@dataclass(frozen=True, slots=True)
class Session:
    """What the console may ask of the session.

    Attributes:
        status: facts about the session, as JSON.
        recordings: from a thread: the newest exchanges, as JSON; the argument is how many.
        recording: one exchange as JSON, or None.
        reload: loads the code again; gives the status afterwards.
        calls: from a thread: the newest calls, as JSON; the argument is how many.
        call: from a thread: one call with its timeline as JSON, or None.
        phone: makes calls; None: there is none.
    """

    status: Callable[[], dict[str, Any]]
    recordings: Callable[[int], list[dict[str, Any]]]
    recording: Callable[[str], dict[str, Any] | None]
    reload: Callable[[], Awaitable[dict[str, Any]]]
    calls: Callable[[int], list[dict[str, Any]]] = lambda _limit: []
    call: Callable[[str], dict[str, Any] | None] = lambda _name: None
    phone: Phone | None = None


def create_app(session: Session, token: str) -> web.Application:
    """The application behind the console port."""
    app = web.Application(middlewares=[guard(token)])

    async def page(request: web.Request) -> web.Response:
        facts = session.status()
        text = _PAGE.format(name=html.escape(facts["name"]), function=html.escape(facts["function"]))
        response = web.Response(text=text, content_type="text/html")
        if request.query.get("token"):
            response.set_cookie(COOKIE, token, httponly=True, samesite="Strict")
        return response

    async def status(_request: web.Request) -> web.Response:
        return web.json_response(session.status())

    async def recordings(request: web.Request) -> web.Response:
        return await _listed(session.recordings, request)

    async def recording(request: web.Request) -> web.Response:
        return _found(session.recording(request.match_info["id"]), "recording")

    async def calls(request: web.Request) -> web.Response:
        return await _listed(session.calls, request)

    async def call(request: web.Request) -> web.Response:
        return _found(await asyncio.to_thread(session.call, request.match_info["callid"]), "call")

    async def reload(_request: web.Request) -> web.Response:
        return web.json_response(await session.reload())

    app.add_routes(
        [
            web.get("/", page),
            web.get("/api/session", status),
            web.get("/api/recordings", recordings),
            web.get("/api/recordings/{id}", recording),
            web.get("/api/calls", calls),
            # A call id is opaque (voice-v1.md 1.2): it may hold a slash.
            web.get("/api/calls/{callid:.+}", call),
            web.post("/api/reload", reload),
        ]
    )
    if session.phone is not None:
        app.add_routes(phone_routes(session.phone))
    return app


async def _listed(newest: Callable[[int], list[dict[str, Any]]], request: web.Request) -> web.Response:
    limit = request.query.get("limit", "50")
    if not (limit.isascii() and limit.isdigit() and len(limit) <= _DIGITS):
        return web.json_response({"error": "limit must be a number."}, status=400)
    # In a thread: a list of a file of millions may take a while, and phone calls share this event loop.
    return web.json_response(await asyncio.to_thread(newest, min(int(limit), _MOST)))


def _found(found: dict[str, Any] | None, what: str) -> web.Response:
    if found is None:
        return web.json_response({"error": f"There is no such {what}."}, status=404)
    return web.json_response(found)
