"""What an address of a callback looks like: a tunnel, this machine, or somebody's server. A function of text, no I/O.

Only names are known, so a tunnel under somebody's own domain counts as a server; that errs on the side of asking.
"""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

Kind = Literal["none", "local", "tunnel", "server"]

TUNNEL_DOMAINS = (
    "trycloudflare.com",
    "cfargotunnel.com",
    "ngrok.io",
    "ngrok.app",
    "ngrok.dev",
    "ngrok-free.app",
    "ngrok-free.dev",
    "ngrok.pizza",
    "loca.lt",
    "localtunnel.me",
    "localhost.run",
    "lhr.life",
    "lhr.rocks",
    "serveo.net",
    "serveousercontent.com",
    "devtunnels.ms",
    "app.github.dev",
    "gitpod.io",
    "pinggy.io",
    "pinggy.link",
    "pinggy-free.link",
    "bore.pub",
    "tunnelmole.net",
    "telebit.io",
    "pagekite.me",
    "zrok.io",
    "ts.net",
    "hooks.hookdeck.com",
    "hkdk.events",
    "smee.io",
)
"""Domains whose names lead to a developer's machine for as long as a program runs there."""

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})


def kind_of(url: str | None) -> Kind:
    """What kind of address a callback's URL is; `none` for no URL, `server` for whatever is not recognised."""
    if not url:
        return "none"
    host = host_of(url)
    if host in _LOCAL or host.endswith(".localhost"):
        return "local"
    if any(host == domain or host.endswith(f".{domain}") for domain in TUNNEL_DOMAINS):
        return "tunnel"
    return "server"


def host_of(url: str) -> str:
    """The host of a URL in lower case; empty when there is none."""
    try:
        return (urlsplit(url).hostname or "").lower().removesuffix(".")
    except ValueError:  # an IPv6 address that is none
        return ""


def shown(url: str | None) -> str:
    """An address for a sentence."""
    return url or "no address"
