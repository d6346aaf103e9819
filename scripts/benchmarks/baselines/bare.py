"""The least that aiohttp can do with a callback: one route, JSON in, the same SVAML out. `bare.py PORT`."""

from __future__ import annotations

import json
import sys

from aiohttp import web


async def ice(request: web.Request) -> web.Response:
    event = json.loads(await request.read())
    return web.json_response(
        {
            "instructions": [{"name": "say", "text": f"Hello {event['cli']}, please hold.", "locale": "en-US"}],
            "action": {"name": "connectPstn", "number": "+15551234567"},
        }
    )


app = web.Application()
app.router.add_post("/ice", ice)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
