"""What an earlier session left behind: given back before anything new is taken, or the new lease is refused.

Whoever calls holds the application's lock, so that nobody is using what is given back.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from devserver.errors import FnError
from devserver.project.file_lock import FileLock, Held
from devserver.voiceapp.configuration import Configuration
from devserver.voiceapp.entry import Entry
from devserver.voiceapp.journal import Journal, Unreadable
from devserver.voiceapp.settling import Settle
from devserver.voiceapp.terms import LeaseRefused, Told


async def settle_left(
    application: str,
    journal: Journal,
    configuration_of: Callable[[Entry], Configuration],
    settle: Settle,
    tell: Callable[[Told], None],
) -> None:
    """Give back what is written down of an application, if something is.

    Args:
        application: key.
        journal: where it is written down.
        configuration_of: how to reach the platform of an entry.
        settle: gives back.
        tell: told what came of it.

    Raises:
        LeaseRefused: it could not be given back.
        Unreadable: a newer version of fn wrote it, or it may not be read.
    """
    entry = _entry(application, journal, tell)
    if entry is None:
        return
    configuration = configuration_of(entry)
    if configuration.origin.rstrip("/") != entry.origin.rstrip("/"):
        # Another platform has nothing of ours, and would say that all is well.
        raise _refused(entry, f"it is at {entry.origin}, which cannot be reached from here.", "")
    outcome = await settle(entry, configuration, journal)
    if outcome.kind == "failed":
        raise _refused(entry, outcome.text, outcome.hint)
    text = f"An earlier fn dev (pid {entry.pid}) ended without giving the callback back. {outcome.text}"
    tell(Told("settled", text, entry.ours.primary, entry.before))


def take_lock(lock: FileLock, application: str, journal: Journal, patience: float) -> None:
    """Take the lock of an application. A session that runs keeps it and is not waited for, a watchdog is.

    Args:
        lock: of the application.
        application: key.
        journal: where leases are written down.
        patience: seconds to wait; blocks the thread.

    Raises:
        Held: another process has it and keeps it.
        LeaseRefused: its file cannot be opened.
    """
    try:
        try:
            lock.take()
        except Held as held:
            with suppress(FnError):
                entry = journal.read(application)
                if entry is not None and entry.pid == held.pid:
                    raise
            lock.take(patience)
    except OSError as error:  # another user's, after a `sudo`, or a link
        raise LeaseRefused(
            f"The lease of {application} cannot be locked: {error.filename}: {error.strerror}.",
            hint="Is that file yours? When no fn runs, it may be removed.",
        ) from error


def held_by(application: str, journal: Journal, pid: int | None) -> LeaseRefused:
    """The refusal when another process has the lock, with what the journal knows of that process.

    Args:
        application: key.
        journal: where leases are written down.
        pid: of who has the lock; None when it has not said so.
    """
    entry = None
    with suppress(FnError):
        entry = journal.read(application)
    if entry is not None and pid not in {None, entry.pid}:
        text, hint = under_way(entry, pid)
        return LeaseRefused(text, hint=f"{hint} Or run this one with --no-tunnel.")
    who = f"the fn dev of {entry.name} in {entry.project} (pid {entry.pid})" if entry else _nameless(pid)
    return LeaseRefused(
        f"The callback of {application} belongs to {who} on this machine.",
        hint="Stop that one first, or run this one with --no-tunnel.",
    )


def under_way(entry: Entry, pid: int | None) -> tuple[str, str]:
    """What to say, and what to do, while somebody settles a lease who does not hold it: mostly a watchdog.

    Args:
        entry: the lease.
        pid: of who has its lock.
    """
    text = (
        f"{_nameless(pid).capitalize()} is just giving back the callback of {entry.application}, "
        f"which fn dev of {entry.name} (pid {entry.pid}) has left behind."
    )
    end = "" if pid is None else f", or end it (`kill {pid}`) and try again"
    return text, f"While the platform does not answer, a watchdog tries for ten minutes. Wait for it{end}."


def _nameless(pid: int | None) -> str:
    return "another fn" if pid is None else f"another fn (pid {pid})"


def _entry(application: str, journal: Journal, tell: Callable[[Told], None]) -> Entry | None:
    try:
        return journal.read(application)
    except Unreadable as error:
        if not error.damaged:
            raise
        aside = journal.set_aside(application)
        tell(Told("settled", f"{error.message} It is out of the way now, as {aside.name}.", hint=error.hint))
        return None


def _refused(entry: Entry, why: str, hint: str) -> LeaseRefused:
    return LeaseRefused(
        f"An earlier fn dev (pid {entry.pid}) has left the callback of {entry.application} behind, "
        f"and it could not be given back: {why}",
        hint=hint or "`fn lease restore` tries again.",
    )
