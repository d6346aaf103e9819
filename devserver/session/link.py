"""The gateway's side of one host process: start it, talk to it, notice its death, end it.

A `HostLink` knows nothing of generations or of HTTP. It resolves futures by invocation id, and tells its owner about
everything else through `Notices`. Its socket is an asyncio transport; the process itself is a plain `Popen`, started
before the event loop exists when it is the first one (the interpreter of the host boots while the gateway imports
aiohttp).
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol, cast

from devserver.session.frames import (
    Answer,
    Blocked,
    CacheCall,
    Cancel,
    Did,
    FrameReader,
    Freed,
    Invoke,
    Leftover,
    Line,
    Load,
    Loaded,
    Message,
    NotLoaded,
    Paused,
    Prepare,
    Ready,
    Resumed,
    SocketClose,
    SocketData,
    SocketRefused,
    Stop,
    TerminalReturned,
    TerminalWanted,
    ToGateway,
    encode,
)
from devserver.session.pausing import Pause
from devserver.session.spawn import Started

_LONGEST = 16_384  # bytes of a line written past Python that are kept until its end comes


_TOLD = {
    CacheCall: "cache_call",
    Line: "line",
    Did: "did",
    Leftover: "leftover",
    TerminalWanted: "terminal_wanted",
    TerminalReturned: "terminal_returned",
}
"""Who of `Notices` takes a message as it is."""


@dataclass(frozen=True, slots=True)
class Died(Exception):
    """The host ended while somebody waited for it.

    Attributes:
        why: in words: "exit status 3", "SIGSEGV", "killed after a hang".
    """

    why: str


class Notices(Protocol):
    """What the owner of a host is told."""

    def cache_call(self, host: HostLink, call: CacheCall) -> None:
        """The user's code uses the cache; answer with `host.send(CacheAnswer(...))`."""
        ...

    def did(self, host: HostLink, did: Did) -> None:
        """The user's code changed something outside of itself, or called somebody."""
        ...

    def line(self, host: HostLink, line: Line) -> None:
        """The user's code logged or printed."""
        ...

    def raw_output(self, host: HostLink, text: str) -> None:
        """Something was written past Python, to file descriptor 1 or 2."""
        ...

    def blocked(self, host: HostLink, notice: Blocked) -> None:
        """A handler holds the event loop."""
        ...

    def freed(self, host: HostLink, notice: Freed) -> None:
        """The event loop runs again."""
        ...

    def paused(self, host: HostLink, notice: Paused) -> None:
        """The user's code stands still, in a debugger."""
        ...

    def resumed(self, host: HostLink) -> None:
        """It goes on, or its process has ended."""
        ...

    def terminal_wanted(self, host: HostLink, message: TerminalWanted) -> None:
        """The user's code called `breakpoint()`; answer with `host.send(TerminalLent(...))`, some time."""
        ...

    def terminal_returned(self, host: HostLink, message: TerminalReturned) -> None:
        """It is done with the terminal."""
        ...

    def gone(self, host: HostLink) -> None:
        """The process has ended, asked or not."""
        ...

    def leftover(self, host: HostLink, notice: Leftover) -> None:
        """Tasks were still running when the generation went."""
        ...

    def died(self, host: HostLink) -> None:
        """The process has ended without being asked; its invocations have failed with `Died`."""
        ...

    def socket_message(self, message: SocketData | SocketClose | SocketRefused) -> None:
        """A WebSocket message of the user's code."""
        ...


