"""A lease of an application's callback: pointed at this machine for as long as it is needed, and given back.

The order is what makes it safe: lock, settle what an earlier session left behind, arm the watchdog, read, write down
the intent (synced), set, read back, write down that it is applied. Whatever ends in between leaves either the original
in place or an entry that says what to give back. A read, the decision and the change follow one another at once, since
the platform cannot compare and set: what takes long stands before the read, or is followed by another one.

It costs two reads and one change. It must not know where the public address comes from.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from devserver.clock import Clock, SystemClock
from devserver.project.file_lock import Held
from devserver.runtime.clients.voice_results import Callbacks
from devserver.voiceapp.addresses import shown
from devserver.voiceapp.admission import admit
from devserver.voiceapp.changing import Changes
from devserver.voiceapp.configuration import Configuration
from devserver.voiceapp.decisions import Leave, normal, original, ours, owner_of, point_again, same_address, tunnels_of
from devserver.voiceapp.entry import Entry
from devserver.voiceapp.journal import Journal
from devserver.voiceapp.leftovers import held_by, settle_left, take_lock
from devserver.voiceapp.patience import WAITS, Patience
from devserver.voiceapp.settling import IsDead, Outcome, dead_of, never_dead, settle
from devserver.voiceapp.terms import Guard, Holder, Rules, State, Told, taken

__all__ = ["PATIENCE", "Lease", "State"]

PATIENCE = 8.0  # seconds for which a change is tried again while the platform does not answer
LOCK_PATIENCE = 6.0  # seconds to wait for a watchdog that is giving back after a crash
_FRESH = 1.0  # seconds for which what was read may be decided upon


class Lease:
    """The lease of one application.

    Args:
        configuration: of the application.
        journal: where it is written down.
        holder: who we are.
        guard: the watchdog.
        tell: where people look.
        rules: what is allowed.
        is_dead: asked about an original that looks like a tunnel.
        configuration_of: the configuration that a leftover entry is about, which may be another platform's.
        patience: seconds for which a change is tried again.
        waits: seconds between two tries.
        lock_patience: seconds for a watchdog that is giving back after a crash.
        clock: measures them.
    """

    def __init__(
        self,
        configuration: Configuration,
        journal: Journal,
        holder: Holder,
        guard: Guard,
        tell: Callable[[Told], None],
        *,
        rules: Rules | None = None,
        is_dead: IsDead = never_dead,
        configuration_of: Callable[[Entry], Configuration] | None = None,
        patience: float = PATIENCE,
        waits: Sequence[float] = WAITS,
        lock_patience: float = LOCK_PATIENCE,
        clock: Clock | None = None,
    ) -> None:
        self._configuration = configuration
        self._configuration_of = configuration_of or (lambda _entry: configuration)
        self._journal = journal
        self._holder = holder
        self._guard = guard
        self._tell = tell
        self._rules = rules or Rules()
        self._is_dead = is_dead
        self._patience = patience
        self._waits = waits
        self._lock_patience = lock_patience
        self._clock = clock or SystemClock()
        self._changes = Changes(configuration, journal, lambda: Patience(patience, waits, self._clock), self._clock)
        self._lock = journal.lock(configuration.application)
        self._url = ""  # where callbacks are to go
        self._seen: Callbacks | None = None  # what the first change was to replace, until that is known to be made
        self._lost = False
        # One change at a time: a look in between two steps of a move would see what is neither.
        self._turn = asyncio.Lock()

    @property
    def entry(self) -> Entry | None:
        """What is written down; None while nothing is to be given back."""
        return self._changes.entry

    @property
    def application(self) -> str:
        """Key of the application."""
        return self._configuration.application

    # --- taking ------------------------------------------------------------------------------------------------

    def lock(self) -> None:
        """Take the lock, before anything is asked; blocks the thread while a watchdog is giving back.

        Raises:
            LeaseRefused: a session that runs has the lease, or it cannot be locked.
        """
        if self._lock.held:
            return
        try:
            take_lock(self._lock, self.application, self._journal, self._lock_patience)
        except Held as held:
            raise held_by(self.application, self._journal, held.pid) from None

    async def settle_leftover(self) -> None:
        """Give back what a session left behind that has ended without doing so. Takes the lock and keeps it.

        Raises:
            LeaseRefused: a session that runs has the lease, or what was left behind cannot be settled. The lock is
                given back, since a watchdog may be waiting for it.
            FnError: the journal cannot be read or written.
        """
        async with self._turn:
            await self._ready()

    async def take(self, url: str) -> None:
        """Point the callback at `url`. When the lease is there already, this is a move.

        Raises:
            LeaseRefused: it may not be changed.
            ConfigurationFailed: the platform refuses or does not answer. Unless `entry` is None it is not known
                whether the change was made; `check` finds out, and makes it when it was not.
            FnError: the journal cannot be written; nothing was changed.
        """
        async with self._turn:
            if self.entry is not None:
                await self._move(url)
                return
            self._url = url
            await self._ready()
            try:
                await self._take(url)
            finally:
                if self.entry is None:
                    await self._let_go()

    async def _ready(self) -> None:
        try:
            await asyncio.to_thread(self.lock)
            if self.entry is None:
                await settle_left(self.application, self._journal, self._configuration_of, self._settle, self._tell)
        except BaseException:
            self._lock.give_back()
            raise

    async def _take(self, url: str) -> None:
        await self._guard.arm()
        self._seen, before = await self._original(url)
        if before.primary is None and same_address(self._seen.primary, url):
            # A stable address that somebody has configured for good: giving "nothing" back would take it from them.
            text = f"The callback of {self.application} is {url} already, and stays so when this ends."
            self._tell(Told("taken", text, url))
            return
        urls = ours(before, url, failover=self._rules.failover)
        entry = self._holder.entry(self.application, self._configuration.origin, before, urls)
        await self._changes.begin(entry, self._seen)
        await self._applied()

    async def _original(self, url: str) -> tuple[Callbacks, Callbacks]:
        """What is configured, and what of it is to be given back later; people may be asked whether it may go."""
        now = await self._changes.read()
        while True:
            asked = self._clock.steady()
            dead = await dead_of(tunnels_of(now), self._is_dead)
            await admit(self.application, now, url, self._rules, dead)
            before = original(now, (url, *dead))
            if self._clock.steady() - asked < _FRESH:
                return now, before
            # A person has thought about it: it may be another one by now.
            seen, now = now, await self._changes.read()
            if now == seen:
                return now, before

    # --- holding -----------------------------------------------------------------------------------------------

    async def move(self, url: str) -> None:
        """Our public address has changed: point the callback there, unless it belongs to somebody else by now.

        Then it is pointed there when it comes back to us (`check`).

        Raises:
            ConfigurationFailed: the platform refuses or does not answer; `check` tries again.
            FnError: the journal cannot be written; nothing was changed.
        """
        async with self._turn:
            await self._move(url)

    async def check(self) -> None:
        """Look whether the callback is still ours, and whether the watchdog lives. What is lost is not fought for; what
        could not be set, and nobody else has changed since, is set now.

        Raises:
            ConfigurationFailed: the platform does not answer, or refuses.
            FnError: the watchdog does not start, or the journal cannot be written.
        """
        async with self._turn:
            entry = self.entry
            if entry is None:
                return
            if not self._guard.alive:
                await self._guard.arm()
            now = normal(await self._configuration.get())
            if not same_address(now.primary, self._url):
                await self._repoint(entry, now)
            elif entry.state == "intent":
                await self._applied()
            elif self._lost:
                self._lost = False
                self._tell(Told("found", f"The callback of {self.application} is ours again.", now.primary))

    async def _move(self, url: str) -> None:
        entry = self.entry
        if entry is not None:
            self._url = url
            if entry.ours.primary != url or entry.state != "applied":
                await self._repoint(entry, await self._changes.read())

    async def _repoint(self, entry: Entry, now: Callbacks) -> None:
        match point_again(now, entry, self._url, self._seen):
            case Leave(found):
                self._now_lost(found)
            case point:
                await self._changes.change(point.entry, now)
                await self._applied()

    async def _applied(self) -> None:
        first, self._seen, self._lost = self._seen is not None, None, False
        entry = await self._changes.applied()
        text = taken(entry) if first else f"The callback of {self.application} is {entry.ours.primary} now."
        self._tell(Told("taken" if first else "moved", text, entry.ours.primary, entry.before))

    def _now_lost(self, now: Callbacks) -> None:
        self._seen = None  # from now on it is theirs, also when it becomes what it was
        if not self._lost:
            self._lost = True
            text = f"Somebody has changed the callback of {self.application}: now it is {owner_of(now)}."
            hint = "Calls do not come here any more. It stays like that; `fn dev` again points it here."
            self._tell(Told("lost", text, now.primary, hint=hint))

    # --- giving back -------------------------------------------------------------------------------------------

    async def give_back(self, patience: float | None = None) -> Outcome | None:
        """End the lease: put the original back if ours is still there. None when there was nothing to give back.

        Args:
            patience: seconds for a platform that does not answer. Then the entry stays in the journal, and the
                watchdog goes on trying.
        """
        async with self._turn:
            await self._changes.finished()
            entry, outcome = self.entry, None
            if entry is not None:
                answered = self._changes.answered
                outcome = await self._settle(entry, self._configuration, self._journal, patience, answered=answered)
                if outcome.kind == "failed":
                    said = outcome.text.rstrip(".")  # the end of it may be the platform's own words
                    text = f"{said}. What is to be given back is written down: {shown(entry.before.primary)}."
                    self._tell(Told("kept", text, entry.ours.primary, entry.before, hint=outcome.hint))
                    return outcome
                self._changes.entry = None
                state: State = "left" if outcome.kind == "left" else "restored"
                self._tell(Told(state, outcome.text, entry.ours.primary, entry.before))
            await self._let_go()
            return outcome

    async def _settle(
        self,
        entry: Entry,
        configuration: Configuration,
        journal: Journal,
        patience: float | None = None,
        *,
        answered: bool | None = None,
    ) -> Outcome:
        return await settle(
            entry,
            configuration,
            journal,
            patience=self._patience if patience is None else patience,
            is_dead=self._is_dead,
            waits=self._waits,
            clock=self._clock,
            answered=answered,
        )

    async def _let_go(self) -> None:
        try:
            await self._guard.release()
        finally:
            self._lock.give_back()
