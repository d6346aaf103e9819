"""Looking at processes from outside: is it there, what has it started, has it gone?"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

PATIENCE = 60.0  # seconds; only a failing test waits that long


def is_running(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in {"Z", "X"}


def stands_still(pid: int) -> bool:
    """Whether every thread of a process has stopped; a signal that stops it reaches them one after the other."""
    states = [path.read_text().rpartition(")")[2].split()[0] for path in Path(f"/proc/{pid}/task").glob("*/stat")]
    return set(states) == {"T"}


def children(pid: int) -> list[int]:
    """What a process has started and that still is its child."""
    found = []
    for each in (path.name for path in Path("/proc").iterdir() if path.name.isdigit()):
        try:
            parent = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()[1]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == pid and is_running(int(each)):
            found.append(int(each))
    return found


def wait_until(true: Callable[[], bool], why: str, seconds: float = PATIENCE) -> float:
    """Wait for a condition; gives the seconds it took."""
    begin = time.monotonic()
    while not true():
        if time.monotonic() - begin > seconds:
            raise AssertionError(why)
        time.sleep(0.01)
    return time.monotonic() - begin
