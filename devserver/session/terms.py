"""What a session is asked to do, and what it says when it is ready: plain data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SOURCE_HEADER = "X-Fn-Source"
"""By this header our own commands say that a request is a replay; believed only with the session's token."""

TOKEN_HEADER = "X-Fn-Token"  # noqa: S105 the name of a header

PROBE_VARIABLE = "FN_TUNNEL_PROBE"
"""The environment variable that names where requests for public addresses are sent instead: for edges whose names
nobody can look up.
"""

DEFAULT_PORT, DEFAULT_CONSOLE_PORT, DEFAULT_CLOUD_PORT = 3000, 3001, 3002


DEFAULT_DEBUG_PORT = 5678


@dataclass(frozen=True, slots=True)
class DebugTerms:
    """How the function is debugged.

    Attributes:
        port: where clients attach; 0 is any.
        wait: nothing is loaded until a client is there.
        single: one session for a client that knows no child sessions.
    """

    port: int = DEFAULT_DEBUG_PORT
    wait: bool = False
    single: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """What `fn dev` was asked for.

    Attributes:
        folder: the project.
        port: function port; None is the default, 0 any.
        console_port: console port; None is the default, or any when that is taken.
        cloud_port: cloud port, likewise.
        json: one JSON object per line instead of words.
        command: run this against the live session, then stop with its exit status.
        colour: whether words may be coloured.
        tunnel: whether a public address is wanted; None leaves it to `tunnel.preference`.
        public_url: address of the user's own proxy, or of the named tunnel; without a slash at its end, with its path.
        tunnel_name: the named tunnel of Cloudflare; `public_url` is set, too.
        tunnel_provider: `cloudflare` or `frp`; None leaves it to `dev.tunnelProvider`.
        allow_unsigned: callbacks from outside without a signature are executed.
        take_over: another developer's tunnel may be replaced.
        failover: the original callback becomes the fallback while the tunnel has it.
        yes: every question is answered with yes.
        interactive: there is somebody at a terminal who can be asked.
        debug: how a debugger gets in; None when none does.
        hold: whether calls are kept while their handlers take too long; None: while a debugger may be the reason, and
            with pdb at the terminal only when it is.
        strict: what takes longer than the platform waits is not sent.
        profile: where the time of callbacks goes is written down.
    """

    folder: Path
    port: int | None = None
    console_port: int | None = None
    cloud_port: int | None = None
    json: bool = False
    command: tuple[str, ...] = ()
    colour: bool = False
    tunnel: bool | None = None
    public_url: str | None = None
    tunnel_name: str | None = None
    tunnel_provider: str | None = None
    allow_unsigned: bool = False
    take_over: bool = False
    failover: bool = True
    yes: bool = False
    interactive: bool = False
    debug: DebugTerms | None = None
    hold: bool | None = None
    strict: bool = False
    profile: bool = False

    def wants_tunnel(self, preference: str | None) -> bool:
        """Whether there is to be a tunnel.

        Args:
            preference: `tunnel.preference` of `sinch.json`.
        """
        return preference == "on" if self.tunnel is None else self.tunnel

    @property
    def holds(self) -> bool:
        """Whether calls are kept while their handlers take too long."""
        if self.hold is not None:
            return self.hold
        return self.debug is not None or (self.interactive and not self.strict)

    def side_port(self, asked: int | None, default: int) -> tuple[int, bool]:
        """Port of the console or the cloud, and whether another will do.

        Who lets the function port be chosen lets these be chosen too: several sessions can then run side by side.
        """
        if asked is not None:
            return asked, False
        return (0 if self.port == 0 else default), True
