"""How much of the platform's patience a callback used: a share of its deadline, and what to say of it. Pure.

What counts is when the platform has the answer, not when it left here: the way through a tunnel is part of it. Whoever
measures is elsewhere.
"""

from __future__ import annotations

MUCH = 0.6
"""The share from which on a developer should know: a slow day of a database away from too late."""


def used(ms: float, way: float) -> float:
    """Milliseconds until the platform has the answer; `way` is to here and back, in seconds."""
    return ms + way * 1000


def share(ms: float, deadline: float) -> float:
    """The part of the deadline that so many milliseconds are; above 1 it was too late."""
    return round(ms / (deadline * 1000), 4)


def remark(event: str, ms: float, way: float, deadline: float) -> str:
    """What the developer should know about the time that an answer took; mostly nothing.

    Args:
        event: such as `ice`.
        ms: from arrival to answer.
        way: see `used`.
        deadline: seconds that the platform waits.
    """
    all_in_all = used(ms, way)
    part = share(all_in_all, deadline)
    if part <= MUCH:
        return ""
    took = f"{event} took {ms / 1000:.1f} s" + (f" and the way through the tunnel {way:.1f} s" if way else "")
    if part > 1:
        return f"{took}; the platform waits {deadline:g} s and then goes on without it."
    return f"{took}: {part:.0%} of the {deadline:g} s that the platform waits."
