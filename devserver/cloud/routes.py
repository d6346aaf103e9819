"""What exists on the cloud port: rows of method, path and the function that answers.

Paths are matched as the platform does: both published prefixes mean the same, a slash at the end is no difference, and
words of a path are read in any case (voice-v1.md 5.1). Variable parts are decoded after splitting, so that a slash
inside a conference's id (`%2F`) stays inside.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from devserver.cloud.asking import Answer, Asked


@dataclass(frozen=True, slots=True)
class Route:
    """One operation.

    Attributes:
        method: upper case.
        path: as published, with variable parts in braces.
        run: answers it, or raises `Refused`.
    """

    method: str
    path: str
    run: Callable[[Asked], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Product:
    """A product of Sinch.

    Attributes:
        prefixes: beginnings of a path that mean the same.
        routes: its operations.
        admit: gives the key of the application that asks, or raises `Refused`.
    """

    prefixes: tuple[str, ...]
    routes: tuple[Route, ...]
    admit: Callable[[Asked], str]


@dataclass(frozen=True, slots=True)
class Found:
    """The operation that a request means, and the variable parts of its path."""

    product: Product
    route: Route
    parameters: dict[str, str]


def operations(products: Iterable[Product]) -> list[str]:
    """Every operation as `METHOD /path`."""
    return [f"{route.method} {route.path}" for product in products for route in product.routes]


def find(products: Iterable[Product], method: str, path: str) -> Found | None:
    """The operation behind a raw path, or None."""
    return next((found for found in _candidates(products, path) if found.route.method == method), None)


def methods(products: Iterable[Product], path: str) -> list[str]:
    """The methods that a path has; empty when there is no such path."""
    return [found.route.method for found in _candidates(products, path)]


def _candidates(products: Iterable[Product], path: str) -> Iterable[Found]:
    for product in products:
        asked = _below(path, product.prefixes)
        if asked is None:
            continue
        for route in product.routes:
            parameters = _matched(_below(route.path, product.prefixes) or [], asked)
            if parameters is not None:
                yield Found(product, route, parameters)


def _below(path: str, prefixes: Iterable[str]) -> list[str] | None:
    """The parts after the prefix; None when the path has none of them."""
    lower = path.lower()
    for prefix in prefixes:
        if lower.startswith(f"{prefix}/"):
            return path[len(prefix) + 1 :].removesuffix("/").split("/")
    return None


def _matched(pattern: list[str], parts: list[str]) -> dict[str, str] | None:
    if len(pattern) != len(parts):
        return None
    parameters: dict[str, str] = {}
    for expected, part in zip(pattern, parts, strict=True):
        if expected.startswith("{"):
            parameters[expected[1:-1]] = unquote(part, errors="replace")
        elif expected.lower() != part.lower():
            return None
    # An empty part names nothing: `/calls/id/` is no call.
    return parameters if all(parameters.values()) else None
