"""What gateway and host say to each other: length-prefixed msgpack frames over a socket pair.

Every message is a frozen array-like struct with a one- or two-letter tag; a frame is four bytes of length (big endian)
and the message. Frames cost +0.06 ms and a tenth of the throughput of an in-process call, where HTTP over a Unix
socket costs three quarters of it (lab.md, DESIGN 2). This module knows the messages and their bytes, no sockets.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import msgspec

Pairs = list[tuple[str, str]]
Stamp = tuple[int, int, int]
"""Modification time in ns, size in bytes, inode: what `os.stat` says of a file version."""


class Message(msgspec.Struct, frozen=True, array_like=True):
    """The common shape."""


# --- gateway to host ---------------------------------------------------------------------------------------------


class Prepare(Message, tag="P", frozen=True):
    """First word to a new host: become a spare for this project.

    Attributes:
        root: folder of the project.
        environment: variables that are put into `os.environ`.
        settings: the rest that the runtime needs, see `HostSettings`.
        preload: third-party modules that earlier generations imported.
        code: compiled modules by (path, hash of the source), from earlier generations.
        debug: where to let a debugger in before anything else happens; None when there is no client.
    """

    root: str
    environment: dict[str, str]
    settings: HostSettings
    preload: list[str]
    code: list[CompiledModule]
    debug: DebugPoint | None = None


class HostSettings(msgspec.Struct, frozen=True):
    """Plain values the runtime is built from.

    Attributes:
        origins: redirects the SDK by product.
        storage: folder of the storage.
        database: the SQLite file.
        keep: folder for what writes to the storage replace; empty to keep nothing.
        sealed: a replay: calls of the SDK do not go out unless that is allowed.
        terminal: there is one that `breakpoint()` may borrow.
        profiles: folder for flame graphs of callbacks; empty to make none.
    """

    name: str
    project_id: str | None
    variables: dict[str, str]
    origins: dict[str, str]
    blocked_after: float
    storage: str
    database: str
    keep: str = ""
    sealed: bool = False
    terminal: bool = False
    profiles: str = ""


class CompiledModule(msgspec.Struct, frozen=True, array_like=True):
    """A code object of a user module, marshalled, valid for exactly this source."""

    path: str
    digest: bytes
    code: bytes


class Load(Message, tag="L", frozen=True):
    """Import the project and serve it as this generation.

    Attributes:
        generation: counted from 1.
        expected: handler names of the generation that answers now; fewer than these, and the host asks first.
        force: load although handlers are gone.
        check: compile, run nothing, and answer `NotLoaded` of kind `complete` when all is well.
        changed: files known to have changed; they are compiled before anything is imported, so that a syntax error
            costs no host.
    """

    generation: int
    expected: list[str]
    force: bool
    check: bool
    changed: list[str]


class Replaying(msgspec.Struct, frozen=True, array_like=True):
    """How a replayed callback differs from a live one.

    Attributes:
        frozen_at: what the clocks say, seconds since 1970; 0 lets them run.
        outbound: recorded calls of the SDK, effects as JSON, from which its calls are answered.
        allow_outbound: whether other calls may really go out.
    """

    frozen_at: float
    outbound: bytes
    allow_outbound: bool


class Invoke(Message, tag="I", frozen=True):
    """Answer one request.

    Attributes:
        id: chosen by the gateway; comes back in `Answer`.
        exposed: it comes from outside of this machine, so that its sender is told no details.
        open: outsiders can reach the function, so that Basic auth fails closed for everybody.
    """

    id: int
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    request_id: str
    remote: str
    exposed: bool
    replaying: Replaying | None = None
    open: bool = False


class Cancel(Message, tag="X", frozen=True):
    """Nobody waits for this answer any more: the deadline passed."""

    id: int


class CacheAnswer(Message, tag="C", frozen=True):
    """Result of a `CacheCall`; `error` is a text when the operation was refused."""

    id: int
    value: Any
    error: str | None = None


class SocketOpen(Message, tag="WO", frozen=True):
    """A client opened a WebSocket at a path that the function registered."""

    id: int
    path: str
    target: str
    headers: Pairs
    request_id: str
    remote: str


class SocketData(Message, tag="WD", frozen=True):
    """One WebSocket message, in either direction; `data` is str or bytes (a union that msgspec does not take)."""

    id: int
    data: Any


class SocketClose(Message, tag="WC", frozen=True):
    """A WebSocket is closed, in either direction."""

    id: int
    code: int = 1000
    reason: str = ""


class Debug(Message, tag="D", frozen=True):
    """Let a debugger in, or (without a point) out again."""

    point: DebugPoint | None


class DebugPoint(msgspec.Struct, frozen=True, array_like=True):
    """Where debug servers report, and as whose children.

    Attributes:
        host: of debugpy's adapter; loopback.
        port: where its debug servers connect, which is not where clients do.
        token: what the two know each other by.
        parent: process id of the root session.
    """

    host: str
    port: int
    token: str
    parent: int


class TerminalLent(Message, tag="TL", frozen=True):
    """The answer to a `TerminalWanted`: the path of a device, or nothing when there is none."""

    id: int
    path: str


class Stop(Message, tag="S", frozen=True):
    """Finish: run the shutdown hooks, cancel what is left after `grace` seconds, exit."""

    grace: float


# --- host to gateway ---------------------------------------------------------------------------------------------


class Ready(Message, tag="r", frozen=True):
    """The interpreter is up and warm: a spare."""

    pid: int


class ModuleFile(msgspec.Struct, frozen=True, array_like=True):
    """A file of the user that this generation loaded, as it was when it was read."""

    path: str
    stamp: Stamp
    digest: bytes


class Loaded(Message, tag="l", frozen=True):
    """The project is imported and serves.

    Attributes:
        routes: for the start-up lines and for 404.
        handlers: names.
        files: what was loaded.
        compiled: modules that were compiled now (not taken from `Prepare.code`).
        third_party: modules outside the project that the import brought in.
        sockets: WebSocket paths.
        warnings: sentences about the function.
        ms: import time in milliseconds.
        protected: names of handlers behind Basic auth.
        slow: the modules that an import of over a second took most of its time for, with their own milliseconds.
    """

    generation: int
    routes: list[str]
    handlers: list[str]
    files: list[ModuleFile]
    compiled: list[CompiledModule]
    third_party: list[str]
    sockets: list[str]
    warnings: list[str]
    ms: float
    protected: list[str] = []
    slow: list[tuple[str, float]] = []


class NotLoaded(Message, tag="n", frozen=True):
    """The project could not be imported.

    Attributes:
        kind: `syntax`, `missing`, `handlers` (some are gone), `complete` (a check went well), `import`, `function`.
        text: one sentence.
        traceback: cut at our frames.
        clean: nothing of the user ran, so that the host is still a spare.
        files: what was read before it failed.
    """

    generation: int
    kind: str
    text: str
    traceback: str
    clean: bool
    files: list[ModuleFile]


class Answer(Message, tag="a", frozen=True):
    """The answer to an `Invoke`; `failure` is (kind, text, traceback), `profiles` are paths of flame graphs."""

    id: int
    status: int
    headers: Pairs
    body: bytes
    handler: str | None
    failure: tuple[str, str, str] | None
    hint: str
    profiles: list[str] = []


class CacheCall(Message, tag="c", frozen=True):
    """An operation on the cache that the gateway owns."""

    id: int
    operation: str
    arguments: list[Any]
    request_id: str = ""


class Did(Message, tag="d", frozen=True):
    """The user's code changed something outside of itself, or called somebody; the fields are those of an `Effect`.

    Attributes:
        kept: name of the file that holds what a write to the storage replaced; None when nothing was there.
    """

    request_id: str
    kind: str
    operation: str
    key: str
    at: float
    value: Any = None
    ttl: float | None = None
    kept: str | None = None


class Line(Message, tag="g", frozen=True):
    """Something the user's code logged or printed; `request_id` is empty outside of a request."""

    request_id: str
    at: float
    level: str
    text: str
    fields: dict[str, Any]


