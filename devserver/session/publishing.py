"""A session in public: the tunnel, the proof that it leads here, the lease of the callback, and the end of it all.

It runs beside everything else, so that the function answers locally before there is any address. The order of its
steps: address, proof, then the callback, which is never pointed anywhere that has not answered as us. When the address
changes, the same again. What goes wrong here is told and ends nothing but this.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from datetime import datetime

from devserver.clock import Clock, SystemClock
from devserver.errors import FnError
from devserver.session.leasing import refused
from devserver.session.sleeping import Sleep
from devserver.tunnel import Address, Change, Proof, Provider, TunnelFailed, open_tunnel
from devserver.voiceapp import ConfigurationFailed, Lease

TICK = 1.0  # seconds between two looks at the clock
_CHECK = 10.0  # seconds between two looks at the callback: a take-over is noticed within 15 s
_REMIND = 600.0  # seconds
_RETRY = 30.0  # seconds between two tries to give back what could not be given back in time
_UNPROVEN = 5.0  # seconds between two proofs that failed


@dataclass(frozen=True, slots=True)
class Plan:
    """How a session goes public.

    Attributes:
        provider: where the address comes from.
        port: where it is to lead.
        proof: how we know ourselves.
        settle: seconds before a new address is asked for the first time.
        budget: seconds for its proof, after which it is told why it failed, and tried again.
        via: where requests for the address are sent instead; None for the address itself.
        expiry: seconds after which it ends; 0: never.
        key: what a person presses for more time; empty where there are no keys.
    """

    provider: Provider
    port: int
    proof: Proof
    settle: float = 0.0
    budget: float = 5.0
    via: str | None = None
    expiry: float = 3600.0
    key: str = ""


class Publishing:
    """Keeps a session public.

    Args:
        plan: how.
        lease: of the callback; None leaves the callback alone.
        tell: told events, as `Report.tell`.
        busy: told what is being done, for an impatient user.
        measured: told how many seconds a request takes through the tunnel and back, once that is known.
        clock: measures the time until it ends.
    """

    def __init__(
        self,
        plan: Plan,
        lease: Lease | None,
        tell: Callable[..., None],
        busy: Callable[[str], None],
        *,
        measured: Callable[[float], None] = lambda _seconds: None,
        clock: Clock | None = None,
    ) -> None:
        self._plan = plan
        self._lease = lease
        self._tell = tell
        self._busy = busy
        self._measured = measured
        self._clock = clock or SystemClock()
        self._task: asyncio.Task[None] | None = None
        self._news = asyncio.Event()  # the address is there again, or another one
        self._settled = asyncio.Event()
        self._pointed: str | None = None
        self._ends = 0.0
        self._reminded = 0.0
        self._look_at = 0.0  # when the callback is looked at again
        self._said = ""  # the last trouble, so that it is told once
        self._doubt = ""  # why the address is not believed to lead here
        self._ending = False
        self._tried_last = False  # it has been tried to give the callback back since it is ending
        self._again = False  # the callback could not be changed, and it makes sense to try again
        self.url: str | None = None

    def start(self) -> None:
        """Go public, beside everything else."""
        self._task = asyncio.create_task(self._run(), name="publishing")

    async def settled(self) -> None:
        """Wait until calls can come in, or it is clear that they will not for now."""
        await self._settled.wait()

    def extend(self) -> None:
        """All of its time once more, from now on."""
        if self._plan.expiry and self.url is not None:
            self._ends = self._clock.steady() + self._plan.expiry
            self._reminded = self._clock.steady()
            self._log("info", f"The tunnel stays until {self._end_in_words()}.")

    async def close(self) -> None:
        """Give the callback back, then the address; bounded."""
        task, self._task = self._task, None
        self._ending = True
        try:
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        finally:
            if not self._tried_last and self._lease is not None and self._lease.entry is not None:
                await self._give_back()  # it was interrupted in that, or was waiting to try again

    # --- the life of it ----------------------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            await self._settle_leftover()
            async with self._tunnel() as address:
                self._begin()
                await self._live(address)
            await self._give_back_at_last()
        except TunnelFailed:  # the tunnel has told why, and what to do
            await self._give_back()
        except Exception as error:
            # A bug of ours, which would be heard of at the end only.
            self._log("error", f"The public address is not looked after any more: {error!r}. Start fn dev again.")
            raise
        finally:
            self._settled.set()
            self.url = None

    def _tunnel(self) -> AbstractAsyncContextManager[Address]:
        return open_tunnel(self._plan.provider, self._plan.port, self._changed)

    def _changed(self, change: Change) -> None:
        self.url = change.url if change.state != "closed" else None
        self._tell_change(change)
        if change.state == "ready":
            self._news.set()

    def _begin(self) -> None:
        self._reminded = self._clock.steady()
        self._ends = self._reminded + self._plan.expiry

    async def _live(self, address: Address) -> None:
        sleep = Sleep()
        try:
            while not self._is_over():
                if slept := sleep.since_last():
                    address.check_now(self._clock.wall() - slept)
                    self._look_at = 0.0
                if self._news.is_set() or self._pointed != address.url:
                    self._news.clear()
                    await self._point(address)
                if self._clock.steady() >= self._look_at:
                    await self._check()
                self._remind()
                await self._pause()
            self._log("warning", "The time of the tunnel is over. `fn dev` again opens another one.")
        finally:
            await self._give_back()

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(TICK):
                await self._news.wait()

    # --- the callback ------------------------------------------------------------------------------------------

    async def _point(self, address: Address) -> None:
        """Prove the address, then let the callback lead there; what fails is tried again at the next tick."""
        url = address.url
        if url != self._pointed and not await self._is_proven(url):
            return
        if url != address.url:
            self._news.set()  # it has changed meanwhile
            return
        first, self._pointed = self._pointed is None, url
        if self._lease is not None and (first or self._lease.entry is not None):
            await self._try(self._lease.take(url) if first else self._lease.move(url))
        self._settled.set()
        plan = self._plan
        took = await plan.proof.measure(url, private=plan.provider.private, via=plan.via)
        if took is not None:
            self._measured(took)

    async def _check(self) -> None:
        lease = self._lease
        if lease is None or self._pointed is None:
            return
        if lease.entry is not None:
            await self._try(lease.check())
        elif self._again:
            await self._try(lease.take(self._pointed))

    async def _is_proven(self, url: str) -> bool:
        plan = self._plan
        try:
            proven = await plan.proof.ask(
                url, settle=plan.settle, budget=plan.budget, private=plan.provider.private, via=plan.via
            )
        except TunnelFailed as failed:
            self._unproven(url, failed)
            self._settled.set()
            await asyncio.sleep(_UNPROVEN)
            return False
        if self._doubt:
            self._doubt = ""
            self._tell_change(Change("ready", url, f"{url} leads here now."))
        if not proven.asked:
            self._log("info", f"{url} belongs to a private edge and cannot be asked from here; it is believed.")
        return True

    async def _settle_leftover(self) -> None:
        if self._lease is not None:
            await self._try(self._lease.settle_leftover())

    async def _try(self, step: Awaitable[None]) -> None:
        try:
            await step
        except FnError as error:
            self._again = isinstance(error, ConfigurationFailed) and error.again
            self._refused(error)
        else:
            self._again = False
            self._said = ""
        finally:
            self._look_at = self._clock.steady() + _CHECK  # whatever it was, it has just been read

    def _refused(self, error: FnError) -> None:
        said = str(error)
        if said != self._said and self._lease is not None:
            self._said = said
            refused(self._tell, self._lease.application, error)

    async def _give_back(self) -> None:
        last = self._ending
        if self._lease is not None:
            self._busy(f"giving the callback of {self._lease.application} back")
            with suppress(FnError):
                await self._lease.give_back()
        self._tried_last = last

    async def _give_back_at_last(self) -> None:
        """The time of the tunnel is over, and the platform did not answer."""
        while self._lease is not None and self._lease.entry is not None:
            await asyncio.sleep(_RETRY)
            await self._give_back()

    # --- what people are told ----------------------------------------------------------------------------------

    def _is_over(self) -> bool:
        return bool(self._plan.expiry) and self._clock.steady() >= self._ends

    def _remind(self) -> None:
        now = self._clock.steady()
        if self._plan.expiry and now - self._reminded >= _REMIND:
            self._reminded = now
            minutes = max(1, round((self._ends - now) / 60))
            more = f" Press {self._plan.key} for more time." if self._plan.key else ""
            self._log("warning", f"This machine is public at {self.url} for {minutes} more minutes.{more}")

    def _end_in_words(self) -> str:
        left = self._ends - self._clock.steady()
        end = datetime.fromtimestamp(self._clock.wall() + left)  # noqa: DTZ006 a person's own time
        return f"{end:%H:%M}"

    def _tell_change(self, change: Change) -> None:
        self._tell(
            "tunnel",
            state=change.state,
            url=change.url,
            provider=self._plan.provider.name,
            text=change.text,
            gap=list(change.gap) if change.gap is not None else None,
            hint=change.hint,
        )

    def _unproven(self, url: str, failed: TunnelFailed) -> None:
        if failed.message != self._doubt:
            self._doubt = failed.message
            self._tell_change(Change("reconnecting", url, failed.message, hint=failed.hint))

    def _log(self, level: str, text: str) -> None:
        self._tell("log", level=level, text=text, ours=True)