class HostLink(asyncio.Protocol):
    """One host process, from the gateway's side."""

    def __init__(self, started: Started, notices: Notices) -> None:
        self.process = started.process
        self.pid = started.process.pid
        self.ready: asyncio.Future[Ready] = asyncio.get_running_loop().create_future()
        self.ready.add_done_callback(_retrieved)
        self.generation = 0
        self.stopping = False
        self.blocked: Blocked | None = None
        self.pause = Pause()
        self.gone = asyncio.Event()
        self.why = ""
        self._connection = started.connection
        self._notices = notices
        self._reader = FrameReader(ToGateway)
        self._waiting: dict[int, tuple[asyncio.Future[Answer], Invoke]] = {}
        self._load: asyncio.Future[Loaded | NotLoaded] | None = None
        self._frames: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        self._idle = asyncio.Event()
        self._idle.set()
        self._transport: asyncio.Transport | None = None
        self._output: asyncio.Task[None] | None = None
        self._burial: asyncio.Task[None] | None = None

    @property
    def in_hand(self) -> int:
        """How many invocations wait for their answer."""
        return len(self._waiting)

    @property
    def paused(self) -> bool:
        """Whether the user's code stands still, in a debugger."""
        return self.pause.notice is not None

    async def connect(self, prepare: Prepare) -> None:
        """Attach to the event loop and send the first word."""
        loop = asyncio.get_running_loop()
        self._connection.setblocking(False)
        await loop.create_unix_connection(lambda: self, sock=self._connection)
        self.send(prepare)
        self._flush()
        self._output = loop.create_task(self._pump_output())

    # --- talking -----------------------------------------------------------------------------------------------

    def send(self, message: Message) -> None:
        """Write one frame; a host that is gone takes it silently, its death is told elsewhere.

        Frames of one turn of the event loop go out in one write.
        """
        if not self._frames:
            self._loop.call_soon(self._flush)
        self._frames.append(encode(message))

    def _flush(self) -> None:
        if self._transport is None:
            return  # what is said before there is a connection is sent then
        frames, self._frames = self._frames, []
        if frames and not self._transport.is_closing():
            self._transport.write(b"".join(frames))

    def invoke(self, future: asyncio.Future[Answer], message: Invoke) -> None:
        """Send a request; the future gets the answer or `Died`. A request that is alone goes out at once."""
        if self.gone.is_set():
            future.set_exception(Died(self.why))
            return
        self._waiting[message.id] = (future, message)
        self._idle.clear()
        self.send(message)
        if len(self._waiting) == 1:
            self._flush()

    def abandon(self, number: int) -> None:
        """Nobody waits for this answer any more."""
        self.forget(number)
        self.send(Cancel(number))

    def forget(self, number: int) -> None:
        """Take an invocation out of the books without telling the host."""
        if self._waiting.pop(number, None) is not None and not self._waiting:
            self._idle.set()

    def hand_over(self, other: HostLink) -> None:
        """Give another host what this one, which is blocked or paused, has not begun."""
        for number in self._unbegun():
            future, message = self._waiting[number]
            self.abandon(number)
            other.invoke(future, message)

    def has_unbegun(self) -> bool:
        """Whether there is something to hand over."""
        return bool(self._unbegun())

    def _unbegun(self) -> list[int]:
        notice = self.pause.notice or self.blocked
        started = set(notice.started) if notice else set(self._waiting)
        return [number for number in self._waiting if number not in started]

    async def load(self, message: Load) -> Loaded | NotLoaded:
        """Import the project.

        Raises:
            Died: the process ended meanwhile, for instance by `os._exit` at import.
        """
        self._load = asyncio.get_running_loop().create_future()
        if self.gone.is_set():
            raise Died(self.why)
        self.send(message)
        return await self._load

    async def retire(self, grace: float, deadline: float) -> None:
        """Let the host finish what it has in hand, then stop it; kill it when it does not go.

        A host that is paused in a debugger has all the time in the world.
        """
        self.stopping = True
        with suppress(TimeoutError):
            await self.pause.within(deadline, self._idle.wait())
        await self.stop(grace)

    async def stop(self, grace: float) -> None:
        """Stop now: hooks, tasks, exit; kill it when that takes longer than `grace` and two seconds."""
        self.stopping = True
        self.send(Stop(grace))
        try:
            await self.pause.within(grace + 2, self.gone.wait())
        except TimeoutError:
            self.kill("it did not stop in time")
        await self.gone.wait()

    def kill(self, why: str) -> None:
        """End the process and everything it started, at once."""
        self.why = self.why or why
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            self.process.kill()

    # --- asyncio.Protocol --------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        for message in self._reader.feed(data):
            if type(message) is Answer:
                self._answered(message)
            else:
                self._handle(message)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 asyncio's signature
        """The socket closed, so the process has ended or is about to."""
        self._burial = asyncio.get_running_loop().create_task(self._bury())

    def _answered(self, message: Answer) -> None:
        waiting = self._waiting.pop(message.id, None)
        if not self._waiting:
            self._idle.set()
        if waiting is not None and not waiting[0].done():
            waiting[0].set_result(message)

    def _handle(self, message: Any) -> None:
        notices = self._notices
        match message:
            case CacheCall() | Line() | Did() | Leftover() | TerminalWanted() | TerminalReturned():
                getattr(notices, _TOLD[type(message)])(self, message)
            case Ready():
                if not self.ready.done():  # who waited for it may have been cancelled
                    self.ready.set_result(message)
            case Loaded() | NotLoaded():
                if self._load is not None and not self._load.done():
                    self._load.set_result(message)
            case Blocked() | Freed() | Paused() | Resumed():
                self._stands(message)
            case SocketData() | SocketClose() | SocketRefused():
                notices.socket_message(message)

    def _stands(self, message: Blocked | Freed | Paused | Resumed) -> None:
        """The user's code holds its event loop, or it is held itself."""
        match message:
            case Blocked():
                self.blocked = message
                self._notices.blocked(self, message)
            case Freed():
                self.blocked = None
                self._notices.freed(self, message)
            case Paused():
                self.pause.begin(message)
                self._notices.paused(self, message)
            case Resumed():
                self._resumed()

    def _resumed(self) -> None:
        if self.paused:
            self.pause.end()
            self._notices.resumed(self)

    # --- death -------------------------------------------------------------------------------------------------

    async def _pump_output(self) -> None:
        """Read what was written past Python until the pipe closes; a full pipe would stop the host."""
        assert self.process.stdout is not None  # noqa: S101 we asked for a pipe
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), self.process.stdout)
        rest = b""
        try:
            while data := await reader.read(65536):
                # C code writes in pieces: a line is told when it is whole, or far too long.
                lines, end, rest = (rest + data).rpartition(b"\n")
                if len(rest) > _LONGEST:
                    lines, rest = lines + end + rest, b""
                self._tell_raw(lines)
            self._tell_raw(rest)
        finally:
            transport.close()

    def _tell_raw(self, data: bytes) -> None:
        for text in data.decode("utf-8", "replace").splitlines():
            self._notices.raw_output(self, text)

    async def _bury(self) -> None:
        status = await _exit_status(self.process)
        if self._output is None and self.process.stdout is not None:
            self.process.stdout.close()  # whoever connected was cancelled in the middle of it
        self.why = self.why or _in_words(status)
        self.gone.set()
        self._idle.set()
        self._resumed()
        error = Died(self.why)
        for future in [*(future for future, _ in self._waiting.values()), self._load, self.ready]:
            if future is not None and not future.done():
                future.set_exception(error)
        self._waiting.clear()
        _end_group(self.pid)
        self._notices.gone(self)
        if not self.stopping:
            self._notices.died(self)


def _retrieved(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()


async def _exit_status(process: subprocess.Popen[bytes]) -> int:
    """Wait for a process whose socket has closed: it is dead, or will be within moments."""
    for pause in (0, 0.002, 0.01, 0.05, 0.2, 0.5, 1.0):
        if (status := process.poll()) is not None:
            return status
        await asyncio.sleep(pause)
    process.kill()
    return await asyncio.to_thread(process.wait)


def _end_group(pid: int) -> None:
    """What the host had started goes with it."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _in_words(status: int) -> str:
    if status < 0:
        try:
            return f"signal {signal.Signals(-status).name}"
        except ValueError:
            return f"signal {-status}"
    return f"exit status {status}"
