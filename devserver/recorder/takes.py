"""What is to be sent again: from a recording, a file or a folder to requests in order. Pure: reading is elsewhere.

A replay sends the bytes that were received; it never writes them anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec

from devserver.errors import FnError
from devserver.recorder.exchange import Answer, Effect, Exchange, Headers
from devserver.recorder.portable import PortableCall, State
from devserver.recorder.state import CacheEntry
from devserver.runtime.routing import VOICE_EVENTS, event_name

CONTENT_TYPE = "application/json; charset=utf-8"
"""What the platform sends with a callback (voice-v1.md 1.1)."""

# Belong to the connection, or are made anew.
_NOT_SENT_AGAIN = frozenset(
    {
        "authorization",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-timestamp",
    }
)


@dataclass(frozen=True, slots=True)
class Item:
    """One request to send.

    Attributes:
        name: id of the recording, or name of the file.
        event: the voice event, or None.
        old: the recorded answer; None for a file, and for a request that had no answer.
        authorization: scheme of the recorded Authorization header, in lower case; empty when there was none.
        effects: what the handler did besides answering, as recorded.
        at: when it was recorded, seconds since 1970; 0 for a file.
        is_recorded: it comes from a recording; a file with the body of a callback expects no answer.
        took: seconds until the answer; None when it is not known.
        knows_effects: whether they were recorded at all; older recordings, and those of other tools, know answers only.
    """

    name: str
    event: str | None
    method: str
    path: str
    headers: Headers
    body: bytes
    old: Answer | None = None
    is_recorded: bool = False
    authorization: str = ""
    effects: tuple[Effect, ...] = ()
    at: float = 0.0
    took: float | None = None
    knows_effects: bool = False

    @property
    def is_unfinished(self) -> bool:
        """Whether nobody knows what came of it: its handler still runs, or the session was killed meanwhile."""
        return self.is_recorded and self.old is None and self.took is None

    @property
    def has_outcome(self) -> bool:
        """Whether there is something to compare with: an answer, or that there was none."""
        return self.is_recorded and not self.is_unfinished


@dataclass(frozen=True, slots=True)
class Take:
    """Requests that are replayed in order on one state: a call, a part of it, or a file.

    Attributes:
        name: for people: the call id, the id of a recording, or the name of a file.
        callid: the call, when they belong to one.
        first: the recorded exchange with whose state it begins; None when that is not recorded here.
        state: the state it begins with, when that came in a file.
        file: path of the portable file that it came from; empty for none.
    """

    name: str
    callid: str | None
    items: tuple[Item, ...]
    first: Exchange | None = None
    state: State | None = None
    file: str = ""


def from_exchange(exchange: Exchange) -> Item:
    """A recorded exchange."""
    request = exchange.request
    scheme = next((value.partition(" ")[0] for name, value in request.headers if name.lower() == "authorization"), "")
    return Item(
        exchange.id,
        exchange.event,
        request.method,
        request.path,
        tuple(pair for pair in request.headers if pair[0].lower() not in _NOT_SENT_AGAIN),
        request.body,
        exchange.answer,
        is_recorded=True,
        authorization=scheme.lower(),
        effects=tuple(exchange.effects),
        at=exchange.at,
        took=None if exchange.ms is None else exchange.ms / 1000,
        knows_effects=bool(exchange.state or exchange.effects),
    )


def from_file(name: str, data: bytes, event: str | None) -> Item:
    """A file with the JSON body of a callback.

    Args:
        name: of the file, for people.
        data: its bytes, sent as they are.
        event: from the command line, for files that do not say what they are.

    Raises:
        FnError: it is no callback, or it does not say which one.
    """
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FnError(
            f"{name} is not JSON: {error}.", hint="Give the body of a callback as the platform sends it."
        ) from error
    if not isinstance(document, dict):
        raise FnError(f"{name} holds no JSON object.", hint="Give the body of a callback as the platform sends it.")
    found = event or event_name(document)
    if found not in VOICE_EVENTS:
        known = ", ".join(VOICE_EVENTS)
        what = f"has the unknown event `{found}`" if found else "does not say which event it is"
        raise FnError(f"{name} {what}.", hint=f"Say so with --event, one of {known}.")
    return Item(name, found, "POST", f"/{found}", (("Content-Type", CONTENT_TYPE),), data)


def take_of(name: str, exchanges: list[Exchange], *, start: int = 1) -> Take:
    """Recorded exchanges, from the one at place `start` on (counted from 1). What the code was not asked is left out.

    Raises:
        FnError: there are not so many.
    """
    chosen = exchanges[start - 1 :]
    if not chosen:
        raise FnError(
            f"{name} has {len(exchanges)} callbacks, and --from {start} is none of them.",
            hint="They are counted from 1; `fn calls show` lists them.",
        )
    items = tuple(from_exchange(each) for each in chosen if each.is_of_code)
    return Take(name, chosen[0].callid, items, first=chosen[0])


def take_of_portable(call: PortableCall, file: str, name: str, *, start: int = 1) -> Take:
    """A call of a portable file; its state, when it begins later, is moved on by what the first callbacks did.

    Raises:
        FnError: it has fewer callbacks than that.
    """
    take = take_of(name, call.exchanges, start=start)
    state = call.state or State()
    if start > 1:
        done = [effect for each in call.exchanges[: start - 1] for effect in each.effects]
        state = moved_on(state, done, call.exchanges[0].at, call.exchanges[start - 1].at)
    items = take.items if call.state is None else tuple(replace(item, knows_effects=True) for item in take.items)
    return replace(take, items=items, first=None, state=state, file=file)


def moved_on(state: State, effects: list[Effect], start: float, now: float) -> State:
    """A state after these effects, as far as they say what they made: cache values, and stored texts.

    Args:
        state: as it was at `start`, seconds since 1970.
        effects: what was done since, in order.
        start: see `state`.
        now: the moment that is wanted; what has ended by then is gone.
    """
    cache = {entry.key: (entry.value, start + entry.ttl) for entry in state.cache}
    storage = dict(state.storage)
    for effect in effects:
        match effect:
            case Effect(kind="cache", operation="set", key=key, value=value, ttl=ttl):
                cache[key] = msgspec.json.encode(value), effect.at + (ttl or 0.0)
            case Effect(kind="cache", operation="extend", key=key, ttl=ttl) if key in cache and ttl is not None:
                cache[key] = cache[key][0], cache[key][1] + ttl
            case Effect(kind="cache", operation="delete", key=key):
                cache.pop(key, None)
            case Effect(kind="storage", operation="write", key=key, value={"text": str(text)}):
                storage[key] = text.encode()
            case Effect(kind="storage", operation="delete", key=key):
                storage.pop(key, None)
            case _:
                pass
    kept = [CacheEntry(key, value, until - now) for key, (value, until) in cache.items() if until > now]
    return State(kept, storage, state.database)
