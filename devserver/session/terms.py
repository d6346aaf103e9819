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
    """

    folder: Path
    port: int | None = None
    console_port: int | None = None
    cloud_port: int | None = None
    json: bool = False
    command: tuple[str, ...] = ()
    colour: bool = False

    def side_port(self, asked: int | None, default: int) -> tuple[int, bool]:
        """Port of the console or the cloud, and whether another will do.

        Who lets the function port be chosen lets these be chosen too: several sessions can then run side by side.
        """
        if asked is not None:
            return asked, False
        return (0 if self.port == 0 else default), True
