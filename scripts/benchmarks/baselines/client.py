"""The least that aiohttp can do to send callbacks: each connection its next one after the answer.

`client.py PORT FILE [CONNECTIONS]`; one connection unless told otherwise. FILE has one JSON line for each callback: its
path and its body. Prints the seconds from the first to the last answer.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from aiohttp import ClientSession, TCPConnector


async def send(port: int, callbacks: list[list[str]], connections: int) -> float:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    moments = []
    left = iter(callbacks)
    async with ClientSession(connector=TCPConnector(limit=connections), raise_for_status=True) as session:

        async def one_after_the_other() -> None:
            for path, body in left:
                async with session.post(f"http://127.0.0.1:{port}{path}", data=body.encode(), headers=headers) as reply:
                    await reply.read()
                moments.append(time.perf_counter())

        await asyncio.gather(*(one_after_the_other() for _ in range(connections)))
    return moments[-1] - moments[0]


lines = Path(sys.argv[2]).read_text().splitlines()
print(asyncio.run(send(int(sys.argv[1]), [json.loads(line) for line in lines], int(*sys.argv[3:] or ["1"]))))
