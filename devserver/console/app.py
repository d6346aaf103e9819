"""The console's JSON API. It knows no session: `create_app` is given the functions it needs (DESIGN 3)."""

from __future__ import annotations

import html
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from devserver.console.guard import COOKIE, guard

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{name} - fn dev</title>
<h1>{name}</h1>
<p>The function answers at <a href="{function}">{function}</a>.</p>
<p>What the console knows so far is JSON: <a href="/api/session">session</a>,
<a href="/api/recordings">recordings</a>. At a terminal: <code>fn recordings list</code>.</p>
</html>
"""


@dataclass(frozen=True, slots=True)
class Session:
    """What the console may ask of the session.

    Attributes:
        status: facts about the session, as JSON.
        recordings: the newest exchanges, as JSON; the argument is how many.
        recording: one exchange as JSON, or None.
        reload: loads the code again; gives the status afterwards.
    """

    status: Callable[[], dict[str, Any]]
    recordings: Callable[[int], list[dict[str, Any]]]
    recording: Callable[[str], dict[str, Any] | None]
    reload: Callable[[], Awaitable[dict[str, Any]]]


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
        limit = request.query.get("limit", "50")
        if not limit.isdigit():
            return web.json_response({"error": "limit must be a number."}, status=400)
        return web.json_response(session.recordings(min(int(limit), 1000)))

    async def recording(request: web.Request) -> web.Response:
        found = session.recording(request.match_info["id"])
        if found is None:
            return web.json_response({"error": "There is no such recording."}, status=404)
        return web.json_response(found)

    async def reload(_request: web.Request) -> web.Response:
        return web.json_response(await session.reload())

    app.add_routes(
        [
            web.get("/", page),
            web.get("/api/session", status),
            web.get("/api/recordings", recordings),
            web.get("/api/recordings/{id}", recording),
            web.post("/api/reload", reload),
        ]
    )
    return app
