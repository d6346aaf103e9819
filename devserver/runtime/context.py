"""`FunctionContext`: everything a handler is given beside the event (DESIGN 4; functions-platform.md 3).

One `Services` lives as long as a generation; one context lives as long as a request. What costs something (the
logger, the clients, the database file) is made on first use, so that a callback that needs none of it pays nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from devserver.runtime.backends import Assets, Cache, Storage
from devserver.runtime.clients import Clients


class MissingVariable(KeyError):
    """A variable that the function requires is not set; the text names it and says where to set it."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, slots=True)
class FunctionConfig:
    """Settings of the function.

    Attributes:
        project_id: the Sinch project, or None.
        function_name: `name` of `sinch.json`.
        environment: `"development"` under `fn dev`.
        variables: every variable of the function, secrets included.
    """

    project_id: str | None
    function_name: str
    environment: str
    variables: Mapping[str, str]

    def get_variable(self, name: str, default: str | None = None) -> str | None:
        """The value of a variable, or the default when it is not set or empty."""
        return self.variables.get(name) or default

    def require_variable(self, name: str) -> str:
        """The value of a variable.

        Raises:
            MissingVariable: it is not set or empty.
        """
        value = self.variables.get(name)
        if not value:
            raise MissingVariable(
                f"The variable {name} is not set. Put it into `variables` of sinch.json, or into .env if it is secret."
            )
        return value


@dataclass(frozen=True)
class Services:
    """What all requests of one generation share."""

    root: Path
    config: FunctionConfig
    cache: Cache
    storage: Storage
    assets: Assets
    clients: Clients
    database: Callable[[], str]
    logger: Any


@dataclass(frozen=True)
class FunctionContext:
    """What a handler gets as its first parameter.

    Attributes:
        request_id: the id under which `fn recordings show` finds this request.
        callid: the call, for Voice callbacks.
        generation: which load of the code this is, counted from 1.
    """

    services: Services = field(repr=False)
    request_id: str = ""
    callid: str | None = None
    generation: int = 0

    @property
    def cache(self) -> Cache:
        """Values with an expiry, shared by all requests; survives reloads."""
        return self.services.cache

    @property
    def storage(self) -> Storage:
        """Files by key; `./storage/` under `fn dev`."""
        return self.services.storage

    @cached_property
    def database(self) -> str:
        """Path of the function's SQLite file; `./data/function.db` under `fn dev`."""
        return self.services.database()

    @property
    def assets(self) -> Assets:
        """`await context.assets("name")` reads a text file of `assets/`."""
        return self.services.assets

    @property
    def config(self) -> FunctionConfig:
        """Name, project and variables of the function."""
        return self.services.config

    @property
    def env(self) -> Mapping[str, str]:
        """The variables as a mapping."""
        return self.services.config.variables

    @cached_property
    def log(self) -> Any:
        """A structlog logger bound to this request: `context.log.info("routed", to="sales")`."""
        bound = {"request_id": self.request_id, "callid": self.callid, "generation": self.generation}
        return self.services.logger.bind(**{key: value for key, value in bound.items() if value})

    @cached_property
    def timestamp(self) -> str:
        """When this was first asked for, ISO 8601 in UTC."""
        return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    @property
    def conversation(self) -> Any:
        """The Conversation API."""
        return self.services.clients.conversation

    @property
    def sms(self) -> Any:
        """The SMS API."""
        return self.services.clients.sms

    @property
    def numbers(self) -> Any:
        """The Numbers API."""
        return self.services.clients.numbers

    @property
    def voice(self) -> Any:
        """The Voice API: `await context.voice.callouts.tts("+12025550199", text="Hello")`."""
        return self.services.clients.voice

    @property
    def verification(self) -> Any:
        """The Verification API; comes with a later version and says so when used."""
        return self.services.clients.verification
