"""Callbacks of many calls on their way at once, but not more than a function can be asked for.

A callback that waits for its turn is an entry of a queue, not a task: ten thousand calls that begin together cost
their data and nothing else. What is handed in comes back, whatever happens to the network.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from devserver.calls.commands import SendCallback
from devserver.calls.delivery import Deliver, Delivered, Unusable

Done = Callable[[Delivered], None]
Wanted = Callable[[], bool]
_Parcel = tuple[SendCallback, Unusable, Done, Wanted]


_NOT_SENT = Delivered(0, b"", 0.0, (), "It was not sent.")


class Post:
    """Sends callbacks, in the order of asking, so many at once.

    Args:
        deliver: brings one to the function.
        at_once: how many.
    """

    def __init__(self, deliver: Deliver, at_once: int) -> None:
        self._deliver = deliver
        self._at_once = at_once
        self._queue: deque[_Parcel] = deque()
        self._carriers: set[asyncio.Task[None]] = set()

    @property
    def crowded(self) -> bool:
        """Whether callbacks wait for their turn."""
        return bool(self._queue)

    def send(self, command: SendCallback, unusable: Unusable, done: Done, wanted: Wanted = lambda: True) -> None:
        """Send a callback; `done` gets what became of it, never before this returns.

        Args:
            command: the callback.
            unusable: says of an answer that the next address is to be tried.
            done: must not raise.
            wanted: asked when its turn comes; when not, it is not sent.
        """
        self._queue.append((command, unusable, done, wanted))
        if len(self._carriers) < self._at_once:
            carrier = asyncio.get_running_loop().create_task(self._carry())
            self._carriers.add(carrier)
            carrier.add_done_callback(self._carriers.discard)

    async def close(self) -> None:
        """Send nothing more, and give up what is in flight."""
        self._queue.clear()
        carriers = list(self._carriers)
        for carrier in carriers:
            carrier.cancel()
        await asyncio.gather(*carriers, return_exceptions=True)

    async def _carry(self) -> None:
        while self._queue:
            command, unusable, done, wanted = self._queue.popleft()
            done(await self._delivered(command, unusable) if wanted() else _NOT_SENT)

    async def _delivered(self, command: SendCallback, unusable: Unusable) -> Delivered:
        try:
            return await self._deliver(command, unusable)
        except Exception as error:  # noqa: BLE001 a callback that is lost would keep its call waiting for ever
            return Delivered(0, b"", 0.0, (), f"It could not be sent: {type(error).__name__}: {error}")
