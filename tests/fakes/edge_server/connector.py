"""One connection of a connector: HTTP/2 with the roles turned round, for it dials and the edge asks (lab.md 1.2)."""

from __future__ import annotations

import asyncio
import socket
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, ResponseReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes

from tests.fakes.edge_server.registration import Registration, serve
from tests.fakes.edge_server.state import State

_WINDOW = 2**24  # bytes that may be on their way to us
_CONTROL = [
    (":method", "GET"),
    (":scheme", "http"),
    (":authority", "localhost"),
    (":path", "/"),
    ("cf-cloudflared-proxy-connection-upgrade", "control-stream"),
]


class Stream:
    """One request to the connector and its answer, both a piece at a time."""

    def __init__(self, connector: Connector, number: int) -> None:
        self.events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._connector = connector
        self._number = number

    async def send(self, data: bytes) -> None:
        """Send a piece of the request's body, as fast as the other side takes it."""
        h2 = self._connector.h2
        while data:
            room = min(h2.local_flow_control_window(self._number), h2.max_outbound_frame_size, len(data))
            if room <= 0:
                self._connector.room.clear()
                await self._connector.room.wait()
                continue
            h2.send_data(self._number, data[:room])
            data = data[room:]
            await self._connector.flush()

    async def end(self) -> None:
        """The request is whole."""
        self._connector.h2.end_stream(self._number)
        await self._connector.flush()

    async def head(self) -> dict[str, str] | None:
        """The headers of the answer; None when there is none."""
        event = await self.events.get()
        if not isinstance(event, ResponseReceived):
            return None
        return {_text(name): _text(value) for name, value in event.headers}

    async def body(self) -> AsyncIterator[bytes]:
        """The pieces of the answer's body, as they come.

        Raises:
            ConnectionError: it is not whole.
        """
        while True:
            match await self.events.get():
                case DataReceived(data=data):
                    yield data or b""
                case StreamEnded():
                    return
                case _:
                    raise ConnectionError("the answer was cut off")

    async def close(self) -> None:
        """Forget it; the connector is told when it was not over."""
        self._connector.streams.pop(self._number, None)
        self._connector.closed.set()
        with suppress(ProtocolError, OSError):
            self._connector.h2.reset_stream(self._number, ErrorCodes.CANCEL)
            await self._connector.flush()


class Connector:
    """One connection.

    Attributes:
        hostname: of the tunnel that it serves.
        registered: set when it may be asked.
        room: set when more may be sent.
        closed: set when a request is over.
    """

    def __init__(self, state: State, reader: StreamReader, writer: StreamWriter) -> None:
        self.h2 = H2Connection(H2Configuration(client_side=True, validate_outbound_headers=False))
        self.streams: dict[int, Stream] = {}
        self.hostname = ""
        self.registered = asyncio.Event()
        self.draining = False
        self.room = asyncio.Event()
        self.closed = asyncio.Event()
        self._state = state
        self._reader = reader
        self._writer = writer
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """Serve it until it ends."""
        self.h2.initiate_connection()
        self.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: _WINDOW})
        self.h2.increment_flow_control_window(_WINDOW)
        control = await self.open(_CONTROL)
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=ours)
        procedures = asyncio.create_task(serve(Registration(self._state, self), theirs))
        self._tasks += [
            asyncio.create_task(_pour(control, writer)),
            asyncio.create_task(_fill(reader, control)),
        ]
        self._state.connectors.append(self)
        try:
            await self._listen()
        finally:
            self._state.connectors.remove(self)
            writer.close()  # before its other end, which Cap'n Proto must see ending
            await asyncio.wait([procedures], timeout=1)
            for task in (procedures, *self._tasks):
                task.cancel()
            for stream in self.streams.values():
                stream.events.put_nowait(None)
            self.room.set()
            self._writer.close()

    async def open(self, headers: Sequence[tuple[str, str]], *, whole: bool = False) -> Stream:
        """Send a request's head. `whole` when no body follows."""
        number = self.h2.get_next_available_stream_id()
        stream = self.streams[number] = Stream(self, number)
        self.h2.send_headers(number, headers, end_stream=whole)
        await self.flush()
        return stream

    async def flush(self) -> None:
        """Send what is to be sent."""
        if data := self.h2.data_to_send():
            self._writer.write(data)
            await self._writer.drain()

    def register(self, hostname: str) -> None:
        """It may be asked now."""
        self.hostname = hostname
        self.registered.set()

    def begin_drain(self) -> None:
        """It wants to go: finish what is in hand, then hang up. If the edge did not, it would wait its whole grace."""
        self.draining = True
        self._tasks.append(asyncio.create_task(self._drain()))

    def cut(self) -> None:
        """End it as a network does."""
        self._writer.transport.abort()

    async def go_away(self) -> None:
        """End it politely."""
        self.h2.close_connection()
        await self.flush()

    async def _drain(self) -> None:
        while len(self.streams) > 1:  # all but the control stream
            self.closed.clear()
            await self.closed.wait()
        await asyncio.sleep(0.02)  # the answer to the call that led here is on its way
        await self.go_away()
        self._writer.close()

    async def _listen(self) -> None:
        while data := await self._reader.read(65536):
            for event in self.h2.receive_data(data):
                self._take(event)
            await self.flush()

    def _take(self, event: Event) -> None:
        self.room.set()
        stream = self.streams.get(getattr(event, "stream_id", 0) or 0)
        if isinstance(event, DataReceived):
            self.h2.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id)
        if stream is not None and isinstance(event, ResponseReceived | DataReceived | StreamEnded | StreamReset):
            stream.events.put_nowait(event)


async def _pour(stream: Stream, writer: StreamWriter) -> None:
    if await stream.head() is None:
        return
    async for data in stream.body():
        writer.write(data)
        await writer.drain()


async def _fill(reader: StreamReader, stream: Stream) -> None:
    while data := await reader.read(65536):
        await stream.send(data)


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
