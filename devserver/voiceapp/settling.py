"""Gives a callback back: reads what is configured, decides, sets, and takes the entry out of the journal.

Whoever ends a lease does it with this: the session that holds it, the watchdog after a crash, the next `fn dev`, and
`fn lease restore`. The caller holds the application's lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from msgspec.structs import replace

from devserver.clock import Clock, SystemClock
from devserver.runtime.clients.voice_results import Callbacks
from devserver.voiceapp.addresses import shown
from devserver.voiceapp.configuration import Configuration, ConfigurationFailed
from devserver.voiceapp.decisions import (
    GiveBack,
    IsBack,
    Leave,
    give_back,
    is_ours,
    normal,
    original,
    owner_of,
    same_address,
    tunnels_of,
)
from devserver.voiceapp.entry import Entry
from devserver.voiceapp.journal import Journal
from devserver.voiceapp.patience import WAITS, Patience

_LOOKS = 3  # after the first one, in 3.5 s
DOUBTFUL = 60.0
"""Seconds after which a change that was never answered is not made any more."""

IsDead = Callable[[str], Awaitable[bool]]
"""Whether the tunnel at an address does not answer any more."""


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


def is_answered(unanswered: float | None, now: float) -> bool:
    """Whether nothing is to be expected any more of a change that left unanswered; both in seconds since 1970."""
    return unanswered is None or now - unanswered >= DOUBTFUL


async def dead_of(tunnels: Sequence[str], is_dead: IsDead) -> tuple[str, ...]:
    """Those that do not answer any more, all asked at once."""
    answers = await asyncio.gather(*(is_dead(each) for each in tunnels))
    return tuple(each for each, dead in zip(tunnels, answers, strict=True) if dead)


Settle = Callable[[Entry, Configuration, Journal], Awaitable[Outcome]]
"""`settle` with its patience."""


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
    waits: Sequence[float] = WAITS,
    clock: Clock | None = None,
    answered: bool | None = None,
) -> Outcome:
    """Give back what an entry says. It is looked at again afterwards: only what is seen to be back leaves the journal.

    A change whose answer nobody has seen may be made after whoever sent it has gone: then it is looked at for some
    seconds more, because what comes after the last look would stay for ever.

    Args:
        entry: the lease.
        configuration: of its application.
        journal: where the entry is.
        patience: seconds during which it is tried again while the platform does not answer.
        is_dead: asked about originals that look like a tunnel.
        waits: seconds between two tries.
        clock: measures patience.
        answered: every change of the lease has been answered, so that nothing comes any more; None when that is not
            known: then it is believed of what was read back, and of what is old.
    """
    left = Patience(patience, waits, clock)
    outcome = await _patiently(entry, configuration, is_dead, left)
    if answered is None:
        settled = entry.state == "applied" or journal.age(entry.application) >= DOUBTFUL
        answered = settled and is_answered(entry.unanswered, (clock or SystemClock()).wall())
    for wait in () if answered else waits[:_LOOKS]:
        if outcome.kind == "failed":
            break
        if outcome.kind == "left" and outcome.now is not None:
            # When our change comes now, it is theirs that it replaces, and not what was there before them.
            entry = replace(entry, before=outcome.now)
        await asyncio.sleep(wait)
        later = await _patiently(entry, configuration, is_dead, left)
        if later.kind != "back" or outcome.kind not in {"restored", "left"}:
            outcome = later
    if outcome.kind != "failed":
        await asyncio.to_thread(journal.remove, entry.application)
    return outcome


async def _patiently(entry: Entry, configuration: Configuration, is_dead: IsDead, left: Patience) -> Outcome:
    while True:
        try:
            return await _once(entry, configuration, is_dead)
        except ConfigurationFailed as error:
            if not error.again or not await left.again():
                return Outcome("failed", error.message, hint=error.hint)


async def _once(entry: Entry, configuration: Configuration, is_dead: IsDead) -> Outcome:
    now = await configuration.get()
    dead: tuple[str, ...] = ()
    if is_ours(now, entry) and (tunnels := tunnels_of(entry.before)):
        # Asked only now that there is a way to the network: without one every tunnel is dead. It may take seconds.
        dead = await dead_of(tunnels, is_dead)
        now = await configuration.get()
    match give_back(now, entry, dead):
        case GiveBack(urls):
            await configuration.set(urls)
            return await _restored(entry, configuration, urls, dead)
        case IsBack():
            return Outcome("back", f"The callback of {entry.application} {_is(now.primary)} already.", now)
        case Leave(found):
            text = f"The callback of {entry.application} is no longer ours and stays as it is: {owner_of(found)}."
            return Outcome("left", text, found)


def _is(url: str | None) -> str:
    return f"is {url}" if url else "has no address"


async def _restored(entry: Entry, configuration: Configuration, urls: Callbacks, dead: tuple[str, ...]) -> Outcome:
    now = normal(await configuration.get())
    if is_ours(now, entry):
        raise ConfigurationFailed(
            f"The callback of {entry.application} was set to {shown(urls.primary)}, but is still {now.primary}.",
            again=True,
        )
    text = f"The callback of {entry.application} {_is(urls.primary)} again."
    if not same_address(urls.fallback, original(entry.before, dead).fallback):
        text = f"{text} Its fallback is no longer ours and stays as it is: {urls.fallback or 'none'}."
    elif urls.fallback is None and now.fallback and same_address(now.fallback, entry.ours.fallback):
        # It is not published whether setting without a fallback clears the old one (voice-v1.md 5.2).
        text = f"{text} The platform has kept {now.fallback} as its fallback."
    return Outcome("restored", text, now)
