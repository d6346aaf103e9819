"""Which provider of a public address a session uses, by its flags and settings."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from devserver.project import Project
from devserver.session.terms import Terms
from devserver.tunnel import FrpTunnel, NamedTunnel, OwnAddress, Provider, QuickTunnel


def provider_of(terms: Terms, project: Project, say: Callable[[str], None]) -> Provider:
    """Where the public address comes from.

    Args:
        terms: what was asked for; it wins over the settings.
        project: `dev.tunnelProvider` and `dev.frp`.
        say: told how far a download is.

    Raises:
        TunnelFailed: the provider lacks a setting.
    """
    progress = Steps(say)
    if terms.tunnel_name is not None:
        return NamedTunnel(terms.tunnel_name, urlsplit(terms.public_url or "").hostname or "", progress=progress)
    if terms.public_url is not None:
        return OwnAddress(terms.public_url)
    if (terms.tunnel_provider or project.dev.tunnel_provider) == "frp":
        return FrpTunnel(project.dev.frp, project.environment.get("FRP_TOKEN"))
    return QuickTunnel(progress=progress)


class Steps:
    """A download in a few lines, one for each quarter.

    Args:
        say: gets a sentence.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._told = -1

    def __call__(self, done: int, total: int | None) -> None:
        """So many bytes are there."""
        quarter = 4 * done // total if total else 0
        if quarter > self._told:
            self._told = quarter
            size = f" of {total / 1e6:.0f} MB" if total else ""
            self._say(f"Downloading cloudflared: {25 * quarter} %{size}")
