"""The least that aiohttp can do to send callbacks: one after the other on one connection. `client.py PORT FILE`.

FILE has one JSON line for each callback: its path and its body. Prints the seconds from the first to the last answer.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from aiohttp import ClientSession, TCPConnector


async def send(port: int, callbacks: list[list[str]]) -> float:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    moments = []
    async with ClientSession(connector=TCPConnector(limit=1), raise_for_status=True) as session:
        for path, body in callbacks:
            async with session.post(f"http://127.0.0.1:{port}{path}", data=body.encode(), headers=headers) as response:
                await response.read()
            moments.append(time.perf_counter())
    return moments[-1] - moments[0]


lines = Path(sys.argv[2]).read_text().splitlines()
print(asyncio.run(send(int(sys.argv[1]), [json.loads(line) for line in lines])))
