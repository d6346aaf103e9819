"""A trunk: one WebSocket that carries many calls, each as the message that asks for it and the report at its end.

A connection for each call would need as many open files as there are calls, at both ends, where a thousand are all that
a process may have by default; and it would take more memory than the call.

    {"number": 7, "run": {...}}  ->  {"number": 7, "report": {...}}  or  {"number": 7, "error": "...", "hint": "..."}

Both ends are here. Whoever closes the socket gives up what is under way.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

import msgspec

from devserver.calls.start import Start
from devserver.calls.told import CallReport
from devserver.errors import FnError

if TYPE_CHECKING:
    from aiohttp import ClientWebSocketResponse

_EVERY_CALL = -1


class _Asked(msgspec.Struct, frozen=True):
    """A call that is asked for."""

    number: int
    run: msgspec.Raw


class _Report(msgspec.Struct, frozen=True):
    """How it went; `report` is a `CallReport`, written already."""

    number: int
    report: msgspec.Raw


class _Problem(msgspec.Struct, frozen=True):
    """Why there is no report."""

    number: int
    error: str
    hint: str


class _Done(msgspec.Struct, frozen=True):
    """Either of these, read; without a number it is about all calls."""

    number: int = _EVERY_CALL
    report: CallReport | None = None
    error: str = ""
    hint: str = ""


async def carry(
    first: str,
    messages: AsyncIterator[str],
    send: Callable[[str], Awaitable[None]],
    run: Callable[[bytes], Awaitable[bytes]],
) -> None:
    """The end of the session: run each call that is asked for, until the messages end.

    Args:
        first: the first message.
        messages: the others.
        send: to whoever asks.
        run: a call from its message to its report; raises FnError for a message that is none.

    Raises:
        FnError: a message is none.
    """
    under_way: set[asyncio.Task[None]] = set()

    def take(message: str) -> None:
        task = asyncio.create_task(_run(_asked(message), send, run))
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    try:
        take(first)
        async for message in messages:
            take(message)
    finally:
        left = tuple(under_way)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


async def _run(asked: _Asked, send: Callable[[str], Awaitable[None]], run: Callable[[bytes], Awaitable[bytes]]) -> None:
    done: _Report | _Problem
    try:
        done = _Report(asked.number, msgspec.Raw(await run(bytes(asked.run))))
    except FnError as error:
        done = _Problem(asked.number, error.message, error.hint)
    with suppress(ConnectionError):  # nobody waits for it any more
        await send(msgspec.json.encode(done).decode())


def _asked(message: str) -> _Asked:
    try:
        return msgspec.json.decode(message, type=_Asked)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise FnError(f"This asks for no call: {error}.", hint='Send {"number": 1, "run": {"keys": "1"}}.') from error


class Trunk:
    """The end of whoever asks.

    Args:
        socket: open, and used for nothing else.
        gone: what is wrong when it closes.
    """

    def __init__(self, socket: ClientWebSocketResponse, gone: FnError) -> None:
        self._socket = socket
        self._gone = gone
        self._numbers = count()
        self._waiting: dict[int, asyncio.Future[CallReport]] = {}
        self._closed: FnError | None = None
        self._reading = asyncio.create_task(self._read())

    async def run(self, start: Start) -> CallReport:
        """Run a call to its end.

        Raises:
            FnError: it cannot be begun, or the session is gone.
        """
        if self._closed is not None:
            raise self._closed
        number = next(self._numbers)
        done: asyncio.Future[CallReport] = asyncio.get_running_loop().create_future()
        self._waiting[number] = done
        asked = _Asked(number, msgspec.Raw(msgspec.json.encode(start)))
        try:
            await self._socket.send_str(msgspec.json.encode(asked).decode())
            return await done
        except ConnectionError:
            raise self._gone from None
        finally:
            self._waiting.pop(number, None)

    async def close(self) -> None:
        """Give up what is under way."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self._socket.close()

    async def _read(self) -> None:
        from aiohttp import WSMsgType

        why = self._gone
        try:
            async for message in self._socket:
                if message.type is WSMsgType.TEXT:
                    self._take(_decoded(message.data))
        except FnError as error:
            why = error
        self._closed = why
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(why)

    def _take(self, done: _Done) -> None:
        if done.number == _EVERY_CALL:
            raise FnError(done.error, hint=done.hint)
        waiting = self._waiting.get(done.number)
        if waiting is None or waiting.done():
            return
        if done.report is None:
            waiting.set_exception(FnError(done.error, hint=done.hint))
        else:
            waiting.set_result(done.report)


def _decoded(data: str) -> _Done:
    try:
        return msgspec.json.decode(data, type=_Done)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise FnError(
            f"The session answers with what this fn does not understand: {error}.",
            hint="Restart `fn dev`: it runs another version.",
        ) from error
