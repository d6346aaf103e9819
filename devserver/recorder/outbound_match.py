"""When one call to Sinch is the same as another, and what differs when it is not.

Pure. It knows calls as data only: which of them are recordings, and what is done about a difference, is decided
elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from devserver.recorder.compare import Difference, differences

_NEW_EACH_TIME = re.compile(
    r"\b[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\b"
    r"|\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?",
    re.IGNORECASE,
)
_REFERENCES = frozenset({"clientreference", "correlationid", "idempotencykey", "nonce", "requestid"})
_EPOCHS = ((1_000_000_000, 4_200_000_000), (1_000_000_000_000, 4_200_000_000_000))  # seconds, milliseconds


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of whom, without where it stands on the network."""

    method: str
    path: tuple[str, ...]
    query: dict[str, Any]
    body: Any

    def __str__(self) -> str:
        return f"{self.method} /{'/'.join(self.path)}"


def asked_for(method: str, url: str, body: Any) -> Asked:
    """From a URL and a body as it stands in an effect; an unusable URL counts as an empty one."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    query: dict[str, Any] = {}
    for name, value in sorted(parse_qsl(parts.query, keep_blank_values=True)):
        query.setdefault(name, []).append(value)
    single = {name: values[0] if len(values) == 1 else values for name, values in query.items()}
    return Asked(method, tuple(unquote(parts.path).strip("/").split("/")), single, body)


def is_same(known: Asked, asked: Asked) -> bool:
    """Whether two calls are the same, wherever they were sent."""
    return (
        known.method == asked.method
        and all(was == now for was, now in _paired(known, asked))
        and not _all_differences(known, asked)
    )


def is_alike(known: Asked, asked: Asked) -> bool:
    """Whether two calls are the same but for the account and for what is new each time."""
    return is_of_same_kind(known, asked) and not differing(known, asked)


def is_of_same_kind(known: Asked, asked: Asked) -> bool:
    """Whether two calls have the same method and path; the account in the path does not count."""
    return known.method == asked.method and all(was == now for was, now in _paired(known, asked, account="*"))


def differing(known: Asked, asked: Asked) -> list[Difference]:
    """What differs in query and body, but for what is new each time."""
    return [one for one in _all_differences(known, asked) if not _is_volatile(one)]


def distance(known: Asked, asked: Asked) -> tuple[int, int]:
    """How far a recording is from a call; smaller is nearer."""
    if is_of_same_kind(known, asked):
        return 0, len(differing(known, asked))
    return 1, -len(set(known.path) & set(asked.path)) - (known.method == asked.method)


def _paired(known: Asked, asked: Asked, account: str = "") -> list[tuple[str, str]]:
    """Segments of two paths, from the end: one server may have a prefix that the other has not.

    With `account`, that stands in place of the project or service plan: a recording may be of somebody else's.
    """
    was, now = (
        [account if account and _is_account(one.path, index) else part for index, part in enumerate(one.path)]
        for one in (known, asked)
    )
    return list(zip(reversed(was), reversed(now), strict=False))


def _is_account(path: tuple[str, ...], index: int) -> bool:
    before = path[:index]
    return before[-1:] == ("projects",) or before[-2:] == ("xms", "v1")


def _all_differences(known: Asked, asked: Asked) -> list[Difference]:
    found = differences({"query": known.query}, {"query": asked.query})
    if isinstance(known.body, dict) and isinstance(asked.body, dict):
        return found + differences(known.body, asked.body)
    return found + differences({"body": known.body}, {"body": asked.body})


def _is_volatile(difference: Difference) -> bool:
    """Whether it lies in what is new each time, and is no change of what was asked for."""
    match difference.was, difference.now:
        case str() as was, str() as now:
            name = difference.path.rpartition(".")[2].replace("_", "").lower()
            return name in _REFERENCES or _NEW_EACH_TIME.sub("*", was) == _NEW_EACH_TIME.sub("*", now)
        case int() | float() as was, int() | float() as now:
            return any(low <= was < high and low <= now < high for low, high in _EPOCHS)
        case _:
            return False
