# ruff: noqa: ARG002 -- the face of Recorder
"""In place of the recorder when nothing is recorded (`dev.record` of sinch.json): the same face, and no disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from devserver.recorder.exchange import Request
from devserver.recorder.redaction import Redactor
from devserver.recorder.state import Change


class NoRecorder:
    """Forgets everything.

    Attributes:
        redact: as in `Recorder`; there is nothing to take it out of.
    """

    def __init__(self, redact: Redactor) -> None:
        self.redact = redact

    async def begin(  # noqa: PLR0917
        self, exchange_id: str, at: float, callid: str | None, event: str | None, source: str, request: Request
    ) -> None:
        """See `Recorder.begin`."""

    def begin_then(  # noqa: PLR0917
        self,
        then: Callable[[], object],
        exchange_id: str,
        at: float,
        callid: str | None,
        event: str | None,
        source: str,
        request: Request,
        alone: bool = False,
    ) -> None:
        """See `Recorder.begin_then`."""
        then()

    def changed(self, change: Change) -> None:
        """See `Recorder.changed`."""

    def finish(self, exchange_id: str, answer: object, **details: Any) -> None:
        """See `Recorder.finish`."""

    async def close(self) -> None:
        """See `Recorder.close`."""
