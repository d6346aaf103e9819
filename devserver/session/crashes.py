"""Deaths of the host that answers: how many came lately, and how long to wait before the next try.

Code that dies as soon as it is asked would keep both processors busy with starting it. It knows nothing of hosts and
asks no clock: times are of `time.monotonic()` and come with the call.
"""

from __future__ import annotations

_CRASHES, _WITHIN = 3, 10.0  # so many deaths in so many seconds are a crash loop
_LONGEST = 15.0  # seconds between two tries


class Crashes:
    """The deaths of one session.

    Attributes:
        not_before: when the next host may start; in the past most of the time.
    """

    def __init__(self) -> None:
        self.not_before = 0.0
        self._deaths: list[float] = []

    def died(self, now: float) -> float:
        """A host died; gives the seconds to wait before the next one starts."""
        self._deaths = [at for at in self._deaths if now - at < _WITHIN] + [now]
        count = len(self._deaths)
        pause = min(2.0 ** (count - _CRASHES), _LONGEST) if count >= _CRASHES else 0.0
        self.not_before = now + pause
        return pause

    def forgive(self) -> None:
        """A save, or somebody who asks for it: the next try is at once."""
        self.not_before = 0.0

    def words(self, why: str, handlers: list[str], pause: float) -> str:
        """What the death that was counted last means, for whoever is refused because of it."""
        while_ = f" while it ran {', '.join(sorted(set(handlers)))}" if handlers else ""
        text = f"The function's process ended{while_}: {why}."
        if pause:
            text += f" That was death {len(self._deaths)} within {_WITHIN:.0f} s."
            text += f" The next try is in {pause:.0f} s, or at the next save."
        return text
