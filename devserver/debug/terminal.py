"""pdb at a terminal that belongs to somebody else, for one request.

A handler that calls `breakpoint()` gets Python's own debugger. Between two commands of it anything may run in the same
thread: after `next` over an `await`, other requests do. So it stops only where it was asked to: in the request that
called it, in the user's code; and it ends when that request's handler does. It must not know where the terminal comes
from, only when to borrow it and when to give it back.
"""

from __future__ import annotations

import inspect
import os
import pdb
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import IO, Any

from devserver.runtime.tracebacks import is_ours

_SKIPPED = ["asyncio", "asyncio.*", "concurrent.*", "contextvars", "threading", "devserver.*"]


@dataclass(frozen=True, slots=True)
class Lender:
    """Who has the terminal.

    Attributes:
        borrow: waits for it; gives its path, or nothing when there is none after all.
        give_back: it is not needed any more.
        stand_still: the code stands still, or (False) it does not any more.
        is_same: whether what runs now is the request for which it was borrowed.
    """

    borrow: Callable[[], str]
    give_back: Callable[[], None]
    stand_still: Callable[[bool], None]
    is_same: Callable[[], bool]


class TerminalPdb(pdb.Pdb):
    """pdb for one request; `set_trace` begins it.

    Args:
        lender: of the terminal.
    """

    def __init__(self, lender: Lender) -> None:
        super().__init__(skip=_SKIPPED, nosigint=True, readrc=False)
        self.use_rawinput = False
        self.prompt = "(Pdb) "
        self._lender = lender
        self._open = ExitStack()
        self._borrowed = False

    # --- where it stops ----------------------------------------------------------------------------------------

    def stop_here(self, frame: FrameType) -> bool:
        """See bdb."""
        return bool(super().stop_here(frame)) and self._lender.is_same()

    def break_here(self, frame: FrameType) -> bool:
        """See bdb."""
        return bool(super().break_here(frame)) and self._lender.is_same()

    def trace_dispatch(self, frame: FrameType, event: str, arg: Any) -> Any:
        """See bdb.

        Where our own code goes on, the handler is over. When it only awaits, our frames return, but no more.
        """
        over = event == "line" or (event == "return" and not frame.f_code.co_flags & inspect.CO_COROUTINE)
        if over and is_ours(frame.f_code.co_filename) and self._lender.is_same():
            self._finish()
            return None
        return super().trace_dispatch(frame, event, arg)

    def interaction(self, frame: FrameType | None, traceback: TracebackType | None) -> None:
        """See pdb."""
        self._lender.stand_still(True)
        try:
            if self._borrow():
                super().interaction(frame, traceback)
            else:
                self._finish()
        finally:
            self._lender.stand_still(False)

    def set_continue(self) -> None:
        """See bdb."""
        super().set_continue()
        if not self.breaks:
            self._give_back()

    def set_quit(self) -> None:
        """See bdb: the handler gets an exception."""
        super().set_quit()
        self._give_back()

    def _finish(self) -> None:
        self.clear_all_breaks()
        self.set_continue()
        sys.settrace(None)

    # --- the terminal ------------------------------------------------------------------------------------------

    def _borrow(self) -> bool:
        if self._borrowed:
            return True
        path = self._lender.borrow()
        if not path:
            return False
        self._borrowed = True
        # It must not become our controlling terminal: Ctrl-C at it is for who lends it.
        number = os.open(path, os.O_RDWR | os.O_NOCTTY)
        self._open.callback(os.close, number)
        self.stdin, self.stdout = self._file(number, "r"), self._file(number, "w")
        return True

    def _file(self, number: int, mode: str) -> IO[str]:
        return self._open.enter_context(open(number, mode, encoding="utf-8", errors="replace", closefd=False))

    def _give_back(self) -> None:
        if self._borrowed:
            self._borrowed = False
            self._open.close()
            self.stdin, self.stdout = sys.stdin, sys.stdout
            self._lender.give_back()
