"""The application behind the cloud port.

The port is part of the ready line (DESIGN 6), so that tools can be pointed at it today; every operation answers 501 in
the platform's error shape (voice-v1.md 6) until the product behind it is here.
"""

from __future__ import annotations

from aiohttp import web

OPERATIONS: tuple[str, ...] = ()
"""What exists, as `METHOD /path`; listed by every 501."""


def create_app() -> web.Application:
    """The local Sinch."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", _not_here)
    return app


async def _not_here(request: web.Request) -> web.Response:
    message = f"The local Sinch has no operation {request.method} {request.path} yet."
    return web.json_response(
        {"errorCode": 50100, "message": message, "operations": list(OPERATIONS)}, status=501, headers={"Server": "fn"}
    )
