"""Closed loops: N connections, each sending its next request as soon as it has its answer.

wrk does it when it is installed (PATH, or WRK names it). Otherwise a loop over raw non-blocking sockets does: an
asyncio client would take more of the two cores than the server that it measures.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from benchmarks.figures import CannotMeasureError, percentile
from benchmarks.processes import environment

_blocks = count(1)
_BLOCK = 10_000_000  # requests in one round that can differ
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_DRAIN = 3.0
_SCRIPT = """\
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json; charset=utf-8"
wrk.headers["X-Timestamp"] = "2024-06-06T17:20:14Z"
wrk.headers["User-Agent"] = "bench"
wrk.headers["Accept"] = "application/json"
wrk.body = %s
local mark, number = %s, %d
if mark ~= "" then
  local body = wrk.body
  request = function()
    number = number + 1
    return wrk.format(nil, nil, nil, (body:gsub(mark, string.format("%%012.0f", number):reverse())))
  end
end
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\\nRESULT {"seconds":%%f,"requests":%%d,"errors":%%d,"p50":%%f,"p99":%%f}\\n',
    summary.duration / 1e6, summary.requests, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50) / 1e6, latency:percentile(99) / 1e6))
end
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """A request in which `mark`, twelve digits, is another number each time: backwards, as ids come in no order."""

    template: bytes
    mark: bytes

    def numbered(self, number: int) -> bytes:
        """The request with that number."""
        return self.template.replace(self.mark, (b"%012d" % number)[::-1])


@dataclass(frozen=True, slots=True)
class Pressed:
    """One round. Times in seconds."""

    seconds: float
    requests: int
    errors: int
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def client_name() -> str:
    """Which client `press` uses."""
    return "wrk" if _wrk() else "own socket loop (apt-get install wrk for the usual one)"


def press(port: int, request: bytes | Counted, connections: int, seconds: int, work: Path) -> Pressed:
    """Load for that many seconds."""
    wrk = _wrk()
    numbers = count(next(_blocks) * _BLOCK)
    if wrk is None:
        following = (lambda: request.numbered(next(numbers))) if isinstance(request, Counted) else (lambda: request)
        return _by_sockets(port, following, connections, seconds)
    template, mark = (request.template, request.mark) if isinstance(request, Counted) else (request, b"")
    head, _, body = template.partition(b"\r\n\r\n")
    script = work / "post.lua"
    # A JSON string of printable ASCII is a Lua string.
    script.write_text(_SCRIPT % (json.dumps(body.decode()), json.dumps(mark.decode()), next(numbers)))
    url = f"http://127.0.0.1:{port}{head.split()[1].decode()}"
    return _by_wrk([wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), url], seconds)


def _wrk() -> str | None:
    return os.environ.get("WRK") or shutil.which("wrk")


def _by_wrk(command: list[str], seconds: int) -> Pressed:
    limit = seconds + 20
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=limit, check=False)
    found = re.search(r"^RESULT (.*)$", done.stdout, re.MULTILINE)
    if not found:
        raise CannotMeasureError(f"wrk failed: {(done.stderr or done.stdout).strip()[-200:]}")
    return Pressed(**json.loads(found[1]))


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    started: float = 0.0
    received: bytearray = field(default_factory=bytearray)


def _by_sockets(port: int, following: Callable[[], bytes], connections: int, seconds: float) -> Pressed:
    took: list[float] = []
    errors = 0
    idle = 0
    with selectors.DefaultSelector() as selector:
        opened = [_Connection(connect(port)) for _ in range(connections)]
        for connection in opened:
            connection.socket.setblocking(False)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        begin = time.perf_counter()
        end = begin + seconds
        for connection in opened:
            connection.started = time.perf_counter()
            connection.socket.send(following())
        while idle < connections and time.perf_counter() < end + _DRAIN:
            for key, _ in selector.select(0.5):
                connection = key.data
                good = _receive(connection)
                if good is None:
                    continue
                now = time.perf_counter()
                if now < end:
                    took.append(now - connection.started)
                    errors += not good
                    connection.started = now
                    connection.socket.send(following())
                else:  # what is in flight at the end is awaited, so that it does not burden the next round
                    idle += 1
        for connection in opened:
            connection.socket.close()
    return Pressed(seconds, len(took), errors, percentile(took, 50), percentile(took, 99))


def _receive(connection: _Connection) -> bool | None:
    """Whether an answer with status 200 is complete; None while more is to come."""
    received = connection.received
    chunk = connection.socket.recv(65536)
    if not chunk:
        raise CannotMeasureError("the server closed a keep-alive connection under load")
    received += chunk
    head = received.find(b"\r\n\r\n")
    if head < 0:
        return None
    length = _LENGTH.search(received, 0, head)
    if length is None:
        raise CannotMeasureError("the server answers without Content-Length")
    if len(received) < head + 4 + int(length[1]):
        return None
    good = received[9:12] == b"200"
    received.clear()
    return good


def connect(port: int) -> socket.socket:
    """A connection for requests that follow each other."""
    connection = socket.create_connection(("127.0.0.1", port), 10)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


class Caller:
    """One keep-alive connection, one request at a time."""

    def __init__(self, port: int) -> None:
        self._connection = _Connection(connect(port))

    def call(self, request: bytes) -> float:
        """Seconds from the request's first byte to the answer's last."""
        begin = time.perf_counter()
        self._connection.socket.sendall(request)
        while (good := _receive(self._connection)) is None:
            pass
        took = time.perf_counter() - begin
        if not good:
            raise CannotMeasureError("an answer's status was not 200")
        return took

    def body(self, request: bytes) -> bytes:
        """The answer itself, without its head."""
        self._connection.socket.sendall(request)
        received = bytearray()
        while True:
            received += self._connection.socket.recv(65536)
            head, blank, body = bytes(received).partition(b"\r\n\r\n")
            length = _LENGTH.search(head)
            if blank and length and len(body) >= int(length[1]):
                return body

    def close(self) -> None:
        """Hang up."""
        self._connection.socket.close()