class Blocked(Message, tag="b", frozen=True):
    """A handler holds the event loop.

    Attributes:
        ms: for how long by now.
        handler: its name, or empty when it is not known.
        where: `file:line in function`.
        started: ids of the invocations that have begun; the others have not touched the user's code.
    """

    ms: float
    handler: str
    where: str
    started: list[int]


class Freed(Message, tag="f", frozen=True):
    """The event loop runs again after `ms` milliseconds."""

    ms: float


class Paused(Message, tag="p", frozen=True):
    """A thread of the user's code stands still, in a debugger: until `Resumed`, no time counts.

    Attributes:
        started: ids of the invocations that have begun; the others have not touched the user's code.
    """

    started: list[int]


class Resumed(Message, tag="u", frozen=True):
    """Every thread runs again."""


class TerminalWanted(Message, tag="tw", frozen=True):
    """The user's code has called `breakpoint()`; the answer comes when it is its turn."""

    id: int


class TerminalReturned(Message, tag="tr", frozen=True):
    """The terminal is not needed any more."""

    id: int


class Leftover(Message, tag="t", frozen=True):
    """Tasks of an old generation that were still running when it had to go."""

    generation: int
    tasks: list[str]


class SocketRefused(Message, tag="wr", frozen=True):
    """There is no WebSocket handler for a `SocketOpen`."""

    id: int


ToHost = (
    Prepare | Load | Invoke | Cancel | CacheAnswer | SocketOpen | SocketData | SocketClose | Debug | TerminalLent | Stop
)
ToGateway = (
    Ready
    | Loaded
    | NotLoaded
    | Answer
    | CacheCall
    | Did
    | Line
    | Blocked
    | Freed
    | Paused
    | Resumed
    | TerminalWanted
    | TerminalReturned
    | Leftover
    | SocketRefused
    | SocketData
    | SocketClose
)

_encoder = msgspec.msgpack.Encoder()
_LENGTH = struct.Struct("!I")


def encode(message: Message) -> bytes:
    """One frame, ready for the wire."""
    body = _encoder.encode(message)
    return _LENGTH.pack(len(body)) + body


class FrameReader:
    """Bytes in, messages out; keeps the incomplete rest. One per connection and direction."""

    __slots__ = ("_buffer", "_decoder")

    def __init__(self, kind: Any) -> None:
        self._decoder = msgspec.msgpack.Decoder(kind)
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Any]:
        """Every message that is complete now, in order."""
        buffer = self._buffer
        if buffer:  # the rest of a frame, which may be a large one that comes in many parts
            buffer += data
            if len(buffer) < 4 or len(buffer) - 4 < _LENGTH.unpack_from(buffer)[0]:
                return
            data = bytes(buffer)
            buffer.clear()
        view = memoryview(data)
        start, end = 0, len(data)
        try:
            while end - start >= 4:
                begin = start + 4
                stop = begin + _LENGTH.unpack_from(data, start)[0]
                if stop > end:
                    break
                message = self._decoder.decode(view[begin:stop])
                start = stop
                yield message
        finally:
            buffer += view[start:]
