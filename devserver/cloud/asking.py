"""A request and an answer as plain data, so that a product can be asked without a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Asked:
    """One request to the local Sinch.

    Attributes:
        method: upper case.
        path: as on the wire, percent-encoded, without the query: that is what a signature is over.
        query: decoded; the first value of each name.
        headers: in the order of the wire, names as sent.
        body: raw bytes.
        address: scheme and authority that the client used, for addresses in answers.
        parameters: the variable parts of the path, decoded.
        application: key of the application that asks; empty before it was admitted.
        is_gone: whether the client has hung up.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    address: str = "http://127.0.0.1"
    parameters: Mapping[str, str] = field(default_factory=dict)
    application: str = ""
    is_gone: Callable[[], bool] = _never

    def header(self, name: str) -> str | None:
        """The first header of that name, in any case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered: JSON, or a file, or nothing but a status.

    Attributes:
        status: of HTTP.
        document: what becomes the JSON body; None for an empty body.
        file: a file that is the body.
    """

    status: int = 200
    document: Any = None
    file: Path | None = None
