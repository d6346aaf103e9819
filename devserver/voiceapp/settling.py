"""Gives a callback back: reads what is configured, decides, sets, and takes the entry out of the journal.

Whoever ends a lease does it with this: the session that holds it, the watchdog after a crash, the next `fn dev`, and
`fn lease restore`. The caller holds the application's lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from devserver.clock import Clock, SystemClock
from devserver.runtime.clients.voice_results import Callbacks
from devserver.voiceapp.addresses import shown
from devserver.voiceapp.configuration import Configuration, ConfigurationFailed
from devserver.voiceapp.decisions import GiveBack, IsBack, Leave, give_back, normal, owner_of, tunnels_of
from devserver.voiceapp.entry import Entry
from devserver.voiceapp.journal import Journal

IsDead = Callable[[str], Awaitable[bool]]
"""Whether the tunnel at an address does not answer any more."""

WAITS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds between tries while the platform does not answer; the last one again and again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of giving back.

    Attributes:
        kind: `restored`, `back` already, `left` to somebody else, or `failed`, in which case the journal keeps it.
        text: one sentence.
        now: what is configured, as far as is known.
        hint: what to do, when it failed.
    """

    kind: Literal["restored", "back", "left", "failed"]
    text: str
    now: Callbacks | None = None
    hint: str = ""


def waits() -> Iterator[float]:
    """Seconds to wait, one after the other, without end."""
    yield from WAITS
    while True:
        yield WAITS[-1]


async def never_dead(_url: str) -> bool:
    """For those who cannot ask: nothing is known to be dead."""
    return False


async def settle(
    entry: Entry,
    configuration: Configuration,
    journal: Journal,
    *,
    patience: float,
    is_dead: IsDead = never_dead,
    clock: Clock | None = None,
) -> Outcome:
    """Give back what an entry says.

    Args:
        entry: the lease.
        configuration: of its application.
        journal: where the entry is.
        patience: seconds during which it is tried again while the platform does not answer.
        is_dead: asked about originals that look like a tunnel.
        clock: measures patience.
    """
    clock = clock or SystemClock()
    end = clock.steady() + patience
    for wait in waits():
        try:
            outcome = await _once(entry, configuration, is_dead)
        except ConfigurationFailed as error:
            if not error.again or clock.steady() + wait > end:
                return Outcome("failed", error.message, hint=error.hint)
            await asyncio.sleep(wait)
        else:
            await asyncio.to_thread(journal.remove, entry.application)
            return outcome
    raise AssertionError  # the waits have no end


async def _once(entry: Entry, configuration: Configuration, is_dead: IsDead) -> Outcome:
    now = await configuration.get()
    dead = [url for url in tunnels_of(entry.before) if await is_dead(url)]
    match give_back(now, entry, dead):
        case GiveBack(urls):
            await configuration.set(urls)
            return await _restored(entry, configuration, urls)
        case IsBack():
            return Outcome("back", f"The callback of {entry.application} is {shown(now.primary)} already.", now)
        case Leave(found):
            text = f"The callback of {entry.application} is no longer ours and stays as it is: {owner_of(found)}."
            return Outcome("left", text, found)


async def _restored(entry: Entry, configuration: Configuration, urls: Callbacks) -> Outcome:
    text = f"The callback of {entry.application} is {shown(urls.primary)} again."
    if urls.fallback is None and entry.ours.fallback:
        # It is not published whether setting without a fallback clears the old one (voice-v1.md 5.2).
        now = normal(await configuration.get())
        if now.fallback:
            text = f"{text} The platform has kept {now.fallback} as its fallback."
        return Outcome("restored", text, now)
    return Outcome("restored", text, urls)
