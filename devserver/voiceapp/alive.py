"""Whether a tunnel still leads anywhere: asked before the address of another developer is taken for an original."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

_TIMEOUT = 3.0  # seconds
_PAUSE = 0.3  # seconds before it is asked again
_NO_CONNECTOR = 530  # Cloudflare's answer for a tunnel without a connector (errors 1033 and 1016)
_NGROK = "Ngrok-Error-Code"  # a header of ngrok's edge, which answers for its own missing tunnels


async def is_dead(url: str, via: str | None = None) -> bool:
    """Whether nobody is behind the tunnel at `url`. What cannot be reached is asked twice before it counts as dead.

    Args:
        url: of the tunnel.
        via: send the request there instead, with the tunnel's name as its host; for private edges.
    """
    found = await _asked(url, via)
    if found is None:
        await asyncio.sleep(_PAUSE)
        found = await _asked(url, via)
    return found is not False


async def _asked(url: str, via: str | None) -> bool | None:
    """None when it cannot be reached, which may be a moment of a name server."""
    import aiohttp

    headers = {"Host": urlsplit(url).netloc} if via else {}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT), trust_env=not via) as session,
            session.head(via or url, headers=headers, allow_redirects=False) as response,
        ):
            return response.status == _NO_CONNECTOR or _NGROK in response.headers
    except TimeoutError:
        return False  # slow is not dead
    except (aiohttp.ClientError, OSError, ValueError):
        return None
