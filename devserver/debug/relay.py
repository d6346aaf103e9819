"""The port at which clients find the debugger: bound at the start, and then a pipe to the adapter.

debugpy's adapter could listen there itself. But it takes half a second to start, in which somebody else may take the
port; a second client leaves it in a state of which neither is told; and nobody here would learn that a client has come
or gone, which is what hosts join and leave the debugger by. So messages pass through here. They are handed on as the
bytes they are, except that a child session is told to come to this port, too.

It must not know hosts. It hangs up on whatever does not speak the protocol: a page in a browser can make that send
bytes to any port of this machine.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any, Protocol

from devserver.debug.dap import Head, NotDap, Reader, body_of, frame, head_of, object_of, write
from devserver.debug.inner import Ended, Inner
from devserver.debug.placing import Placing
from devserver.debug.side import BUFFER, Address, Side, dial, hang_up
from devserver.debug.single import Heard, Single

_PATIENCE = 3.0  # seconds in which a client that follows child sessions opens one
_GOODBYE = 2.0  # seconds that the adapter may take to end a session
_LINGER = 3.0  # seconds that a client may stay in the session of a process that has ended
_OURS = 1 << 29  # numbers of our own requests begin here, where no client comes
_NAMELESS = "a client"
_TOLD_OF_CHILD = ("debugpyAttach", "startDebugging")


class Audience(Protocol):
    """Who is told of clients."""

    def attached(self, name: str) -> None:
        """A client is attached; the name is the one that it gives itself."""
        ...

    def detached(self, name: str) -> None:
        """It is gone, with all its sessions."""
        ...

    def refused(self, name: str) -> None:
        """Another client came, and was sent away."""
        ...

    def left_alone(self, name: str) -> None:
        """The client does not open the child session that it was told of."""
        ...


class Relay:
    """Clients at one side, the adapter at the other.

    Args:
        adapter: gives the adapter's address for clients, as soon as there is one.
        audience: is told of clients.
        port: the one that clients use.
    """

    def __init__(self, adapter: Callable[[], Awaitable[Address]], audience: Audience, port: int) -> None:
        self.adapter = adapter
        self.audience = audience
        self.port = port
        self.root: Pipe | Bundle | None = None
        self.placing = Placing()
        self.answering = 0
        """The process that answers requests now."""
        self.loaded: set[int] = set()
        """Processes that have code to answer with, and load no other."""
        self._peace = asyncio.Event()
        self._peace.set()
        self._single = False
        self._tasks: set[asyncio.Task[None]] = set()

    def follow(self, pid: int) -> None:
        """The process that answers requests from now on, for clients with one session."""
        before, self.answering = self.answering, pid
        self.loaded.add(pid)
        if isinstance(self.root, Bundle):
            self.root.single.follow(before)

    async def serve(self, sockets: Iterable[socket.socket], *, single: bool) -> None:
        """Accept clients at these listening sockets; ends when it is cancelled."""
        self._single = single
        servers = [await asyncio.start_server(self._accept, sock=one, limit=BUFFER) for one in sockets]
        try:
            await asyncio.Event().wait()
        finally:
            for server in servers:
                server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 asyncio calls this in one
        self._tasks.add(task)
        try:
            await self._one(reader, writer)
        except (OSError, NotDap, asyncio.CancelledError):
            return
        finally:
            self._tasks.discard(task)
            await hang_up(writer)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its first bytes to its end."""
        messages = Reader()
        first: list[bytes] = []
        while not first:
            data = await reader.read(BUFFER)
            if not data:
                return
            first.extend(messages.feed(data))
        # A client that comes while the one before is still on its way out waits for that: it has an adapter of its own.
        await self._peace.wait()
        kind = Bundle if self._single else Pipe
        await kind(self, Side(reader, writer, messages)).run(first)

    def joined(self) -> None:
        """A child session was opened."""
        if isinstance(self.root, Pipe):
            self.root.followed = True

    def admit(self, root: Pipe | Bundle, head: Head) -> bytes | None:
        """Let a client attach; gives the refusal when it may not."""
        if self.root is not None and self.root is not root:
            self.audience.refused(root.name)
            return _refusal(head, "Another client debugs this fn dev already; one at a time.")
        if head.command == "launch":
            return _refusal(head, "fn dev runs already: use a configuration that attaches (see `fn debug config`).")
        self.root = root
        return None

    def leaves(self, one: Pipe | Bundle) -> None:
        """A connection's client has gone; its session at the adapter has not yet."""
        self.placing.forget(one)
        if self.root is one:
            self._peace.clear()

    def left(self, one: Pipe | Bundle) -> None:
        """A connection has ended."""
        self.placing.forget(one)
        if self.root is one:
            self.root = None
            self.audience.detached(one.name)
            self._peace.set()


