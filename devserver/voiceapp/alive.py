"""Whether a tunnel still leads anywhere: asked before the address of another developer is taken for an original."""

from __future__ import annotations

from urllib.parse import urlsplit

_TIMEOUT = 3.0  # seconds
_NO_CONNECTOR = 530  # Cloudflare's answer for a tunnel without a connector (errors 1033 and 1016)
_NGROK = "Ngrok-Error-Code"  # a header of ngrok's edge, which answers for its own missing tunnels


async def is_dead(url: str, via: str | None = None) -> bool:
    """Whether nobody is behind the tunnel at `url`.

    Args:
        url: of the tunnel.
        via: send the request there instead, with the tunnel's name as its host; for private edges.
    """
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
        return True
