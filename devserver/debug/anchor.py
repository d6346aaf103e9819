"""The process that a client attaches to: it does nothing, and that for all of `fn dev`.

A debug session belongs to a process, and hosts come and go with every save. So the root session is that of this one,
and every host is a child session of it (lab.md 6: the arrangement that keeps an attachment over reloads, and that finds
the client attached to the next generation before there is one). It also starts debugpy's adapter, which ends when all
sessions have.

Run as `python -c "from devserver.debug.anchor import main; main()"`: it says where it is in one line of JSON on its
standard output, and ends when its standard input does, which is when `fn dev` ends, however.
"""

from __future__ import annotations

import os
import threading

import msgspec


class Anchored(msgspec.Struct, frozen=True):
    """Where the adapter listens, and what it takes to be one of its debug servers.

    Attributes:
        client: host and port for clients.
        server: host and port for debug servers, which are processes that are debugged.
        token: what adapter and servers know each other by.
        pid: of this process, the parent that servers name.
        error: why there is none of this; empty when all is well.
    """

    client: tuple[str, int] = ("", 0)
    server: tuple[str, int] = ("", 0)
    token: str = ""
    pid: int = 0
    error: str = ""


def main() -> None:
    """Be the anchor until standard input ends."""
    # Clients show threads by name. This one cannot be hidden: pydevd ends when there is no thread left to debug.
    threading.current_thread().name = "fn dev"
    # The adapter inherits standard input and output; it must not hold ours open when we have gone.
    ours, gateway = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(nowhere, number)
    where = _drop()
    os.write(gateway, msgspec.json.encode(where) + b"\n")
    while not where.error and os.read(ours, 4096):
        continue
    os._exit(0)


def _drop() -> Anchored:
    from devserver.debug.inside import import_debugger, without_delay

    try:
        import_debugger()
        import debugpy
        from pydevd import SetupHolder

        client = debugpy.listen(("127.0.0.1", 0))
        without_delay()
        setup = SetupHolder.setup
        return Anchored(client, (setup["client"], setup["port"]), setup["access-token"], os.getpid())
    except (ImportError, RuntimeError, OSError, KeyError) as error:
        return Anchored(error=str(error) or type(error).__name__)
