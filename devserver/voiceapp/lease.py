"""A lease of an application's callback: pointed at this machine for as long as it is needed, and given back.

The order is what makes it safe: lock, settle what an earlier session left behind, read, write down the intent (synced),
arm the watchdog, set, read back, write down that it is applied. Whatever ends in between leaves either the original in
place or an entry that says what to give back.

It costs two reads and one change. It must not know where the public address comes from.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, Protocol

from msgspec.structs import replace

from devserver.errors import FnError
from devserver.project.file_lock import Held
from devserver.runtime.clients.voice_results import Callbacks
from devserver.voiceapp.addresses import host_of, kind_of, shown
from devserver.voiceapp.configuration import Configuration, ConfigurationFailed
from devserver.voiceapp.decisions import Leave, is_ours, normal, original, ours, owner_of, point_again, tunnels_of
from devserver.voiceapp.entry import Entry, LocalPlatform
from devserver.voiceapp.journal import Journal, Unreadable
from devserver.voiceapp.settling import IsDead, Outcome, never_dead, settle, waits

PATIENCE = 8.0
"""Seconds for which a change is tried again while the platform does not answer."""
_LOCK_PATIENCE = 4.0  # seconds for a watchdog that is giving back after a crash

State = Literal["settled", "taken", "moved", "lost", "found", "restored", "left", "kept", "refused"]


@dataclass(frozen=True, slots=True)
class Told:
    """Something about the lease that people are to know.

    Attributes:
        state: `settled` what an earlier session left; `taken`; `moved` to a new address; `lost` to somebody else and
            `found` again; `restored`, `left` to somebody else, or `kept` in the journal at the end; `refused`.
        text: one sentence.
        url: our address.
        before: what is to be given back.
        hint: what to do next.
    """

    state: State
    text: str
    url: str | None = None
    before: Callbacks | None = None
    hint: str = ""


class LeaseRefused(FnError):
    """The callback is not changed, for a reason that a person can do something about."""


class Guard(Protocol):
    """Gives the callback back when this process ends without doing so."""

    async def arm(self) -> None:
        """Be ready; whatever happens from now on is its business."""
        ...

    async def release(self) -> None:
        """Nothing is to be given back any more."""
        ...

    @property
    def alive(self) -> bool:
        """Whether it is still there."""
        ...


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lease.

    Attributes:
        pid: of the session, and `started` when it began, in seconds since 1970.
        project: folder, and `name` of the function.
        local: set when the platform is the project's local Sinch.
    """

    pid: int
    started: float
    project: str
    name: str
    local: LocalPlatform | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What a person has allowed.

    Attributes:
        failover: the original becomes the fallback.
        take_over: an address that looks like another developer's tunnel may be replaced.
        confirm: asks whether the callback of an application that looks like production may be changed; the argument
            is its address.
    """

    failover: bool = True
    take_over: bool = False
    confirm: Callable[[str], Awaitable[bool]] | None = None


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
    ) -> None:
        self._configuration = configuration
        self._configuration_of = configuration_of or (lambda _entry: configuration)
        self._journal = journal
        self._holder = holder
        self._guard = guard
        self._tell = tell
        self._rules = rules or Rules()
        self._is_dead = is_dead
        self._lock = journal.lock(configuration.application)
        self._entry: Entry | None = None
        self._lost = False
        self._change: asyncio.Future[None] | None = None
        # One change at a time: a look in between two steps of a move would see what is neither.
        self._turn = asyncio.Lock()

    @property
    def entry(self) -> Entry | None:
        """What is written down; None while nothing is to be given back."""
        return self._entry

    @property
    def application(self) -> str:
        """Key of the application."""
        return self._configuration.application

    # --- taking ------------------------------------------------------------------------------------------------

    async def settle_leftover(self) -> None:
        """Give back what a session left behind that has ended without doing so. Takes the lock and keeps it.

        Raises:
            LeaseRefused: a session that runs has the lease, or what was left behind cannot be settled.
            FnError: the journal cannot be read or written.
        """
        async with self._turn:
            await self._take_lock()
            await self._settle_leftover()

    async def take(self, url: str) -> None:
        """Point the callback at `url`.

        Raises:
            LeaseRefused: it may not be changed.
            ConfigurationFailed: the platform refuses or does not answer. Unless `entry` is None it is not known
                whether the change was made; `check` finds out.
            FnError: the journal cannot be written; nothing was changed.
        """
        async with self._turn:
            await self._take_lock()
            try:
                await self._settle_leftover()
                await self._take(url)
            except BaseException:
                if self._entry is None:
                    await self._guard.release()
                    self._lock.give_back()
                raise

    async def _take(self, url: str) -> None:
        # The watchdog starts while we ask: it takes longer.
        arming = asyncio.create_task(self._guard.arm())
        try:
            now = normal(await self._read())
        finally:
            await arming
        dead = [each for each in tunnels_of(now) if await self._is_dead(each)]
        await self._admit(now, url, dead)
        entry = self._new_entry(original(now, (url, *dead)), url)
        await self._write(entry)
        await self._apply(entry)
        self._tell(Told("taken", self._taken(), url, entry.before))

    def _new_entry(self, before: Callbacks, url: str) -> Entry:
        return Entry(
            application=self.application,
            origin=self._configuration.origin,
            state="intent",
            before=before,
            ours=ours(before, url, failover=self._rules.failover),
            addresses=(url,),
            pid=self._holder.pid,
            started=self._holder.started,
            project=self._holder.project,
            name=self._holder.name,
            since=time.time(),
            local=self._holder.local,
        )

    def lock(self) -> None:
        """Take the lock, before anything is asked; blocks the thread while a watchdog has it.

        Raises:
            LeaseRefused: a session that runs has the lease.
        """
        if self._lock.held:
            return
        try:
            self._lock.take(_LOCK_PATIENCE)
        except Held as held:
            raise self._held_by(held.pid) from None
        except OSError as error:
            raise LeaseRefused(f"The lease cannot be locked: {error.strerror}.") from error

    async def _take_lock(self) -> None:
        if not self._lock.held:
            await asyncio.to_thread(self.lock)

    def _held_by(self, pid: int | None) -> LeaseRefused:
        entry = None
        with suppress(FnError):
            entry = self._journal.read(self.application)
        who = f"the fn dev of {entry.name} in {entry.project} (pid {entry.pid})" if entry else f"fn dev (pid {pid})"
        return LeaseRefused(
            f"The callback of {self.application} belongs to {who} on this machine.",
            hint="Stop that one first, or run this one with --no-tunnel.",
        )

    async def _settle_leftover(self) -> None:
        entry = self._leftover()
        if entry is None or self._entry is not None:
            return
        outcome = await settle(entry, self._configuration, self._journal, patience=PATIENCE, is_dead=self._is_dead)
        if outcome.kind == "failed":
            raise LeaseRefused(
                f"An earlier fn dev (pid {entry.pid}) has left the callback of {self.application} behind, "
                f"and it could not be given back: {outcome.text}",
                hint=outcome.hint or "`fn lease restore` tries again.",
            )
        text = f"An earlier fn dev (pid {entry.pid}) ended without giving the callback back. {outcome.text}"
        self._tell(Told("settled", text, entry.ours.primary, entry.before))

    def _leftover(self) -> Entry | None:
        try:
            return self._journal.read(self.application)
        except Unreadable as error:
            if error.newer:
                raise
            aside = self._journal.set_aside(self.application)
            text = f"{error.message} It is out of the way now, as {aside.name}."
            self._tell(Told("settled", text, hint=error.hint))
            return None

    async def _admit(self, now: Callbacks, url: str, dead: list[str]) -> None:
        """Whether what is configured may be replaced."""
        primary = now.primary
        match kind_of(primary):
            case "tunnel" if not self._rules.take_over and host_of(primary or "") != host_of(url):
                silent = " (which does not answer)" if primary in dead else ""
                raise LeaseRefused(
                    f"The callback of {self.application} is {primary}{silent}: it looks like another developer's "
                    "tunnel.",
                    hint="Ask them, then say --take-over to point it here. Or use a Voice App of your own.",
                )
            case "server" if host_of(primary or "") != host_of(url):
                if self._rules.confirm is not None and not await self._rules.confirm(primary or ""):
                    raise LeaseRefused(
                        f"The callback of {self.application} is {primary}, which looks like production, "
                        "and was not changed.",
                        hint="Say --yes to point it here without being asked. A Voice App for development is safer.",
                    )
            case _:
                pass

    async def _apply(self, entry: Entry) -> None:
        """Set what the entry says, and read it back; again while the platform does not answer."""
        end = time.monotonic() + PATIENCE
        for wait in waits():
            try:
                await self._set(entry.ours)
                break
            except ConfigurationFailed as error:
                if not error.applied and not error.again:
                    await self._forget()
                    raise
                if await self._is_set(entry):
                    break  # it was the answer that was lost
                if time.monotonic() + wait > end:
                    raise
                await asyncio.sleep(wait)
        await self._read_back(entry)

    async def _set(self, urls: Callbacks) -> None:
        """A change that has left is waited for, also when this is cancelled: it must not be applied after we have
        looked for the last time.
        """
        change = self._change = asyncio.ensure_future(self._configuration.set(urls))
        await asyncio.shield(change)

    async def _is_set(self, entry: Entry) -> bool:
        try:
            return is_ours(await self._configuration.get(), entry)
        except ConfigurationFailed:
            return False

    async def _read_back(self, entry: Entry) -> None:
        now = normal(await self._read())
        if not is_ours(now, entry):
            self._lost = True
            raise ConfigurationFailed(
                f"The callback of {self.application} was set to {entry.ours.primary}, but is {owner_of(now)}."
            )
        self._lost = False
        await self._write(replace(entry, state="applied", ours=now))

    async def _read(self) -> Callbacks:
        """What is configured; asked again while the platform does not answer."""
        end = time.monotonic() + PATIENCE
        for wait in waits():
            try:
                return await self._configuration.get()
            except ConfigurationFailed as error:
                if not error.again or time.monotonic() + wait > end:
                    raise
                await asyncio.sleep(wait)
        raise AssertionError  # the waits have no end

    async def _write(self, entry: Entry) -> None:
        # Remembered first: when this is cancelled, the thread writes it all the same, and it must not stay behind.
        before, self._entry = self._entry, entry
        try:
            await asyncio.to_thread(self._journal.write, entry)
        except FnError:
            self._entry = before
            raise

    async def _forget(self) -> None:
        """Nothing is to be given back: the change was refused."""
        entry, self._entry = self._entry, None
        if entry is not None:
            await asyncio.to_thread(self._journal.remove, entry.application)
        await self._guard.release()

    def _taken(self) -> str:
        entry = self._entry
        if entry is None:
            raise AssertionError
        where = f"The callback of {self.application} is {entry.ours.primary}"
        if entry.before.primary is None:
            return f"{where}; no address was configured before."
        if entry.ours.fallback and entry.ours.fallback == entry.before.primary:
            return f"{where}, with {entry.before.primary} as its fallback."
        return f"{where}; it was {entry.before.primary}."

    # --- holding -----------------------------------------------------------------------------------------------

    async def move(self, url: str) -> None:
        """Our public address has changed: point the callback there, unless it belongs to somebody else by now.

        Raises:
            ConfigurationFailed: the platform refuses or does not answer; `check` finds out what is set.
            FnError: the journal cannot be written; nothing was changed.
        """
        async with self._turn:
            entry = self._entry
            if entry is None or (entry.ours.primary == url and entry.state == "applied"):
                return
            match point_again(await self._read(), entry, url):
                case Leave(now):
                    self._now_lost(now)
                case point:
                    await self._write(point.entry)
                    await self._apply(point.entry)
                    self._tell(Told("moved", f"The callback of {self.application} is {url} now.", url, entry.before))

    async def check(self) -> None:
        """Look whether the callback is still ours, and whether the watchdog lives. What is lost is not fought for.

        Raises:
            ConfigurationFailed: the platform does not answer.
        """
        async with self._turn:
            entry = self._entry
            if entry is None:
                return
            if not self._guard.alive:
                await self._guard.arm()
            now = normal(await self._configuration.get())
            if not is_ours(now, entry):
                self._now_lost(now)
                return
            if entry.state == "intent":
                await self._write(replace(entry, state="applied", ours=now))
                self._tell(Told("taken", self._taken(), entry.ours.primary, entry.before))
            elif self._lost:
                self._tell(Told("found", f"The callback of {self.application} is ours again.", now.primary))
            self._lost = False

    def _now_lost(self, now: Callbacks) -> None:
        if not self._lost:
            self._lost = True
            text = f"Somebody has changed the callback of {self.application}: it is {owner_of(now)} now."
            hint = "Calls do not come here any more. It stays like that; `fn dev` again points it here."
            self._tell(Told("lost", text, now.primary, hint=hint))

    # --- giving back -------------------------------------------------------------------------------------------

    async def give_back(self, patience: float = PATIENCE) -> Outcome | None:
        """End the lease: put the original back if ours is still there. None when there was nothing to give back.

        Args:
            patience: seconds for a platform that does not answer. Then the entry stays in the journal, and the
                watchdog goes on trying.
        """
        async with self._turn:
            entry = self._entry
            outcome = None
            if self._change is not None:
                await asyncio.wait({self._change})
            if entry is not None:
                outcome = await settle(
                    entry, self._configuration, self._journal, patience=patience, is_dead=self._is_dead
                )
                if outcome.kind == "failed":
                    text = f"{outcome.text} What is to be given back is written down: {shown(entry.before.primary)}."
                    self._tell(Told("kept", text, entry.ours.primary, entry.before, hint=outcome.hint))
                    return outcome
                self._entry = None
                state: State = "left" if outcome.kind == "left" else "restored"
                self._tell(Told(state, outcome.text, entry.ours.primary, entry.before))
            await self._guard.release()
            self._lock.give_back()
            return outcome
