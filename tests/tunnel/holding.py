"""A program that holds a tunnel until it is killed: `python -m tests.tunnel.holding PORT`.

Says its address, its guard and its cloudflared, as one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys

from devserver.tunnel import QuickTunnel, open_tunnel
from tests.fakes.processes import children


async def hold(port: int) -> None:
    async with open_tunnel(QuickTunnel(), port, lambda _: None) as address:
        guard = address._connection._guarded._process.pid  # type: ignore[attr-defined]
        told = {"url": address.url, "guard": guard, "cloudflared": children(guard)[0]}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(hold(int(sys.argv[1])))
