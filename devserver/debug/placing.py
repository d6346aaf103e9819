"""Where a client has breakpoints, and whether it has told so since a file was saved.

An editor moves its breakpoints with the lines while somebody types, and tells their places when the file is saved: a
moment after we see the save. Code that is imported before that meets breakpoints at lines which now hold something
else, a `def` perhaps, and stops while it is imported. So a load waits a moment for a client that is about to speak.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

_LIMIT = 0.015  # seconds; who has not moved a breakpoint says nothing, and every such save waits for this long


class Placing:
    """The breakpoints of a client. Belongs to one event loop."""

    def __init__(self) -> None:
        self._told: dict[str, float] = {}  # seconds since 1970, by path of files with breakpoints
        self._pending: set[object] = set()
        self._news = asyncio.Event()

    def asked(self, arguments: Mapping[str, Any], by: object) -> None:
        """The client has told the breakpoints of a file.

        Args:
            arguments: of `setBreakpoints`.
            by: names the request.
        """
        path = os.path.realpath(str((arguments.get("source") or {}).get("path", "")))
        self._pending.add(by)
        if arguments.get("breakpoints") or arguments.get("lines"):
            self._told[path] = time.time()
        else:
            self._told.pop(path, None)

    def answered(self, by: object) -> None:
        """The code knows them."""
        self._pending.discard(by)
        self._news.set()

    def forget(self) -> None:
        """The client has gone."""
        self._told.clear()
        self._pending.clear()

    async def settle(self, saved: Mapping[str, float]) -> None:
        """Wait until the client has told where its breakpoints are in files that were saved, or does not tell.

        Args:
            saved: when, in seconds since 1970, by real path.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(_LIMIT):
                while not self._is_settled(saved):
                    self._news.clear()
                    await self._news.wait()

    def _is_settled(self, saved: Mapping[str, float]) -> bool:
        concerned = self._told.keys() & saved.keys()
        return not concerned or (not self._pending and all(self._told[path] >= saved[path] for path in concerned))
