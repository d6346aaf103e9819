"""What a custom handler receives and what it may return: `Request` and `Response`.

Knows nothing of sockets or of aiohttp: the gateway of `fn dev`, a production server and a test all make the same
`Request`. The body is kept as received; it is parsed when somebody asks (functions-platform.md 2.2: `method`, parsed
`body`; headers, query and path are our reading of what the platform leaves unsaid).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

import msgspec


class BadRequest(ValueError):
    """The request cannot be what the handler asks for, such as JSON that is none. Answered with 400."""


class Headers(Mapping[str, str]):
    """Header fields; names are read in any case, the last of several values wins, `get_all` gives every one."""

    __slots__ = ("_index", "_items")

    def __init__(self, items: Iterable[tuple[str, str]] = ()) -> None:
        self._items = tuple(items)
        self._index: dict[str, str] | None = None

    def _by_name(self) -> dict[str, str]:
        if self._index is None:
            self._index = {name.lower(): value for name, value in self._items}
        return self._index

    def __getitem__(self, name: str) -> str:
        return self._by_name()[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name())

    def __len__(self) -> int:
        return len(self._by_name())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._by_name()

    def get_all(self, name: str) -> list[str]:
        """Every value of one header, in the order received."""
        wanted = name.lower()
        return [value for key, value in self._items if key.lower() == wanted]

    def __repr__(self) -> str:
        return f"Headers({list(self._items)!r})"


class Request(msgspec.Struct, frozen=True):
    """One HTTP request to the function.

    Attributes:
        method: in upper case.
        target: path and query exactly as received, percent-encoding included.
        headers: read in any case.
        raw_body: the bytes as received.
        request_id: the id under which `fn recordings show` finds it.
        remote: address of the peer.
        exposed: whether it may come from outside this machine (through a tunnel, or it runs in production): its sender
            is told no details of a failure.
        open: whether others can come from outside, even if this one does not: Basic auth then fails closed.
    """

    method: str
    target: str
    headers: Headers = msgspec.field(default_factory=Headers)
    raw_body: bytes = b""
    request_id: str = ""
    remote: str = ""
    exposed: bool = False
    open: bool = False

    @property
    def path(self) -> str:
        """The path, percent-decoded, without the query."""
        return unquote(self.target.partition("?")[0])

    @property
    def query(self) -> dict[str, str]:
        """Query parameters; of several with one name the last wins. `query_all` has every one."""
        return {name: values[-1] for name, values in self.query_all.items()}

    @property
    def query_all(self) -> dict[str, list[str]]:
        """Query parameters with every value."""
        return parse_qs(self.target.partition("?")[2], keep_blank_values=True)

    @property
    def content_type(self) -> str:
        """Media type in lower case without parameters, or an empty string."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            BadRequest: it is not JSON; the text says where.
        """
        return parse_json(self.raw_body)

    def text(self) -> str:
        """The body as UTF-8 text; bytes that are not are replaced."""
        return self.raw_body.decode("utf-8", "replace")

    def form(self) -> dict[str, str]:
        """The body as a URL-encoded form; of several fields with one name the last wins."""
        return {name: values[-1] for name, values in parse_qs(self.text(), keep_blank_values=True).items()}

    @property
    def body(self) -> Any:
        """The body by its content type: JSON parsed, a form as a dict, text as str, else bytes; None when empty.

        A form, or a body without a content type, that is a JSON object, array or string counts as JSON: `curl -d`
        sends forms, people mean JSON.

        Raises:
            BadRequest: the content type says JSON and the body is none.
        """
        if not self.raw_body:
            return None
        kind = self.content_type
        if kind == "application/json" or kind.endswith("+json"):
            return self.json()
        if kind in {"", "application/x-www-form-urlencoded"}:
            return self._guess(form=bool(kind))
        return self.text() if kind.startswith("text/") else self.raw_body

    def _guess(self, *, form: bool) -> Any:
        if self.raw_body.lstrip()[:1] in {b"{", b"[", b'"'}:
            try:
                return self.json()
            except BadRequest:
                pass
        return self.form() if form else self.text()


def parse_json(data: bytes) -> Any:
    """Parse JSON; `BadRequest` says in one sentence what is wrong with it."""
    try:
        return msgspec.json.decode(data)
    except RecursionError as error:
        raise BadRequest("The body is not usable: its JSON is nested too deeply.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        what = "it is empty" if not data.strip() else str(error)
        raise BadRequest(f"The body is not JSON: {what}.") from error


@dataclass(frozen=True, slots=True)
class Response:
    """What a handler may return when it wants to choose the status or headers.

    Attributes:
        body: JSON-serialisable value, str (text/plain), bytes, or None.
        status: HTTP status.
        headers: extra header fields; a list sends its field several times.
    """

    body: Any = None
    status: int = 200
    headers: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
