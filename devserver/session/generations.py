"""Which host answers: reload on change, take over, retire, and start again after a death.

Requests ask for a host with `acquire`: it hands out the one that answers, or lets them wait when a file has changed
and no decision has been made. One task decides (`deciding`), one load at a time (`loading`); whatever changes meanwhile
is loaded next. Nothing here speaks HTTP.

What comes of a load:

- a host that could answer takes over;
- a version in doubt (it does not compile, or handlers are gone) is left alone until the file has been still for a
  moment (`doubt`), and the last good generation answers; then the verdict is made;
- anything else is refused with an error, and the last good generation goes on answering, too.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import Any, Protocol

from devserver.session.crashes import Crashes
from devserver.session.deciding import Deciding
from devserver.session.doubt import BLINK, Doubt, moves_on
from devserver.session.frames import Loaded
from devserver.session.freshness import Freshness, Version, version_of
from devserver.session.link import HostLink
from devserver.session.loading import Fit, LoadError, Loading, Moved, Order, Unfit
from devserver.session.spares import Spares
from devserver.session.stand_in import StandIn


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


class Generations:
    """The hosts of one session.

    Args:
        spares: where hosts come from.
        audience: who is told.
        grace: seconds that tasks of an old generation may go on.
        deadline: seconds that requests of an old generation may take.
        configuration: configuration files, watched like code.
        reconfigure: reads the configuration anew; returns an error sentence, or None when it was applied.

    Attributes:
        current: the host that answers; None when nobody can.
        loaded: what it is made of.
        error: why the newest code does not answer, if it does not.
        loading: makes hosts that could answer.
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
        self._fresh = Freshness()
        self._doubt = Doubt(self._judge)
        self.loading = Loading(spares, self._fresh, self._doubt, self._expected)
        self._spares = spares
        self._audience = audience
        self._grace = grace
        self._deadline = deadline
        self._configuration = list(configuration)
        self._reconfigure = reconfigure
        self._loop = asyncio.get_running_loop()
        self._looked = False
        self._number = 0
        self._read_at = 0.0  # when the load of the generation that answers began
        self._fresh_host = False  # the next round loads even if nothing has changed
        self._stands_in_for: HostLink | None = None  # the paused host for which the next round loads
        self._deciding = Deciding(self._attempt)
        self._crashes = Crashes()
        self._stand_in = StandIn(self._retire)
        self._background: set[asyncio.Task[None]] = set()

    # --- for the gateway ---------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Load for the first time; returns when that is over, well or not."""
        self._deciding.start()
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
            if self.current is None and self.error is not None and not stale and not self._deciding.is_open:
                raise NoHost(self.error)
            if not await self._decide():
                raise NoHost(self.error or LoadError("died", "The function is not running."))

    def changed(self, paths: Iterable[str]) -> None:
        """The watcher saw files change, or (with no paths) it is time to look."""
        self._fresh.notice(paths)
        if self._fresh.is_stale():
            self._deciding.ask()

    async def reload(self) -> None:
        """Load again although nothing has changed; returns when that is decided."""
        self._crashes.forgive()
        self._fresh_host = True
        await self._decide()

    def died(self, host: HostLink, handlers: list[str]) -> None:
        """A host ended by itself; when it was the one that answers, another takes its place."""
        self._stand_in.lost(host)
        if host is not self.current:
            return
        self.current = None
        pause = self._crashes.died(time.monotonic())
        self.error = LoadError("died", self._crashes.words(host.why, handlers, pause))
        self._audience.host_died(host.why, handlers, pause)
        self._deciding.ask()

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
        if host is self.current and host is self._stands_in_for:
            # Whoever waits for one that stands in is served by this one: that load may stand still, too.
            self._deciding.forestall()

    @property
    def stands_still(self) -> bool:
        """Whether the generation that is being loaded stands still in a debugger."""
        return self.loading.host is not None and self.loading.host.paused

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
        await self._deciding.close()
        self._doubt.over()
        for host in self._spares.hosts():
            if host.paused:
                host.kill("the session ended while it was paused")
        hosts = filter(None, [self.current, *self._stand_in.leave()])
        stopping = (host.stop(min(self._grace, 1.0)) for host in hosts)
        ending = [*self._background, *stopping, self.loading.close(), self._spares.close()]
        await asyncio.gather(*ending, return_exceptions=True)

    # --- deciding ----------------------------------------------------------------------------------------------

    async def _decide(self) -> bool:
        """Wait for the next decision; False when that would be too long, because the code crashes again and again."""
        if self.current is None and time.monotonic() < self._crashes.not_before:
            return False
        await asyncio.shield(self._deciding.ask())
        return True

    async def _attempt(self) -> bool:
        """Try to make what answers equal to what is on disk; True asks for another try at once."""
        await self._pause_after_crashes()
        if self.current is not None and not self._fresh_host and not self._fresh.is_stale():
            return False
        changes = self._fresh.changes()
        if any(path in changes for path in self._configuration if not path.endswith(".py")):
            error = await self._reconfigure()
            if error is not None:
                self._refuse(error, changes)
                return False
        # A restart of the same code keeps its number: nothing the user wrote is different.
        number = self._number if self._number and not changes else self._number + 1
        match await self.loading.load(Order(changes, number, self._deciding.since)):
            case Fit() as fit:
                self._take_over(fit, changes)
                return False
            case Unfit() as unfit:
                return await self._give_up(unfit, changes)
            case Moved():
                return True

    async def _pause_after_crashes(self) -> None:
        while self.current is None and (left := self._crashes.not_before - time.monotonic()) > 0:
            if await self._deciding.asked_within(left):  # by a save: the new code may be the remedy
                self._crashes.forgive()

    def _expected(self) -> list[str]:
        return self.loaded.handlers if self.loaded and self.current else []

    def _take_over(self, fit: Fit, changes: Mapping[str, Version]) -> None:
        """Let a host answer from now on."""
        host, loaded, self._read_at = fit.host, fit.loaded, fit.began
        old, first = self.current, self._number == 0 and self.error is None
        restart = not first and not changes
        stands_in, self._stands_in_for = self._stands_in_for is not None and restart, None
        self._fresh_host = False
        if stands_in and old is not None and not old.paused:  # it has gone on meanwhile
            self._stand_in.keep(host)
            return
        self._number = loaded.generation
        self.current, self.loaded, self.error = host, loaded, None
        self._doubt.over()
        self._fresh.adopt(loaded.files, self._configured(changes))
        if old is not None:
            self._stand_in.displaced(old, host)
        ms = (time.perf_counter() - self._deciding.since) * 1000
        if stands_in:
            self._audience.stood_in(loaded.generation)
        else:
            self._audience.took_over(loaded, ms, sorted(changes), first=first, restart=restart)

    async def _give_up(self, unfit: Unfit, changes: Mapping[str, Version]) -> bool:
        """Give a version up, for now or for good; True when it has changed already, so that all is to be seen anew."""
        if not unfit.doubtful or self.current is None or self._stands_in_for is not None:
            self._refuse(unfit.error, unfit.versions)
            return False
        doubtful = {path: unfit.versions[path] for path in changes}
        # Most writers need a millisecond between emptying a file and filling it: whoever waits may wait for that.
        if await moves_on(doubtful, BLINK):
            return True
        self._fresh.excuse(unfit.versions)
        self._doubt.begin(doubtful)
        return False

    def _judge(self, versions: Mapping[str, Version]) -> None:
        """After a moment of stillness a doubtful version is judged for good."""
        self._fresh.doubt_again(versions)
        self._deciding.ask()

    def _refuse(self, error: LoadError, versions: Mapping[str, Version]) -> None:
        self.error = error
        self._doubt.over()
        self._fresh_host, self._stands_in_for = False, None
        self._fresh.excuse(self._configured(versions) | dict(versions))
        self._audience.load_failed(error, self._number if self.current is not None else None)

    def _configured(self, known: Mapping[str, Version]) -> dict[str, Version]:
        """Versions of the configuration files, as they were when the round began where that is known."""
        return {path: known[path] if path in known else version_of(path) for path in self._configuration}

    def _retire(self, host: HostLink) -> None:
        self._background_task(host.retire(self._grace, self._deadline))

    def _background_task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
