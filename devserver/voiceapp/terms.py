"""The words in which a lease is spoken about: who holds it, what a person has allowed, what is told, who guards it.

Plain data and one Protocol. It must not know how any of it comes about.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from devserver.errors import FnError
from devserver.runtime.clients.voice_results import Callbacks
from devserver.voiceapp.entry import Entry, LocalPlatform

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

    def entry(self, application: str, origin: str, before: Callbacks, urls: Callbacks) -> Entry:
        """What is written down before `urls` are set in place of `before`."""
        return Entry(
            application=application,
            origin=origin,
            state="intent",
            before=before,
            ours=urls,
            addresses=(urls.primary or "",),
            pid=self.pid,
            started=self.started,
            project=self.project,
            name=self.name,
            since=time.time(),
            local=self.local,
        )


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


def taken(entry: Entry) -> str:
    """The sentence about a callback that comes here now, with what becomes of the original."""
    where = f"The callback of {entry.application} is {entry.ours.primary}"
    if entry.before.primary is None:
        return f"{where}; no address was configured before."
    if entry.ours.fallback and entry.ours.fallback == entry.before.primary:
        return f"{where}, with {entry.before.primary} as its fallback."
    return f"{where}; it was {entry.before.primary}."
