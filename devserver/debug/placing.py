"""Where a client has breakpoints, and whether they are still where it means them after a save.

An editor moves its breakpoints with the lines while somebody types, and tells their places when the file is saved: a
moment after we see the save. Code that is imported before that meets breakpoints at lines which now hold something
else, a `def` perhaps, and stops while it is imported. So when a save has changed what stands in such a line, the load
waits a little for the client; and for what it has told of that file until all processes know. Other saves wait for
nobody.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

_SILENCE = 0.1  # seconds; an editor that does not tell moved places (or moved none) costs this, at such a save
_PATIENCE = 1.0  # seconds until all processes know what was told; only one that hangs takes that long


@dataclass(frozen=True, slots=True)
class _Told:
    """Breakpoints of one file, as they were told.

    Attributes:
        at: when, in seconds since 1970.
        lines: what stood in each of their lines then.
    """

    at: float
    lines: dict[int, bytes]


class Placing:
    """The breakpoints of a client, in each of its sessions. Belongs to one event loop."""

    def __init__(self) -> None:
        self._told: dict[tuple[object, str], _Told] = {}
        self._pending: dict[tuple[object, int], str] = {}  # path by session and number of the request
        self._news = asyncio.Event()

    def asked(self, session: object, number: int, arguments: Mapping[str, Any]) -> None:
        """The client has told the breakpoints of a file in a session.

        Args:
            session: which.
            number: of the request.
            arguments: of `setBreakpoints`.
        """
        path = os.path.realpath(str((arguments.get("source") or {}).get("path", "")))
        self._pending[session, number] = path
        numbers = [each.get("line", 0) for each in arguments.get("breakpoints") or ()]
        if numbers:
            self._told[session, path] = _Told(time.time(), _lines(path, numbers))
        else:
            self._told.pop((session, path), None)
        self._news.set()

    def answered(self, session: object, number: int) -> None:
        """The code knows them."""
        self._pending.pop((session, number), None)
        self._news.set()

    def forget(self, session: object) -> None:
        """A session has ended."""
        self._told = {key: told for key, told in self._told.items() if key[0] is not session}
        self._pending = {key: path for key, path in self._pending.items() if key[0] is not session}
        self._news.set()

    async def settle(self, saved: Mapping[str, float]) -> None:
        """Wait until the client has told where its breakpoints are in files that were saved, if they have moved.

        It may have told before the save was seen here; then only the code may still have to learn of it.

        Args:
            saved: when, in seconds since 1970, by real path.
        """
        concerned = {path for _, path in self._told} & saved.keys()
        moved = {path: saved[path] for path in concerned if self._has_moved(path)}
        await self._within(_SILENCE, lambda: not self._is_late(moved))
        await self._within(_PATIENCE, lambda: saved.keys().isdisjoint(self._pending.values()))

    async def _within(self, seconds: float, test: Callable[[], bool]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not test():
                    self._news.clear()
                    await self._news.wait()

    def _has_moved(self, path: str) -> bool:
        lines = {
            number: text for key, told in self._told.items() if key[1] == path for number, text in told.lines.items()
        }
        return _lines(path, lines) != lines

    def _is_late(self, moved: Mapping[str, float]) -> bool:
        return any(told.at < moved.get(path, 0.0) for (_, path), told in self._told.items())


def _lines(path: str, numbers: Iterable[int]) -> dict[int, bytes]:
    """What stands in some lines of a file."""
    with suppress(OSError), open(path, "rb") as file:
        lines = file.read().splitlines()
        return {number: lines[number - 1].strip() for number in numbers if 0 < number <= len(lines)}
    return {}
