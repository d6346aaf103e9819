"""Listening sockets on loopback, and who holds a port that we cannot have."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
from contextlib import suppress

from devserver.errors import FnError


def listen(port: int, *, flag: str, fall_back: bool = False) -> list[socket.socket]:
    """Listen on 127.0.0.1, and on ::1 where there is one, at the same port.

    Args:
        port: 0 takes any.
        flag: the option that chooses this port, for the error.
        fall_back: take any port when this one is taken.

    Raises:
        FnError: the port is taken (named with the process that holds it, when that can be found), or not allowed.
    """
    try:
        first = _bind(socket.AF_INET, "127.0.0.1", port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE and fall_back:
            return listen(0, flag=flag)
        raise _refused(port, flag, error) from error
    sockets = [first]
    with suppress(OSError):  # no IPv6, or somebody else has it: 127.0.0.1 is what we announce
        sockets.append(_bind(socket.AF_INET6, "::1", first.getsockname()[1]))
    return sockets


def _bind(family: int, host: str, port: int) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            # On Windows this option would let two processes share a port.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def _refused(port: int, flag: str, error: OSError) -> FnError:
    if error.errno == errno.EADDRINUSE:
        holder = holder_of(port)
        by = f" by {holder}" if holder else ""
        return FnError(
            f"Port {port} is taken{by}.", hint=f"Stop it, choose another with {flag} N, or let fn choose with {flag} 0."
        )
    if error.errno == errno.EACCES:
        return FnError(f"Port {port} needs more rights than you have.", hint=f"Choose one above 1023 with {flag} N.")
    return FnError(f"Cannot listen on port {port}: {error.strerror}.", hint=f"Choose another with {flag} N.")


def holder_of(port: int) -> str:
    """The process that listens on a port, as `name (pid 123)`; empty when it cannot be found."""
    pid = _pid_from_proc(port) if os.path.isdir("/proc/net") else _pid_from_lsof(port)
    if pid is None:
        return ""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().decode(errors="replace").split("\0")
        name = " ".join(word for word in words if word)[:60]
    except OSError:
        name = "a process"
    return f"`{name}` (pid {pid})"


def _pid_from_proc(port: int) -> int | None:
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table, encoding="ascii") as file:
                rows = [line.split() for line in file.readlines()[1:]]
        except OSError:
            continue
        inodes |= {
            f"socket:[{row[9]}]" for row in rows if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port
        }
    for pid in filter(str.isdigit, os.listdir("/proc")) if inodes else ():
        if not inodes.isdisjoint(_open_files(f"/proc/{pid}/fd")):
            return int(pid)
    return None


def _open_files(folder: str) -> list[str]:
    found: list[str] = []
    with suppress(OSError):  # the process has gone, or is somebody else's
        for descriptor in os.listdir(folder):
            with suppress(OSError):  # closed meanwhile
                found.append(os.readlink(f"{folder}/{descriptor}"))
    return found


def _pid_from_lsof(port: int) -> int | None:
    lsof = shutil.which("lsof")
    if lsof is None:
        return None
    found = subprocess.run(
        [lsof, "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-t"], capture_output=True, text=True, timeout=5, check=False
    )
    first = found.stdout.split()[:1]
    return int(first[0]) if first else None


def port_of(sockets: list[socket.socket]) -> int:
    """The port that `listen` got."""
    return int(sockets[0].getsockname()[1])
