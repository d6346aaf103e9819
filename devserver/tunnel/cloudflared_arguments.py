"""The command line of cloudflared: ours, and what `FN_CLOUDFLARED_ARGS` adds. Pure.

It keeps everything of the user's out: another configuration file would make every request a 404, and a quick tunnel
that insists on UDP is never ready behind many firewalls (lab.md 1.4). Its log level is never raised: it would write
the headers of requests.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence

from devserver.tunnel.change import TunnelFailed

_PRIVATE = re.compile(r"--?(edge|quick-service)(=.*)?\Z")
_PROTOCOL = re.compile(r"--?protocol(=.*)?\Z")


def arguments(
    port: int, *, protocol: str = "auto", more: Sequence[str] = (), name: str = "", prechecks: bool = False
) -> list[str]:
    """The arguments of cloudflared, without the program.

    Args:
        port: of the function.
        protocol: how it talks to the edge.
        more: the user's; where an option stands twice, the last one counts.
        name: of a named tunnel.
        prechecks: leave its own checks of the network on, because it is too old to know how to leave them out.
    """
    options = [
        *("tunnel", "--config", os.devnull, "--no-autoupdate"),
        *(() if prechecks else ("--no-prechecks",)),
        *("--output", "json", "--metrics", "127.0.0.1:0", "--grace-period", "3s"),
        *("--protocol", protocol, "--url", f"http://127.0.0.1:{port}"),
    ]
    return [*options, *more, *(("run", name) if name else ())]


def more_arguments(environment: Mapping[str, str]) -> list[str]:
    """What `FN_CLOUDFLARED_ARGS` adds.

    Raises:
        TunnelFailed: its quotes do not match.
    """
    try:
        return shlex.split(environment.get("FN_CLOUDFLARED_ARGS", ""))
    except ValueError as error:
        raise TunnelFailed(
            f"FN_CLOUDFLARED_ARGS cannot be read: {str(error).lower()}.", hint="It is split into words as a shell does."
        ) from error


def names_an_edge(more: Sequence[str]) -> bool:
    """Whether they lead to a private edge, whose addresses no public name server knows."""
    return any(_PRIVATE.match(word) for word in more)


def names_a_protocol(more: Sequence[str]) -> bool:
    """Whether the user has chosen how cloudflared talks to the edge."""
    return any(_PROTOCOL.match(word) for word in more)
