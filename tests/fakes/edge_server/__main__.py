"""An edge on loopback that the real cloudflared accepts: `python -m tests.fakes.edge_server FOLDER`.

It is the quick tunnel service (`POST /tunnel`), the edge that connectors dial, the public side, and the knobs of tests
(`/control/...`) in one process of its own, because Cap'n Proto wants one event loop per process for itself. It
prints its addresses as one line of JSON when all of them accept, and ends when its standard input does. FOLDER goes
with it: whoever has started it may have been killed.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from asyncio import StreamReader, StreamWriter
from pathlib import Path
from typing import Any, cast, get_args

import capnp
from aiohttp import web

from tests.fakes.edge_server.certificates import make_certificates
from tests.fakes.edge_server.connector import Connector
from tests.fakes.edge_server.public import public_side
from tests.fakes.edge_server.state import Mode, State


def service(state: State) -> web.Application:
    """The quick tunnel service, and the knobs."""

    async def tunnel(_: web.Request) -> web.Response:
        if state.api == 200:
            return web.json_response({"success": True, "result": state.add_tunnel(), "errors": []})
        # What the real one says (lab.md 1.4).
        return web.Response(status=state.api, text="error code: 1015" if state.api == 429 else "error code: 1101")

    async def turn(request: web.Request) -> web.Response:
        return web.json_response(await turned(state, request.match_info["what"], request.query["value"]))

    app = web.Application()
    app.router.add_post("/tunnel", tunnel)
    app.router.add_post("/control/{what}", turn)
    return app


async def turned(state: State, what: str, value: str) -> dict[str, Any]:
    """Turn a knob; gives what there is to see."""
    match what:
        case "mode" if value in get_args(Mode):
            state.mode = cast("Mode", value)
        case "api":
            state.api = int(value)
        case "tunnel":
            return dict(state.add_tunnel(value))
        case "cut":
            for each in state.connectors:
                each.cut()
        case _ if what != "state":
            raise web.HTTPBadRequest(text=f"{what} {value}")
    return {"connectors": [each.hostname for each in state.connectors if each.registered.is_set()]}


async def dialled(state: State, reader: StreamReader, writer: StreamWriter) -> None:
    """A connector has dialled in."""
    match state.mode:
        case "refuse":
            writer.transport.abort()
        case "hang":
            await reader.read()
            writer.close()
        case _:
            connector = Connector(state, reader, writer)
            try:
                await connector.run()
            except OSError:
                writer.close()


async def listening(runner: web.ServerRunner | web.AppRunner) -> str:
    """Listen on any port; gives the address."""
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}"


async def main(folder: Path) -> None:
    """Serve until standard input ends."""
    state = State()
    context, trusted = make_certificates(folder)
    edge = await asyncio.start_server(lambda r, w: dialled(state, r, w), "127.0.0.1", 0, ssl=context)
    addresses = {
        "service": await listening(web.AppRunner(service(state), access_log=None)),
        "public": await listening(web.ServerRunner(web.Server(public_side(state)))),
        "edge": f"127.0.0.1:{edge.sockets[0].getsockname()[1]}",
        "trusted": str(trusted),
    }
    sys.stdout.write(json.dumps(addresses) + "\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    try:
        asyncio.run(capnp.run(main(Path(sys.argv[1]))))
    finally:
        shutil.rmtree(sys.argv[1], ignore_errors=True)
