"""One load: a spare imports what is on disk as a generation, and says how that went.

A load ends in one of three ways: the host could answer (`Fit`), it could not (`Unfit`, whatever the reason), or its
files have changed while it was loading (`Moved`), so that it is of no use. What is carried from one generation to the
next (compiled code, third-party modules to preload) is kept here. It must not know who answers meanwhile, nor what
becomes of the host: that is decided in `generations`.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from devserver.session.doubt import STILL, Doubt, moves_on
from devserver.session.frames import CompiledModule, Load, Loaded, NotLoaded
from devserver.session.freshness import Freshness, Version, version_of
from devserver.session.link import Died, HostLink
from devserver.session.spares import Spares

_BURST = 0.4  # seconds between two saves within which they count as a burst
_REFILL = 0.05  # seconds after a load before new interpreters compete for the processor
_RESTLESS = 1.0  # seconds after which a load is of use although its files keep changing
_LIMIT = 60.0  # seconds an import may take


@dataclass(frozen=True, slots=True)
class LoadError:
    """Why the newest code does not answer.

    Attributes:
        kind: `syntax`, `import`, `function`, `handlers`, `missing`, `died`, `slow`.
        text: one sentence.
        traceback: cut at our frames, may be empty.
    """

    kind: str
    text: str
    traceback: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be loaded.

    Attributes:
        changes: what differs from what answers, with its version now.
        number: of the generation.
        since: `time.perf_counter()` when somebody first asked for it.
    """

    changes: Mapping[str, Version]
    number: int
    since: float


@dataclass(frozen=True, slots=True)
class Fit:
    """A host that could answer; `began`: `time.perf_counter()` when it began to read."""

    host: HostLink
    loaded: Loaded
    began: float


@dataclass(frozen=True, slots=True)
class Unfit:
    """No host.

    Attributes:
        error: why.
        versions: of the files that were tried.
        doubtful: nothing of the user has run, and a file may have been half-way written.
    """

    error: LoadError
    versions: Mapping[str, Version]
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Moved:
    """Files have changed meanwhile, so that all is to be seen anew."""


Outcome = Fit | Unfit | Moved


@dataclass(slots=True)
class Memory:
    """What is carried from generation to generation.

    Attributes:
        code: compiled modules by path.
        third_party: modules that hosts import ahead of the function.
    """

    code: dict[str, CompiledModule] = field(default_factory=dict)
    third_party: list[str] = field(default_factory=list)


class Loading:
    """The loads of one session, one at a time.

    Args:
        spares: where hosts come from.
        fresh: what is loaded, and what has changed.
        doubt: knows which versions have been still.
        expected: handlers that a file does not lose on purpose, as far as is known; none when nobody answers, and
            there is nothing to protect from a half-written file.

    Attributes:
        memory: what is known of earlier generations.
        settle: awaited before a load, with the times of what was saved: a debugger may have a word about it.
        host: the one that is importing now.
    """

    def __init__(self, spares: Spares, fresh: Freshness, doubt: Doubt, expected: Callable[[], list[str]]) -> None:
        self.memory = Memory()
        self.settle: Callable[[Mapping[str, float]], Awaitable[None]] = _at_once
        self.host: HostLink | None = None
        self._spares = spares
        self._fresh = fresh
        self._doubt = doubt
        self._expected = expected
        self._saves = (0.0, 0.0)  # times of the last two saves that were seen, seconds since 1970
        self._ending: set[asyncio.Task[None]] = set()

    async def load(self, order: Order) -> Outcome:
        """Load once, and say what came of it."""
        self._quiet()  # every save is seen, also when nobody has to wait for a spare
        try:
            host = await self._spares.take(self._quiet)
        except Died as died:
            return Unfit(LoadError("died", f"The host process ended while it started: {died.why}."), {})
        changes = order.changes
        await self.settle({path: version[0] / 1e9 for path, version in changes.items() if version is not None})
        try:
            return await self._load(host, order)
        except Died as died:
            return self._spent("died", f"The process ended while function.py was imported: {died.why}.", changes)
        except TimeoutError:
            host.kill("its import took too long")
            return self._spent("slow", f"Importing function.py took longer than {_LIMIT:.0f} s.", changes)
        except asyncio.CancelledError:
            host.kill("the session ended while it loaded")
            self._let_go(host)
            raise

    async def close(self) -> None:
        """Wait for the end of hosts that were of no use."""
        await asyncio.gather(*self._ending, return_exceptions=True)

    async def _load(self, host: HostLink, order: Order) -> Outcome:
        settled = self._doubt.is_settled(order.changes)
        cut = not settled and self._fresh.shrank(order.changes)
        began = time.perf_counter()
        reply = await self._import(host, order, force=settled, check=cut)
        if cut and isinstance(reply, NotLoaded) and reply.kind == "complete":
            if await moves_on(order.changes, STILL):
                self._spares.give_back(host)
                return Moved()
            began = time.perf_counter()
            reply = await self._import(host, order, force=settled, check=False)
        if isinstance(reply, NotLoaded):
            return self._not_loaded(host, reply, order.changes, settled=settled)
        self._remember(reply)
        if _has_moved(reply) and time.perf_counter() - order.since < _RESTLESS:
            self._let_go(host)
            return Moved()
        self._refill()
        host.stopping = False
        return Fit(host, reply, began)

    async def _import(self, host: HostLink, order: Order, *, force: bool, check: bool) -> Loaded | NotLoaded:
        expected = self._expected()
        paths = [path for path, version in order.changes.items() if version is not None]
        host.generation = order.number
        load = host.load(Load(order.number, expected, force or not expected, check, paths))
        self.host = host
        try:
            return await host.pause.within(_LIMIT, load)
        finally:
            self.host = None

    def _not_loaded(self, host: HostLink, reply: NotLoaded, changes: Mapping[str, Version], *, settled: bool) -> Unfit:
        if reply.clean:
            self._spares.give_back(host)
        else:
            self._let_go(host)
            self._refill()
        seen: dict[str, Version] = {file.path: file.stamp for file in reply.files}
        error = LoadError(reply.kind, reply.text, reply.traceback)
        return Unfit(error, {**changes, **seen}, doubtful=reply.clean and not settled)

    def _spent(self, kind: str, text: str, changes: Mapping[str, Version]) -> Unfit:
        self._refill()
        return Unfit(LoadError(kind, text), changes)

    def _quiet(self) -> float:
        """Seconds since the last save, by the files' own times; endless when the save before it is long past.

        The last spare is kept back only within a burst: a single save must not wait for another interpreter.
        """
        newest = max((version[0] for version in self._fresh.changes().values() if version), default=0) / 1e9
        if newest != self._saves[-1]:
            self._saves = (self._saves[-1], newest)
        if abs(self._saves[1] - self._saves[0]) > _BURST:
            return math.inf
        # A file from the future says nothing about when it was saved.
        return abs(time.time() - newest)

    def _remember(self, loaded: Loaded) -> None:
        known = set(self.memory.third_party)
        new = [name for name in loaded.third_party if name not in known]
        self.memory.third_party.extend(new)
        self.memory.code.update({module.path: module for module in loaded.compiled})
        if new:
            self._spares.renew()

    def _refill(self) -> None:
        asyncio.get_running_loop().call_later(_REFILL, self._spares.fill)

    def _let_go(self, host: HostLink) -> None:
        task = asyncio.create_task(host.stop(0))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


def _has_moved(loaded: Loaded) -> bool:
    return any(version_of(file.path) != file.stamp for file in loaded.files)


async def _at_once(saved: Mapping[str, float]) -> None:
    """Nobody has a word about it."""
