"""Which hosts the live Voice platform has: calls by region, numbers and callbacks at their own (voice-v1.md 5.1).

`FN_CALLING_ORIGIN` and `FN_CONFIGURATION_ORIGIN` in the environment of the process replace them, for private clouds and
for tests. They are read when a request is made and not kept, so that all of `fn`, whichever process it runs in, means
the same hosts. It must not know what is asked there.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from devserver.errors import ConfigError

REGIONS = ("euc1", "use1", "sae1", "apse1", "apse2")
"""Values of VOICE_REGION (voice-v1.md 5.1)."""

CALLING = "FN_CALLING_ORIGIN"
CONFIGURATION = "FN_CONFIGURATION_ORIGIN"

_CALLING = "https://calling.api.sinch.com"
_REGIONAL = "https://calling-{region}.api.sinch.com"
_CONFIGURATION = "https://callingapi.sinch.com"


def configuration_origin(environ: Mapping[str, str]) -> str:
    """Where callbacks and numbers of applications are configured; no slash at its end.

    Raises:
        ConfigError: `FN_CONFIGURATION_ORIGIN` is no http(s) address.
    """
    return _replaced(CONFIGURATION, environ) or _CONFIGURATION


def calling_origin(environ: Mapping[str, str], region: str) -> str:
    """Where calls are made and controlled; no slash at its end.

    Args:
        environ: the process environment; what it names stands for every region.
        region: one of `REGIONS` in any case, or empty.

    Raises:
        ConfigError: `FN_CALLING_ORIGIN` is no http(s) address.
        ValueError: there is no such region.
    """
    if replaced := _replaced(CALLING, environ):
        return replaced
    region = region.strip().lower()
    if not region:
        return _CALLING
    if region not in REGIONS:
        raise ValueError(f"VOICE_REGION is {region!r}; it must be one of {', '.join(REGIONS)}, or empty.")
    return _REGIONAL.format(region=region)


def _replaced(name: str, environ: Mapping[str, str]) -> str:
    value = environ.get(name, "").strip()
    if value and not _is_address(value):
        raise ConfigError(
            f"{name} is no http:// or https:// address.", hint="Write it like `https://voice.example.com`, or unset it."
        )
    return value.rstrip("/")


def _is_address(value: str) -> bool:
    """Whether an http(s) URL may begin so: a host, perhaps a path. A password in it would be shown in logs."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return False
    rest = parts.query or parts.fragment or parts.username or parts.password
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and port != 0 and not rest and " " not in value
