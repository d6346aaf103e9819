"""One end of a connection that carries messages of the Debug Adapter Protocol. What they mean is not known here."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

from devserver.debug.dap import Reader

BUFFER = 1 << 16  # bytes that are read at once

Address = tuple[str, int]


class Side:
    """One connection, of which messages are read."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, messages: Reader) -> None:
        self._reader = reader
        self._messages = messages
        self._writer = writer
        self._socket = writer.get_extra_info("socket")

    async def read(self) -> list[bytes]:
        """What has come, whole messages; empty at the end. A message may take more than one reading.

        Raises:
            NotDap: it is something else.
        """
        while data := await self._reader.read(BUFFER):
            self._acknowledge()
            if found := list(self._messages.feed(data)):
                return found
        return []

    def _acknowledge(self) -> None:
        """Now, and not after 40 ms: the adapter sends its next small message only then."""
        if hasattr(socket, "TCP_QUICKACK"):
            with suppress(OSError):
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def put(self, data: bytes) -> None:
        """Send, and do not wait for it."""
        if not self._writer.is_closing():
            self._writer.write(data)

    async def write(self, data: bytes) -> None:
        """Send; waits while the other side does not read."""
        self._writer.write(data)
        await self._writer.drain()

    async def close(self) -> None:
        """Hang up."""
        await hang_up(self._writer)


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Close a connection that may be broken already."""
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def dial(address: Address) -> Side:
    """A connection to the adapter.

    Raises:
        OSError: nobody is there.
    """
    reader, writer = await asyncio.open_connection(*address, limit=BUFFER)
    return Side(reader, writer, Reader())
