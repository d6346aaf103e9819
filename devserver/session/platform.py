"""Which platform a session's Voice App lives on, and how its callback configuration is reached: Sinch's over HTTP, or
the local Sinch of the project, which can be changed in its file when its session is not there any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from devserver.errors import ConfigError, FnError
from devserver.project import Project
from devserver.runtime.clients.voice_hosts import configuration_origin
from devserver.runtime.clients.voice_results import Callbacks
from devserver.voiceapp import Configuration, Entry, HttpConfiguration, LocalPlatform
from devserver.voiceapp.configuration import ConfigurationFailed

if TYPE_CHECKING:
    from devserver.cloud.voice_state import VoiceState


@dataclass(frozen=True, slots=True)
class Application:
    """The application whose callback a session points at itself.

    Attributes:
        key: of the application.
        secret: of the application.
        origin: address of the configuration API.
        local: set when that is the local Sinch of this project.
    """

    key: str
    secret: str = field(repr=False)
    origin: str
    local: LocalPlatform | None = None

    def configuration(self) -> HttpConfiguration:
        """Its callback configuration."""
        return HttpConfiguration(self.key, self.secret, self.origin)


def application_of(project: Project, environ: Mapping[str, str], *, function: str, cloud: str) -> Application:
    """The project's Voice App on the real platform, or the local one's when it has none.

    Args:
        project: as configured.
        environ: `FN_CONFIGURATION_ORIGIN` names another configuration API.
        function: address of the function port.
        cloud: address of the cloud port.

    Raises:
        ConfigError: the project has half of a Voice App, or `FN_CONFIGURATION_ORIGIN` is no address.
    """
    folder = project.root / ".fn"
    local = LocalPlatform(str(folder), f"{function}/")
    if project.voice_app and project.voice_secret:
        origin = configuration_origin(environ)
        if origin == configuration_origin({}):
            origin = project.dev.origins.get("voice", origin).rstrip("/")
        return Application(project.voice_app, project.voice_secret, origin, local if origin == cloud else None)
    if project.voice_app or project.voice_secret:
        lacks = "VOICE_APPLICATION_SECRET" if project.voice_app else "VOICE_APPLICATION_KEY"
        raise ConfigError(
            f"The project has half of a Voice App: {lacks} is not set, so its callback cannot be changed.",
            hint=f"`fn secrets add {lacks}`, or `fn auth login`. Without both, the local Sinch is used.",
        )
    from devserver.cloud.applications import application_of as local_application

    made = local_application(folder, None, None)
    return Application(made.key, made.secret, cloud, local)


@dataclass(frozen=True)
class LocalConfiguration:
    """The configuration of the local Sinch, in its file; no session is needed.

    Attributes:
        application: key.
        origin: where its session was.
        local: the project.
    """

    application: str
    origin: str
    local: LocalPlatform

    async def get(self) -> Callbacks:
        """See `Configuration.get`."""
        return await asyncio.to_thread(self._get)

    async def set(self, urls: Callbacks) -> None:
        """See `Configuration.set`."""
        await asyncio.to_thread(self._set, urls)

    def _get(self) -> Callbacks:
        with self._opened() as state:
            found = state.callback_urls(self.application)
        return Callbacks(found.primary or None, found.fallback)

    def _set(self, urls: Callbacks) -> None:
        from devserver.cloud.voice_state import CallbackUrls

        with self._opened() as state:
            state.set_callback_urls(self.application, CallbackUrls(urls.primary or "", urls.fallback))

    @contextmanager
    def _opened(self) -> Iterator[VoiceState]:
        from devserver.cloud.state import CloudState
        from devserver.cloud.voice_state import VoiceState

        folder = Path(self.local.folder)
        if not folder.is_dir():
            raise ConfigurationFailed(f"{folder} is gone, and the local Sinch with it.")
        state = CloudState(folder)
        try:
            yield VoiceState(state, self.local.default)
        except FnError as error:
            raise ConfigurationFailed(error.message, hint=error.hint) from error
        finally:
            state.close()


def configuration_of(
    *, application: str, secret: str | None, origin: str, local: LocalPlatform | None
) -> Configuration | None:
    """How to reach the platform of a lease without its session; None when the secret is needed and missing."""
    if local is not None:
        return LocalConfiguration(application, origin, local)
    return HttpConfiguration(application, secret, origin) if secret else None


def configuration_of_entry(entry: Entry, secret: str | None) -> Configuration | None:
    """The same for what is written down."""
    return configuration_of(application=entry.application, secret=secret, origin=entry.origin, local=entry.local)
