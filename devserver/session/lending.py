"""The terminal of `fn dev`, lent to a host whose code has called `breakpoint()`: to one at a time.

Meanwhile nothing of ours is written to it, no key is read, and Ctrl-C is for the borrower. It must not know pdb.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from devserver.session.frames import TerminalLent, TerminalReturned, TerminalWanted
from devserver.session.link import HostLink


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal that can be lent.

    Attributes:
        path: of its device.
        lend: be silent, and leave the keyboard alone.
        take_back: go on, with what was to be written meanwhile.
    """

    path: str
    lend: Callable[[], None]
    take_back: Callable[[], None]


class Lending:
    """Who has the terminal, and who waits for it.

    Args:
        terminal: None when there is none to lend.
    """

    def __init__(self, terminal: Terminal | None) -> None:
        self._terminal = terminal
        self._borrower: tuple[HostLink, int] | None = None
        self._waiting: deque[tuple[HostLink, int]] = deque()

    @property
    def possible(self) -> bool:
        """Whether there is one."""
        return self._terminal is not None

    def wanted(self, host: HostLink, message: TerminalWanted) -> None:
        """A host asks for it."""
        self._waiting.append((host, message.id))
        self._next()

    def returned(self, host: HostLink, message: TerminalReturned) -> None:
        """A host gives it back."""
        if self._borrower == (host, message.id):
            self._take_back()

    def died(self, host: HostLink) -> None:
        """A host has ended, whatever it had."""
        self._waiting = deque(each for each in self._waiting if each[0] is not host)
        if self._borrower is not None and self._borrower[0] is host:
            self._take_back()

    def interrupt(self) -> bool:
        """Ctrl-C: for the borrower, if there is one."""
        if self._borrower is None:
            return False
        with suppress(ProcessLookupError):
            os.kill(self._borrower[0].pid, signal.SIGINT)
        return True

    def _take_back(self) -> None:
        self._borrower = None
        if self._terminal is not None and not self._waiting:
            self._terminal.take_back()
        self._next()

    def _next(self) -> None:
        if self._borrower is not None or not self._waiting:
            return
        self._borrower = host, number = self._waiting.popleft()
        if self._terminal is not None:
            self._terminal.lend()
        host.send(TerminalLent(number, self._terminal.path if self._terminal is not None else ""))
