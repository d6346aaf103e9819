"""`breakpoint()` in the user's code: the debugger's when one is attached, else pdb at the terminal of `fn dev`.

The host has no terminal. It asks the gateway for its, waits for its turn, and gives it back. The answer comes by the
socket that the event loop reads; when it is the event loop's thread that waits, it reads the socket itself, and what
else comes is for later. Who has set PYTHONBREAKPOINT gets what that says (Python's own rule).
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from devserver.debug import inside
from devserver.debug.terminal import Lender, TerminalPdb
from devserver.runtime.application import current
from devserver.session.frames import Message, TerminalLent, TerminalReturned, TerminalWanted
from devserver.session.host.standstill import Standstill


class Breakpoints:
    """What `breakpoint()` does in this process.

    Args:
        send: writes a frame.
        read: handles frames until there was one more for a terminal; for the event loop's thread.
        standstill: is told when the code stands still.
        say: writes a line to the log: level and text.
    """

    def __init__(
        self,
        send: Callable[[Message], None],
        read: Callable[[], None],
        standstill: Standstill,
        say: Callable[[str, str], None],
    ) -> None:
        self._send = send
        self._read = read
        self._standstill = standstill
        self._say = say
        self._root = ""
        self._terminal = False
        self._number = 0
        self._lent: dict[int, str] = {}
        self._arrived = threading.Condition()
        self._passed: set[tuple[str, int]] = set()
        self._borrower: int | None = None
        self._loop_thread = threading.get_ident()

    def install(self, root: str, *, terminal: bool) -> None:
        """Be `breakpoint()` from now on.

        Args:
            root: folder of the project.
            terminal: the gateway has one to lend.
        """
        self._root, self._terminal = root + os.sep, terminal
        sys.breakpointhook = self._hit

    def lent(self, message: TerminalLent) -> None:
        """The gateway's answer."""
        with self._arrived:
            self._lent[message.id] = message.path
            self._arrived.notify_all()

    def interrupted(self, _number: int, _frame: FrameType | None) -> None:
        """Ctrl-C at a terminal that we have: pdb's command ends, and nothing else."""
        if self._borrower == threading.get_ident():
            raise KeyboardInterrupt
        if self._borrower is not None:
            interrupt = ctypes.py_object(KeyboardInterrupt)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._borrower), interrupt)

    def _hit(self, *arguments: Any, **named: Any) -> Any:
        if os.environ.get("PYTHONBREAKPOINT"):
            return sys.__breakpointhook__(*arguments, **named)
        frame = sys._getframe(1)  # noqa: SLF001 the documented way to the caller
        if inside.is_attached():
            inside.stop_at(frame)
        elif self._terminal and not inside.is_joined():
            TerminalPdb(self._lender()).set_trace(frame)
        else:
            self._pass(frame)
        return None

    def _pass(self, frame: FrameType) -> None:
        """Nobody could look; that is said once for each place."""
        place = (frame.f_code.co_filename, frame.f_lineno)
        if place not in self._passed:
            self._passed.add(place)
            self._say(
                "warning",
                f"breakpoint() at {self._name(place)} was passed: no debugger is attached. "
                "`fn dev --debug` lets one in; without it, at a terminal, there is pdb.",
            )

    def _name(self, place: tuple[str, int]) -> str:
        return f"{place[0].removeprefix(self._root)}:{place[1]}"

    # --- the terminal ------------------------------------------------------------------------------------------

    def _lender(self) -> Lender:
        self._number += 1
        number, request = self._number, current.get()

        def stand_still(still: bool) -> None:
            (self._standstill.begin if still else self._standstill.end)(number)

        return Lender(
            lambda: self._borrow(number), lambda: self._give_back(number), stand_still, lambda: current.get() is request
        )

    def _borrow(self, number: int) -> str:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()  # what was printed before is to be seen before
        self._send(TerminalWanted(number))
        if threading.get_ident() == self._loop_thread:
            while number not in self._lent:
                self._read()
        else:
            with self._arrived:
                self._arrived.wait_for(lambda: number in self._lent)
        path = self._lent.pop(number)
        if path:
            self._borrower = threading.get_ident()
        return path

    def _give_back(self, number: int) -> None:
        self._borrower = None
        self._send(TerminalReturned(number))
