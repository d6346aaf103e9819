"""A call as it goes on: with a person at the phone, or played by itself and followed line by line."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from devserver.calls.told import Ended, Heard, Hushed, Told
from devserver.cli.call_aloud import HINT, Aloud, find_voice
from devserver.cli.call_view import Message, View
from devserver.cli.call_words import Teller
from devserver.cli.page import Page, page_console
from devserver.cli.phone_terminal import Screen, Terminal
from devserver.errors import FnError
from devserver.session.calling import Talk, phone_of

if TYPE_CHECKING:
    from devserver.calls.start import Start

_INTERRUPTED = 130
_FRAME = 0.05  # seconds from one drawing to the next
_LAST_CALLBACKS = 3.0  # seconds that the end of a call has, once somebody wants to leave


def follow(folder: Path, start: Start, *, aloud: bool) -> int:
    """Let a call play and print what happens; gives the exit status."""
    return asyncio.run(_follow(folder, start, aloud=aloud))


async def _follow(folder: Path, start: Start, *, aloud: bool) -> int:
    teller = Teller(Page(page_console()))
    async with phone_of(folder) as phone, phone.talk(start) as talk, _voice(aloud=aloud) as voice:
        async for told in talk.told():
            teller.tell(told)
            _speak(voice, told)
            if isinstance(told, Ended):
                if voice is not None:
                    await voice.finish()
                return 1 if told.failed else 0
    raise _cut_off()


def pick_up(folder: Path, start: Start, *, aloud: bool) -> int:
    """Make a call with the person at this terminal; gives the exit status."""
    try:
        return asyncio.run(_pick_up(folder, start, aloud=aloud))
    except asyncio.CancelledError:  # asked to end twice
        return _INTERRUPTED


async def _pick_up(folder: Path, start: Start, *, aloud: bool) -> int:
    async with phone_of(folder) as phone, _voice(aloud=aloud) as voice, phone.talk(start) as talk:
        return await _InHand(talk, voice, start.speed).run()


class _InHand:
    """The phone in a person's hand, for one call."""

    def __init__(self, talk: Talk, voice: Aloud | None, speed: float) -> None:
        self._talk = talk
        self._voice = voice
        self._view = View(speed)
        self._screen = Screen(page_console())
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self._teller = Teller(self._page())

    async def run(self) -> int:
        """Until the call is over; the exit status."""
        terminal = Terminal(self._press, self._resized)
        with terminal.open(), self._screen.open():
            listening = asyncio.create_task(self._listen())
            beside = [asyncio.create_task(work) for work in (self._send(), self._tick())]
            try:
                waited: set[asyncio.Future[Any]] = {listening, terminal.ending}
                await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
                if not listening.done():
                    self._messages.put_nowait({"hangup": True})
                    await asyncio.wait({listening}, timeout=_LAST_CALLBACKS)
                return await self._result(listening, terminal)
            finally:
                await _cancel(listening, *beside)

    async def _result(self, listening: asyncio.Task[None], terminal: Terminal) -> int:
        if listening.done():
            listening.result()
        ended = self._view.over
        if terminal.ending.done():
            return terminal.ending.result()
        if ended is None:
            raise _cut_off()
        if self._voice is not None:
            await self._voice.finish()
        return 1 if ended.failed else 0

    async def _listen(self) -> None:
        async for told in self._talk.told():
            _speak(self._voice, told)
            for each in self._view.told(told, time.monotonic()):
                self._log(each)
            self._draw()
            if isinstance(told, Ended):
                return

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_FRAME)
            for each in self._view.tick(time.monotonic()):
                self._log(each)
            self._draw()

    async def _send(self) -> None:
        while True:
            await self._talk.send(await self._messages.get())

    def _press(self, character: str) -> None:
        message = self._view.press(character)
        if message is not None:
            self._messages.put_nowait(message)
        self._draw()

    def _log(self, told: Told) -> None:
        self._screen.log(lambda: self._teller.tell(told))

    def _draw(self) -> None:
        self._screen.show(self._view.lines(time.monotonic(), self._screen.console.width))

    def _resized(self) -> None:
        self._teller.page = self._page()
        self._screen.redraw()

    def _page(self) -> Page:
        return Page(self._screen.console, is_terminal=True)


@asynccontextmanager
async def _voice(*, aloud: bool) -> AsyncIterator[Aloud | None]:
    """What speaks, when that is wanted and there is something."""
    command = find_voice() if aloud else None
    if command is None:
        if aloud:
            click.echo(HINT, err=True)
        yield None
        return
    voice = Aloud(command)
    try:
        yield voice
    finally:
        await voice.close()


def _speak(voice: Aloud | None, told: Told) -> None:
    if voice is None:
        return
    match told:
        case Heard(text=text):
            voice.say(text)
        case Hushed():
            voice.hush()
        case _:
            pass


def _cut_off() -> FnError:
    return FnError("The session ended while the call went on.", hint="`fn calls show last` has what came before.")


async def _cancel(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task
