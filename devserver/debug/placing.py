"""Where a client has breakpoints, and whether they are still where it means them after a save.

An editor moves its breakpoints with the lines while somebody types, and tells their places when the file is saved: a
moment after we see the save. Code that is imported before that meets breakpoints at lines which now hold something
else, a `def` perhaps, and stops while it is imported. So when a save has changed what stands in such a line, the load
waits a little for the client; and for what it has told of that file until all processes know. Other saves wait for
nobody.

Some editors tell nothing at a save (nvim-dap 0.10), and none does when something else changes the file. Then we move
the breakpoints with their lines, in the processes that have not loaded the file yet, and wait no more at the next save
until the client has told something of its own accord. Others tell while somebody types, before there is a save: where
lines are that the file does not have yet. Those must not be moved once more.

A version may lack the lines: half of a file, a mistake, another branch. Breakpoints that we moved meanwhile go home as
soon as their lines are back.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from devserver.debug.line_map import line_map

_SILENCE = 0.1  # seconds; an editor that does not tell moved places costs this, at the first such save
_PATIENCE = 1.0  # seconds until all processes know what was told; only one that hangs takes that long

Json = dict[str, Any]


class Session(Protocol):
    """One debug session of a client, root or child."""

    @property
    def fresh(self) -> bool:
        """Whether its process may still load code: one that answers has loaded what it has."""
        ...

    def place(self, arguments: Json) -> int:
        """Tell the breakpoints of a file in the client's place; gives the number of the request for `answered`."""
        ...


@dataclass(frozen=True, slots=True)
class _Told:
    """Breakpoints of one file, as they were told.

    Attributes:
        at: when, in seconds since 1970.
        arguments: of `setBreakpoints`.
        lines: of the file then.
        meant: the first line numbers that any session was told while the file was so. What was told later may be of
            what stood in the editor only.
        home: what the client told last, if these are breakpoints that we have moved since.
    """

    at: float
    arguments: Json
    lines: list[bytes]
    meant: frozenset[int]
    home: _Told | None = None

    def moved(self, lines: list[bytes]) -> Json | None:
        """The arguments for other lines of the file; None when they hold for those as well."""
        where = line_map(self.lines, lines)
        points = self.arguments["breakpoints"]
        told, then = {point["line"] for point in points}, {where(number) for number in self.meant}
        if told & (then - self.meant) and not told & (self.meant - then):
            return None  # they are where those that were meant have come
        moved = [{**point, "line": place} for point, place in zip(points, self._places(lines), strict=True)]
        if moved == points:
            return None
        # Not `lines`, the same in the old way, and whether the source is other than in the file: it is not any more.
        others = {key: value for key, value in self.arguments.items() if key not in {"lines", "sourceModified"}}
        return {**others, "breakpoints": moved}

    def _places(self, lines: list[bytes]) -> list[int]:
        """Where the lines are now: as the client told them, or else as we moved them, if only one of them is there."""
        places = self._mapped(lines)
        if self.home is not None:
            pairs = zip(self.home._mapped(lines), places, strict=True)  # noqa: SLF001 one of its own kind
            places = [now if now[1] and not home[1] else home for home, now in pairs]
        return [number for number, _ in places]

    def _mapped(self, lines: list[bytes]) -> list[tuple[int, bool]]:
        """For each breakpoint its line in other lines of the file, and whether the same stands there."""
        where = line_map(self.lines, lines)
        numbers = [(point["line"], where(point["line"])) for point in self.arguments["breakpoints"]]
        return [(new, _text(self.lines, old) == _text(lines, new) != b"") for old, new in numbers]


class Placing:
    """The breakpoints of a client, in each of its sessions. Belongs to one event loop."""

    def __init__(self) -> None:
        self._told: dict[tuple[Session, str], _Told] = {}
        self._pending: dict[tuple[Session, int], str] = {}  # path by session and number of the request
        self._news = asyncio.Event()
        self._tells = True

    def asked(self, session: Session, number: int, arguments: Mapping[str, Any]) -> None:
        """The client has told the breakpoints of a file in a session.

        Args:
            session: which.
            number: of the request.
            arguments: of `setBreakpoints`.
        """
        path = os.path.realpath(str((arguments.get("source") or {}).get("path", "")))
        self._tells = self._tells or (session, path) in self._told
        self._note(session, number, path, arguments)

    def _note(
        self, session: Session, number: int, path: str, arguments: Mapping[str, Any], home: _Told | None = None
    ) -> None:
        self._pending[session, number] = path
        points = [point for point in arguments.get("breakpoints") or () if isinstance(point.get("line"), int)]
        if points:
            lines = _lines(path)
            alike = (told.meant for (_, one), told in self._told.items() if one == path and told.lines == lines)
            meant = next(alike, None) or frozenset(point["line"] for point in points)
            self._told[session, path] = _Told(time.time(), {**arguments, "breakpoints": points}, lines, meant, home)
        else:
            self._told.pop((session, path), None)
        self._news.set()

    def answered(self, session: Session, number: int) -> None:
        """The code knows them."""
        self._pending.pop((session, number), None)
        self._news.set()

    def forget(self, session: Session) -> None:
        """A session has ended; with the last one its client is gone."""
        self._told = {key: told for key, told in self._told.items() if key[0] is not session}
        self._pending = {key: path for key, path in self._pending.items() if key[0] is not session}
        self._tells = self._tells or not self._told
        self._news.set()

    async def settle(self, saved: Mapping[str, float]) -> None:
        """Wait until the client has told where its breakpoints are in files that were saved, if they have moved.

        It may have told before the save was seen here; then only the code may still have to learn of it. When it tells
        nothing, they are moved here.

        Args:
            saved: when, in seconds since 1970, by real path.
        """
        concerned = {path for _, path in self._told} & saved.keys()
        if concerned:
            lines = {path: _lines(path) for path in concerned}
            late = self._late(saved, lines)
            if late and self._tells:
                await self._within(_SILENCE, lambda: not self._late(saved, lines))
                late = self._late(saved, lines)
                self._tells = not late
            for (session, path), arguments in late.items():
                told = self._told[session, path]
                self._note(session, session.place(arguments), path, arguments, told.home or told)
        await self._within(_PATIENCE, lambda: saved.keys().isdisjoint(self._pending.values()))

    async def _within(self, seconds: float, test: Callable[[], bool]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not test():
                    self._news.clear()
                    await self._news.wait()

    def _late(self, saved: Mapping[str, float], lines: Mapping[str, list[bytes]]) -> dict[tuple[Session, str], Json]:
        """What has moved, where it was not told since the save: the arguments that would tell it."""
        found = {}
        for (session, path), told in self._told.items():
            if lines.get(path) and told.at < saved[path] and session.fresh:
                moved = told.moved(lines[path])
                if moved is not None:
                    found[session, path] = moved
        return found


def _text(lines: list[bytes], number: int) -> bytes:
    return lines[number - 1] if 0 < number <= len(lines) else b""


def _lines(path: str) -> list[bytes]:
    """What stands in the lines of a file; nothing when it cannot be read."""
    with suppress(OSError), open(path, "rb") as file:
        return [line.rstrip() for line in file.read().splitlines()]
    return []
