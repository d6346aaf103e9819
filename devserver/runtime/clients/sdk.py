"""The one `SinchClient` of a generation: made on first use, in a thread, with the origins that settings redirect.

Importing the SDK takes 0.6 s (cloud-apis.md 0), so that nothing here imports it before a function really calls Sinch.
Everything that blocks is in this module and runs in threads; the async face of it is in `face`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from devserver.errors import ConfigError
from devserver.runtime.clients.wire import Wire

# The attribute of the SDK's configuration that redirects a product and stays so when a region is set later
# (cloud-apis.md 1.3). SMS has one for project credentials and one for a service plan's own token.
_SETTINGS: Mapping[str, tuple[str, ...]] = {
    "auth": ("auth_origin",),
    "sms": ("sms_domain", "sms_domain_with_service_plan_id"),
    "conversation": ("conversation_domain",),
    "numbers": ("numbers_origin",),
    "number_lookup": ("number_lookup_origin",),
}
# Products that are not the SDK's: a client of our own, and one that is to come.
_OTHERS = frozenset({"voice", "verification"})
PRODUCTS = frozenset(_SETTINGS) | _OTHERS
"""The products whose origin can be redirected."""

_SHOWN = 20


class Sdk:
    """The official SDK behind one blocking call.

    Args:
        variables: of the function.
        origins: URL by product, for those that shall not be reached at Sinch.
        wire: stands between the SDK and the network; None leaves the SDK as it is.

    Raises:
        ConfigError: an origin is for no product that there is; its traffic would go to Sinch unnoticed.
    """

    def __init__(self, variables: Mapping[str, str], origins: Mapping[str, str], wire: Wire | None = None) -> None:
        unknown = sorted(set(origins) - PRODUCTS)
        if unknown:
            raise ConfigError(
                f"There is no Sinch product {unknown[0]!r} to redirect.",
                hint=f"There are {', '.join(sorted(PRODUCTS))}.",
            )
        self.variables = variables
        self._origins = {product: origin.rstrip("/") for product, origin in origins.items()}
        self._wire = wire
        self._lock = threading.Lock()
        self._client: Any = None

    def call(self, path: tuple[str, ...], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call an operation of the SDK, such as `("sms", "batches", "send_sms")`, and wait for it.

        Raises:
            AttributeError: the SDK has no such operation.
            TypeError: it is no operation but a group of them.
            Exception: whatever the SDK raises.
        """
        found = self._ready()
        for depth, name in enumerate(path):
            if not hasattr(found, name):
                raise AttributeError(_unknown(path, depth, found))
            found = getattr(found, name)
        if not callable(found):
            raise TypeError(f"{'.'.join(path)} of the Sinch SDK is no operation. It has {_names(found)}.")
        return found(*args, **kwargs)

    def _ready(self) -> Any:
        with self._lock:  # two first calls at once make one client, which fetches one token
            if self._client is None:
                self._client = self._create()
            return self._client

    def _create(self) -> Any:
        from sinch import SinchClient

        variables = self.variables
        client = SinchClient(
            key_id=variables.get("PROJECT_ID_API_KEY"),
            key_secret=variables.get("PROJECT_ID_API_SECRET"),
            project_id=variables.get("PROJECT_ID"),
            service_plan_id=variables.get("SMS_SERVICE_PLAN_ID") or None,
            sms_api_token=variables.get("SMS_API_TOKEN") or None,
            sms_region=variables.get("SMS_REGION") or "us",
            conversation_region=variables.get("CONVERSATION_REGION") or "us",
        )
        for product, origin in self._origins.items():
            for setting in _SETTINGS.get(product, ()):
                setattr(client.configuration, setting, origin)
            if _is_loopback(origin):
                _bypass_proxy(client.configuration.transport.http_session, origin)
        if self._wire is not None:
            from devserver.runtime.clients.adapter import put_between

            put_between(client, self._wire)
        return client


def _unknown(path: tuple[str, ...], depth: int, found: object) -> str:
    return f"The Sinch SDK has no {'.'.join(path[: depth + 1])}. {'.'.join(path[:depth])} has {_names(found)}."


def _names(found: object) -> str:
    there = [name for name in dir(found) if not name.startswith("_")]
    return ", ".join(there[:_SHOWN]) + (", ..." if len(there) > _SHOWN else "")


def _is_loopback(origin: str) -> bool:
    from ipaddress import ip_address  # 4 ms, and only functions that call Sinch come here

    host = urlsplit(origin).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _bypass_proxy(session: Any, origin: str) -> None:
    # HTTP_PROXY of a company network must not be asked for this machine; "" wins over the environment, None would not.
    parts = urlsplit(origin)
    session.proxies[f"{parts.scheme}://{parts.hostname}"] = ""
