"""`fn replay --watch`: the chosen calls run again at every save, on the state of their recording."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devserver.errors import FnError
from devserver.recorder.replay import Replayed
from devserver.recorder.takes import Take
from devserver.session.engine import cancel
from devserver.session.replay_session import Options, ReplaySession, replay_session
from devserver.session.watch import Watch

Results = list[tuple[Take, list[Replayed]]]


@dataclass(frozen=True, slots=True)
class Round:
    """What came of one save.

    Attributes:
        number: counted from 1; the first one is for the code as it was found.
        results: empty when the code could not be loaded.
        trouble: why it could not.
        ms: milliseconds from the moment the save was noticed to the last answer.
        files: what was saved.
    """

    number: int
    results: Results
    trouble: FnError | None
    ms: float
    files: tuple[str, ...]


class _Saves:
    """The newest save that has been loaded, well or not."""

    def __init__(self) -> None:
        self._news = asyncio.Event()
        self._noticed = 0.0
        self._files: tuple[str, ...] = ()

    def heard(self, kind: str, fields: Mapping[str, Any]) -> None:
        """See `replay_session`; a host that was only started again runs the same code."""
        if kind == "load_error" or (kind == "reload" and fields["reason"] == "save"):
            self._noticed = time.perf_counter() - fields.get("ms", 0.0) / 1000
            self._files = tuple(fields.get("files", ()))
            self._news.set()

    async def next(self) -> tuple[float, tuple[str, ...]]:
        """When it was noticed, on the clock of `time.perf_counter`, and which files it was."""
        await self._news.wait()
        self._news.clear()
        return self._noticed, self._files


async def watch(folder: Path, takes: Sequence[Take], options: Options, show: Callable[[Round], None]) -> None:
    """Play the takes now and after every save, until cancelled.

    Args:
        folder: the project.
        takes: what to play.
        options: how.
        show: gets each round.

    Raises:
        FnError: the project cannot be read.
    """
    saves = _Saves()
    async with replay_session(folder, options, saves.heard) as session:
        project = session.engine.project
        watcher = Watch(str(project.root), project.dev.ignore, session.engine.generations.changed, lambda _text: None)
        watching = asyncio.create_task(watcher.run())
        try:
            number, noticed = 1, time.perf_counter()
            files: tuple[str, ...] = ()
            while True:
                show(await _round(session, takes, number, noticed, files))
                number += 1
                noticed, files = await saves.next()
        finally:
            await cancel(watching)


async def _round(
    session: ReplaySession, takes: Sequence[Take], number: int, noticed: float, files: tuple[str, ...]
) -> Round:
    trouble = session.trouble
    results: Results = []
    if trouble is None:
        try:
            results = [(take, await session.play(take)) for take in takes]
        except FnError as error:
            trouble = error
    return Round(number, results, trouble, (time.perf_counter() - noticed) * 1000, files)
