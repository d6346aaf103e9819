"""Starts a host process. Light on purpose: `fn dev` calls it before it imports anything that takes time."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from typing import Self

_PLAIN = ("-c", "import sys; from devserver.session.host.process import main; main(int(sys.argv[1]))")
_DEBUGGED = ("-Xfrozen_modules=off", "-m", "devserver.session.host")


@dataclass(slots=True)
class Started:
    """A host process that has been started and a socket to it; nothing has been said yet."""

    process: subprocess.Popen[bytes]
    connection: socket.socket

    def abandon(self) -> None:
        """End it; it was not needed after all."""
        self.connection.close()
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


class FirstHost:
    """The host process that was started before anything else; abandoned at exit, unless somebody has taken it."""

    def __init__(self, started: Started) -> None:
        self._started: Started | None = started

    def take(self) -> Started | None:
        """The process; from now on it is the caller's. None when it was taken already."""
        started, self._started = self._started, None
        return started

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._started is not None:
            self._started.abandon()


def start_host(*, debug: bool = False) -> Started:
    """Start a host process. It waits for `Prepare`, and ends when the socket closes.

    The host gets its own process group, so that Ctrl-C at the terminal reaches the gateway alone, and so that
    programs the user's code has started go with it. `-P` keeps the current folder out of its import path: a `json.py`
    of the user must not shadow ours before the project is loaded.

    Args:
        debug: it may come under the debugger, which wants the standard library from its files.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        os.set_inheritable(theirs.fileno(), True)
        process = subprocess.Popen(
            [sys.executable, "-P", *(_DEBUGGED if debug else _PLAIN), str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
    return Started(process, ours)
