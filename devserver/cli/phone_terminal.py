"""A terminal as a phone needs it: single keys in, lines that scroll with a few below them that are drawn anew.

It knows nothing of calls. Plain ANSI and no curses, so that what was said stays in the terminal's own scrollback. The
cursor rests at the top left of the lines below: wherever a resize moves that place, erasing from the cursor down is
right, and nothing has to be known of how a terminal wraps lines anew.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

ESCAPE = "\x1b"
_ERASE_BELOW = "\r\x1b[J"
_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_ENDINGS = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}  # by name: not every system has every signal
_CHUNK = 4096


def has_raw_keys() -> bool:
    """Whether this system gives keys one by one."""
    return find_spec("termios") is not None


class Keystrokes:
    """Makes characters of what a terminal sends: UTF-8 put together, arrows and other sequences left out.

    A sequence comes in one piece, so an escape at the end of a piece is the key Escape.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, data: bytes) -> list[str]:
        """The characters in it."""
        return list(_without_sequences(self._decoder.decode(data)))


def _without_sequences(text: str) -> Iterator[str]:
    place = 0
    while place < len(text):
        if text[place] == ESCAPE and place + 1 < len(text):
            place = _end_of_sequence(text, place + 1)
            continue
        yield text[place]
        place += 1


def _end_of_sequence(text: str, place: int) -> int:
    """Where a sequence ends whose escape stands before `place` (ECMA-48: CSI and SS3, else one character)."""
    if text[place] == "O":
        return place + 2
    if text[place] != "[":
        return place + 1
    place += 1
    while place < len(text) and not "@" <= text[place] <= "~":
        place += 1
    return place + 1


@contextmanager
def raw_keys(descriptor: int) -> Iterator[None]:
    """Keys come one by one and are not shown; Ctrl-C still ends. Afterwards all is as before, whatever happens.

    Ctrl-Z and Ctrl-\\ are keys like others: a stopped program would leave the terminal like this, and the call goes on.
    """
    import termios

    before = termios.tcgetattr(descriptor)
    raw = termios.tcgetattr(descriptor)
    raw[3] &= ~(termios.ICANON | termios.ECHO)
    nothing = bytes([os.fpathconf(descriptor, "PC_VDISABLE") & 0xFF])
    characters = list(raw[6])
    characters[termios.VMIN], characters[termios.VTIME] = b"\x01", b"\x00"
    for name in ("VSUSP", "VQUIT", "VLNEXT", "VDSUSP"):
        if hasattr(termios, name):
            characters[getattr(termios, name)] = nothing
    raw[6] = characters
    try:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, raw)
        yield
    finally:
        with suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


class Screen:
    """Lines that scroll, and below them a few that change.

    Args:
        console: writes to the terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._below: Sequence[Text] = ()
        self._on_screen = ""

    @property
    def console(self) -> Console:
        """For lines that are made elsewhere; what is printed with it belongs into `log`."""
        return self._console

    def log(self, write: Callable[[], None]) -> None:
        """Let something be printed above the lines that change."""
        with self._console.capture() as captured:
            write()
        self._on_screen = self._drawn()
        self._out(_ERASE_BELOW + captured.get() + self._on_screen)

    def show(self, lines: Sequence[Text]) -> None:
        """Draw the lines below, if they are not there already."""
        self._below = lines
        if self._drawn() != self._on_screen:
            self.redraw()

    def redraw(self) -> None:
        """Draw them anew: the window has another size."""
        self._on_screen = self._drawn()
        self._out(_ERASE_BELOW + self._on_screen)

    @contextmanager
    def open(self) -> Iterator[None]:
        """Hides the cursor; afterwards it is back, under what was logged."""
        self._out(_HIDE_CURSOR)
        try:
            yield
        finally:
            with suppress(OSError):
                self._out(_ERASE_BELOW + _SHOW_CURSOR)

    def _drawn(self) -> str:
        lines = [self._fitted(line) for line in self._below[: max(1, self._console.height - 1)]]
        if not lines:
            return ""
        up = f"\x1b[{len(lines) - 1}A" if len(lines) > 1 else ""
        return "\n".join(lines) + up + "\r"

    def _fitted(self, line: Text) -> str:
        line = line.copy()
        # One column stays free: a full line makes some terminals wrap.
        line.truncate(max(1, self._console.width - 1), overflow="ellipsis")
        with self._console.capture() as captured:
            self._console.print(line, end="", no_wrap=True, overflow="ignore", crop=False)
        return captured.get()

    def _out(self, text: str) -> None:
        self._console.file.write(text)
        self._console.file.flush()


class Terminal:
    """The person's terminal while a phone is in use; within `open` only.

    Args:
        pressed: gets each character that is typed; an empty text: there will be no more.
        resized: is told when the window has another size.
    """

    def __init__(self, pressed: Callable[[str], None], resized: Callable[[], None]) -> None:
        self._pressed = pressed
        self._resized = resized
        self._keys = Keystrokes()
        self._descriptor = sys.stdin.fileno()
        self._task = asyncio.current_task()
        self.ending: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        """The exit status, once a signal asks for the end."""

    @contextmanager
    def open(self) -> Iterator[None]:
        """Takes keys and signals."""
        loop = asyncio.get_running_loop()
        with raw_keys(self._descriptor):
            for name, status in _ENDINGS.items():
                loop.add_signal_handler(signal.Signals[name], self._end, status)
            loop.add_signal_handler(signal.Signals["SIGWINCH"], self._resized)
            loop.add_reader(self._descriptor, self._read)
            try:
                yield
            finally:
                loop.remove_reader(self._descriptor)
                for name in (*_ENDINGS, "SIGWINCH"):
                    loop.remove_signal_handler(signal.Signals[name])

    def _end(self, status: int) -> None:
        if not self.ending.done():
            self.ending.set_result(status)
        elif self._task is not None:
            self._task.cancel()  # asked twice: whatever goes on is not worth waiting for

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, _CHUNK)
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            self._pressed("")
        for character in self._keys.feed(data):
            self._pressed(character)
