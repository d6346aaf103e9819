"""What happened, told as data: `report.tell("callback", name="ice", ms=3.1, ...)`.

structlog carries it; `--json` exchanges the renderer. This module knows the two renderers' contract and nothing of
what the events mean: the words for people are in `devserver/session/words.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from devserver.logs import structlog

Renderer = Callable[[str, MutableMapping[str, Any]], str | None]
"""Kind and fields in, a line (or several) out; None says nothing."""


class Report:
    """Tells events to whoever watches.

    Args:
        write: takes a finished line.
        render: makes the line.
        redact: takes the project's secrets out of a line.
        traffic: how many ordinary requests a second are told one by one; None for all. Nobody reads more than a
            screenful a second, and rendering thousands would cost more than answering them.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        render: Renderer,
        redact: Callable[[str], str],
        traffic: int | None = None,
    ) -> None:
        self._traffic = traffic
        self._window: asyncio.TimerHandle | None = None
        self._told = 0

        def finish(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
            kind = str(event.pop("event"))
            line = render(kind, event)
            if line is None:
                raise structlog.DropEvent
            # The ready line is all ours, and the token in the console's address is for whoever reads it.
            return line if kind == "ready" else redact(line)

        self._log = structlog.wrap_logger(_Sink(write), processors=[finish], wrapper_class=structlog.BoundLogger)
        self._log = self._log.bind()

    def has_room(self) -> bool:
        """Whether one more ordinary request is to be told; what has no room is counted and told as a number."""
        if self._traffic is None:
            return True
        if self._window is None:
            self._window = asyncio.get_running_loop().call_later(1.0, self._next_window)
        self._told += 1
        return self._told <= self._traffic

    def _next_window(self) -> None:
        left_out = self._told - (self._traffic or 0)
        self._window, self._told = None, 0
        if left_out > 0:
            self.tell("more", count=left_out)

    def tell(self, kind: str, /, **fields: Any) -> None:
        """Something happened."""
        self._log.info(kind, **fields)


class _Sink:
    """The end of structlog's chain."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self.info = write


def json_line(kind: str, fields: MutableMapping[str, Any]) -> str:
    """One JSON object per event; `event` first, then `at` in UTC."""
    if kind == "ready":
        return msgspec.json.encode({"event": kind, **fields}).decode()
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return msgspec.json.encode({"event": kind, "at": at, **fields}).decode()
