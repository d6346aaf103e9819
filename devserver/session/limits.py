"""What all strangers together may have of a session, in numbers, and what the developer is told when it is not enough.

Anyone who finds a public address can send as much as they like (anchors.md 4, item 8). How it is counted is
`rationing`; this must not know what a request is for, nor who is refused because of it.
"""

from __future__ import annotations

from collections.abc import Callable

from devserver.recorder.exchange import Request
from devserver.session.exchange import InHand
from devserver.session.rationing import Allowance, Budget, Ration, Room

_AT_ONCE = 200  # requests in hand, and as many WebSockets
_BODIES = 64 << 20  # bytes of bodies in hand; one of the largest size always has room
_REFUSALS, _REFUSALS_BYTES = 600, 8 << 20  # that are recorded within a minute, and bytes of theirs
_UNSIGNED, _UNSIGNED_A_MINUTE = 64 << 20, 8 << 20  # bytes recorded of what is answered: at once, and what comes back
_ROW = 1000  # bytes, about: what a recording takes beside what came and went

Say = Callable[[str, str], None]
"""Tells the developer a sentence: level and text."""


class Limits:
    """What strangers may have.

    Args:
        say: tells the developer.
        now: seconds on a clock that only goes on.

    Attributes:
        requests: room for requests.
        sockets: room for WebSockets.
    """

    def __init__(self, say: Say, now: Callable[[], float]) -> None:
        self._say = say
        self.requests = Room(_AT_ONCE, self._crowded)
        self.sockets = Room(_AT_ONCE, self._crowded)
        self.bodies = Budget(self._heavy)
        self._refusals = Ration(_REFUSALS, _REFUSALS_BYTES, self._used_up, now)
        self._unsigned = Allowance(_UNSIGNED, _UNSIGNED_A_MINUTE / 60, self._too_much, self._enough, now)

    @staticmethod
    def most_bodies(largest: int) -> int:
        """Bytes of bodies that may be in hand, when one may have `largest`."""
        return max(_BODIES, largest)

    def records_refusal(self, request: Request) -> bool:
        """Whether a request that is refused may be recorded."""
        return self._refusals.take(_size(request))

    def records(self, request: Request) -> bool:
        """Whether a request that is answered may be recorded; one that the platform has signed always is."""
        return self._unsigned.take(_size(request))

    def recorded(self, hand: InHand, answer: object) -> None:
        """Count what came of a request, which is recorded with it."""
        said = len(repr((hand.logs, hand.effects))) if hand.logs or hand.effects else 0
        self._unsigned.owe(said + (len(answer) if isinstance(answer, bytes) else 0))

    def _crowded(self) -> None:
        self._say("warning", f"More than {_AT_ONCE} requests from outside at once: what is beyond them gets 503.")

    def _heavy(self) -> None:
        text = f"More than {_BODIES >> 20} MB of bodies from outside in hand at once: what is beyond them gets 503."
        self._say("warning", text)

    def _used_up(self) -> None:
        text = f"More than {_REFUSALS} requests a minute from outside are refused; the rest is not recorded."
        self._say("warning", text)

    def _too_much(self) -> None:
        text = (
            "Requests from outside come faster than they can be kept: they are answered, and not recorded until there "
            f"are fewer ({_UNSIGNED_A_MINUTE >> 20} MB a minute). Callbacks with a right signature always are."
        )
        self._say("warning", text)

    def _enough(self, missing: int) -> None:
        self._say("info", f"Requests from outside are recorded again; {missing} were answered and not recorded.")


def _size(request: Request) -> int:
    """Bytes of a request in the recordings, about."""
    headers = sum(len(name) + len(value) for name, value in request.headers)
    return _ROW + len(request.path) + headers + len(request.body)
