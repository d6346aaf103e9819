"""The body of one callback that is sent by hand: from the catalogue or a file, with what was asked for put in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from devserver.calls.assigning import assign
from devserver.calls.catalogue import Entry, body, entries
from devserver.errors import FnError


@dataclass(frozen=True, slots=True)
class Fresh:
    """What is new in each callback.

    Attributes:
        callid: of a call that nobody has heard of.
        timestamp: now, as the platform writes it.
        application: key of the project's Voice App; None keeps what the body has.
    """

    callid: str
    timestamp: str
    application: str | None = None


def from_catalogue(entry: Entry, assignments: Sequence[str], fresh: Fresh) -> dict[str, Any]:
    """A body of the catalogue as if it were sent now.

    Args:
        entry: which.
        assignments: `PATH=VALUE`, in order; they win over what is fresh.
        fresh: call, time and application.

    Raises:
        FnError: an assignment cannot be carried out.
    """
    document = body(entry)
    document["callid"] = fresh.callid
    if "timestamp" in document:
        document["timestamp"] = fresh.timestamp
    if "applicationKey" in document and fresh.application:
        document["applicationKey"] = fresh.application
    chosen = _assigned(document, entry.event, assignments)
    address = document.get("callResourceUrl")
    if isinstance(address, str) and "callResourceUrl" not in chosen:
        document["callResourceUrl"] = f"{address.rpartition('/')[0]}/{document.get('callid')}"
    return document


def from_document(document: Any, event: str, name: str, assignments: Sequence[str], fresh: Fresh) -> dict[str, Any]:
    """A body from a file: it stays as it is, and gets a call id when it has none.

    Args:
        document: the content of the file.
        event: what it is to be.
        name: of the file, for people.
        assignments: `PATH=VALUE`, in order.
        fresh: for what is missing.

    Raises:
        FnError: it is no callback of that event, or an assignment cannot be carried out.
    """
    if not isinstance(document, dict):
        raise FnError(f"{name} holds no JSON object.", hint="Give the body of a callback as the platform sends it.")
    said = {key.lower(): value for key, value in document.items()}
    found = said.get("event", event)
    if not isinstance(found, str) or found.lower() != event:
        raise FnError(f"{name} is no {event}: its event is {found!r}.", hint=f"Say `fn trigger {found}`, or mend it.")
    made: dict[str, Any] = dict(document) if "event" in said else {"event": event, **document}
    if "callid" not in said:
        made["callid"] = fresh.callid
    _assigned(made, event, assignments)
    return made


def _assigned(document: dict[str, Any], event: str, assignments: Sequence[str]) -> set[object]:
    samples = [body(entry) for entry in entries(event)] if assignments else []
    return {assign(document, text, samples)[0] for text in assignments}
