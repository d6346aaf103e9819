"""Is an editor half-way through a save? Versions of files that are not judged before they have been still.

Most writers need a millisecond between emptying a file and filling it, slow ones a tenth of a second. What such a
version says (it does not compile, or handlers are gone) is no verdict yet. It must not know what is loaded or who
answers meanwhile: it looks at files, and tells when the moment of grace is over.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

from devserver.session.freshness import Version, version_of

STILL = 0.15
"""Seconds a doubtful file must have been still; slow editors leave a half-written one for 0.1 s (lab.md 3.3)."""
BLINK = 0.02
"""Seconds that requests wait for a doubtful file before the last good generation answers them."""

_POLL = 0.004  # seconds between looks at a file that is expected to grow any moment


async def moves_on(versions: Mapping[str, Version], seconds: float) -> bool:
    """Wait while a file may still be being written; True as soon as one is not as it was."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        await asyncio.sleep(_POLL)
        if not _unmoved(versions):
            return True
    return False


class Doubt:
    """The versions that are in doubt, at most one set of them.

    Args:
        judge: called when they have not changed for a moment, and are to be judged for good.
    """

    def __init__(self, judge: Callable[[Mapping[str, Version]], None]) -> None:
        self._judge = judge
        self._still: dict[str, Version] | None = None
        self._end: asyncio.TimerHandle | None = None

    def begin(self, versions: dict[str, Version]) -> None:
        """These versions are in doubt now, in place of others."""
        self.over()
        self._end = asyncio.get_running_loop().call_later(STILL, self._look, versions)

    def over(self) -> None:
        """Nothing is in doubt any more: something has been decided."""
        if self._end is not None:
            self._end.cancel()
            self._end = None

    def is_settled(self, versions: Mapping[str, Version]) -> bool:
        """Whether these are the versions that have been still: what they say is meant."""
        return self._still is not None and dict(versions) == self._still

    def _look(self, versions: dict[str, Version]) -> None:
        self._end = None
        if _unmoved(versions):
            self._still = versions
            self._judge(versions)


def _unmoved(versions: Mapping[str, Version]) -> bool:
    return all(version_of(path) == version for path, version in versions.items())
