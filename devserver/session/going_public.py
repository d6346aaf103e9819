"""Puts together what a session needs to be public, when that is wanted: the door for the tunnel, the provider of an
address, the lease of the callback, the keys.

None of it is imported by a session that stays at home.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

from devserver.errors import FnError
from devserver.project import Project
from devserver.session.exposure import Exposure
from devserver.session.gateway import Gateway
from devserver.session.keys import Keys
from devserver.session.leasing import lease_of, refused
from devserver.session.listeners import serve_function
from devserver.session.platform import Application, application_of
from devserver.session.ports import listen, port_of
from devserver.session.providers import provider_of
from devserver.session.publishing import Plan, Publishing
from devserver.session.terms import PROBE_VARIABLE, Terms
from devserver.tunnel import OwnAddress, Proof
from devserver.voiceapp import Lease

EXTEND = "a"
"""The key for more time."""

_SETTLE = 4.0  # seconds that the name of a fresh quick tunnel takes to be known everywhere (anchors.md 3.9)

_LONG, _SHORT = 25.0, 5.0  # seconds in which a fresh address, and one that was there before, must lead here


def _set_way(gateway: Gateway, seconds: float) -> None:
    gateway.exposure.way = seconds


class GoingPublic:
    """A session on its way to the public.

    Args:
        terms: what was asked for.
        project: as configured when the session began.
        function: address of the function port, and `cloud` that of the cloud port.
        tell: told events, as `Report.tell`.
        busy: told what is being done, for an impatient user.

    Raises:
        ConfigError: the state directory cannot be used.
    """

    def __init__(
        self,
        terms: Terms,
        project: Project,
        *,
        function: str,
        cloud: str,
        tell: Callable[..., None],
        busy: Callable[[str], None],
        keys: Keys,
    ) -> None:
        self._terms = terms
        self._project = project
        self._function = function
        self._tell = tell
        self._busy = busy
        self._keys = keys
        self._proof = Proof()
        self._provider = provider_of(terms, project, lambda text: tell("log", level="info", text=text, ours=True))
        self._application = self._application_of(cloud)
        self._lease = self._lease_of(self._application)
        self.publishing: Publishing | None = None

    @property
    def url(self) -> str | None:
        """The public address; None while there is none."""
        return self.publishing.url if self.publishing is not None else None

    @property
    def own_proxy(self) -> bool:
        """Whether the user's own proxy leads to the function port itself."""
        return isinstance(self._provider, OwnAddress)

    async def settled(self) -> str | None:
        """Wait until calls can come in, or it is clear that they cannot for now; gives the address, if there is one."""
        if self.publishing is None:
            return None
        await self.publishing.settled()
        return self.publishing.url

    def exposure(self) -> Exposure:
        """How far the session is open from now on."""
        application = self._application
        return Exposure(
            open=True,
            own_proxy=self.own_proxy,
            allow_unsigned=self._terms.allow_unsigned,
            prefix=urlsplit(self._terms.public_url or "").path.rstrip("/"),
            probe=self._proof.answer,
            application=(application.key, application.secret) if application is not None else None,
        )

    async def start(self, stack: AsyncExitStack, gateway: Gateway) -> None:
        """Open the door and begin; at most a watchdog of an earlier session is waited for. Ends with the stack.

        To be called when the session is ready: what it starts would take time from the function's first import.

        Raises:
            LeaseRefused: another session on this machine has the callback.
        """
        gateway.exposure = self.exposure()
        if self._lease is not None:
            # Before the door is open: who has the callback is to be known at once.
            await asyncio.to_thread(self._lease.lock)
        port = urlsplit(self._function).port or 0
        if not self.own_proxy:
            sockets = listen(0, flag="--port")
            for one in sockets:
                stack.callback(one.close)
            await stack.enter_async_context(serve_function(sockets, gateway.handle_public))
            port = port_of(sockets)
        self.publishing = publishing = Publishing(
            self._plan(port),
            self._lease,
            self._tell,
            self._busy,
            measured=lambda took: _set_way(gateway, took),
        )
        stack.push_async_callback(publishing.close)
        publishing.start()
        if self._keys.available and self._project.dev.tunnel_expiry:
            self._keys.bind(EXTEND, "more time for the tunnel", publishing.extend)

    def _plan(self, port: int) -> Plan:
        via = os.environ.get(PROBE_VARIABLE) or None
        fresh = not self.own_proxy and not self._provider.private and via is None
        return Plan(
            self._provider,
            port,
            self._proof,
            settle=_SETTLE if fresh else 0.0,
            budget=_LONG if fresh else _SHORT,
            via=via,
            expiry=self._project.dev.tunnel_expiry,
            key=EXTEND if self._keys.available else "",
        )

    def _application_of(self, cloud: str) -> Application | None:
        try:
            return application_of(self._project, os.environ, function=self._function, cloud=cloud)
        except FnError as error:
            refused(self._tell, self._project.voice_app or "", error)
            return None

    def _lease_of(self, application: Application | None) -> Lease | None:
        if application is None:
            return None
        terms = self._terms
        return lease_of(
            application,
            self._project,
            self._tell,
            ask=self._keys.ask,
            yes=terms.yes,
            take_over=terms.take_over,
            failover=terms.failover,
        )
