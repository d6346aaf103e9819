"""From method, path and body to the name of a handler: a pure table, the same in `fn dev`, in tests and in production.

DESIGN 4 is the contract; functions-platform.md 2.1 is where the rules come from. Nothing here reads files or calls
anybody, so that the gateway can use it to name a callback before any user code runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import unquote

import msgspec

VOICE_EVENTS = ("ice", "ace", "pie", "dice", "notify")
"""The five Voice callbacks (voice-v1.md 1)."""

OPTIONAL_EVENTS = frozenset({"ace", "dice", "notify"})
"""Callbacks that a function may leave out: the platform goes on without an answer (voice-v1.md 1.8)."""

ROOT_HANDLERS = ("home", "default")

_VOICE = frozenset(VOICE_EVENTS)


class Voice(msgspec.Struct, frozen=True):
    """A Voice callback; the handler has the name of the event."""

    event: str


class Custom(msgspec.Struct, frozen=True):
    """A custom handler, by its name in `function.py`."""

    name: str


class Refused(msgspec.Struct, frozen=True):
    """No handler: a status of our own and the sentence that explains it."""

    status: Literal[400, 404, 405]
    reason: str


Route = Voice | Custom | Refused


@lru_cache(maxsize=1024)
def fold(name: str) -> str:
    """The form in which a path segment and a handler name are compared: `-`, `_` and capitals do not matter."""
    return re.sub(r"[-_]", "", name).lower()


def voice_event(method: str, path: str, body: Callable[[], Any]) -> str | None:
    """The Voice event of a request, or None.

    Args:
        method: HTTP method.
        path: path with or without query, as received.
        body: gives the parsed body (any JSON value, or None); called for `POST /` only.
    """
    if method != "POST":
        return None
    last = _segments(path)[-1:]
    if last:
        name = last[0].lower()
        return name if name in _VOICE else None
    document = body()
    event = event_name(document) if isinstance(document, dict) else None
    return event if event in _VOICE else None


def event_name(document: Mapping[str, Any]) -> str | None:
    """The value of `event`, whatever the case of the key, in lower case; None if there is none."""
    value = document.get("event")
    if value is None:
        value = next((item for key, item in document.items() if key.lower() == "event"), None)
    return value.lower() if isinstance(value, str) else None


def route(method: str, path: str, handlers: Iterable[str], body: Callable[[], Any]) -> Route:
    """Find the handler of a request.

    Args:
        method: HTTP method in upper case.
        path: path with or without query, as received (percent-encoded).
        handlers: names of the functions in `function.py`.
        body: gives the parsed JSON body, or None when it is no JSON; called for `POST /` only.
    """
    names = _folded(tuple(handlers))
    segments = _segments(path)
    event = voice_event(method, path, body)
    if event is not None:
        return _voice_route(event, names)
    if not segments:
        return _root(method, names, body)
    if segments[-1].lower() in _VOICE:
        return Refused(405, f"/{segments[-1].lower()} is a Voice callback: it is reached by POST, not {method}.")
    wanted = f"{segments[-1]}_webhook" if segments[-2:-1] == ("webhook",) else segments[-1]
    found = names.get(fold(wanted))
    if found is None or found in _VOICE:
        return Refused(404, f"No handler for {method} /{'/'.join(segments)}: function.py has no `{_suggest(wanted)}`.")
    return Custom(found)


def paths(handlers: Iterable[str]) -> list[str]:
    """The routes that exist, in words a person can copy: `POST /ice`, `/status`, `/webhook/conversation`."""
    found = []
    for name in handlers:
        if name in _VOICE:
            found.append(f"POST /{name}")
        elif name in ROOT_HANDLERS:
            found.append("/")
        elif name.endswith("_webhook"):
            found.append(f"/webhook/{name.removesuffix('_webhook')}")
        else:
            found.append(f"/{name}")
    return sorted(found, key=lambda path: (not path.startswith("POST"), path))


@lru_cache(maxsize=64)
def _folded(handlers: tuple[str, ...]) -> Mapping[str, str]:
    """Names of handlers by their folded form; a function has the same ones for every request."""
    return {fold(name): name for name in handlers}


def _segments(path: str) -> tuple[str, ...]:
    return _segments_without_query(path.partition("?")[0])


@lru_cache(maxsize=256)
def _segments_without_query(path: str) -> tuple[str, ...]:
    """Callbacks come to the same few paths again and again."""
    return tuple(unquote(part) for part in path.split("/") if part)


def _voice_route(event: str, names: Mapping[str, str]) -> Route:
    # `Ice` folds to `ice` too, but a callback's handler has exactly the name of the event.
    if names.get(event) == event or event in OPTIONAL_EVENTS:
        return Voice(event)
    return Refused(404, f"function.py has no `{event}` handler, and the platform needs its answer.")


def _root(method: str, names: Mapping[str, str], body: Callable[[], Any]) -> Route:
    for name in ROOT_HANDLERS:
        if name in names:
            return Custom(names[name])
    if method == "POST":
        return _root_post(body())
    return Refused(404, "No handler for /: function.py has no `home` or `default`.")


def _root_post(document: Any) -> Refused:
    known = ", ".join(VOICE_EVENTS)
    if not isinstance(document, dict):
        return Refused(400, "A Voice callback is a JSON object, and this body is none.")
    event = event_name(document)
    if event is None:
        return Refused(400, f"The body has no `event` field; a Voice callback at / has one of {known}.")
    return Refused(400, f"Unknown event `{event}`; a Voice callback at / has one of {known}.")


def _suggest(segment: str) -> str:
    return re.sub(r"\W+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", segment)).lower()
