"""Explores the function in a folder: the I/O of `fn explore`.

The callbacks go straight to the gateway of a session without ports, like those of a replay: on a copy of the data, with
nothing let out, and with clocks that stand still, so that what a function remembers differs only where its callers did
something else. Each call begins with an empty cache; what calls write to the storage and the database of the copy stays
until the end.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from devserver.calls.exercised import callbacks_of, mark, of_payloads
from devserver.calls.explore import Bounds, explore
from devserver.calls.flow import Callback, Flow
from devserver.calls.settings import Settings
from devserver.calls.start import Start, setup_of
from devserver.calls.troubles import untested
from devserver.calls.walk import Question, Reply
from devserver.errors import FnError
from devserver.recorder import portable
from devserver.recorder.exchange import Effect, Request
from devserver.recorder.reader import RecordingReader
from devserver.recorder.takes import CONTENT_TYPE, Take
from devserver.session.exchange import InHand, Result
from devserver.session.frames import Replaying
from devserver.session.replay_session import Options, ReplaySession, replay_session
from devserver.session.scenarios import MADE_UP_KEY, play_in, read_files, variables_of
from devserver.session.suite import call_files, scenario_files

_URL = "http://127.0.0.1/"
_CALLS_LOOKED_AT = 1000
_TODAY = Take("explored", None, ())


class Exploration(msgspec.Struct, frozen=True):
    """What to explore.

    Attributes:
        start: who calls whom.
        bounds: how far to go.
        allow_outbound: calls to Sinch go out.
        coverage: look which moves recorded calls take.
    """

    start: Start = Start()
    bounds: Bounds = Bounds()
    allow_outbound: bool = False
    coverage: bool = True


def explore_project(folder: Path, exploration: Exploration, told: Callable[[int], None] | None = None) -> Flow:
    """Find the flow of the calls to the function in a folder.

    Args:
        folder: the project.
        exploration: what to explore.
        told: gets the number of callbacks so far, now and then.

    Raises:
        FnError: the project or its code cannot be loaded, or a number is none.
    """

    async def run() -> Flow:
        options = Options(freeze=True, allow_outbound=exploration.allow_outbound, record=False)
        async with replay_session(folder, options) as session:
            if session.trouble is not None:
                raise session.trouble
            flow = await _explore(session, exploration, told)
            return await _with_coverage(session, flow) if exploration.coverage else flow

    return asyncio.run(run())


async def _explore(session: ReplaySession, exploration: Exploration, told: Callable[[int], None] | None) -> Flow:
    project, now = session.engine.project, session.engine.clock.wall()
    setup = setup_of(exploration.start, "", project.voice_app or MADE_UP_KEY, (_URL,), now)
    asking = _Asking(session, now, allow_outbound=exploration.allow_outbound)
    await session.play(_TODAY)  # makes the copy of the data
    return await _drive(explore(setup, Settings(), exploration.bounds), asking, told)


async def _drive(steps: Generator[Question, Reply, Flow], asking: _Asking, told: Callable[[int], None] | None) -> Flow:
    count = 0
    try:
        question = next(steps)
        while True:
            reply = await asking.ask(question)
            count += 1
            if told is not None:
                told(count)
            question = steps.send(reply)
    except StopIteration as stop:
        flow: Flow = stop.value
        return flow


class _Asking:
    """Asks the function.

    Args:
        session: where it runs.
        at: what its clocks say, seconds since 1970.
        allow_outbound: its calls to Sinch go out.
    """

    def __init__(self, session: ReplaySession, at: float, *, allow_outbound: bool) -> None:
        self._engine = session.engine
        self._replaying = Replaying(at, b"", allow_outbound)
        self._memory: dict[str, Any] = {}

    async def ask(self, question: Question) -> Reply:
        """One callback."""
        if question.first:
            self._memory = {}
            self._engine.house.cache.fill(())
        body = msgspec.json.encode(question.payload)
        request = Request("POST", "/", self._headers(body), body, "127.0.0.1")
        hand, result = await self._engine.gateway.replay(request, self._replaying)
        for effect in hand.effects:
            self._remember(effect)
        return _reply(hand, result, self._remembered(question.callid))

    def _headers(self, body: bytes) -> tuple[tuple[str, str], ...]:
        return (("Host", "127.0.0.1"), ("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(body))))

    def _remember(self, effect: Effect) -> None:
        name = f"{effect.kind} {effect.key}"
        match effect.kind, effect.operation:
            case "cache", "extend":
                pass
            case (("cache" | "storage"), "delete"):
                self._memory.pop(name, None)
            case (("cache" | "storage"), _):
                self._memory[name] = effect.value
            case "database", _:
                self._memory[name] = self._memory.get(name, 0) + 1
            case _:
                pass

    def _remembered(self, callid: str) -> str:
        if not self._memory:
            return ""
        text = msgspec.json.encode(self._memory, order="deterministic")
        return hashlib.sha256(text.replace(callid.encode(), b"CALLID")).hexdigest()


def _reply(hand: InHand, result: Result, memory: str) -> Reply:
    refused = next((effect for effect in hand.effects if _is_refused(effect)), None)
    who = "" if refused is None else f"{refused.operation} {refused.key}"
    if result.reply is None:
        return Reply(0, error=_error(result) or "there was no answer", memory=memory, refused=who)
    reply = result.reply
    failed = reply.status // 100 != 2
    # A function that takes the refusal in its stride has answered well.
    return Reply(reply.status, reply.body, _error(result) if failed else "", memory, who if failed else "")


def _is_refused(effect: Effect) -> bool:
    return effect.kind == "outbound" and isinstance(effect.value, dict) and "refused" in effect.value


def _error(result: Result) -> str:
    if result.error is not None:
        return str(result.error.get("text", "")).rstrip(".")
    body = result.reply.body if result.reply is not None else b""
    with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        document = msgspec.json.decode(body)
        if isinstance(document, dict) and isinstance(document.get("error"), str):
            return str(document["error"]).rstrip(".")
    return ""


async def _with_coverage(session: ReplaySession, flow: Flow) -> Flow:
    """Which moves are taken by recorded calls, and by the scenarios of the project; nothing when there are none."""
    root = session.engine.project.root
    calls = [*_of_files(root), *_recorded(root), *await _of_scenarios(session)]
    if not calls:
        return flow
    marked = mark(flow, calls)
    return msgspec.structs.replace(marked, troubles=(*marked.troubles, *untested(marked)))


async def _of_scenarios(session: ReplaySession) -> list[list[Callback]]:
    """What scenarios cause is seen by playing them. What is no scenario is the business of `fn test`."""
    project = session.engine.project
    scenarios = []
    for file in scenario_files(project.root):
        with suppress(FnError):
            scenarios += read_files(project.root, [file], variables_of(project))
    if not scenarios:
        return []
    return [
        of_payloads((callback.event, callback.request) for callback in played.report.callbacks)
        for played in await play_in(session, scenarios)
    ]


def _of_files(root: Path) -> Iterator[list[Callback]]:
    """Recorded calls under `tests/calls/`."""
    for path in call_files(root):
        with suppress(FnError, OSError), path.open("rb") as file:
            if portable.is_portable(file.read(256)):
                file.seek(0)
                for call in portable.read(file, path.name).calls:
                    yield callbacks_of(call.exchanges)


def _recorded(root: Path) -> Iterator[list[Callback]]:
    """The newest recorded calls."""
    with RecordingReader(root / ".fn") as reader:
        for call in reader.calls(_CALLS_LOOKED_AT):
            yield callbacks_of(reader.call(call.callid))
