"""Basic auth for custom handlers that `auth` names (DESIGN 4; functions-platform.md 9).

Pure. Without credentials in the project a local request passes, as on the platform, but a request that may come from
outside does not: a tunnel must not open what production keeps closed.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping


def is_allowed(authorization: str | None, variables: Mapping[str, str], *, exposed: bool) -> bool:
    """Whether a request may reach a protected handler.

    Args:
        authorization: value of the Authorization header, if any.
        variables: the function's variables; PROJECT_ID_API_KEY and PROJECT_ID_API_SECRET are compared.
        exposed: requests may come from outside this machine, be it this one or others.
    """
    key, secret = variables.get("PROJECT_ID_API_KEY", ""), variables.get("PROJECT_ID_API_SECRET", "")
    if not key or not secret:
        return not exposed
    given = _credentials(authorization or "")
    return given is not None and hmac.compare_digest(given, f"{key}:{secret}".encode(errors="surrogateescape"))


def _credentials(authorization: str) -> bytes | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(encoded.strip(), validate=True)
    except ValueError:  # wrong base64, or characters that base64 does not have
        return None
