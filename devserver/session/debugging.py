"""The debugger of a session: its port, the anchor, and hosts that join while a client is there.

The one place where clients (`devserver/debug/relay.py`), the anchor (`devserver/debug/anchoring.py`) and hosts
(`house`) meet. The port is bound with the others, before anything is started; the anchor starts when the session is
ready, beside it, because it takes half a second that only the first attachment must wait for.

Every client gets an anchor, and so an adapter, of its own: debugpy's does not take a process in again that has left,
and accepts nobody any more when a client comes while the session of the one before is being ended (seen with 1.8.22).
"""

from __future__ import annotations

import asyncio
import importlib.util
import socket
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Protocol

from devserver.debug.anchor import Anchored
from devserver.debug.anchoring import anchored
from devserver.debug.relay import Relay
from devserver.debug.side import Address
from devserver.errors import FnError
from devserver.session.frames import DebugPoint
from devserver.session.ports import listen, port_of
from devserver.session.terms import DebugTerms

_SINGLE = "start fn dev with --debug-single for clients that know no child sessions"


class Hosts(Protocol):
    """The processes that are debugged."""

    def debug(self, point: DebugPoint | None) -> None:
        """Let all hosts, and those to come, join a debugger; or leave it."""
        ...


class Debugging:
    """The debugger of one session.

    Args:
        terms: what was asked for.
        tell: a kind of event and its fields.

    Raises:
        FnError: debugpy is not installed, or the port is taken.
    """

    def __init__(self, terms: DebugTerms, tell: Callable[..., None]) -> None:
        if importlib.util.find_spec("debugpy") is None:
            raise FnError("--debug needs debugpy, which is not installed.", hint="Install it: pip install debugpy.")
        self.terms = terms
        self.sockets: list[socket.socket] = listen(terms.port, flag="--debug")
        self._tell = tell
        self._hosts: Hosts | None = None
        self._relay = Relay(self._adapter, self, port_of(self.sockets))
        self._anchor: asyncio.Task[None] | None = None
        self._where: asyncio.Future[Anchored] = asyncio.get_running_loop().create_future()
        self._left = asyncio.Event()
        self._there = asyncio.Event()

    @property
    def address(self) -> str:
        """Where clients attach."""
        return f"127.0.0.1:{port_of(self.sockets)}"

    async def serve(self, stack: AsyncExitStack, hosts: Hosts) -> None:
        """Accept clients from now on, until the stack is closed."""
        self._hosts = hosts
        stack.push_async_callback(self._end_anchor)
        serving = asyncio.create_task(self._relay.serve(self.sockets, single=self.terms.single))
        stack.push_async_callback(_cancel, serving)

    def start(self) -> None:
        """Start the anchor, if it is not on its way already."""
        if self._anchor is None:
            self._anchor = asyncio.create_task(self._keep_anchors())

    async def client(self) -> None:
        """Wait until a client is attached."""
        self.start()
        self._told("waiting", f"Nothing is loaded until a debugger attaches at {self.address}.")
        await self._there.wait()

    def offer_configuration(self, root: Path) -> None:
        """Tell VS Code of this, the first time that a project is debugged; a port that changes is not worth it."""
        if self.terms.port:
            from devserver.session.launch_file import offer

            text = offer(root, self.terms.port)
            if text:
                self._told("configured", text)

    def follow(self, pid: int) -> None:
        """A host took over; a client with one session looks at this one from now on."""
        self._relay.follow(pid)

    async def settle(self, saved: Mapping[str, float]) -> None:
        """Wait for a word of the client about files that were saved then; see `devserver/debug/placing.py`."""
        await self._relay.placing.settle(saved)

    # --- the anchor --------------------------------------------------------------------------------------------

    async def _adapter(self) -> Address:
        self.start()
        return (await asyncio.shield(self._where)).client

    async def _keep_anchors(self) -> None:
        """One after the other, one for each client; the next starts when a client has gone."""
        try:
            while True:
                where, left = self._where, self._left
                async with anchored() as found:
                    where.set_result(found)
                    await left.wait()
        except FnError as error:
            self._told("failed", str(error))
            self._where.set_exception(ConnectionError(str(error)))
            self._where.exception()

    async def _end_anchor(self) -> None:
        self._where.cancel()
        if self._anchor is not None:
            await _cancel(self._anchor)

    # --- Audience: what clients do -----------------------------------------------------------------------------

    def attached(self, name: str) -> None:
        """A client is attached: hosts join."""
        where = self._where.result()
        self._told("attached", f"{name} is attached.")
        if self._hosts is not None:
            self._hosts.debug(DebugPoint(*where.server, where.token, where.pid))
        self._there.set()

    def detached(self, name: str) -> None:
        """It is gone: hosts leave."""
        self._told("detached", f"{name} is gone.")
        if self._hosts is not None:
            self._hosts.debug(None)
        if not self._where.cancelled():
            self._where = asyncio.get_running_loop().create_future()
        self._left.set()
        self._left = asyncio.Event()

    def refused(self, name: str) -> None:
        """Another client came."""
        self._told("refused", f"{name} wanted to attach, too, and was refused: one client at a time.")

    def left_alone(self, name: str) -> None:
        """The client follows no child sessions, and so sees nothing of the function."""
        self._told("unfollowed", f"{name} opened no session for the function's process: {_SINGLE}.")

    def _told(self, state: str, text: str) -> None:
        self._tell("debug", state=state, text=text)


async def _cancel(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
