"""Which host answers: reload on change, take over, retire, and start again after a death.

One task does all the loading, one load at a time; whatever changes meanwhile is loaded next. Requests ask for a host
with `acquire`: it hands out the one that answers, or lets them wait when a file has changed and no decision has been
made. Nothing here speaks HTTP.

A load ends in one of four ways:

- it takes over, when none of its files changed while it was loading (else it is thrown away and loaded again);
- it is *in doubt* (does not compile, or handlers are gone): an editor may be half-way through a save, so the last good
  generation answers until the file has been still for a moment, and then the verdict is made;
- it is refused with an error, and the last good generation goes on answering;
- the host dies while loading, which is an error too.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from devserver.session.frames import CompiledModule, Load, Loaded, NotLoaded
from devserver.session.freshness import Freshness, Version, version_of
from devserver.session.link import Died, HostLink
from devserver.session.spares import Spares
from devserver.session.stand_in import StandIn

_STILL = (
    0.15  # seconds a doubtful file must have been still; slow editors leave a half-written one for 0.1 s (lab.md 3.3)
)
_BURST = 0.4  # seconds between two saves within which they count as a burst
_BLINK = 0.02  # seconds that requests wait for a doubtful file before the last good generation answers them
_POLL = 0.004  # seconds between looks at a file that is expected to grow any moment
_REFILL = 0.05  # seconds after a take-over before new interpreters compete for the processor
_RESTLESS = 1.0  # seconds after which a load takes over although its files keep changing
_CRASHES, _WITHIN = 3, 10.0  # so many deaths in so many seconds are a crash loop
_LOAD_LIMIT = 60.0  # seconds an import may take


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


class NoHost(Exception):
    """Nobody can answer; `error` says why."""

    def __init__(self, error: LoadError) -> None:
        super().__init__(error.text)
        self.error = error


class Audience(Protocol):
    """Who is told what happens to generations."""

    def took_over(self, loaded: Loaded, ms: float, files: list[str], *, first: bool, restart: bool) -> None:
        """A generation answers from now on, `ms` after the change was noticed."""
        ...

    def load_failed(self, error: LoadError, generation: int | None) -> None:
        """The newest code cannot answer; `generation` still does."""
        ...

    def host_died(self, why: str, handlers: list[str], pause: float) -> None:
        """The host that answered died; a new one starts after `pause` seconds."""
        ...

    def stood_in(self, generation: int) -> None:
        """The host of this generation stands still in a debugger, and another one answers in its place."""
        ...


@dataclass(slots=True)
class _Memory:
    """What is carried from generation to generation."""

    code: dict[str, CompiledModule] = field(default_factory=dict)
    third_party: list[str] = field(default_factory=list)


class Generations:
    """The hosts of one session.

    Args:
        spares: where hosts come from.
        audience: who is told.
        grace: seconds that tasks of an old generation may go on.
        deadline: seconds that requests of an old generation may take.
        configuration: configuration files, watched like code.
        reconfigure: reads the configuration anew; returns an error sentence, or None when it was applied.
    """

    def __init__(
        self,
        spares: Spares,
        audience: Audience,
        *,
        grace: float,
        deadline: float,
        configuration: Iterable[str],
        reconfigure: Callable[[], Awaitable[LoadError | None]],
    ) -> None:
        self.current: HostLink | None = None
        self.loaded: Loaded | None = None
        self.error: LoadError | None = None
        self.memory = _Memory()
        self.settle: Callable[[Mapping[str, float]], Awaitable[None]] = _at_once
        """Awaited before a load, with the times of what was saved: a debugger may have a word about it."""
        self._spares = spares
        self._audience = audience
        self._grace = grace
        self._deadline = deadline
        self._configuration = list(configuration)
        self._reconfigure = reconfigure
        self._fresh = Freshness()
        self._loop = asyncio.get_running_loop()
        self._looked = False
        self._number = 0
        self._wanted = asyncio.Event()
        self._decision: asyncio.Future[None] | None = None
        self._noticed = 0.0
        self._saves = (0.0, 0.0)  # times of the last two saves that were seen, seconds since 1970
        self._read_at = 0.0  # when the load of the generation that answers began
        self._doubt: dict[str, Version] = {}
        self._still: dict[str, Version] | None = None  # the doubtful versions that have been still for a moment
        self._deaths: list[float] = []
        self._not_before = 0.0
        self._fresh_host = False  # the next round loads even if nothing has changed
        self._stands_in_for: HostLink | None = None  # the paused host for which the next round loads
        self._loading: HostLink | None = None
        self._stand_in = StandIn(self._retire)
        self._background: set[asyncio.Task[Any]] = set()
        self._loop_task: asyncio.Task[None] | None = None

    # --- for the gateway ---------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Load for the first time; returns when that is over, well or not."""
        self._loop_task = asyncio.create_task(self._run())
        await self._decide()

    def at_hand(self) -> HostLink | None:
        """The host to ask now, when that needs no waiting: it runs and its code is what is on disk.

        Requests of one turn of the event loop share one look at the files.
        """
        if self._looked:
            return self.current
        if self.current is None or self.current.paused or self._fresh.is_stale():
            return None
        self._looked = True
        self._loop.call_soon(self._forget_look)
        return self.current

    def _forget_look(self) -> None:
        self._looked = False

    async def acquire(self) -> HostLink:
        """The host to ask now: of the newest code that works, and not one that stands still in a debugger.

        Raises:
            NoHost: there is none; the error says why.
        """
        arrived = time.perf_counter()
        asked = False
        while True:
            stale = self._fresh.is_stale()
            paused = self.current is not None and self.current.paused
            # Code that was read after the request arrived is new enough for it, whatever is saved meanwhile: else a
            # request would wait for as long as somebody keeps saving.
            if self.current is not None and not paused and (not stale or self._read_at >= arrived):
                return self.current
            if paused and not stale:
                if asked and self.error is not None:
                    raise NoHost(self.error)  # the code on disk cannot stand in
                asked = True
                self._want_stand_in()
            if self.current is None and self.error is not None and not stale and self._is_decided():
                raise NoHost(self.error)
            if not await self._decide():
                raise NoHost(self.error or LoadError("died", "The function is not running."))

    def changed(self, paths: Iterable[str]) -> None:
        """The watcher saw files change, or (with no paths) it is time to look."""
        self._fresh.notice(paths)
        if self._fresh.is_stale():
            self._ask()

    async def reload(self) -> None:
        """Load again although nothing has changed; returns when that is decided."""
        self._not_before = 0.0
        self._fresh_host = True
        await self._decide()

    def died(self, host: HostLink, handlers: list[str]) -> None:
        """A host ended by itself; when it was the one that answers, another takes its place."""
        self._stand_in.lost(host)
        if host is not self.current:
            return
        self.current = None
        now = time.monotonic()
        self._deaths = [at for at in self._deaths if now - at < _WITHIN] + [now]
        pause = min(2.0 ** (len(self._deaths) - _CRASHES), 15.0) if len(self._deaths) >= _CRASHES else 0.0
        self._not_before = now + pause
        self.error = LoadError("died", self._died_text(host.why, handlers, pause))
        self._audience.host_died(host.why, handlers, pause)
        self._ask()

    def replace_soon(self, host: HostLink) -> None:
        """A host hangs: load the same code into another one, and give that one what has not begun."""
        if host is self.current and not self._fresh_host:
            self._background_task(self._replace(host))

    def paused(self, host: HostLink) -> None:
        """A host stands still in a debugger; what it has begun stays with it, everything else goes on elsewhere."""
        self._looked = False
        if host is not self.current:
            return
        other = self._stand_in.at_hand(host)
        if other is not None:
            self.current = other
            host.hand_over(other)
        elif host.has_unbegun():
            self._background_task(self._replace(host))

    def resumed(self, host: HostLink) -> None:
        """A host goes on, and everything is as it was before."""
        if not host.gone.is_set() and self._stand_in.resumed(host, self.current):
            self.current = host
            if self.error is not None and self.error.kind == "died":  # that was the one that stood in
                self.error = None
        if host is self.current and host is self._stands_in_for and self._decision and not self._decision.done():
            # Whoever waits for one that stands in is served by this one: that load may stand still, too.
            self._decision.set_result(None)

    @property
    def stands_still(self) -> bool:
        """Whether the generation that is being loaded stands still in a debugger."""
        return self._loading is not None and self._loading.paused

    def _want_stand_in(self) -> None:
        self._fresh_host = True
        self._stands_in_for = self.current

    async def _replace(self, host: HostLink) -> None:
        if host.paused:
            self._want_stand_in()
        self._fresh_host = True
        await self._decide()
        for other in filter(None, [self.current]):
            if other is not host:
                host.hand_over(other)

    async def close(self) -> None:
        """End every host."""
        loading = self._loading  # ended with the task that waits for it, and then it has to be gone
        if self._loop_task is not None:
            self._loop_task.cancel()
            with suppress(asyncio.CancelledError):
                await self._loop_task
        if self._decision is not None and not self._decision.done():
            self._decision.set_result(None)  # nobody decides any more
        for host in self._spares.hosts():
            if host.paused:
                host.kill("the session ended while it was paused")
        hosts = filter(None, [self.current, *self._stand_in.leave()])
        ending = [*self._background, *(asyncio.create_task(host.stop(min(self._grace, 1.0))) for host in hosts)]
        ending.append(asyncio.create_task(self._spares.close()))
        if loading is not None:
            ending.append(asyncio.create_task(loading.gone.wait()))
        await asyncio.gather(*ending, return_exceptions=True)

    # --- deciding ----------------------------------------------------------------------------------------------

    def _ask(self) -> asyncio.Future[None]:
        if self._decision is None or self._decision.done():
            self._decision = asyncio.get_running_loop().create_future()
            self._noticed = time.perf_counter()
        self._wanted.set()
        return self._decision

    def _is_decided(self) -> bool:
        return self._decision is None or self._decision.done()

    async def _decide(self) -> bool:
        """Wait for the next decision; False when that would be too long, because the code crashes again and again."""
        if self.current is None and time.monotonic() < self._not_before:
            return False
        await asyncio.shield(self._ask())
        return True

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            decision = self._decision
            try:
                again = await self._round()
            except Died as died:
                self._refuse(LoadError("died", f"The host process ended while it started: {died.why}."), {})
                again = False
            if again:
                self._wanted.set()
            elif decision is not None and not decision.done():
                decision.set_result(None)

    async def _round(self) -> bool:
        """One attempt to make what answers equal to what is on disk; True asks for another at once."""
        await self._pause_after_crashes()
        if self.current is not None and not self._fresh_host and not self._fresh.is_stale():
            return False
        changes = self._fresh.changes()
        if any(path in changes for path in self._configuration if not path.endswith(".py")):
            error = await self._reconfigure()
            if error is not None:
                self._refuse(error, changes)
                return False
        return await self._load(changes)

    async def _pause_after_crashes(self) -> None:
        while self.current is None and (left := self._not_before - time.monotonic()) > 0:
            # A save ends the pause: the new code may be the remedy.
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._wanted.wait()
                    self._not_before = 0.0
            self._wanted.clear()

    async def _moves_on(self, changes: Mapping[str, Version], seconds: float) -> bool:
        """Wait while a file may still be being written; True as soon as one is not as it was."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            await asyncio.sleep(_POLL)
            if any(version_of(path) != version for path, version in changes.items()):
                return True
        return False

    # --- loading -----------------------------------------------------------------------------------------------

    async def _load(self, changes: Mapping[str, Version]) -> bool:
        self._quiet()  # every save is seen, also when nobody has to wait for a spare
        host = await self._spares.take(self._quiet)
        await self.settle({path: version[0] / 1e9 for path, version in changes.items() if version is not None})
        settled = self._still is not None and dict(changes) == self._still
        cut = not settled and self._fresh.shrank(changes)
        began = time.perf_counter()
        try:
            reply = await self._ask_host(host, changes, force=settled, check=cut)
            if cut and isinstance(reply, NotLoaded) and reply.kind == "complete":
                if await self._moves_on(changes, _STILL):
                    self._spares.give_back(host)
                    return True
                began = time.perf_counter()
                reply = await self._ask_host(host, changes, force=settled, check=False)
        except Died as died:
            text = f"The process ended while function.py was imported: {died.why}."
            self._refuse(LoadError("died", text), changes)
            self._refill()
            return False
        except TimeoutError:
            host.kill("its import took too long")
            text = f"Importing function.py took longer than {_LOAD_LIMIT:.0f} s."
            self._refuse(LoadError("slow", text), changes)
            self._refill()
            return False
        except asyncio.CancelledError:
            host.kill("the session ended while it loaded")
            raise
        if isinstance(reply, NotLoaded):
            return await self._not_loaded(host, reply, changes, settled=settled)
        if self._take_over(host, reply, changes):
            self._read_at = began
            return False
        return True

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

    async def _ask_host(
        self, host: HostLink, changes: Mapping[str, Version], *, force: bool, check: bool
    ) -> Loaded | NotLoaded:
        # When nobody answers there is nothing to protect from a file that lost its handlers.
        expected = self.loaded.handlers if self.loaded and self.current else []
        paths = [path for path, version in changes.items() if version is not None]
        # A restart of the same code keeps its number: nothing the user wrote is different.
        number = self._number if self._number and not changes else self._number + 1
        host.generation = number
        load = host.load(Load(number, expected, force or not expected, check, paths))
        self._loading = host
        try:
            return await host.pause.within(_LOAD_LIMIT, load)
        finally:
            self._loading = None

    def _take_over(self, host: HostLink, loaded: Loaded, changes: Mapping[str, Version]) -> bool:
        """Let a host answer from now on; False when its files have changed already, so that it is of no use."""
        files = {file.path: file.stamp for file in loaded.files}
        moved = any(version_of(path) != stamp for path, stamp in files.items())
        if moved and time.perf_counter() - self._noticed < _RESTLESS:
            self._remember(loaded)
            self._let_go(host)
            return False
        old, first = self.current, self._number == 0 and self.error is None
        restart = not first and not changes
        stands_in, self._stands_in_for = self._stands_in_for is not None and restart, None
        self._fresh_host = False
        host.stopping = False
        if stands_in and old is not None and not old.paused:  # it has gone on meanwhile
            self._stand_in.keep(host)
            return True
        self._number = loaded.generation
        self.current, self.loaded, self.error = host, loaded, None
        self._doubt = {}
        self._remember(loaded)
        self._fresh.adopt(loaded.files, self._configured(changes))
        if old is not None:
            self._stand_in.displaced(old, host)
        ms = (time.perf_counter() - self._noticed) * 1000
        if stands_in:
            self._audience.stood_in(loaded.generation)
        else:
            self._audience.took_over(loaded, ms, sorted(changes), first=first, restart=restart)
        self._refill()
        return True

    def _remember(self, loaded: Loaded) -> None:
        known = set(self.memory.third_party)
        new = [name for name in loaded.third_party if name not in known]
        self.memory.third_party.extend(new)
        self.memory.code.update({module.path: module for module in loaded.compiled})
        if new:
            self._spares.renew()

    async def _not_loaded(
        self, host: HostLink, reply: NotLoaded, changes: Mapping[str, Version], *, settled: bool
    ) -> bool:
        """Give a version up, for now or for good; True when it has changed already, so that all is to be seen anew."""
        if reply.clean:
            self._spares.give_back(host)
        else:
            self._let_go(host)
            self._refill()
        seen: dict[str, Version] = {file.path: file.stamp for file in reply.files}
        versions = {**changes, **seen}
        in_doubt = self.current is not None and reply.clean and not settled and self._stands_in_for is None
        if in_doubt:
            doubt = {path: versions[path] for path in changes}
            # Most writers need a millisecond between emptying a file and filling it: whoever waits may wait for that.
            if await self._moves_on(doubt, _BLINK):
                return True
            self._fresh.excuse(versions)
            self._doubt = doubt
            self._background_task(self._look_again(doubt))
            return False
        self._refuse(LoadError(reply.kind, reply.text, reply.traceback), versions)
        return False

    async def _look_again(self, doubt: dict[str, Version]) -> None:
        """After a moment of stillness a doubtful version is judged for good."""
        await asyncio.sleep(_STILL)
        if self._doubt is doubt and all(version_of(path) == version for path, version in doubt.items()):
            self._still = doubt
            self._fresh.doubt_again(doubt)
            self._ask()

    def _refuse(self, error: LoadError, versions: Mapping[str, Version]) -> None:
        self.error = error
        self._doubt = {}
        self._fresh_host, self._stands_in_for = False, None
        self._fresh.excuse(self._configured(versions) | dict(versions))
        self._audience.load_failed(error, self._number if self.current is not None else None)

    def _configured(self, known: Mapping[str, Version]) -> dict[str, Version]:
        """Versions of the configuration files, as they were when the round began where that is known."""
        return {path: known[path] if path in known else version_of(path) for path in self._configuration}

    def _died_text(self, why: str, handlers: list[str], pause: float) -> str:
        while_ = f" while it ran {', '.join(sorted(set(handlers)))}" if handlers else ""
        text = f"The function's process ended{while_}: {why}."
        if pause:
            text += f" That was death {len(self._deaths)} within {_WITHIN:.0f} s."
            text += f" The next try is in {pause:.0f} s, or at the next save."
        return text

    # --- in the background -------------------------------------------------------------------------------------

    def _refill(self) -> None:
        asyncio.get_running_loop().call_later(_REFILL, self._spares.fill)

    def _let_go(self, host: HostLink) -> None:
        self._background_task(host.stop(0))

    def _retire(self, host: HostLink) -> None:
        self._background_task(host.retire(self._grace, self._deadline))

    def _background_task(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)


async def _at_once(saved: Mapping[str, float]) -> None:
    """Nobody has a word about it."""
