"""The callback configuration of one application, at the Voice API's configuration address (voice-v1.md 5.2), with the
failures that matter for a lease: whether it makes sense to try again, and whether a change may have been made.

It must not know what a lease is. The requests are those of `context.voice`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

from devserver.errors import FnError
from devserver.runtime.clients.unlocking import MissingVariables
from devserver.runtime.clients.voice import Configuration as VoiceConfiguration
from devserver.runtime.clients.voice_hosts import CONFIGURATION
from devserver.runtime.clients.voice_http import VoiceHttp
from devserver.runtime.clients.voice_results import Callbacks, VoiceError, VoiceUnreachable

TIMEOUT = 5.0  # seconds for a request
_SKEW = 120.0  # seconds of difference that are worth a sentence


class ConfigurationFailed(FnError):
    """The configuration could not be read or set.

    Attributes:
        again: trying again makes sense.
        applied: the change may have been made.
        answered: by the platform itself: the change has been made by now, or never will be.
    """

    def __init__(
        self, message: str, *, hint: str = "", again: bool = False, applied: bool = False, answered: bool = True
    ) -> None:
        super().__init__(message, hint=hint)
        self.again = again
        self.applied = applied
        self.answered = answered


class Configuration(Protocol):
    """Where an application's callbacks go."""

    @property
    def application(self) -> str:
        """Key of the application."""
        ...

    @property
    def origin(self) -> str:
        """Address of the configuration API."""
        ...

    async def get(self) -> Callbacks:
        """What is configured.

        Raises:
            ConfigurationFailed: it could not be read.
        """
        ...

    async def set(self, urls: Callbacks) -> None:
        """Configure both addresses; a primary of None means that no callbacks are sent.

        Raises:
            ConfigurationFailed: it was refused, or it is not known whether it was done.
        """
        ...


@dataclass(frozen=True)
class HttpConfiguration:
    """The configuration over HTTP, with signed requests.

    Attributes:
        application: key of the Voice App.
        secret: of the Voice App, base64.
        origin: address of the configuration API.
        timeout: seconds for a request.
    """

    application: str
    secret: str = field(repr=False)
    origin: str
    timeout: float = TIMEOUT

    async def get(self) -> Callbacks:
        """See `Configuration.get`."""
        try:
            return await self._client().get_callbacks()
        except VoiceError as error:
            raise await self._failure(error, "read") from error
        except (ValueError, MissingVariables) as error:
            raise self._unusable() from error

    async def set(self, urls: Callbacks) -> None:
        """See `Configuration.set`."""
        try:
            await self._client().set_callbacks(urls.primary or "", urls.fallback)
        except VoiceError as error:
            raise await self._failure(error, "set") from error
        except (ValueError, MissingVariables) as error:
            raise self._unusable() from error

    def _client(self) -> VoiceConfiguration:
        variables = {"VOICE_APPLICATION_KEY": self.application, "VOICE_APPLICATION_SECRET": self.secret}
        return VoiceConfiguration(VoiceHttp(variables, self.origin, timeout=self.timeout))

    async def _failure(self, error: VoiceError, what: str) -> ConfigurationFailed:
        said = f"The callback of {self.application} could not be {what}"
        if isinstance(error, VoiceUnreachable):
            return ConfigurationFailed(
                f"{said}: {error.message}",
                hint="Is there a way to the network?",
                again=True,
                applied=what == "set",
                answered=False,
            )
        if error.status in {401, 403}:
            return await self._not_authorized(error, said)
        if error.status is None or 300 <= error.status < 400:
            return ConfigurationFailed(f"{said}: {error.message}", hint=f"Is {CONFIGURATION} the right address?")
        if _is_unclear(error.status):
            told, hint, answered = error.message, "", error.code is not None
            if told.startswith("<") or error.status < 300:
                told = "with something that is not of the Voice API."
                hint = "Is there a proxy or a sign-in page between here and the platform?"
            text = f"{said}: {self.origin} answered {error.status} {_ended(told)}"
            return ConfigurationFailed(text, hint=hint, again=True, applied=what == "set", answered=answered)
        return ConfigurationFailed(
            f"{said}: {error.status} {_ended(error.message)}",
            hint="Does the application key belong to this project? `fn secrets explain VOICE_APPLICATION_KEY` shows "
            "where it comes from.",
        )

    def _unusable(self) -> ConfigurationFailed:
        return ConfigurationFailed(
            f"The secret of {self.application} is not base64 text, so nothing can be signed with it.",
            hint="Copy it again from the Voice App in the Sinch dashboard; `fn secrets explain "
            "VOICE_APPLICATION_SECRET` shows where it comes from.",
        )

    async def _not_authorized(self, error: VoiceError, said: str) -> ConfigurationFailed:
        skew = await clock_skew(self.origin, self.timeout)
        if skew is not None and abs(skew) > _SKEW:
            late = "behind" if skew > 0 else "ahead"
            return ConfigurationFailed(
                f"{said}: the platform refuses the signature, and this machine's clock is {_span(abs(skew))} {late}.",
                hint="Set the clock (`timedatectl set-ntp true`), then try again.",
            )
        return ConfigurationFailed(
            f"{said}: the platform refuses key and secret ({error.status} {error.message}).",
            hint="`fn secrets explain VOICE_APPLICATION_SECRET` shows where the secret comes from; compare key and "
            "secret with the Voice App in the Sinch dashboard.",
        )


async def clock_skew(origin: str, timeout: float) -> float | None:  # noqa: ASYNC109 it is aiohttp that keeps it
    """How many seconds this machine's clock is behind the one of a server; None when that does not say."""
    import aiohttp

    is_tls = origin.startswith("https:")  # as for the requests themselves: this machine is reached without a proxy
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=timeout), trust_env=is_tls) as session,
            session.get(origin, allow_redirects=False) as response,
        ):
            theirs = parsedate_to_datetime(response.headers["Date"])
    except (aiohttp.ClientError, OSError, ValueError, KeyError):
        return None
    return theirs.timestamp() - datetime.now(UTC).timestamp()


def _is_unclear(status: int) -> bool:
    """Whether a change may have been made all the same, and trying again makes sense.

    A good status comes here only with a body that is not documented: something else has answered.
    """
    return status < 300 or status in {408, 425, 429} or status >= 500


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def _ended(text: str) -> str:
    """The platform's words as the end of a sentence, behind which another may stand."""
    return text if text.endswith((".", "!", "?")) else f"{text}."
