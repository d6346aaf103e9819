"""Changes the callback and remembers it: what is to be given back is written down first, and a change whose answer was
lost is looked for before it is made again.

The platform cannot compare and set, so every try is a read, a decision and a change that follow one another at once:
what somebody else has set since the last look stays. It must not know when a change is wanted, nor who may.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from msgspec.structs import replace

from devserver.clock import Clock
from devserver.errors import FnError
from devserver.runtime.clients.voice_results import Callbacks
from devserver.voiceapp.configuration import Configuration, ConfigurationFailed
from devserver.voiceapp.decisions import is_ours, normal, owner_of, same_address, to_set
from devserver.voiceapp.entry import Entry
from devserver.voiceapp.journal import Journal
from devserver.voiceapp.patience import Patience
from devserver.voiceapp.settling import is_answered


class Changes:
    """What one lease has changed.

    Args:
        configuration: of the application.
        journal: where it is written down.
        patience: a new one, for one thing.
        clock: by which a change without an answer grows old.

    Attributes:
        entry: what is written down; None while nothing is to be given back.
    """

    def __init__(
        self, configuration: Configuration, journal: Journal, patience: Callable[[], Patience], clock: Clock
    ) -> None:
        self._configuration = configuration
        self._journal = journal
        self._patience = patience
        self._in_doubt = False  # a change has left, and may have been made
        self._under_way: asyncio.Future[None] | None = None
        self.entry: Entry | None = None
        self._clock = clock
        self._unanswered: list[float] = []  # when changes left that have no answer yet, or never had one
        self._last = 0.0  # when the last one left

    @property
    def answered(self) -> bool:
        """Whether no change is still to be expected: each was answered, or left so long ago that it never comes."""
        return is_answered(self._latest, self._clock.wall())

    @property
    def _latest(self) -> float | None:
        return max(self._unanswered, default=None)

    async def read(self, patience: Patience | None = None) -> Callbacks:
        """What is configured; asked again while the platform does not answer.

        Raises:
            ConfigurationFailed: it cannot be read.
        """
        patience = patience or self._patience()
        while True:
            try:
                return normal(await self._configuration.get())
            except ConfigurationFailed as error:
                if not error.again or not await patience.again():
                    raise

    async def begin(self, entry: Entry, seen: Callbacks) -> None:
        """The first change of a lease; when it is refused, so that nothing was changed, nothing stays written down.

        Raises:
            ConfigurationFailed: see `change`.
            ConfigError: the journal cannot be written; nothing was changed.
        """
        self._in_doubt = False
        try:
            await self.change(entry, seen)
        except ConfigurationFailed:
            if not self._in_doubt:
                self.entry = None
                await asyncio.to_thread(self._journal.remove, entry.application)
            raise

    async def change(self, entry: Entry, seen: Callbacks) -> None:
        """Write an entry down, set it where `seen` is configured, and read it back.

        Raises:
            ConfigurationFailed: it was refused, it is not known whether it was done, or somebody else has set another.
            ConfigError: the journal cannot be written; nothing was changed.
        """
        await self._write(entry)
        patience, now = self._patience(), seen
        while not await self._set(to_set(now, entry), patience):
            now = await self.read(patience)
            if same_address(now.primary, entry.ours.primary):
                self._made()
                return
            if now != seen and not is_ours(now, entry):
                raise _not_ours(entry, now)
        now = await self.read()
        if not same_address(now.primary, entry.ours.primary):
            raise _not_ours(entry, now)

    async def applied(self) -> Entry:
        """It has been read back: write that down.

        Raises:
            ConfigError: the journal cannot be written.
        """
        if self.entry is None:
            raise AssertionError
        await self._write(replace(self.entry, state="applied", unanswered=None if self.answered else self._latest))
        return self.entry

    async def finished(self) -> None:
        """Wait for what has left and cannot be called back; it must not come after the last look."""
        if self._under_way is not None:
            await asyncio.wait({self._under_way})

    async def _set(self, urls: Callbacks, patience: Patience) -> bool:
        """Whether it is set; False when it is time to look, and to try again."""
        doubt, self._in_doubt = self._in_doubt, True
        self._last = left = self._clock.wall()
        self._unanswered.append(left)
        sent = asyncio.ensure_future(self._configuration.set(urls))
        sent.add_done_callback(partial(self._hear, left))
        try:
            await self._unbroken(sent)
        except ConfigurationFailed as error:
            self._in_doubt = doubt or error.applied
            if not error.again or not await patience.again():
                raise
            return False
        return True

    def _made(self) -> None:
        """It was the answer that was lost: of the changes without one, one less is to be expected."""
        if self._last in self._unanswered:
            self._unanswered.remove(self._last)

    async def _write(self, entry: Entry) -> None:
        # Remembered first: when this is cancelled, it is written all the same, and must not stay behind.
        before, self.entry = self.entry, entry
        try:
            await self._unbroken(asyncio.ensure_future(asyncio.to_thread(self._journal.write, entry)))
        except FnError:
            self.entry = before
            raise

    def _hear(self, left: float, sent: asyncio.Future[None]) -> None:
        # Called also when nobody waits for it any more. An answer says nothing about the changes before this one.
        error = None if sent.cancelled() else sent.exception()
        if not sent.cancelled() and not (isinstance(error, ConfigurationFailed) and not error.answered):
            self._unanswered.remove(left)

    async def _unbroken(self, step: asyncio.Future[None]) -> None:
        self._under_way = step
        step.add_done_callback(_seen)
        await asyncio.shield(step)


def _seen(step: asyncio.Future[None]) -> None:
    """Nobody may be waiting for it any more; then its error is nobody's."""
    if not step.cancelled():
        step.exception()


def _not_ours(entry: Entry, now: Callbacks) -> ConfigurationFailed:
    return ConfigurationFailed(
        f"The callback of {entry.application} was set to {entry.ours.primary}, but is {owner_of(now)}."
    )
