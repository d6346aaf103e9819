"""An editor, as far as a debugger sees one: a client of the Debug Adapter Protocol that follows child sessions.

It does what VS Code does: one attachment of its own, a session more for each `debugpyAttach`, breakpoints pushed to all
of them, those of new sessions before `configurationDone`. Blocking calls and threads, because the tests that use it
block on HTTP requests, too.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

PATIENCE = 60.0  # seconds; only a failing test waits that long

Body = dict[str, Any]


class Refused(Exception):
    """A request failed; the text is the adapter's."""


class Gone(Exception):
    """The adapter has closed the connection."""


class Connection:
    """One session's connection: requests, responses by number, events in order.

    Args:
        port: of the adapter, on 127.0.0.1.
        news: notified whenever something has arrived; shared by the sessions of a client.
        on_event: sees every event when it arrives, and this connection, in the reader's thread.
    """

    def __init__(
        self,
        port: int,
        news: threading.Condition,
        on_event: Callable[[Connection, Body], None] = lambda _connection, _event: None,
    ) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._socket.settimeout(None)
        self._news = news
        self._on_event = on_event
        self._number = 0
        self._answers: dict[int, Body] = {}
        self.events: list[Body] = []
        self.closed = False
        self.pid = 0  # of the process, when it is a child's session
        self._sending = threading.Lock()
        self._reader = threading.Thread(target=self._read, name="dap-reader", daemon=True)
        self._reader.start()

    def send(self, command: str, /, **arguments: Any) -> int:
        """Send a request; gives its number."""
        with self._sending:
            self._number += 1
            number = self._number
            message = {"seq": number, "type": "request", "command": command, "arguments": arguments}
            body = json.dumps(message).encode()
            try:
                self._socket.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
            except OSError as error:
                raise Gone(str(error)) from error
        return number

    def answer(self, number: int) -> Body:
        """The body of the response to a request.

        Raises:
            Refused: it failed.
            Gone: the connection closed before it came.
        """
        self.until(lambda: number in self._answers or self.closed, f"no answer to request {number}")
        if number not in self._answers:
            raise Gone
        answer = self._answers[number]
        if not answer["success"]:
            error = answer.get("body", {}).get("error", {})
            raise Refused(answer.get("message") or error.get("format", ""))
        body: Body = answer.get("body") or {}
        return body

    def ask(self, command: str, /, **arguments: Any) -> Body:
        """A request and the body of its response."""
        return self.answer(self.send(command, **arguments))

    def event(self, kind: str, test: Callable[[Body], bool] = lambda _: True, after: int = 0) -> Body:
        """The body of the first event of a kind that passes a test, from number `after` on; waits for it."""

        def found() -> Body | None:
            return next((e for e in self.events[after:] if e["event"] == kind and test(e.get("body") or {})), None)

        self.until(lambda: found() is not None or self.closed, f"no event {kind}")
        event = found()
        if event is None:
            raise Gone(kind)
        body: Body = event.get("body") or {}
        return body

    def until(self, test: Callable[[], bool], why: str) -> None:
        """Wait for a condition on what has arrived."""
        with self._news:
            if not self._news.wait_for(test, PATIENCE):
                raise AssertionError(f"{why}; events: {[e['event'] for e in self.events[-8:]]}")

    def close(self) -> None:
        """Drop the connection without a word."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        if threading.current_thread() is not self._reader:
            self._reader.join(PATIENCE)

    def _read(self) -> None:
        with suppress(OSError, ValueError), self._socket.makefile("rb") as file:
            while (message := _message(file)) is not None:
                if message["type"] == "event":
                    self._on_event(self, message)
                with self._news:
                    if message["type"] == "response":
                        self._answers[message["request_seq"]] = message
                    elif message["type"] == "event":
                        self.events.append(message)
                    self._news.notify_all()
        with self._news:
            self.closed = True
            self._news.notify_all()


def _message(file: Any) -> Body | None:
    length = 0
    while line := file.readline().strip():
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    if not length:
        return None
    message: Body = json.loads(file.read(length))
    return message


@dataclass(frozen=True, slots=True)
class Stop:
    """A thread that stands still.

    Attributes:
        connection: the session it is in.
        thread: its id there.
        reason: `breakpoint`, `exception`, `step`, `pause`.
        frames: the stack, innermost first.
        number: of the event, among those of its session.
    """

    connection: Connection
    thread: int
    reason: str
    frames: list[Body]
    number: int

    @property
    def line(self) -> int:
        return int(self.frames[0]["line"])

    @property
    def name(self) -> str:
        return str(self.frames[0]["name"])

    @property
    def path(self) -> str:
        return str(self.frames[0]["source"]["path"])

    def variables(self, frame: int = 0) -> dict[str, str]:
        """The locals of a frame."""
        scopes = self.connection.ask("scopes", frameId=self.frames[frame]["id"])["scopes"]
        found = self.connection.ask("variables", variablesReference=scopes[0]["variablesReference"])["variables"]
        return {item["name"]: item["value"] for item in found}

    def evaluate(self, expression: str) -> str:
        """An expression in the innermost frame."""
        answer = self.connection.ask("evaluate", expression=expression, frameId=self.frames[0]["id"], context="repl")
        return str(answer["result"])

    def go_on(self, how: str = "continue") -> None:
        """`continue`, `next`, `stepIn` or `stepOut`."""
        self.connection.ask(how, threadId=self.thread)


class Editor:
    """A client: its root session and those of the children.

    Args:
        port: what it attaches to.
        breakpoints: lines by path.
        filters: exception filters.
        arguments: of `attach`, beside where to.
    """

    def __init__(
        self,
        port: int,
        breakpoints: dict[str, list[int]] | None = None,
        filters: Iterable[str] = (),
        **arguments: Any,
    ) -> None:
        self.port = port
        self.breakpoints = dict(breakpoints or {})
        self.filters = list(filters)
        self.arguments = {"justMyCode": True, **arguments}
        self.news = threading.Condition()
        self.children: list[Connection] = []
        self.pids: list[int] = []
        self.failures: list[BaseException] = []
        self._threads: list[threading.Thread] = []
        self._leaving = False
        self._spawning = threading.Lock()
        self._seen: set[tuple[int, int]] = set()
        self._placing = threading.Lock()
        self.root = Connection(port, self.news, self._rooted)
        self.bound: dict[str, list[Body]] = {}

    def attach(self) -> Self:
        """Attach the root session; returns when the adapter says that it is done."""
        self._open(self.root, {"connect": {"host": "127.0.0.1", "port": self.port}})
        return self

    def _open(self, connection: Connection, where: Body) -> None:
        connection.ask(
            "initialize",
            clientID="tests",
            adapterID="python",
            pathFormat="path",
            linesStartAt1=True,
            columnsStartAt1=True,
            supportsVariableType=True,
        )
        number = connection.send("attach", **{**self.arguments, **where})
        # Whichever comes first: a refusal has no `initialized`.
        connection.until(
            lambda: (
                number in connection._answers
                or any(e["event"] == "initialized" for e in connection.events)
                or connection.closed
            ),
            "neither initialized nor refused",
        )
        if not any(e["event"] == "initialized" for e in connection.events):
            connection.answer(number)
        for path in list(self.breakpoints):
            self._pushed(connection, path, self._push(connection, path))
        connection.ask("setExceptionBreakpoints", filters=self.filters)
        connection.ask("configurationDone")
        connection.answer(number)

    def _push(self, connection: Connection, path: str) -> int:
        """Tell a session where breakpoints are now. What is told last is the newest, whichever thread tells it."""
        with self._placing:
            lines = self.breakpoints[path]
            told = [{"line": line} for line in lines]
            return connection.send("setBreakpoints", source={"path": path}, breakpoints=told, lines=lines)

    def _pushed(self, connection: Connection, path: str, number: int) -> None:
        self.bound[path] = connection.answer(number)["breakpoints"]

    def _rooted(self, _root: Connection, event: Body) -> None:
        if event["event"] == "debugpyAttach":
            self._spawn(threading.Thread(target=self._child, args=(event["body"],), name="dap-child", daemon=True))

    def _spawn(self, thread: threading.Thread) -> None:
        """Start a thread that `vanish` waits for; not any more when that has begun."""
        with self._spawning:
            if not self._leaving:
                thread.start()
                self._threads.append(thread)

    def _child(self, body: Body) -> None:
        try:
            child = Connection(body["connect"]["port"], self.news, self._heard_child)
            child.pid = body["subProcessId"]
            self.children.append(child)
            self._open(child, {"connect": body["connect"], "subProcessId": body["subProcessId"]})
        except (Gone, OSError):
            return  # that process has ended already
        except BaseException as error:  # noqa: BLE001 the test looks at it
            self.failures.append(error)
            return
        with self.news:
            self.pids.append(body["subProcessId"])
            self.news.notify_all()

    def _heard_child(self, child: Connection, event: Body) -> None:
        """A session that has ended is closed by its client."""
        if event["event"] == "terminated":
            self._spawn(threading.Thread(target=_part, args=(child,), name="dap-parting", daemon=True))

    def until(self, test: Callable[[], bool], why: str) -> None:
        """Wait for a condition on what has arrived."""
        with self.news:
            if not self.news.wait_for(test, PATIENCE):
                raise AssertionError(f"{why}; {self.failures} {[e['event'] for e in self.root.events[-8:]]}")

    def live(self) -> list[Connection]:
        """Sessions that have not ended."""
        return [
            one
            for one in (self.root, *self.children)
            if not one.closed and not any(e["event"] == "terminated" for e in one.events)
        ]

    def set_breakpoints(self, path: str, lines: list[int]) -> None:
        """Set them in every session there is, in all at once as editors do, and in those to come."""
        with self._placing:
            self.breakpoints[path] = lines
        pushed: list[tuple[Connection, int]] = []
        for one in self.live():
            with suppress(Gone):  # it ends right now
                pushed.append((one, self._push(one, path)))
        for one, number in pushed:
            with suppress(Gone, Refused):  # likewise, or it is only being opened, and told then
                self._pushed(one, path, number)

    def stop(self) -> Stop:
        """The next thread that stands still, in whichever session."""
        found: list[tuple[Connection, int, Body]] = []

        def look() -> bool:
            for one in (self.root, *list(self.children)):
                for number, event in enumerate(one.events):
                    if event["event"] == "stopped" and (id(one), number) not in self._seen:
                        found.append((one, number, event["body"]))
                        return True
            return False

        self.until(look, "nothing stopped")
        one, number, body = found[0]
        self._seen.add((id(one), number))
        frames = one.ask("stackTrace", threadId=body["threadId"], levels=20)["stackFrames"]
        return Stop(one, body["threadId"], body["reason"], frames, number)

    def stops_waiting(self) -> int:
        """Stops that nobody has asked for yet."""
        everything = [
            (id(one), n)
            for one in (self.root, *self.children)
            for n, e in enumerate(one.events)
            if e["event"] == "stopped"
        ]
        return len([which for which in everything if which not in self._seen])

    def detach(self) -> None:
        """Leave as an editor does: children first."""
        for one in reversed(self.live()):
            with suppress(Gone, Refused):
                one.ask("disconnect", terminateDebuggee=False)
        self.vanish()

    def vanish(self) -> None:
        """Leave without a word."""
        with self._spawning:
            self._leaving = True
        for thread in self._threads:
            thread.join(PATIENCE)
        for one in (*self.children, self.root):
            one.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.vanish()


def _part(child: Connection) -> None:
    with suppress(Gone, Refused, AssertionError):
        child.ask("disconnect", terminateDebuggee=False)
    child.close()


def wait(test: Callable[[], bool], why: str) -> None:
    """Wait for a condition that tells nobody when it comes true."""
    end = time.monotonic() + PATIENCE
    while not test():
        assert time.monotonic() < end, why
        threading.Event().wait(0.005)
