"""What frpc says is wrong, for people: one sentence and the next step. Pure.

The lines are those of frp 0.71 (lab.md 1.5).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from devserver.tunnel.change import TunnelFailed

_FAILURES = tuple(
    (re.compile(pattern, re.IGNORECASE), sentence, hint)
    for pattern, sentence, hint in (
        (
            r"(token in login doesn't match|authorization failed|authentication failed)",
            "The frp server refuses the token.",
            "Set FRP_TOKEN to the `auth.token` of the server's configuration.",
        ),
        (
            r"(router config conflict|already in use|proxy name .* is already)",
            "The name in dev.frp is in use by another client of the frp server.",
            "Choose another subdomain or domain in dev.frp, or stop the other client.",
        ),
        (
            r"subdomain.*(not supported|not enabled)",
            "The frp server has no subdomains.",
            "Set `subDomainHost` in its configuration, or give a `domain` in dev.frp.",
        ),
        (
            r"(vhost http port|type \[http\].*not support)",
            "The frp server has no port for HTTP.",
            "Set `vhostHTTPPort` in its configuration.",
        ),
        (
            r"(no such host|connection refused|i/o timeout|network is unreachable|no route to host)",
            "The frp server cannot be reached: {}.",
            "Check `server` in dev.frp and the network.",
        ),
        (
            r"(json: |toml: |strict|unmarshal).*error|(unknown field)",
            "frpc does not understand its configuration.",
            "Use frp 0.52 or newer.",
        ),
    )
)

LOST = "The connection to the frp server is lost; frpc is making a new one."
SILENT = "frpc does not answer."


def why(lines: Sequence[str], otherwise: str) -> TunnelFailed:
    """What is wrong, from what frpc wrote.

    Args:
        lines: the newest last.
        otherwise: the sentence when nothing known is among them.
    """
    for line in reversed(lines):
        for pattern, sentence, hint in _FAILURES:
            if found := pattern.search(line):
                return TunnelFailed(sentence.replace("{}", found[1] or ""), hint=hint)
    last = f" It says: {lines[-1]}" if lines else ""
    return TunnelFailed(otherwise, hint=f"Check dev.frp and the log of the frp server.{last}")
