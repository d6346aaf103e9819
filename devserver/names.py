"""By which names this machine may be called, and whose pages may call it: for ports that ask for no credentials.

Any web page can make its visitor's browser send requests to a port of the visitor's machine. A page of another site
says so in its Origin; one whose own name was made to lead here (DNS rebinding) says it in the Host (anchors.md 3.11,
and 4, items 3 and 4). An IP address as Host is nobody's name and cannot be rebound; neither can what ends in
`.internal`, which is reserved for private use and has the names by which a container calls its machine
(`host.docker.internal`).

Plain decisions. It must not know which port asks, nor what is done about the answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

_LOOPBACK = re.compile(r"127(\.\d{1,3}){3}")
_HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})
_REMEMBERED = 64
_SHOWN = 100  # characters of somebody's header in a sentence


class Visitors:
    """Decides about requests, one look-up for each in the ordinary case."""

    def __init__(self) -> None:
        self._names: Sequence[str] = ()
        self._known: dict[str | None, bool] = {None: True}  # what is no browser need not say a name

    def refusal(self, method: str, headers: Mapping[str, str], names: Sequence[str]) -> str:
        """Why a request is refused, in a sentence, with what to do when it is the user's own; empty when it is not.

        Args:
            method: of the request.
            headers: as received, names in any case.
            names: further names of this machine and of sites that may call it (`dev.hosts` of `sinch.json`).
        """
        host = headers.get("Host")
        if names is not self._names:
            self._names, self._known = names, {None: True}
        good = self._known.get(host)
        if good is None:
            good = self._learn(str(host))
        if not good:
            return (
                f"{host!r:.{_SHOWN}} is no name of this machine: a page of another site may have led a browser here. "
                "If it is yours, add it to `dev.hosts` of sinch.json; a proxy or tunnel of yours is `--public-url`."
            )
        origin = headers.get("Origin")
        if origin is None or (method in _HARMLESS and "Upgrade" not in headers):
            return ""
        if is_here(origin) or origin.partition("://")[2] == host or is_named(origin, names):
            return ""
        return (
            f"A page of another site ({origin!r:.{_SHOWN}}) has made a browser send this. "
            "If the site is yours, add its host to `dev.hosts` of sinch.json."
        )

    def _learn(self, host: str) -> bool:
        address = f"//{host}"
        good = is_here(address) or is_reserved(address) or is_ip(address) or is_named(address, self._names)
        if len(self._known) < _REMEMBERED:
            self._known[host] = good
        return good


def is_here(address: str) -> bool:
    """Whether a URL, or `//` and a Host, names this machine: loopback, `localhost` or a name below it."""
    host = host_of(address)
    return host in {"localhost", "::1"} or host.endswith(".localhost") or bool(_LOOPBACK.fullmatch(host))


def is_reserved(address: str) -> bool:
    """Whether it is a name that nobody can register: below `.internal`."""
    return host_of(address).endswith(".internal")


def is_ip(address: str) -> bool:
    """Whether it is an IP address and no name."""
    try:
        ip_address(host_of(address))
    except ValueError:
        return False
    return True


def is_named(address: str, names: Sequence[str]) -> bool:
    """Whether it is one of these names, or below one that begins with a dot (`.example.com`)."""
    host = host_of(address)
    lowered = [name.lower() for name in names]
    return host in lowered or any(name.startswith(".") and f".{host}".endswith(name) for name in lowered)


def host_of(address: str) -> str:
    """The host of a URL, in lower case and without a port; empty when there is none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:  # half an IPv6 address
        return ""
