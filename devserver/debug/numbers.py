"""Numbers that are unique among many debug sessions, for those that are unique in one: threads, frames, variables."""

from __future__ import annotations

from typing import Any

from devserver.debug.inner import Inner, Json

_KINDS = {"threadId": "thread", "frameId": "frame", "variablesReference": "variables", "sourceReference": "source"}
"""Fields that hold such a number, and of which kind it is. Zero is none."""


class Numbers:
    """Both ways between the numbers of sessions and those that a client sees."""

    def __init__(self) -> None:
        self._last = 0
        self._outer: dict[tuple[Inner, str, int], int] = {}
        self._inner: dict[int, tuple[Inner, str, int]] = {}

    def outer(self, inner: Inner, kind: str, number: int) -> int:
        """The number that the client gets."""
        key = (inner, kind, number)
        if key not in self._outer:
            self._last += 1
            self._outer[key] = self._last
            self._inner[self._last] = key
        return self._outer[key]

    def forget(self, inner: Inner) -> None:
        """A session has ended."""
        for key in [key for key in self._outer if key[0] is inner]:
            del self._inner[self._outer.pop(key)]

    def inward(self, arguments: Json) -> tuple[Inner | None, Json]:
        """Which session the arguments of a request are about, and those arguments as that session knows them."""
        owner: Inner | None = None
        changed = dict(arguments)
        for field in _KINDS.keys() & arguments.keys():
            found = self._inner.get(arguments[field])
            if found is not None:
                owner, _, changed[field] = found
        return owner, changed

    def outward(self, inner: Inner, body: Any) -> Any:
        """The body of a response or an event of a session, as the client is to see it."""
        match body:
            case dict():
                return {key: self._field(inner, key, value) for key, value in body.items()}
            case list():
                return [self.outward(inner, item) for item in body]
            case _:
                return body

    def _field(self, inner: Inner, key: str, value: Any) -> Any:
        if key in _KINDS and isinstance(value, int) and value:
            return self.outer(inner, _KINDS[key], value)
        if key in {"threads", "stackFrames"} and isinstance(value, list):
            kind = "thread" if key == "threads" else "frame"
            return [self.outward(inner, item) | {"id": self.outer(inner, kind, item["id"])} for item in value]
        return self.outward(inner, value)
