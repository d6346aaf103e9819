"""A session that lives for a replay: the function's code of today, the state of the recording, no port.

It is a process of its own beside any `fn dev`, so that nothing a replay does can touch live data: storage and database
are a scratch area, the cache is its own. Recorded requests go straight to the gateway, which treats them as it treats
those that come over the wire.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from devserver.errors import FnError
from devserver.recorder.compare import Rules
from devserver.recorder.exchange import Answer
from devserver.recorder.reader import RecordingReader
from devserver.recorder.replay import NO_RULES, Replayed, Run, compared, headers_to_send, request_of
from devserver.recorder.takes import Item, Take
from devserver.session.discovery import private_folder
from devserver.session.engine import Engine, Setting, project_places
from devserver.session.exchange import InHand, Result
from devserver.session.frames import Replaying
from devserver.session.lock import ProjectLock
from devserver.session.report import Report
from devserver.session.scratch import Scratch, Source, scratch_area, source_of
from devserver.session.spawn import FirstHost, start_host


@dataclass(frozen=True, slots=True)
class Options:
    """How to replay.

    Attributes:
        freeze: clocks say the time of the recording.
        allow_outbound: calls of the SDK that the recording cannot answer go out.
        live_state: run on the project's own data, and change it.
        record: whether the replay itself is recorded.
        rules: differences that are left out.
    """

    freeze: bool = False
    allow_outbound: bool = False
    live_state: bool = False
    record: bool = True
    rules: Rules = NO_RULES


class ReplaySession:
    """Plays takes, one after the other.

    Args:
        engine: open and loaded.
        scratch: where it runs; None on the project's own data.
        reader: the project's recordings.
        options: how.
    """

    def __init__(self, engine: Engine, scratch: Scratch | None, reader: RecordingReader, options: Options) -> None:
        self.engine = engine
        self._scratch = scratch
        self._reader = reader
        self._options = options
        self._loads_database = scratch is not None and scratch.has_database

    @property
    def trouble(self) -> FnError | None:
        """Why the code as it is now cannot be loaded."""
        error = self.engine.generations.error
        if error is None:
            return None
        return FnError(error.text, hint=error.traceback.rstrip() or "Mend it, then try again.")

    async def play(self, take: Take, told: Callable[[Replayed], None] | None = None) -> list[Replayed]:
        """Send a take's requests in order, on its state; `told` gets each one as soon as it is answered.

        Raises:
            FnError: its state is gone, or cannot be made.
        """
        await self._lay_out(take)
        played: list[Replayed] = []
        for item in take.items:
            played.append(await self._send(item, played))
            if told is not None:
                told(played[-1])
        return played

    async def _lay_out(self, take: Take) -> None:
        if self._scratch is None:
            return
        entries = await asyncio.to_thread(lambda scratch: scratch.lay_out(self._source(take)), self._scratch)
        if self._remembers_database(self._scratch):
            await self.engine.generations.reload()
        redactor = self.engine.redactor
        self.engine.house.cache.fill((entry.key, redactor.restore(entry.value), entry.ttl) for entry in entries)

    def _remembers_database(self, scratch: Scratch) -> bool:
        """Whether the code knows the last take's database: it read one while it was loaded, or holds it open."""
        host = self.engine.generations.current
        return self._loads_database or (host is not None and _has_open(host.pid, str(scratch.places.database)))

    def _source(self, take: Take) -> Source:
        if take.state is not None or take.first is None:
            return take.state
        return source_of(self.engine.project.root, self._reader, take.first)

    async def _send(self, item: Item, earlier: list[Replayed]) -> Replayed:
        engine, options = self.engine, self._options
        project, redactor = engine.project, engine.redactor
        body = redactor.restore(item.body)
        path = redactor.restore(item.path.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
        headers = headers_to_send(
            item,
            body,
            variables=project.environment,
            voice_app=project.voice_app,
            voice_secret=project.voice_secret,
            now=_now(),
        )
        frozen = item.at if options.freeze else 0.0
        outbound = [effect for effect in item.effects if effect.kind == "outbound"]
        recorded = redactor.restore(msgspec.json.encode(outbound)) if outbound else b""
        replaying = Replaying(frozen, recorded, options.allow_outbound)
        at = frozen or engine.clock.wall()
        hand, result = await engine.gateway.replay(request_of(item, body, path, headers), replaying)
        run = _run(hand, result, at)
        return compared(item, run, redactor.data, options.rules, earlier)


def _run(hand: InHand, result: Result, at: float) -> Run:
    reply = result.reply
    answer = None if reply is None else Answer(reply.status, reply.headers, reply.body)
    return Run(hand.id, at, answer, tuple(hand.effects), tuple(hand.logs), result.error, result.hint, hand.ms)


def _has_open(pid: int, path: str) -> bool:
    """Whether a process has a file open, or one that was deleted; where that cannot be seen, it may have."""
    try:
        files = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return True
    return any(_target(file).startswith(path) for file in files)


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""  # closed meanwhile


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@asynccontextmanager
async def replay_session(
    folder: Path, options: Options, heard: Callable[[str, Mapping[str, Any]], None] = lambda _kind, _fields: None
) -> AsyncIterator[ReplaySession]:
    """A session in which takes can be played; the code is loaded, well or not (see `trouble`).

    Args:
        folder: the project.
        options: how to replay.
        heard: gets what `fn dev` would tell (kind and fields): reloads, load errors, log lines.

    Raises:
        FnError: the project cannot be read.
    """
    async with AsyncExitStack() as stack:
        files = stack.enter_context(ExitStack())
        first = files.enter_context(FirstHost(start_host()))
        engine = Engine(folder)
        root = engine.project.root
        scratch = None if options.live_state else files.enter_context(scratch_area(root))
        if scratch is None:
            private_folder(root)
            files.enter_context(ProjectLock(root))
        places = scratch.places if scratch else project_places(root)
        setting = Setting(
            replace(places, preload=("time_machine",)) if options.freeze else places,
            root / ".fn" if options.record else None,
            history=scratch is None,
            token=secrets.token_urlsafe(16),
        )
        report = Report(lambda _line: None, heard, engine.redact)
        await engine.open(stack, setting, first.take, report, lambda _level, _text: None)
        await engine.generations.start()
        yield ReplaySession(engine, scratch, files.enter_context(RecordingReader(root / ".fn")), options)
