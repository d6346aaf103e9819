"""What the commands of `fn voice` share: their options, the way to a platform, and asking before real calls."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

from devserver.cli.options import folder_option, json_option, print_json
from devserver.errors import FnError

if TYPE_CHECKING:
    from devserver.project import Keyring, Project
    from devserver.project.login import Login
    from devserver.runtime.clients.voice import Voice

P = ParamSpec("P")
T = TypeVar("T")

_LOCAL = "Start `fn dev` in the project, or say --live for the real platform."


@dataclass(frozen=True, slots=True)
class Reach:
    """Which platform a command means, and how it prints.

    Attributes:
        folder: of the project.
        live: the real platform instead of the running session's.
        basic: authorize by key and secret instead of by a signature.
        yes: do not ask.
        as_json: print JSON.
    """

    folder: Path
    live: bool
    basic: bool
    yes: bool
    as_json: bool

    def run(self, work: Callable[[Voice], Awaitable[T]], *, real: str = "") -> T:
        """Do something with the client.

        Args:
            work: what.
            real: what it means on the real platform, as `This calls +1...`; a person is asked first. Empty when
                nothing is changed there.

        Raises:
            FnError: there is no such platform, it refused, or nobody agreed.
        """
        from devserver.runtime.clients import MissingVariables
        from devserver.runtime.clients.voice_results import VoiceError

        voice = self._client()
        if self.live and real:
            self._agree(real)

        async def awaited() -> T:
            return await work(voice)

        try:
            return asyncio.run(awaited())
        except VoiceError as error:
            raise FnError(f"{error}.".replace("..", "."), hint=self._hint(error.status)) from error
        except MissingVariables as error:
            names = " and ".join(error.names)
            raise FnError(
                f"--live needs {names}.",
                hint=f"Log in with `fn auth login`, or put them into .env; `fn secrets explain {error.names[0]}` "
                "says where they were looked for.",
            ) from error
        except ValueError as error:
            raise FnError(str(error), hint="`fn voice --help` shows examples.") from error

    def done(self, result: Any, words: str) -> None:
        """Print what came of it, as JSON or in words."""
        if self.as_json:
            print_json({"ok": True} if result is None else result)
        else:
            from devserver.session.words import visible

            click.echo(visible(words))

    def _client(self) -> Voice:
        from devserver.project import SystemKeyring, load_project
        from devserver.runtime.clients.voice import Voice
        from devserver.runtime.clients.voice_http import VoiceHttp

        keyring = SystemKeyring()
        login = partial(_login, keyring) if self.live else None
        project = load_project(self.folder, environ=os.environ, keyring=keyring, login=login)
        if self.live:
            return Voice(VoiceHttp(project.environment, project.dev.origins.get("voice"), basic=self.basic))
        return Voice(_local(project, basic=self.basic))

    def _agree(self, real: str) -> None:
        if self.yes:
            return
        if not sys.stdin.isatty():
            raise FnError(f"{real} for real, and there is no terminal to ask at.", hint="Say --yes if it is meant.")
        click.confirm(f"{real} for real. Go on?", abort=True)

    def _hint(self, status: int | None) -> str:
        if status is None:
            return "Is there a way to the network?" if self.live else "Is `fn dev` still running?"
        if status in {401, 403}:
            return "`fn secrets explain VOICE_APPLICATION_SECRET` shows where the secret comes from."
        return "" if self.live else "`fn recordings list` shows what the function was asked."


def _login(keyring: Keyring) -> Login:
    from devserver.project.login import load_login

    return load_login(os.environ, keyring)


def _local(project: Project, *, basic: bool) -> Any:
    from devserver.cloud.applications import application_of
    from devserver.runtime.clients.voice_http import VoiceHttp
    from devserver.session.discovery import find_session

    session = find_session(project.root)
    if session is None:
        raise FnError(f"No `fn dev` runs in {project.root}, and so there is no local Sinch.", hint=_LOCAL)
    application = application_of(project.root / ".fn", project.voice_app, project.voice_secret)
    variables = {"VOICE_APPLICATION_KEY": application.key, "VOICE_APPLICATION_SECRET": application.secret}
    return VoiceHttp(variables, session.cloud, basic=basic)


def reaching(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say which platform it means; it gets them as one `Reach`, its first parameter."""

    @wraps(command)
    def with_reach(**options: Any) -> None:
        reach = Reach(
            options.pop("folder"), options.pop("live"), options.pop("basic"), options.pop("yes"), options.pop("as_json")
        )
        command(reach, **options)

    decorated: Any = with_reach
    for option in (
        json_option,
        click.option("--yes", is_flag=True, help="Do not ask before something is done for real."),
        click.option("--basic", is_flag=True, help="Authorize by key and secret instead of by a signature."),
        click.option("--live", is_flag=True, help="The real platform instead of that of the running `fn dev`."),
        folder_option,
    ):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]


def svaml_or_url(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | None:
    """Markup as JSON, @FILE with such, or a URL; for `callback=` of an option."""
    if text is None or text.startswith(("http://", "https://")):
        return text
    if text.startswith("@"):
        try:
            text = Path(text[1:]).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise click.BadParameter(f"{text[1:]} cannot be read: {reason}.") from error
    try:
        document = json.loads(text)
    except ValueError as error:
        raise click.BadParameter(f"this is neither a URL nor JSON: {error}.") from error
    if not isinstance(document, dict):
        raise click.BadParameter("this is JSON, but no object with `instructions` and `action`.")
    return text


def svaml(context: click.Context, parameter: click.Parameter, text: str | None) -> dict[str, Any] | None:
    """Markup as JSON, or @FILE with such."""
    if text is not None and text.startswith(("http://", "https://")):
        raise click.BadParameter("a URL cannot be given here; give JSON or @FILE.")
    found = svaml_or_url(context, parameter, text)
    return None if found is None else json.loads(found)
