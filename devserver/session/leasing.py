"""The lease of a session's application: put together, told in events, and what earlier sessions left behind.

The lease itself is `devserver/voiceapp/`; this gives it the watchdog's process, the person at the terminal, the secrets
of the project and the report.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from devserver.errors import FnError
from devserver.project import Project
from devserver.project.places import LEASES, state_folder
from devserver.session.platform import Application, configuration_of_entry
from devserver.session.terms import PROBE_VARIABLE
from devserver.voiceapp import Configuration, Entry, Errand, Holder, Journal, Lease, Rules, Told, Watchdog
from devserver.voiceapp.alive import is_dead
from devserver.voiceapp.by_hand import by_hand
from devserver.voiceapp.confirmed import confirm, is_confirmed

Tell = Callable[..., None]
"""As `Report.tell`: a kind and fields."""

Ask = Callable[[str], Awaitable[bool]]
"""Asks the person at the terminal; False where there is nobody."""


def journal_of(environ: Mapping[str, str]) -> Journal:
    """The journal of this user's leases.

    Raises:
        ConfigError: the state directory cannot be used.
    """
    return Journal(state_folder(environ) / LEASES)


def lease_of(
    application: Application,
    project: Project,
    tell: Tell,
    *,
    ask: Ask,
    yes: bool = False,
    take_over: bool = False,
    failover: bool = True,
) -> Lease:
    """A lease of an application's callback; nothing is taken yet.

    Args:
        application: whose callback.
        project: who wants it.
        tell: told what happens, as events.
        ask: the person.
        yes: the person has agreed to whatever is asked.
        take_over: another developer's tunnel may be replaced.
        failover: the original becomes the fallback.

    Raises:
        ConfigError: the state directory cannot be used.
    """
    journal = journal_of(os.environ)
    holder = Holder(os.getpid(), time.time(), str(project.root), project.name, application.local)
    errand = Errand(application.key, application.secret, application.origin, str(journal.folder), application.local)
    rules = Rules(failover, take_over, partial(_agreed, application.key, ask, yes=yes))
    return Lease(
        application.configuration(),
        journal,
        holder,
        Watchdog((sys.executable, "-P", "-m", "devserver.session.watchdog"), errand),
        partial(_tell, tell, journal, application.key),
        rules=rules,
        is_dead=partial(is_dead, via=os.environ.get(PROBE_VARIABLE) or None),
        configuration_of=partial(_leftover_configuration, application),
    )


def lease_fields(application: str, told: Told) -> dict[str, Any]:
    """The fields of the event `lease`."""
    before = told.before
    return {
        "state": told.state,
        "application": application,
        "url": told.url,
        "before": {"primary": before.primary, "fallback": before.fallback} if before is not None else None,
        "text": told.text,
        "hint": told.hint,
    }


def refused(tell: Tell, application: str, error: FnError) -> None:
    """Tell that the callback was not changed, or that it is not known."""
    tell("lease", **lease_fields(application, Told("refused", error.message, hint=error.hint)))


def _tell(tell: Tell, journal: Journal, application: str, told: Told) -> None:
    entry = journal.read(application) if told.state == "kept" else None
    if entry is not None:
        told = replace(told, hint=f"{told.hint}\n{by_hand(entry)}".strip())
    tell("lease", **lease_fields(application, told))


async def _agreed(application: str, ask: Ask, address: str, *, yes: bool) -> bool:
    folder = state_folder(os.environ)
    if is_confirmed(folder, application):
        return True
    question = f"Calls of {application} go to {address}, which looks like production. Send them to this machine?"
    if not (yes or await ask(question)):
        return False
    confirm(folder, application)
    return True


def _leftover_configuration(application: Application, entry: Entry) -> Configuration:
    return configuration_of_entry(entry, application.secret) or application.configuration()
