"""Who answers while the host that should stands still in a debugger, and who steps back when it goes on.

A stand-in is another process with the same code under the same number. It is made when a request needs it, so that
single steps cost nothing, and it stays for a moment after the host goes on: somebody who steps from line to line stops
again at once. This module knows who is who; it starts nothing and asks nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from devserver.session.link import HostLink

_LINGERS = 2.0  # seconds that a stand-in is kept after its host went on


class StandIn:
    """The hosts of one generation beside the one that answers.

    Args:
        retire: lets a host finish what it has in hand, and go.
    """

    def __init__(self, retire: Callable[[HostLink], None]) -> None:
        self._retire = retire
        self._owner: HostLink | None = None  # stands still, and answers again when it goes on
        self._idle: HostLink | None = None  # stood in a moment ago
        self._ends: asyncio.TimerHandle | None = None

    def at_hand(self, paused: HostLink) -> HostLink | None:
        """One that can take the place of a paused host now; from then on it has."""
        idle = self._take_idle()
        if idle is None:
            return None
        if idle.generation != paused.generation or idle.paused:
            self._retire(idle)
            return None
        self._owner = self._owner or paused
        return idle

    def displaced(self, old: HostLink, new: HostLink) -> None:
        """A host answers in place of another one: for good, or until that one goes on."""
        same = old.generation == new.generation
        if same and old.paused and self._owner is None:
            self._owner = old
            return
        self._retire(old)
        if not same:
            for host in (self._owner, self._take_idle()):
                if host is not None:
                    self._retire(host)
            self._owner = None

    def resumed(self, host: HostLink, current: HostLink | None) -> bool:
        """A host goes on; whether it answers again, in place of the one that answers now."""
        if host is not self._owner:
            return False
        self._owner = None
        if current is not None:
            self.keep(current)
        return True

    def keep(self, host: HostLink) -> None:
        """Keep a host for a moment in which it may be needed."""
        if (before := self._take_idle()) is not None:
            self._retire(before)
        self._idle = host
        self._ends = asyncio.get_running_loop().call_later(_LINGERS, self._over)

    def lost(self, host: HostLink) -> None:
        """A host has died."""
        if host is self._owner:
            self._owner = None
        if host is self._idle:
            self._take_idle()

    def leave(self) -> list[HostLink]:
        """The session ends: gives the hosts that are to be stopped."""
        left = [host for host in (self._owner, self._take_idle()) if host is not None]
        self._owner = None
        return left

    def _over(self) -> None:
        if (idle := self._take_idle()) is not None:
            self._retire(idle)

    def _take_idle(self) -> HostLink | None:
        idle, self._idle = self._idle, None
        if self._ends is not None:
            self._ends.cancel()
            self._ends = None
        return None if idle is None or idle.gone.is_set() else idle
