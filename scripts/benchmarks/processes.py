"""Starting what is measured, and stopping all of it by process id however a run ends.

Each server leads a process group of its own, so that Ctrl-C reaches only us and we stop them in order: SIGTERM to the
server, time to leave, then SIGKILL to whatever of its family is still there.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import psutil

from benchmarks.figures import CannotMeasureError
from benchmarks.settings import BASELINES, Settings, say

OURS = "fn dev"
START_LIMIT = 20.0
STOP_LIMIT = 8.0
# The first two change results (bytecode caching, TLS); the third would let a function import these benchmarks.
_NOT_INHERITED = ("PYTHONDONTWRITEBYTECODE", "AWS_CA_BUNDLE", "PYTHONPATH")
_ASK = "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


@dataclass(slots=True)
class Server:
    """A started server; `events` only when its stdout is read as JSON lines."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    log: Path
    spawned: float
    events: Events | None = None

    def family(self) -> list[psutil.Process]:
        """The process and all its descendants."""
        try:
            leader = psutil.Process(self.process.pid)
            return [leader, *leader.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def cpu_seconds(self) -> float:
        """User and system time of the family so far."""
        total = 0.0
        for member in self.family():
            with contextlib.suppress(psutil.NoSuchProcess):
                spent = member.cpu_times()
                total += spent.user + spent.system
        return total

    def failed(self, what: str) -> CannotMeasureError:
        """What to raise, with the server's own last words."""
        words = re.sub(r"\s+", " ", self.log.read_text(errors="replace"))[-300:] if self.log.exists() else ""
        return CannotMeasureError(f"{self.name} {what}" + (f"; its last words: {words}" if words.strip() else ""))


@dataclass(slots=True)
class Events:
    """JSON lines of a server's stdout with the moment each arrived; reading never stops, so that it never blocks."""

    seen: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    closed: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)

    def read(self, stream: IO[bytes]) -> None:
        """For a thread."""
        for line in stream:
            now = time.perf_counter()
            with contextlib.suppress(ValueError):
                event = json.loads(line)
                with self.changed:
                    self.seen.append((now, event))
                    self.changed.notify_all()
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def wait(self, name: str, after: int, limit: float) -> tuple[float, dict[str, Any]] | None:
        """The first event of that name from index `after` on; None when it does not come in time."""
        return self.first(lambda event: event.get("event") == name, after, limit)

    def first(
        self, fits: Callable[[dict[str, Any]], bool], after: int, limit: float
    ) -> tuple[float, dict[str, Any]] | None:
        """As `wait`, of lines that fit."""
        end = time.perf_counter() + limit
        with self.changed:
            while True:
                for moment, event in self.seen[after:]:
                    if fits(event):
                        return moment, event
                left = end - time.perf_counter()
                if left <= 0 or self.closed:
                    return None
                self.changed.wait(left)


@contextlib.contextmanager
def ours(settings: Settings, project: Path) -> Iterator[Server]:
    """`fn dev` as people run it without a terminal: plain output into a file. Answers when this returns."""
    port = free_port()
    command = [*settings.fn, "dev", "--port", str(port), "--console-port", "0", "--cloud-port", "0", str(project)]
    with running(OURS, command, settings, port) as server:
        wait_for_answer(server, "/v")
        yield server


@contextlib.contextmanager
def ours_with_events(
    settings: Settings, project: Path, *options: str, more: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """`fn dev --json --port 0`. Ready when this returns; the ready event is the first of `events`."""
    ports = ["--port", "0", "--console-port", "0", "--cloud-port", "0"]
    command = [*settings.fn, "dev", "--json", *ports, *options, str(project)]
    with running(OURS, command, settings, 0, events=True, more=more) as server:
        ready = server.events.wait("ready", 0, START_LIMIT) if server.events else None
        if ready is None:
            raise server.failed("printed no ready line")
        server.port = int(str(ready[1]["function"]).rsplit(":", 1)[1])
        yield server


@contextlib.contextmanager
def bare(settings: Settings) -> Iterator[Server]:
    """The bare aiohttp handler."""
    port = free_port()
    with running("bare aiohttp", [sys.executable, str(BASELINES / "bare.py"), str(port)], settings, port) as server:
        wait_for_answer(server, "/", "404")
        yield server


@contextlib.contextmanager
def uvicorn(settings: Settings, project: Path) -> Iterator[Server]:
    """`uvicorn --reload` on an ASGI application."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "app:app", "--reload", "--port", str(port), "--log-level", "warning"]
    with running("uvicorn --reload", command, settings, port, cwd=project) as server:
        wait_for_answer(server, "/v")
        yield server


@contextlib.contextmanager
def running(
    name: str,
    command: list[str],
    settings: Settings,
    port: int,
    *,
    cwd: Path | None = None,
    events: bool = False,
    more: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Any command as a server, with `more` in its environment; stopped, with all that it started, on the way out."""
    log = settings.work / f"{re.sub(r'[^a-z]+', '-', name.lower())}-{time.monotonic_ns()}.log"
    with log.open("wb") as output:
        spawned = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment() | (more or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if events else output,
            stderr=subprocess.STDOUT if not events else output,
            start_new_session=True,
        )
    server = Server(name, process, port, log, spawned)
    try:
        if process.stdout:
            server.events = Events()
            threading.Thread(target=server.events.read, args=(process.stdout,), daemon=True).start()
        yield server
    finally:
        stop(server)


def stop(server: Server) -> None:
    """SIGTERM, wait, then SIGKILL to all of the family that is left; `fn dev` must leave nothing, so that is said."""
    family = server.family()
    died = server.process.poll() is not None
    server.process.terminate()
    try:
        server.process.wait(STOP_LIMIT)
    except subprocess.TimeoutExpired:
        say(f"{server.name} did not stop within {STOP_LIMIT:.0f} s of SIGTERM; killed")
    # Children that were on their way out get a moment; psutil knows a reused pid from the process that we saw.
    _, left = psutil.wait_procs([member for member in family if member.pid != server.process.pid], timeout=1)
    if left and not died and server.name == OURS:
        say(f"{server.name} left {len(left)} processes behind; killed")
    for member in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(server.process.pid, signal.SIGKILL)
    server.process.wait(STOP_LIMIT)
    if server.process.stdout:
        server.process.stdout.close()


def environment() -> dict[str, str]:
    """What children inherit."""
    return {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(port: int, path: str, limit: float = 10.0) -> bytes:
    """One request on a connection of its own: the whole reply, empty when there was none."""
    try:
        with socket.create_connection(("127.0.0.1", port), limit) as connection:
            connection.sendall(_ASK.format(path=path).encode())
            reply = bytearray()
            while chunk := connection.recv(65536):
                reply += chunk
            return bytes(reply)
    except OSError:
        return b""


def wait_for_answer(server: Server, path: str, status: str = "200") -> float:
    """Seconds from the spawn to the first answer with that status."""
    wanted = f"HTTP/1.1 {status}".encode()
    return wait_until(server, lambda: ask(server.port, path).startswith(wanted), f"did not answer {path} with {status}")


def wait_until(server: Server, condition: Callable[[], bool], otherwise: str) -> float:
    """Seconds from the spawn until the condition holds."""
    while not condition():
        if server.process.poll() is not None:
            raise server.failed(f"ended with status {server.process.returncode}")
        if time.perf_counter() - server.spawned > START_LIMIT:
            raise server.failed(f"{otherwise} within {START_LIMIT:.0f} s")
        time.sleep(0.002)
    return time.perf_counter() - server.spawned
