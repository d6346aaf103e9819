"""A steady client: 200 requests a second, each on a new connection, every answer kept with its times.

Its own part of the delay is half a period (2.5 ms) on average: an answer can only be seen by a request that is made.
"""

from __future__ import annotations

import asyncio
import re
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from benchmarks.figures import spread
from benchmarks.projects import Saved

RATE = 200.0
_LIMIT = 8.0
_MOST_IN_FLIGHT = 400
_EXAMPLES = 40
_REQUEST = b"GET /v HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
_TOKEN = re.compile(rb"VER(\d{6})")


@dataclass(frozen=True, slots=True)
class Answer:
    """One request. `sent` is just before its bytes were written; `outcome` is `ok` or what went wrong."""

    asked: float
    sent: float
    done: float
    outcome: str
    version: int = -1


class Client:
    """`async with Client(port) as client`: load runs inside the block; requests in flight are awaited at its end."""

    def __init__(self, port: int) -> None:
        self.answers: list[Answer] = []
        self._port = port
        self._pending: set[asyncio.Task[None]] = set()
        self._awaited: dict[int, asyncio.Future[Answer]] = {}
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._press())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task:
            self._task.cancel()
        if self._pending and kind is None:
            await asyncio.wait(self._pending, timeout=_LIMIT)

    async def first(self, version: int, limit: float = _LIMIT) -> Answer | None:
        """The first answer from now on that shows this version; None when it does not come in time."""
        future = asyncio.get_running_loop().create_future()
        self._awaited[version] = future
        try:
            return await asyncio.wait_for(future, limit)
        except TimeoutError:
            return None
        finally:
            del self._awaited[version]

    async def _press(self) -> None:
        due = time.perf_counter()
        while True:
            if len(self._pending) < _MOST_IN_FLIGHT:
                task = asyncio.create_task(self._one())
                self._pending.add(task)
                task.add_done_callback(self._pending.discard)
            due += 1 / RATE
            await asyncio.sleep(max(0.0, due - time.perf_counter()))

    async def _one(self) -> None:
        answer = await _ask(self._port)
        self.answers.append(answer)
        future = self._awaited.get(answer.version)
        if answer.outcome == "ok" and future and not future.done():
            future.set_result(answer)


async def _ask(port: int) -> Answer:
    asked = sent = time.perf_counter()
    outcome, version = "ok", -1
    try:
        async with asyncio.timeout(_LIMIT):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                sent = time.perf_counter()
                writer.write(_REQUEST)
                reply = await reader.read()
            finally:
                writer.close()
        outcome, version = _judge(reply)
    except ConnectionRefusedError:
        outcome = "refused"
    except TimeoutError:
        outcome = "no answer"
    except OSError:
        outcome = "reset"
    return Answer(asked, sent, time.perf_counter(), outcome, version)


def _judge(reply: bytes) -> tuple[str, int]:
    if not reply:
        return "empty", -1
    status = reply.split(b" ", 2)[1].decode(errors="replace")
    token = _TOKEN.search(reply)
    if status != "200":
        return f"status {status}", -1
    return ("ok", int(token[1])) if token else ("no token", -1)


def failures(answers: Iterable[Answer]) -> Counter[str]:
    """What went wrong, how often."""
    return Counter(answer.outcome for answer in answers if answer.outcome != "ok")


@dataclass(frozen=True, slots=True)
class Stale:
    """An answer to a request that was sent after a save had returned, and that shows an older version nevertheless."""

    saved: Saved
    answer: Answer


def stale(answers: Iterable[Answer], saves: list[Saved]) -> list[Stale]:
    """All of them, each with the newest save that it should have shown."""
    moments = [saved.at for saved in saves]
    found = []
    for answer in answers:
        before = bisect_left(moments, answer.sent)
        if answer.outcome == "ok" and before and answer.version < saves[before - 1].version:
            found.append(Stale(saves[before - 1], answer))
    return found


def _told(stale: Stale) -> dict[str, Any]:
    return {
        "saved": stale.saved.version,
        "shown": stale.answer.version,
        "sent_ms_after_save": round((stale.answer.sent - stale.saved.at) * 1e3, 2),
        "done_ms_after_save": round((stale.answer.done - stale.saved.at) * 1e3, 2),
    }


def summary(answers: list[Answer], saves: list[Saved]) -> dict[str, Any]:
    """For the raw results: outcomes and how long requests took."""
    took = [(answer.done - answer.asked) * 1e3 for answer in answers if answer.outcome == "ok"]
    late = stale(answers, saves)
    return {
        "requests": len(answers),
        "failed": dict(failures(answers)),
        "stale": len(late),
        "stale_examples": [_told(one) for one in late[:_EXAMPLES]],
        "request_ms": spread(took),
    }
