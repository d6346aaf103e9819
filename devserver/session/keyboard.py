r"""A terminal that gives single keys for as long as we are in front of it, and is as it was whenever we are not.

Ctrl-C, Ctrl-Z and Ctrl-\ stay signals. Stopped by Ctrl-Z the terminal is the shell's again; after `fg` it is ours,
after `bg` it is not, until somebody brings us to the front. Whoever reads or changes a terminal from the background is
stopped by the kernel (SIGTTIN, SIGTTOU): that must never happen to a server, so it is looked at first, and those
signals are blocked for the moment of doing it. It must not know what keys mean.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import Any

ESCAPE = "\x1b"
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|[^\x1b])", re.DOTALL)  # arrows and the like (ECMA-48)
_CHUNK = 4096
_LOOK = 0.5  # seconds between looks whether we are in front again; shells do not tell it


def is_keyboard(descriptor: int) -> bool:
    """Whether a descriptor is a terminal that gives single keys, with us in front of it."""
    return find_spec("termios") is not None and os.isatty(descriptor) and _in_front(descriptor)


class Keyboard:
    """The keys of a terminal.

    Args:
        descriptor: of the terminal; `is_keyboard` has said yes to it.
        pressed: gets each character; sequences of special keys are left out.
        gone: is told that there will be no more.
    """

    def __init__(self, descriptor: int, pressed: Callable[[str], None], gone: Callable[[], None]) -> None:
        import termios

        self._termios = termios
        self._descriptor = descriptor
        self._pressed = pressed
        self._gone = gone
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        self._loop = asyncio.get_running_loop()
        self._before: list[Any] = termios.tcgetattr(descriptor)
        self._look: asyncio.TimerHandle | None = None
        self._open = False
        self._lent = False

    def open(self) -> None:
        """Take keys from now on."""
        self._open = True
        if signal.getsignal(signal.SIGTSTP) != signal.SIG_IGN:  # else whoever started us does not want us to stop
            self._loop.add_signal_handler(signal.SIGTSTP, self._suspend)
        self._loop.add_signal_handler(signal.SIGCONT, self._resume)
        self._resume()

    def close(self) -> None:
        """Take no more; the terminal is as it was."""
        if not self._open:
            return
        self._open = False
        self._pause()
        self._loop.remove_signal_handler(signal.SIGTSTP)
        self._loop.remove_signal_handler(signal.SIGCONT)

    def lend(self) -> None:
        """Somebody else reads the terminal now."""
        self._lent = True
        self._pause()

    def take_back(self) -> None:
        """They do not any more."""
        self._lent = False
        self._resume()

    def restore(self) -> None:
        """Put the terminal back as it was; also right before the process ends for good."""
        if _in_front(self._descriptor):
            self._set(self._before)

    # --- in front and in the background ------------------------------------------------------------------------

    def _resume(self) -> None:
        """Take keys if we are in front, or as soon as we are."""
        self._pause_look()
        if not self._open or self._lent:
            return
        if _in_front(self._descriptor):
            self._set(self._single_keys())
            self._loop.add_reader(self._descriptor, self._read)
        else:
            self._loop.remove_reader(self._descriptor)
            self._look = self._loop.call_later(_LOOK, self._resume)

    def _pause(self) -> None:
        self._pause_look()
        self._loop.remove_reader(self._descriptor)
        self.restore()

    def _pause_look(self) -> None:
        if self._look is not None:
            self._look.cancel()
            self._look = None

    def _suspend(self) -> None:
        """Ctrl-Z: stop like any other program, with the terminal as it was."""
        self._pause()
        self._loop.remove_signal_handler(signal.SIGTSTP)
        # To this thread: it takes effect before the next line, which runs when somebody lets us go on.
        signal.pthread_kill(threading.get_ident(), signal.SIGTSTP)
        self._loop.add_signal_handler(signal.SIGTSTP, self._suspend)
        self._resume()

    # --- the terminal ------------------------------------------------------------------------------------------

    def _single_keys(self) -> list[Any]:
        termios = self._termios
        mode = [*self._before]
        mode[3] &= ~(termios.ICANON | termios.ECHO)
        mode[6] = [*mode[6]]
        mode[6][termios.VMIN], mode[6][termios.VTIME] = b"\x01", b"\x00"
        return mode

    def _set(self, mode: list[Any]) -> None:
        with _not_stopped(), suppress(self._termios.error):  # the terminal is gone
            self._termios.tcsetattr(self._descriptor, self._termios.TCSADRAIN, mode)

    def _read(self) -> None:
        if not _in_front(self._descriptor):
            self._resume()
            return
        try:
            with _not_stopped():
                data = os.read(self._descriptor, _CHUNK)
        except OSError:
            data = b""
        if not data:
            self.close()
            self._gone()
            return
        # A sequence comes in one piece, so an escape that is left is the key Escape.
        for character in _SEQUENCE.sub("", self._decoder.decode(data)):
            self._pressed(character)


def _in_front(descriptor: int) -> bool:
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:  # not the terminal that controls us, or gone
        return False


@contextmanager
def _not_stopped() -> Iterator[None]:
    """For the moment between looking and doing: from the background it fails then, or does no harm."""
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTIN, signal.SIGTTOU})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
