"""What the console is told of a session: facts, recordings, calls, the phone."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from devserver.console.app import Session as ConsoleSession
from devserver.console.phone import Phone as ConsolePhone
from devserver.session.discovery import SessionFile
from devserver.session.engine import Engine
from devserver.session.telephony import Telephony


class ConsoleView:
    """A session as the console sees it.

    Args:
        engine: of the session.
        telephony: of the session.
        announced: gives what is announced of the session, once it is.
    """

    def __init__(self, engine: Engine, telephony: Telephony, announced: Callable[[], SessionFile]) -> None:
        self._engine = engine
        self._telephony = telephony
        self._announced = announced

    def session(self) -> ConsoleSession:
        """What the console may ask."""
        from devserver.recorder.call_shapes import call_detail, call_summaries
        from devserver.recorder.shapes import detail, summaries

        folder = self._engine.project.root / ".fn"
        return ConsoleSession(
            status=self._status,
            recordings=lambda limit: summaries(folder, limit),
            recording=lambda name: detail(folder, name),
            calls=lambda limit: call_summaries(folder, limit),
            call=lambda name: call_detail(folder, name),
            reload=self._reload,
            phone=ConsolePhone(self._telephony.run, self._telephony.talk),
        )

    def _status(self) -> dict[str, Any]:
        generations = self._engine.generations
        loaded, error = generations.loaded, generations.error
        session = self._announced()
        return {
            "name": self._engine.project.name,
            "root": str(self._engine.project.root),
            "pid": os.getpid(),
            "function": session.function,
            "cloud": session.cloud,
            "generation": loaded.generation if loaded else None,
            "routes": loaded.routes if loaded else [],
            "spares": self._engine.house.spares.ready,
            "error": error.text if error else None,
        }

    async def _reload(self) -> dict[str, Any]:
        await self._engine.generations.reload()
        return self._status()
