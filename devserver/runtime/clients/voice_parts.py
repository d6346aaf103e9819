"""What the operations of the Voice API share: markup, ids in a path, and fields that are left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote

CALLING = "/calling/v1"
CONFIGURATION = "/v1/configuration"


class Buildable(Protocol):
    """A builder of markup, such as `PieSvamlBuilder`."""

    def build(self) -> dict[str, Any]:
        """The finished document."""
        ...


Svaml = Mapping[str, Any] | Buildable
"""Instructions and an action."""


def built(svaml: Svaml) -> dict[str, Any]:
    """Markup as a document."""
    return dict(svaml) if isinstance(svaml, Mapping) else svaml.build()


def given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields without those that are None."""
    return {name: value for name, value in fields.items() if value is not None}


def part(text: str) -> str:
    """A part of a path; an id may hold anything.

    Raises:
        ValueError: it is empty, which would be another address.
    """
    if not text:
        raise ValueError("An id of the Voice API must not be empty.")
    return quote(text, safe="+@")
