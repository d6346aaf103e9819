"""One exchange: what came in, what went out, and what is known about it.

Data only. It must not know how exchanges are stored or shown. Bodies are bytes and headers keep order and spelling,
because signatures are computed over them and a replay sends them again.
"""

from __future__ import annotations

import secrets
from typing import Any, Literal

import msgspec

from devserver.clock import Clock

Source = Literal["local", "tunnel", "simulator", "replay"]
Headers = tuple[tuple[str, str], ...]

HOLDING = "holding"
"""The mark of a callback that the hold answered by itself: the code was not asked, and no replay asks it."""

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]
ID_LENGTH = 26
_MOST = (1 << 20) - 1  # ids within one millisecond; the next one borrows from the next millisecond


class Request(msgspec.Struct, frozen=True):
    """What arrived, as received.

    Attributes:
        path: raw, with the query.
        headers: in order and spelling of the wire, decoded as latin-1.
        remote: address of the peer.
    """

    method: str
    path: str
    headers: Headers
    body: bytes
    remote: str = ""


class Answer(msgspec.Struct, frozen=True):
    """What was sent back."""

    status: int
    headers: Headers
    body: bytes


class Effect(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that a handler did besides answering: it changed state, or called somebody.

    | kind | operation | key | value | ttl |
    |---|---|---|---|---|
    | cache | set, delete, extend | the key | of set: the value | seconds, of set and extend |
    | storage | write, delete | the key | of write: `{"bytes", "sha256", "text"}`, text of small texts only | |
    | database | insert, update, delete, ... | the statement with its values | | |
    | outbound | POST, GET, ... | the URL | `{"sent", "status", "received", "refused", "error"}` | |

    Attributes:
        at: when, seconds since 1970.
    """

    kind: Literal["cache", "storage", "database", "outbound"]
    operation: str
    key: str
    at: float = 0.0
    value: Any = None
    ttl: float | None = None


class Exchange(msgspec.Struct, frozen=True):
    """A request, and what came of it.

    Attributes:
        id: sorts by time, see `new_id`.
        at: when it arrived, seconds since 1970.
        callid: the call it belongs to.
        event: `ice`, `ace`, `pie`, `dice` or `notify`; None for what is no voice callback.
        answer: None when there was none: the function died, the caller went away, or it is still running.
        ms: milliseconds from arrival to answer.
        generation: which load of the user's code answered.
        findings: what the rules say about the answer: severity, path, text and more.
        logs: lines written meanwhile: at, level, text, fields.
        error: kind, text, traceback.
        marks: single words about what happened, like `deadline`.
        effects: what the handler did besides answering, in order.
        state: version of the project's state when the request arrived, see `state`; 0 when it is not known.
    """

    id: str
    at: float
    callid: str | None
    event: str | None
    source: Source
    request: Request
    answer: Answer | None = None
    ms: float | None = None
    generation: int | None = None
    findings: list[dict[str, Any]] = []
    logs: list[dict[str, Any]] = []
    error: dict[str, Any] | None = None
    marks: list[str] = []
    effects: list[Effect] = []
    state: int = 0

    @property
    def is_of_code(self) -> bool:
        """Whether the user's code was asked: files are sent without it, and so is what keeps a call while it stands."""
        return "file" not in self.marks and HOLDING not in self.marks


class Summary(msgspec.Struct, frozen=True):
    """One line of a list of exchanges; fields as in `Exchange`, `status` is that of the answer."""

    id: str
    callid: str | None
    event: str | None
    source: Source
    method: str
    path: str
    status: int | None
    at: float
    ms: float | None


class _Ids:
    """The last id given out: ten characters of time, twelve that this process drew, four that count.

    Drawing once and not for every id, and looking up instead of computing, makes an id cost a third of a microsecond.
    """

    def __init__(self) -> None:
        self._time = 0
        self._count = 0
        self._start = ""
        self._process = _letters(secrets.randbits(60), 6)

    def next(self, milliseconds: int) -> str:
        if milliseconds > self._time:
            self._time, self._count = milliseconds, 0
        elif self._count == _MOST:
            self._time, self._count = self._time + 1, 0
        else:
            self._count += 1
        if self._count == 0:
            self._start = _letters(self._time, 5) + self._process
        return self._start + _PAIRS[self._count >> 10] + _PAIRS[self._count & 1023]


def _letters(number: int, pairs: int) -> str:
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in range(10 * (pairs - 1), -1, -10)])


_ids = _Ids()


def new_id(clock: Clock) -> str:
    """An id for an exchange: 26 characters of lower-case Crockford base32, a ULID.

    Later ids sort after earlier ones of this process, also within a millisecond and when the wall clock jumps back.
    """
    return _ids.next(int(clock.wall() * 1000))
