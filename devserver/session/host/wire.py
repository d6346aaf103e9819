"""The host's end of the socket pair: frames out, bytes in.

It is written with a lock from any thread, so that the watchdog and prints of threads need no event loop. When the
gateway has closed its end, or is dead, writing ends this process. It must not know what the frames mean.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time

from devserver.session.frames import Line, Message, encode


class Wire:
    """The host's end of the socket pair."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._frames: list[bytes] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on `answer` may be used, in this loop."""
        self._loop = loop

    def answer(self, message: Message) -> None:
        """Write one frame at the end of this turn of the event loop, together with others.

        (Writing sooner, four at a time, let both processes work at once and was slower: each write wakes the other.)
        """
        if not self._frames and self._loop is not None:
            self._loop.call_soon(self.flush)
        self._frames.append(encode(message))

    def flush(self) -> None:
        """Write what `answer` has gathered."""
        if self._frames:
            frames, self._frames = self._frames, []
            self._write(b"".join(frames))

    def send(self, message: Message) -> None:
        """Write one frame; from any thread. The gateway always reads, so this does not wait for long."""
        self._write(encode(message))

    def log(self, level: str, text: str) -> None:
        """Write a log line that belongs to no request; from any thread."""
        self.send(Line("", time.time(), level, text, {}))

    def _write(self, data: bytes) -> None:
        try:
            with self._lock:
                self._connection.sendall(data)
        except OSError:
            os._exit(0)  # the gateway is gone

    def receive(self) -> bytes:
        """What has arrived; empty when the gateway is gone."""
        try:
            return self._connection.recv(1 << 18)
        except OSError:
            return b""

    def fileno(self) -> int:
        """For the event loop."""
        return self._connection.fileno()
