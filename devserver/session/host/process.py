"""The main loop of a host process: spare, then one generation, then gone.

What the gateway says goes to whom it concerns: `becoming` makes a generation of a spare, `serving` answers requests
with it. How it ends is here. The socket is read by the event loop, except while that stands still at a breakpoint; when
the gateway closes its end, or dies, this process ends.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import signal
import socket
import sys
from collections.abc import Coroutine
from typing import Any

from devserver.runtime.application import current
from devserver.runtime.setup import call_hook
from devserver.runtime.tracebacks import render
from devserver.session.frames import (
    CacheAnswer,
    Cancel,
    Debug,
    DebugPoint,
    FrameReader,
    Invoke,
    Leftover,
    Load,
    Message,
    Prepare,
    SocketClose,
    SocketData,
    SocketOpen,
    Stop,
    TerminalLent,
    ToHost,
)
from devserver.session.host.becoming import Spare
from devserver.session.host.breakpoints import Breakpoints
from devserver.session.host.debugged import Debugged
from devserver.session.host.serving import Generation, Serving
from devserver.session.host.standstill import Standstill
from devserver.session.host.watchdog import leave_with_parent
from devserver.session.host.wire import Wire


class Host:
    """One generation, from spare to exit."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._reader = FrameReader(ToHost)
        self._loop = asyncio.get_running_loop()
        self._finished = asyncio.Event()
        self._serving = Serving(wire, self._look, self._spawn)
        standstill = Standstill(wire.send, self._serving.begun)
        self._debugged = Debugged(standstill, wire.log)
        self._breakpoints = Breakpoints(wire.send, self._read_beside, standstill, wire.log)
        self._spare = Spare(wire, self._serving, standstill, self._debugged, self._breakpoints)
        # Ours; whatever else runs in this loop belongs to the user.
        self._tasks: set[asyncio.Task[None] | None] = {asyncio.current_task()}

    async def run(self) -> None:
        """Serve until told to stop."""
        self._wire.attach(self._loop)
        self._loop.add_reader(self._wire.fileno(), self._readable)
        await self._finished.wait()
        self._loop.remove_reader(self._wire.fileno())

    def _readable(self) -> None:
        data = self._wire.receive()
        if not data:
            os._exit(0)
        for message in self._reader.feed(data):
            self._handle(message)

    def _read_beside(self) -> None:
        """Read while the event loop stands still in the user's code: only who lends a terminal is heard now."""
        data = self._wire.receive()
        if not data:
            os._exit(0)
        for message in self._reader.feed(data):
            if isinstance(message, TerminalLent):
                self._breakpoints.lent(message)
            else:
                self._loop.call_soon(self._handle, message)

    def _handle(self, message: Message) -> None:
        match message:
            case Invoke():
                self._serving.invoke(message)
            case CacheAnswer():
                self._serving.cache_answered(message)
            case Cancel():
                self._serving.cancel(message.id)
            case SocketOpen() | SocketData() | SocketClose():
                self._serving.socket(message)
            case Debug():
                self._debug(message)
            case TerminalLent():
                self._breakpoints.lent(message)
            case Load() | Prepare() | Stop():
                self._live(message)

    def _live(self, message: Load | Prepare | Stop) -> None:
        match message:
            case Load():
                self._spawn(self._spare.load(message))
            case Prepare():
                self._spare.prepare(message)
            case Stop():
                self._spawn(self._stop(message))

    def _look(self) -> None:
        self._debugged.look()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _debug(self, message: Debug) -> None:
        if message.point is None:
            self._debugged.leave()
        elif self._serving.generation is None:
            self._spare.join(message.point)
        else:
            self._serving.shut()  # now: requests may have come with this message
            self._spawn(self._let_in(message.point))

    async def _let_in(self, point: DebugPoint) -> None:
        try:
            await self._debugged.join(point)
        finally:
            self._serving.open()

    # --- going -------------------------------------------------------------------------------------------------

    async def _stop(self, message: Stop) -> None:
        generation = self._serving.generation
        if generation is not None:
            await self._serving.close_sockets()
            await self._shutdown_hooks(generation)
            await self._end_tasks(generation, message.grace)
            if generation.profiles is not None:
                generation.profiles.close()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        self._finished.set()

    async def _shutdown_hooks(self, generation: Generation) -> None:
        for hook in reversed(generation.runtime.shutdown):
            try:
                await call_hook(hook, generation.context())
            except Exception as error:  # noqa: BLE001 one failing hook must not keep the others from running
                self._wire.log("error", f"on_shutdown: {render(error, generation.root)}")

    async def _end_tasks(self, generation: Generation, grace: float) -> None:
        current.set(None)
        own = {*self._tasks, *self._serving.tasks()}
        left = {task for task in asyncio.all_tasks() if task not in own}
        if left:
            _, left = await asyncio.wait(left, timeout=grace)
        if left:
            names = sorted(_task_name(task, generation.root) for task in left)
            self._wire.send(Leftover(generation.app.generation, names))
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=1)


def _task_name(task: asyncio.Task[Any], root: str) -> str:
    code = getattr(task.get_coro(), "cr_code", None)
    if code is None:
        return task.get_name()
    return f"{code.co_qualname} ({code.co_filename.removeprefix(root + os.sep)}:{code.co_firstlineno})"


def main(number: int) -> None:
    """Entry point: file descriptor of the socket to the gateway."""
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole terminal; the gateway decides
    sys.dont_write_bytecode = True
    leave_with_parent()
    wire = Wire(socket.socket(fileno=number))

    async def serve() -> None:
        await Host(wire).run()

    asyncio.run(serve())
    os._exit(0)  # threads of plain handlers that never return must not keep an old generation alive