class Pipe:
    """One session of a client, the root's or a child's: its messages go to the adapter, and back come others.

    Attributes:
        followed: the client has opened a child session.
        name: of the client, as it gives it itself.
    """

    def __init__(self, relay: Relay, client: Side) -> None:
        self.followed = False
        self._relay = relay
        self._client = client
        self.name = _NAMELESS
        self._attach: int | None = None
        self._pid = 0
        self._adapter: Side | None = None
        self._number = _OURS
        self._parted = False
        self._patience: asyncio.TimerHandle | None = None
        self._over = asyncio.Event()

    async def run(self, first: list[bytes]) -> None:
        """Serve the session, whose first messages have come, until it ends."""
        adapter = self._adapter = await dial(await self._relay.adapter())
        there = asyncio.create_task(self._to_adapter(first, adapter))
        back = asyncio.create_task(self._to_client(adapter))
        over = asyncio.create_task(self._lingered())
        try:
            await asyncio.wait({there, back, over}, return_when=asyncio.FIRST_COMPLETED)
            self._relay.leaves(self)
            await cancel(back)
            await _say_goodbye(adapter, said=self._parted)
        finally:
            for task in (there, back, over):
                task.cancel()
            await asyncio.gather(there, back, over, return_exceptions=True)
            await adapter.close()
            self._ended()

    @property
    def fresh(self) -> bool:
        """See `placing.Session`."""
        return self._pid not in self._relay.loaded

    def place(self, arguments: dict[str, Any]) -> int:
        """See `placing.Session`; the client does not see the answer."""
        self._number += 1
        if self._adapter is not None:
            message = {"seq": self._number, "type": "request", "command": "setBreakpoints", "arguments": arguments}
            self._adapter.put(write(message))
        return self._number

    def _ended(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
        self._relay.left(self)

    async def _lingered(self) -> None:
        """A client that does not leave the session of a process that is gone; there is one more with each save."""
        await self._over.wait()
        await asyncio.sleep(_LINGER)

    # --- what the client says ----------------------------------------------------------------------------------

    async def _to_adapter(self, messages: list[bytes], adapter: Side) -> None:
        while messages:
            for body in messages:
                if await self._may_pass(body):
                    await adapter.write(frame(body))
            messages = await self._client.read()

    async def _may_pass(self, body: bytes) -> bool:
        head = head_of(body)
        if head.type != "request":
            return True
        if head.command == "initialize":
            self.name = name_of(object_of(body))
        elif head.command in {"attach", "launch"}:
            arguments = object_of(body).get("arguments") or {}
            return await self._may_attach(head, arguments)
        elif head.command == "disconnect":
            self._parted = True
        elif head.command == "setBreakpoints":
            self._relay.placing.asked(self, head.seq, object_of(body).get("arguments") or {})
        return True

    async def _may_attach(self, head: Head, arguments: dict[str, Any]) -> bool:
        if "subProcessId" in arguments:
            self._pid = arguments["subProcessId"]
            self._relay.joined()
            return True
        refusal = self._relay.admit(self, head)
        if refusal is not None:
            await self._client.write(refusal)
            return False
        self._attach = head.seq
        return True

    # --- what the adapter says ---------------------------------------------------------------------------------

    async def _to_client(self, adapter: Side) -> None:
        while messages := await adapter.read():
            passed = [self._passed(body) for body in messages]
            await self._client.write(b"".join(frame(body) for body in passed if body is not None))

    def _passed(self, body: bytes) -> bytes | None:
        """What the client gets of it; None when it was for us."""
        head = head_of(body)
        if head.type == "response" and head.request_seq == self._attach and head.command == "attach" and head.success:
            self._relay.audience.attached(self.name)
        elif (head.event or head.command) in _TOLD_OF_CHILD and head.type != "response":
            self._expect_child()
            return redirected(body, self._relay.port)
        elif head.event == "terminated" and self._pid:
            self._over.set()
        elif head.type == "response" and head.command == "setBreakpoints":
            self._relay.placing.answered(self, head.request_seq)
            return None if head.request_seq > _OURS else body
        return body

    def _expect_child(self) -> None:
        if self._patience is None and not self.followed:
            self._patience = asyncio.get_running_loop().call_later(_PATIENCE, self._missed)

    def _missed(self) -> None:
        if not self.followed:
            self._relay.audience.left_alone(self.name)


class Bundle:
    """All sessions as one, for a client that knows no others: see `single`.

    Attributes:
        name: of the client, as it gives it itself.
        single: the sessions.
    """

    def __init__(self, relay: Relay, client: Side) -> None:
        self.name = _NAMELESS
        self.single = Single(self._send, self._dial, lambda: relay.answering)
        self._relay = relay
        self._client = client
        self._number = 0
        self._placed = 0
        self._attach: int | None = None

    async def run(self, first: list[bytes]) -> None:
        """Serve the client, whose first messages have come, until it goes."""
        messages = first
        try:
            while messages:
                for body in messages:
                    await self._take(body)
                messages = await self._client.read()
        except Ended:
            return
        finally:
            self._relay.leaves(self)
            await self.single.close()
            self._relay.left(self)

    @property
    def fresh(self) -> bool:
        """See `placing.Session`: there are always spares among them."""
        return True

    def place(self, arguments: dict[str, Any]) -> int:
        """See `placing.Session`."""
        self._placed += 1
        number = _OURS + self._placed
        self.single.place(arguments, lambda: self._relay.placing.answered(self, number))
        return number

    async def _take(self, body: bytes) -> None:
        head, message = head_of(body), object_of(body)
        if head.type != "request":
            return
        if head.command == "initialize":
            self.name = name_of(message)
        elif head.command in {"attach", "launch"}:
            refusal = self._relay.admit(self, head)
            if refusal is not None:
                await self._client.write(refusal)
                return
            self._attach = head.seq
        elif head.command == "setBreakpoints":
            self._relay.placing.asked(self, head.seq, message.get("arguments") or {})
        await self.single.take(message)

    async def _dial(self, heard: Heard, pid: int) -> Inner:
        return Inner(await dial(await self._relay.adapter()), heard, pid)

    def _send(self, message: dict[str, Any]) -> None:
        self._number += 1
        self._client.put(write({"seq": self._number, **message}))
        if message["type"] == "response":
            self._relay.placing.answered(self, message["request_seq"])
        if message["type"] == "response" and message["request_seq"] == self._attach and message["success"]:
            self._relay.audience.attached(self.name)


async def _say_goodbye(adapter: Side, *, said: bool) -> None:
    """End a session whose client has gone, and wait until the adapter has ended it.

    An adapter whose client hangs up in the middle of `disconnect` does not survive it, nor that it comes twice.

    Args:
        adapter: the connection to it.
        said: the client has asked for the end itself.
    """
    with suppress(OSError, NotDap, TimeoutError):
        async with asyncio.timeout(_GOODBYE):
            if not said:
                await adapter.write(write({"seq": 1 << 30, "type": "request", "command": "disconnect"}))
            while await adapter.read():
                continue


async def cancel(task: asyncio.Task[None]) -> None:
    """End a task, and wait for its end."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def name_of(initialize: dict[str, Any]) -> str:
    """What a client calls itself."""
    arguments = initialize.get("arguments") or {}
    return str(arguments.get("clientName") or arguments.get("clientID") or _NAMELESS)


def redirected(body: bytes, port: int) -> bytes:
    """The news of a child session, with our port in the place of the adapter's, and a name that says what it is."""
    message = object_of(body)
    what = message["body"] if message.get("type") == "event" else message["arguments"]["configuration"]
    what["connect"] = {"host": "127.0.0.1", "port": port}
    what["name"] = f"function (process {what.get('subProcessId')})"
    return body_of(message)


def _refusal(head: Head, text: str) -> bytes:
    error = {"id": 1, "format": text, "showUser": True}
    answer = {"seq": 0, "type": "response", "request_seq": head.seq, "command": head.command}
    ended = {"seq": 0, "type": "event", "event": "terminated"}
    return write({**answer, "success": False, "message": text, "body": {"error": error}}) + write(ended)
