"""Leases of this machine, listed and given back without a session: `fn lease`, and what a start finds left behind."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from devserver.errors import FnError
from devserver.project import Project, SystemKeyring, load_project
from devserver.project.file_lock import Held
from devserver.project.login import load_login
from devserver.session.leasing import Tell, journal_of, lease_fields
from devserver.session.platform import configuration_of_entry
from devserver.session.terms import PROBE_VARIABLE
from devserver.voiceapp import Entry, Journal, LeaseRefused, Outcome, Told, Unreadable, settle
from devserver.voiceapp.alive import is_dead
from devserver.voiceapp.by_hand import by_hand, command
from devserver.voiceapp.lease import State
from devserver.voiceapp.leftovers import take_lock, under_way

_PATIENCE = 8.0  # seconds for a platform that does not answer
_WATCHDOG = 4.0  # seconds for a watchdog that is just giving it back, for a session that has other things to do
_WAITED_FOR = 10.0  # the same for a person who waits; it takes longer while the platform answers slowly


@dataclass(frozen=True, slots=True)
class Listed:
    """A lease.

    Attributes:
        entry: what is written down.
        live: a session, or a watchdog that is giving it back, has it.
        settler: process id of who is giving it back in place of its session.
    """

    entry: Entry
    live: bool
    settler: int | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of giving one back.

    Attributes:
        application: key; the name of the file for one that says nothing.
        ok: nothing is left to do.
        text: one sentence.
        hint: what to do next.
    """

    application: str
    ok: bool
    text: str
    hint: str = ""


def list_leases() -> Iterator[Listed | Unreadable]:
    """Every lease of this user on this machine, and what was moved out of the way because it was damaged.

    Raises:
        ConfigError: the state directory cannot be used.
    """
    journal = journal_of(os.environ)
    for found in journal.all():
        yield found if isinstance(found, Unreadable) else _listed(journal, found)
    yield from journal.aside()


async def restore_leases(project: Project | None) -> list[Restored]:
    """Give back what sessions that have ended left behind.

    Args:
        project: only those of its folder or its application; None: all of this machine.

    Raises:
        ConfigError: the state directory cannot be used.
    """
    journal = journal_of(os.environ)
    restored = []
    for found in (*journal.all(), *journal.aside()):
        if isinstance(found, Unreadable):
            if project is None or found.application.lower() == (project.voice_app or "").lower():
                restored.append(Restored(found.application, ok=False, text=found.message, hint=found.hint))
        elif project is None or belongs_to(found, project):
            restored.append(await _restore(journal, found))
    return restored


async def settle_at_start(project: Project, tell: Tell) -> None:
    """The same when a session starts that has no tunnel: what is live is left alone and not mentioned.

    Args:
        project: of the session.
        tell: told events, as `Report.tell`.
    """
    try:
        journal = journal_of(os.environ)
        found = [each for each in journal.all() if isinstance(each, Entry) and belongs_to(each, project)]
        for entry in found:
            if await asyncio.to_thread(_kept, journal, entry.application, _WATCHDOG) is None:
                restored = await _restore(journal, entry)
                state: State = "settled" if restored.ok else "kept"
                text = f"An earlier fn dev (pid {entry.pid}) did not give a callback back. {restored.text}"
                told = Told(state, text, entry.ours.primary, entry.before, restored.hint)
                tell("lease", **lease_fields(entry.application, told))
    except FnError as error:
        tell("log", level="warning", text=str(error), ours=True)


def belongs_to(entry: Entry, project: Project) -> bool:
    """Whether a lease is of a project: its folder or its application."""
    return entry.project == str(project.root) or entry.application.lower() == (project.voice_app or "").lower()


def _listed(journal: Journal, entry: Entry) -> Listed:
    kept = _kept(journal, entry.application)
    pid = kept.pid if isinstance(kept, Held) else None
    return Listed(entry, kept is not None, pid if pid != entry.pid else None)


def _kept(journal: Journal, application: str, patience: float = 0.0) -> Held | LeaseRefused | None:
    """What keeps others from a lease: its session, somebody who gives it back, or a lock that cannot be opened."""
    lock = journal.lock(application)
    try:
        take_lock(lock, application, journal, patience)
    except (Held, LeaseRefused) as kept:  # who cannot look into it leaves it alone
        return kept
    lock.give_back()
    return None


async def _restore(journal: Journal, entry: Entry) -> Restored:
    application = entry.application
    lock = journal.lock(application)
    try:
        await asyncio.to_thread(take_lock, lock, application, journal, _WAITED_FOR)
    except Held as held:
        return _held(entry, held.pid)
    except LeaseRefused as refused:
        return Restored(application, ok=False, text=refused.message, hint=refused.hint)
    try:
        left = journal.read(application)  # whoever had the lock may have settled it
        if left is None:
            return Restored(application, ok=True, text=f"The callback of {application} has just been given back.")
        return await _restore_locked(journal, left)
    finally:
        lock.give_back()


def _held(entry: Entry, pid: int | None) -> Restored:
    if pid not in {None, entry.pid}:
        text, hint = under_way(entry, pid)
        return Restored(entry.application, ok=False, text=text, hint=hint)
    return Restored(
        entry.application,
        ok=False,
        text=f"The callback of {entry.application} belongs to fn dev of {entry.name} (pid {entry.pid}).",
        hint="Stop it with Ctrl-C where it runs; it gives the callback back.",
    )


async def _restore_locked(journal: Journal, entry: Entry) -> Restored:
    configuration = configuration_of_entry(entry, await asyncio.to_thread(_secret_of, entry))
    if configuration is None:
        return Restored(
            entry.application,
            ok=False,
            text=f"The secret of {entry.application} is not known here, so its callback cannot be given back.",
            hint="Set VOICE_APPLICATION_KEY and VOICE_APPLICATION_SECRET, or give it back by hand:\n" + command(entry),
        )
    via = os.environ.get(PROBE_VARIABLE) or None
    outcome: Outcome = await settle(
        entry, configuration, journal, patience=_PATIENCE, is_dead=partial(is_dead, via=via)
    )
    if outcome.kind == "failed":
        hint = f"{outcome.hint}\n{by_hand(entry)}".strip()
        return Restored(entry.application, ok=False, text=outcome.text, hint=hint)
    return Restored(entry.application, ok=True, text=outcome.text)


def _secret_of(entry: Entry) -> str | None:
    """The secret of a lease's application: of the environment, of the project that took it, or of the login."""
    environ = os.environ
    same = environ.get("VOICE_APPLICATION_KEY", "").lower() == entry.application.lower()
    if same and (secret := environ.get("VOICE_APPLICATION_SECRET")):
        return secret
    keyring = SystemKeyring()
    with suppress(FnError):  # the project may be gone, or broken
        project = load_project(Path(entry.project), environ={}, keyring=keyring)
        if (project.voice_app or "").lower() == entry.application.lower() and project.voice_secret:
            return project.voice_secret
    login = load_login(environ, keyring)
    same = (login.application_key or "").lower() == entry.application.lower()
    return login.application_secret if same else None
