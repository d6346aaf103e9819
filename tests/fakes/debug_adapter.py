"""An adapter that a test scripts: it answers every request with success, and says what it is told to say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from devserver.debug.dap import Reader, object_of, write

Json = dict[str, Any]
PATIENCE = 60.0  # seconds; only a failing test waits that long


class FakeAdapter:
    """Sessions in the order in which they were opened; what each was asked."""

    def __init__(self) -> None:
        self.address = ("", 0)
        self.asked: list[list[Json]] = []
        self.answers: dict[str, Callable[[Json], Json]] = {}
        self.hangs_up_at = ""
        self.holds_at = ""
        self._held: list[tuple[int, Json]] = []
        self._writers: list[asyncio.StreamWriter] = []
        self._news = asyncio.Event()

    async def where(self) -> tuple[str, int]:
        return self.address

    def say(self, session: int, event: str, **body: Any) -> None:
        """Send an event in a session."""
        self._writers[session].write(write({"seq": 1, "type": "event", "event": event, "body": body}))

    def hang_up(self, session: int) -> None:
        self._writers[session].close()

    def go_on(self) -> None:
        """Answer what was held back, where somebody is there to hear it."""
        self.holds_at, held = "", self._held
        for session, message in held:
            if not self._writers[session].is_closing():
                self._answer(session, message)

    def commands(self, session: int) -> list[str]:
        return [message["command"] for message in self.asked[session]]

    async def until(self, test: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not test():
                self._news.clear()
                await self._news.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = len(self.asked)
        self.asked.append([])
        self._writers.append(writer)
        messages = Reader()
        try:
            while data := await reader.read(1 << 16):
                for body in messages.feed(data):
                    message = object_of(body)
                    self.asked[session].append(message)
                    self._answer(session, message)
                    self._news.set()
        except OSError:
            pass
        finally:
            writer.close()
            self._news.set()
            with suppress(OSError):
                await writer.wait_closed()

    def _answer(self, session: int, message: Json) -> None:
        command = message["command"]
        if command == self.hangs_up_at:
            self.hang_up(session)
        elif command == self.holds_at:
            self._held.append((session, message))
        elif command == "configurationDone":
            attach = next(each for each in self.asked[session] if each["command"] == "attach")
            self._respond(session, message)
            self._respond(session, attach)
        elif command == "attach":
            self.say(session, "initialized")
        else:
            self._respond(session, message)
        if command == "disconnect":
            self.hang_up(session)

    def _respond(self, session: int, message: Json) -> None:
        made = self.answers.get(message["command"])
        body = made(message) if made is not None else {}
        answer = {"type": "response", "request_seq": message["seq"], "command": message["command"], "success": True}
        self._writers[session].write(write({"seq": 1, **answer, "body": body}))


@asynccontextmanager
async def fake_adapter() -> AsyncIterator[FakeAdapter]:
    """An adapter that listens on a port of its own."""
    adapter = FakeAdapter()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        await adapter.serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    adapter.address = server.sockets[0].getsockname()[:2]
    try:
        yield adapter
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Client:
    """A client of the relay, without threads: it sends, and reads what comes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._messages = Reader()
        self._number = 0
        self.heard: list[Json] = []

    @classmethod
    async def connect(cls, port: int) -> Client:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    def send(self, command: str, /, **arguments: Any) -> int:
        self._number += 1
        message = {"seq": self._number, "type": "request", "command": command, "arguments": arguments}
        self._writer.write(write(message))
        return self._number

    def send_raw(self, data: bytes) -> None:
        self._writer.write(data)

    async def until(self, test: Callable[[Json], bool]) -> Json:
        """The first message that passes a test, among those that came already, too."""
        async with asyncio.timeout(PATIENCE):
            while (found := next(filter(test, self.heard), None)) is None:
                data = await self._reader.read(1 << 16)
                assert data, f"the connection was closed; heard was {self.heard}"
                self.heard.extend(map(object_of, self._messages.feed(data)))
        return found

    async def ask(self, command: str, /, **arguments: Any) -> Json:
        """The response to a request."""
        number = self.send(command, **arguments)
        return await self.until(lambda message: message.get("request_seq") == number)

    async def event(self, kind: str) -> Json:
        found: Json = (await self.until(lambda message: message.get("event") == kind))["body"]
        return found

    async def attach(self, **arguments: Any) -> Json:
        """Attach as a client does; gives the response."""
        await self.ask("initialize", clientName="Tests")
        number = self.send("attach", **arguments)
        await self.until(lambda each: each.get("event") == "initialized" or each.get("request_seq") == number)
        if not any(each.get("request_seq") == number for each in self.heard):
            await self.ask("configurationDone")
        return await self.until(lambda message: message.get("request_seq") == number)

    async def end(self) -> None:
        """Wait until the other side hangs up."""
        async with asyncio.timeout(PATIENCE):
            while await self._reader.read(1 << 16):
                continue

    async def close(self) -> None:
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            return
