"""How far a session is open to the outside, and what follows for one request: plain decisions.

A tunnel gives the function port a public address, and then anyone may call. Where a request comes from is decided by
the door it came in by: a tunnel has a listener of its own. The ordinary port is for this machine, with three exceptions
that are decided here: somebody may point another tunnel at it, which leaves marks; with `--public-url` the user's own
proxy sends everything there, possibly without a mark and with a Host of this machine (nginx does); and a web page of
another site can make the developer's own browser send something (anchors.md 4, items 3 and 4). It must not know how a
tunnel works, and answers nothing itself.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from devserver.names import is_here, is_named, is_reserved
from devserver.runtime.routing import VOICE_EVENTS, paths
from devserver.session.terms import TOKEN_HEADER, Terms

_MARKS = frozenset({"cf-ray", "cf-connecting-ip", "forwarded", "via", "x-real-ip"})
_MARKS_BEGIN = "x-forwarded-"


@dataclass(slots=True)
class Exposure:
    """How far a session is open; it changes as the tunnel comes and goes.

    Attributes:
        open: a tunnel is wanted. From then on Basic auth fails closed, wherever a request comes from.
        own_proxy: the user's own proxy (`--public-url`) sends what comes from outside to the function port itself.
        allow_unsigned: callbacks without a signature are executed, too; those with a wrong one never are.
        prefix: path of the public address, such as `/dev`, without a slash at its end; mostly empty.
        probe: gives the answer to the path by which we ask for ourselves from outside; None for any other path.
        way: seconds that the way from the platform to here and back takes; a guess until it was measured.
        application: key and secret to verify with when the project has none: those of the local Sinch.
    """

    open: bool = False
    own_proxy: bool = False
    allow_unsigned: bool = False
    prefix: str = ""
    probe: Callable[[str], bytes | None] | None = None
    way: float = 0.3
    application: tuple[str, str] | None = field(default=None, repr=False)

    def is_from_outside(self, headers: Mapping[str, str], token: str, names: Sequence[str] = ()) -> bool:
        """Whether a request on the function port comes from outside of this machine.

        Args:
            headers: as received, names in any case.
            token: of the session; our own commands have it, and nobody else.
            names: further names of this machine (`dev.hosts` of `sinch.json`).
        """
        if not self.open or is_token(headers.get(TOKEN_HEADER), token):
            return False
        return self.own_proxy or has_marks(headers) or _is_of_another_site(headers, names)

    def below(self, path: str) -> str | None:
        """What of a path is below the prefix of the public address; None when it is not below it."""
        prefix = self.prefix
        if prefix and path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in {"", "/"}:
            return path[len(prefix) :] or "/"
        return None

    def readings(self, path: str) -> tuple[str, ...]:
        """The paths that a received one may stand for: itself, and what is below the prefix.

        A proxy may take the prefix of the public address off, or leave it there.
        """
        below = self.below(path)
        return (path,) if below is None else (path, below)

    def signed_paths(self, path: str) -> tuple[str, ...]:
        """The paths over which a received request may be signed; it is the public one that counts (voice-v1.md 4.3).

        The likeliest comes last. The callback that we set has no slash at its end, so that a proxy that takes the
        prefix off leaves nothing of its path, which arrives as `/`.
        """
        if not self.prefix:
            return (path,)
        below = f"{self.prefix}{path}"
        return (path, below, self.prefix) if path == "/" else (path, below)

    def proof(self, path: str) -> bytes | None:
        """The answer by which we know ourselves from outside; None for a path that is not for that."""
        if self.probe is None:
            return None
        answers = (self.probe(each) for each in self.readings(path))
        return next((answer for answer in answers if answer is not None), None)


def exposure_of(terms: Terms, preference: str | None) -> Exposure:
    """How far a session is open from its first moment on, by what was asked for; set before any port accepts.

    A proxy of the user's sends requests before we say that we are ready. Proof and application come with the tunnel.

    Args:
        terms: of the session.
        preference: `tunnel.preference` of `sinch.json`.
    """
    return Exposure(
        open=terms.wants_tunnel(preference),
        own_proxy=terms.public_url is not None and terms.tunnel_name is None,
        allow_unsigned=terms.allow_unsigned,
        prefix=urlsplit(terms.public_url or "").path.rstrip("/"),
    )


def is_token(given: str | None, token: str) -> bool:
    """Whether a header has the token of the session."""
    return given is not None and hmac.compare_digest(given.encode("utf-8", "surrogateescape"), token.encode())


def has_marks(headers: Iterable[str]) -> bool:
    """Whether one of these names of headers is the mark of a proxy."""
    return any(name.lower() in _MARKS or name.lower().startswith(_MARKS_BEGIN) for name in headers)


def _is_of_another_site(headers: Mapping[str, str], names: Sequence[str]) -> bool:
    """Whether a browser was led here by a page that is not of this machine, by its own name or by one of a stranger's
    that leads here (DNS rebinding). Programs send no Origin, and a Host of this machine.
    """
    origin = headers.get("Origin")
    host = headers.get("Host")
    called = f"//{host}"
    return (host is not None and not (is_here(called) or is_reserved(called) or is_named(called, names))) or (
        origin is not None and not (is_here(origin) or is_named(origin, names))
    )


def unprotected(handlers: Iterable[str], protected: Iterable[str], sockets: Iterable[str] = ()) -> list[str]:
    """The routes that anybody can reach who knows the address: custom handlers without `auth`, and WebSockets.

    Args:
        handlers: names of all handlers.
        protected: those behind Basic auth.
        sockets: paths of WebSockets.
    """
    closed = {*protected, *VOICE_EVENTS}
    return [*paths(name for name in handlers if name not in closed), *sockets]


def warning_of(routes: list[str]) -> str:
    """The sentence about routes that anybody can reach."""
    return (
        f"Anybody who knows the public address can call {', '.join(routes)}, as in production. "
        "To ask for credentials, name handlers in `auth` of function.py."
    )
