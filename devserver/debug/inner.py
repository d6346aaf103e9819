"""One debug session that we hold ourselves at the adapter, in the place of a client: see `single`.

It asks and gets answers, hands events on, and knows which of its threads there are and which stand still.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from devserver.debug.dap import NotDap, object_of, write
from devserver.debug.side import Side

_GOODBYE = 2.0  # seconds that the adapter may take to end a session

Json = dict[str, Any]
Asked = tuple[str, Json]
"""A command and its arguments."""


class Ended(Exception):
    """The session is over: nobody answers any more."""


class Inner:
    """A session.

    Args:
        side: its connection.
        heard: takes its events, and itself.

    Attributes:
        pid: of the process; 0 for the root session.
        threads: ids of those that were told of and have not ended.
        stopped: ids of those that stand still.
        told: set when it knows all settings, and is told of changes from then on; or when it has ended.
    """

    def __init__(self, side: Side, heard: Callable[[Inner, Json], None], pid: int = 0) -> None:
        self.pid = pid
        self.threads: set[int] = set()
        self.stopped: set[int] = set()
        self.ended = False
        self.told = asyncio.Event()
        self._side = side
        self._heard = heard
        self._number = 0
        self._answers: dict[int, asyncio.Future[Json]] = {}
        self._initialized = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    def ask(self, command: str, arguments: Json) -> asyncio.Future[Json]:
        """Send a request now; the future gets its response, whether it went well or not, or `Ended`."""
        self._number += 1
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        future.add_done_callback(_retrieved)
        if self.ended:
            future.set_exception(Ended())
            return future
        self._answers[self._number] = future
        self._side.put(write({"seq": self._number, "type": "request", "command": command, "arguments": arguments}))
        return future

    async def open(self, hello: Json, attach: Json, settings: Callable[[], Iterable[Asked]]) -> None:
        """Attach as a client would.

        Args:
            hello: arguments of `initialize`.
            attach: arguments of `attach`.
            settings: gives what is sent before the process may go on, breakpoints above all. It is asked when they
                are sent, all in one go: what has changed meanwhile must not be undone by what was true before.
        """
        await self.ask("initialize", hello)
        attached = self.ask("attach", attach)
        await self._initialized.wait()
        asked = [self.ask(command, arguments) for command, arguments in settings()]
        self.told.set()
        await asyncio.gather(*asked)
        await self.ask("configurationDone", {})
        await attached

    async def close(self) -> None:
        """End the session, and hang up."""
        try:
            with suppress(Ended, TimeoutError):
                async with asyncio.timeout(_GOODBYE):
                    await self.ask("disconnect", {"terminateDebuggee": False})
        finally:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
            await self._side.close()

    async def _read(self) -> None:
        try:
            with suppress(OSError, NotDap):
                while messages := await self._side.read():
                    for body in messages:
                        self._take(object_of(body))
        finally:
            self._end()

    def _take(self, message: Json) -> None:
        if message.get("type") == "response":
            future = self._answers.pop(message.get("request_seq", 0), None)
            if future is not None and not future.done():
                future.set_result(message)
        elif message.get("type") == "event":
            self._note(message["event"], message.get("body") or {})
            self._heard(self, message)

    def _note(self, kind: str, body: Json) -> None:
        match kind:
            case "initialized":
                self._initialized.set()
            case "thread":
                (self.threads.discard if body.get("reason") == "exited" else self.threads.add)(body["threadId"])
            case "stopped":
                self.threads.add(body["threadId"])
                self.stopped.add(body["threadId"])
            case "continued":
                self.stopped.clear()
            case "terminated":
                self._end()

    def _end(self) -> None:
        if self.ended:
            return
        self.ended = True
        self._initialized.set()
        self.told.set()
        for future in self._answers.values():
            if not future.done():
                future.set_exception(Ended())
        self._heard(self, {"type": "event", "event": "terminated"})


def _retrieved(future: asyncio.Future[Json]) -> None:
    if not future.cancelled():
        future.exception()
