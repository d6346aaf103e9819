"""One playing of prompts: which one is heard now, and when the last one ends."""

from __future__ import annotations

from collections.abc import Callable

from devserver.calls.commands import Play
from devserver.calls.speech import seconds_of_prompt
from devserver.calls.timeline import Due, Timeline
from devserver.svaml.prompts import Prompt


class Playing:
    """Plays the prompts of one command.

    Args:
        play: the command.
        timeline: the clock.
        begins: told when a prompt begins, with its seconds; of a loop the first time only.
        ends: told when all is said, which a loop never is by itself.
    """

    __slots__ = ("_began", "_begins", "_due", "_ends", "_seconds", "_timeline", "play")

    def __init__(
        self, play: Play, timeline: Timeline, begins: Callable[[Prompt, float], None], ends: Callable[[], None]
    ) -> None:
        self.play = play
        self._timeline = timeline
        self._begins = begins
        self._ends = ends
        self._seconds = [seconds_of_prompt(prompt) for prompt in play.prompts]
        self._began = timeline.now
        self._due: Due | None = None
        self._begin(0)

    def stop(self) -> None:
        """Stop at once; `ends` is not told."""
        self._timeline.cancel(self._due)

    def finish(self) -> None:
        """Stop after the running prompt, and tell `ends`."""
        self._timeline.cancel(self._due)
        self._due = self._timeline.after(self._rest(), self._ends)

    def _begin(self, index: int) -> None:
        if index < len(self._seconds):
            seconds = self._seconds[index]
            self._due = self._timeline.after(seconds, lambda: self._begin(index + 1))
            self._begins(self.play.prompts[index], seconds)
        elif not self.play.loop:
            self._ends()

    def _rest(self) -> float:
        """Seconds until the running prompt ends."""
        total = sum(self._seconds)
        if not total:
            return 0.0
        place = (self._timeline.now - self._began) % total
        for seconds in self._seconds:
            if place < seconds:
                return seconds - place
            place -= seconds
        return 0.0
