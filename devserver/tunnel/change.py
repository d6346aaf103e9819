"""What is told of a tunnel: its states, and in words for how long it could not be reached.

Pure: it must not know providers, processes or the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from devserver.errors import FnError

State = Literal["connecting", "ready", "reconnecting", "closed"]
"""`connecting` until there is an address, `reconnecting` while nobody outside can reach us, `closed` at the end."""

_SHORT = 60  # seconds; a shorter gap is told as a length, because the minutes on a clock would not show it


@dataclass(frozen=True, slots=True)
class Change:
    """A tunnel has changed its state.

    Attributes:
        state: the new one.
        url: the public address without a slash at its end; None while there is none.
        text: one sentence for people: the reason, or how long nobody could reach us.
        gap: from when to when nobody could reach us, in seconds since 1970; on the `ready` that ends an interruption.
        hint: what to do, when there is no address, or it does not lead here.
    """

    state: State
    url: str | None
    text: str
    gap: tuple[float, float] | None = None
    hint: str = ""


class TunnelFailed(FnError):
    """There is no public address, or it does not lead here. The sentence says why, the hint what to do."""


def gap_in_words(begin: float, end: float) -> str:
    """How long nobody could reach us, in local time, such as `unreachable 14:02-14:05`.

    Args:
        begin: seconds since 1970.
        end: likewise.
    """
    if end - begin < _SHORT:
        return f"unreachable for {max(1, round(end - begin))} s"
    first, last = datetime.fromtimestamp(begin), datetime.fromtimestamp(end)  # noqa: DTZ006 a person's own time
    if first.date() == last.date():
        return f"unreachable {first:%H:%M}-{last:%H:%M}"
    return f"unreachable {first:%d %b %H:%M} - {last:%d %b %H:%M}"
