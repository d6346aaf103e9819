"""A process between us and a program that must not outlive us: started as `python -I -S guard.py FOLDER PROGRAM ...`.

Its standard input is a pipe whose other end only we hold. When we end, however we end, `kill -9` included, the kernel
closes that end; the guard then ends the program (asked first, after 3 s by force), removes FOLDER, the program's home,
and goes. It ends with the program's own status. The program is in a session of its own, so that Ctrl-C reaches us
alone; and on Linux it dies with the guard, too.

It imports nothing of ours and nothing heavy: it must start fast, and work while everything else is broken. Waiting for
the end of a pipe is better than looking at process ids, which can be reused (anchors.md 3.3).
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

PATIENCE = 3.0
"""Seconds between asking the program to end and ending it."""

NOT_STARTED = 127
"""Our status when the program could not be started; standard error then has `MARK` and the number of the error."""

MARK = "guard: not started: "

_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of linux/prctl.h


def main(folder: str, program: list[str]) -> int:
    """Run a program for as long as standard input is open.

    Args:
        folder: removed at the end; may be empty.
        program: what to run, with its arguments.

    Returns:
        Its exit status; 128 and the number of the signal when one ended it.
    """
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    wanted: list[int] = []  # signals that ask us to end
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _: wanted.append(number))
    signal.signal(signal.SIGCHLD, lambda *_: None)  # with a handler, it wakes us
    status = _watch(_start(program), woken, wanted)
    if folder:
        import shutil

        shutil.rmtree(folder, ignore_errors=True)
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def _start(program: list[str]) -> int:
    guard = os.getpid()
    child = os.fork()
    if child:
        return child
    try:
        # What Python ignores, or we handle, is not what a program expects to find.
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # the pipe's end is the guard's alone
        _die_with(guard)
        os.execv(program[0], program)  # noqa: S606 no shell is wanted
    except OSError as error:
        os.write(2, f"{MARK}{error.errno}\n".encode())
    finally:
        os._exit(NOT_STARTED)


def _die_with(guard: int) -> None:
    if sys.platform != "linux":
        return
    try:
        import ctypes

        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
    except (ImportError, OSError, AttributeError):  # a Python without ctypes, a C library without prctl
        return
    if os.getppid() != guard:  # it died between the fork and the call
        os._exit(NOT_STARTED)


def _watch(child: int, woken: int, wanted: list[int]) -> int:
    """Wait until the program has ended, by itself or because nobody wants it any more; gives its wait status."""
    deadline: float | None = None
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        readable = select.select([woken] if wanted else [0, woken], [], [], left)[0]
        if woken in readable:
            os.read(woken, 4096)
        if 0 in readable and _is_closed():
            wanted.append(0)
        if wanted and deadline is None:
            os.kill(child, signal.SIGTERM)
            deadline = time.monotonic() + PATIENCE
        elif deadline is not None and time.monotonic() >= deadline:
            os.kill(child, signal.SIGKILL)
            deadline += PATIENCE


def _is_closed() -> bool:
    try:
        return not os.read(0, 4096)
    except OSError:
        return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
