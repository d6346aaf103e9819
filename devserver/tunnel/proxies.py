"""Which HTTP proxy this machine's settings ask for.

aiohttp could find out itself, but would then also read the user's `.netrc`, whose passwords are nobody's business.
"""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


def proxy_for(url: str) -> str | None:
    """The proxy to use for an address; None when there is none, or it is not to be used for that host."""
    parts = urlsplit(url)
    if proxy_bypass(parts.hostname or ""):
        return None
    return getproxies().get(parts.scheme)
