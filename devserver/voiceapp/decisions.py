"""What to do with an application's callback, decided from what is configured now and what was written down.

Functions of data: no I/O, no clock. Two rules hold whatever happens, and a property test shuffles everything against
them: *the original is never lost* (what is to be given back is written down before anything is changed, and an address
of our own or a dead tunnel is never taken for the original), and *a value that somebody else set is never overwritten*
(each of the two addresses is put back only while it is still ours).

The fallback is set to the original primary address, so that the platform itself serves the caller when this machine
does not answer (anchors.md 6, item 1).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from msgspec.structs import replace

from devserver.runtime.clients.voice_results import Callbacks
from devserver.voiceapp.addresses import host_of, kind_of
from devserver.voiceapp.entry import Entry


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Ours is configured: set these."""

    urls: Callbacks


@dataclass(frozen=True, slots=True)
class IsBack:
    """The original is configured already."""


@dataclass(frozen=True, slots=True)
class Leave:
    """Somebody else has set something: it stays.

    Attributes:
        now: what is configured.
    """

    now: Callbacks


@dataclass(frozen=True, slots=True)
class Point:
    """Write down the entry, then set its `ours`."""

    entry: Entry


def normal(urls: Callbacks) -> Callbacks:
    """Addresses as compared: an empty one is none."""
    return Callbacks(urls.primary or None, urls.fallback or None)


def same_address(one: str | None, other: str | None) -> bool:
    """Whether two addresses are one: the host's case and a slash at the end of a bare host do not matter."""
    return one == other or (bool(one) and bool(other) and _plain(one or "") == _plain(other or ""))


def is_ours(now: Callbacks, entry: Entry) -> bool:
    """Whether callbacks go to this lease."""
    return _listed(now.primary, entry.addresses)


def original(now: Callbacks, not_original: Collection[str]) -> Callbacks:
    """What is to be given back later, when `now` is what is configured before we change it.

    Args:
        now: what is configured.
        not_original: addresses that are none: of our own, and of tunnels that do not answer. Such an address has the
            original as its fallback, when `fn` set it.
    """
    now = normal(now)
    if not _listed(now.primary, not_original):
        return now if not _listed(now.fallback, not_original) else Callbacks(now.primary, None)
    if now.fallback and not _listed(now.fallback, not_original):
        return Callbacks(now.fallback, None)
    return Callbacks(None, None)


def ours(before: Callbacks, url: str, *, failover: bool) -> Callbacks:
    """What to set, so that callbacks come to `url`.

    Args:
        before: the original.
        url: our address.
        failover: whether the original primary address becomes the fallback; otherwise the fallback stays as it was.
            A tunnel that is taken over has production as its fallback already, which is worth more than the tunnel:
            it answers, and whoever takes over next finds it.
    """
    last = before.primary
    if not failover or (kind_of(last) in {"tunnel", "local"} and kind_of(before.fallback) == "server"):
        last = before.fallback
    return Callbacks(url, last or before.fallback)


def point_again(now: Callbacks, entry: Entry, url: str, seen: Callbacks | None = None) -> Point | Leave:
    """A new address of ours, or another try: set it, if callbacks still go to one of ours, or nothing has changed yet.

    Args:
        now: what is configured.
        entry: the lease.
        url: our address from now on.
        seen: what was configured before the first change, while that is not known to have been made; None later.
    """
    if not is_ours(now, entry) and normal(now) != seen:
        return Leave(normal(now))
    addresses = (*(each for each in entry.addresses if each != url), url)
    return Point(replace(entry, state="intent", ours=Callbacks(url, entry.ours.fallback), addresses=addresses))


def to_set(now: Callbacks, entry: Entry) -> Callbacks:
    """What is to be set where `now` is configured, so that callbacks go to the newest address of a lease.

    When they go to an older one already, the fallback stays as it is: it is ours, or somebody has changed it since.
    """
    return Callbacks(entry.ours.primary, normal(now).fallback) if is_ours(now, entry) else entry.ours


def give_back(now: Callbacks, entry: Entry, dead: Collection[str] = ()) -> GiveBack | IsBack | Leave:
    """The end of a lease.

    Args:
        now: what is configured.
        entry: the lease.
        dead: addresses of tunnels that do not answer any more: the original may have been one of another developer,
            who has gone meanwhile. Their own original is their fallback then; without one there was none.
    """
    now = normal(now)
    before = original(entry.before, dead)
    if is_ours(now, entry):
        # Each address for itself: a fallback that somebody changed during the lease is theirs.
        fallback = before.fallback if same_address(now.fallback, entry.ours.fallback) else now.fallback
        return GiveBack(Callbacks(before.primary, fallback))
    if same_address(now.primary, before.primary) or same_address(now.primary, entry.before.primary):
        return IsBack()
    return Leave(now)


def owner_of(now: Callbacks) -> str:
    """Who or what a callback belongs to now, as the end of a sentence."""
    url = now.primary
    match kind_of(url):
        case "none":
            return "nothing: no callback address is configured"
        case "tunnel":
            return f"{url}, which looks like another developer's tunnel"
        case "local":
            return f"{url}, an address of some developer's own machine"
        case "server":
            return f"{url}"


def tunnels_of(urls: Callbacks) -> tuple[str, ...]:
    """The addresses that look like a tunnel, which may be dead."""
    return tuple(each for each in (urls.primary, urls.fallback) if each and kind_of(each) == "tunnel")


def _listed(url: str | None, addresses: Collection[str]) -> bool:
    return any(same_address(url, each) for each in addresses)


def _plain(url: str) -> str:
    if not host_of(url):
        return url
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.lower(), path=parts.path or "/").geturl()
