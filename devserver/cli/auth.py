"""`fn auth`: log in to an account, say who is logged in, log out. Secrets are never printed, not even on demand."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from devserver.cli.asking import LIMIT, agreed, hidden, is_terminal
from devserver.cli.options import json_option, print_json
from devserver.errors import ConfigError, FnError

if TYPE_CHECKING:
    from devserver.project.credentials import Credentials
    from devserver.project.login import Login

_PLACES = {"keyring": "the keyring", "config": "config.json"}


@click.group
def auth() -> None:
    """Log in to an account of Sinch, see who is logged in, log out.

    The login is for what leaves this machine: a tunnel with a Voice App, and `fn voice --live`. Environment variables
    win over it, one by one: SINCH_PROJECT_ID, SINCH_KEY_ID, SINCH_KEY_SECRET, VOICE_APPLICATION_KEY,
    VOICE_APPLICATION_SECRET.
    """


@auth.command(
    epilog="""\b
Examples:
  fn auth login                       asks for the ids and the secrets
  fn auth login -f credentials.json   {"projectId", "keyId", "keySecret", "applicationKey", "applicationSecret"}
  op read op://team/sinch | fn auth login -f -"""
)
@click.option("-f", "--file", metavar="FILE", help="Read them from this JSON file; - is standard input.")
def login(file: str | None) -> None:
    """Store the credentials of an account in the keyring of this machine.

    Nothing is sent to Sinch. Without a terminal, -f is needed.
    """
    from devserver.project import SystemKeyring
    from devserver.project.login import load_login, require_keyring, store_login

    keyring = SystemKeyring()
    before = load_login(os.environ, keyring)
    if file is None and not is_terminal():
        raise FnError(
            "There is no terminal to ask at.",
            hint="Name a file with `fn auth login -f FILE` (- is standard input), or set SINCH_PROJECT_ID, "
            "SINCH_KEY_ID and SINCH_KEY_SECRET in the environment.",
        )
    require_keyring(keyring, before.profile)
    credentials = _asked(before) if file is None else _read(file)
    store_login(keyring, before.profile, credentials)
    _tell(credentials, before.profile)
    if file not in {None, "-"}:
        click.echo(f"{file} still holds the secrets in clear. Delete it when nothing else needs it.", err=True)


@auth.command(epilog="\b\nExample:\n  fn auth status && fn voice callbacks get --live")
@json_option
def status(as_json: bool) -> None:
    """Say which credentials there are, and where each is from. Exits with 1 when project or key are missing."""
    from devserver.project import SystemKeyring
    from devserver.project.login import load_login

    found = load_login(os.environ, SystemKeyring())
    if as_json:
        print_json(_summary(found))
    else:
        _print(found)
    if not found.is_complete:
        click.get_current_context().exit(1)


@auth.command(epilog="\b\nExample:\n  fn auth logout --yes")
@click.option("--yes", is_flag=True, help="Do not ask.")
def logout(yes: bool) -> None:
    """Delete the stored credentials of the profile."""
    from devserver.project import SystemKeyring
    from devserver.project.login import PARTS, forget_login
    from devserver.project.profiles import read_config

    profile = read_config(os.environ).chosen(os.environ)
    if not yes:
        agreed(f"Delete the login of profile {profile} from the keyring?", "--yes")
    gone = forget_login(SystemKeyring(), profile)
    if gone:
        click.echo(f"Removed from the keyring, profile {profile}: {', '.join(part.words for part in gone)}.")
    else:
        click.echo(f"The keyring has no login of profile {profile}.")
    if left := [part.variable for part in PARTS if os.environ.get(part.variable)]:
        click.echo(f"Still set in the environment: {', '.join(left)}.")


def _read(file: str) -> Credentials:
    from devserver.project.credentials import read_credentials

    if file == "-":
        return read_credentials(sys.stdin.buffer.read(LIMIT), "Standard input")
    try:
        with Path(file).open("rb") as opened:
            data = opened.read(LIMIT)
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be read: {error.strerror}.", hint="Name a JSON file, or - for standard input."
        ) from None
    return read_credentials(data, file)


def _asked(before: Login) -> Credentials:
    """Ask a person; ids that are known already are offered."""
    from devserver.project.credentials import Credentials, require_usable

    project = _id("Project id", before.project_id)
    key = _id("Key id", before.key_id)
    secret = hidden("Key secret", _usable)
    application = _id("Application key of a Voice App (- for none)", before.application_key or "-")
    credentials = Credentials(project, key, secret)
    if application != "-":
        credentials = Credentials(project, key, secret, application, hidden("Application secret", _application_secret))
    require_usable(credentials, "The login")
    return credentials


def _id(words: str, default: str | None) -> str:
    value: str = click.prompt(words, default=default, value_proc=_usable, err=True)
    return value


def _usable(typed: str) -> str:
    value = typed.strip()
    if not value or not value.isprintable() or not value.isascii() or " " in value:
        raise click.UsageError("there is white space in it, or it is empty; copy it from the Sinch dashboard.")
    return value


def _application_secret(typed: str) -> str:
    from devserver.project.credentials import require_application_secret

    try:
        require_application_secret(value := _usable(typed), "This")
    except ConfigError as error:
        raise click.UsageError(error.message) from None
    return value


def _tell(credentials: Credentials, profile: str) -> None:
    from devserver.project.login import PARTS, account_of_profile
    from devserver.project.system_keyring import SERVICE

    voice = f", application {credentials.application_key}" if credentials.application_key else ", no application"
    click.echo(f"Logged in: project {credentials.project_id}, key {credentials.key_id}{voice} (profile {profile}).")
    click.echo(f"The keyring keeps it: service {SERVICE}, account {account_of_profile(profile)}.")
    if sys.platform == "darwin":  # anchors.md 4 (21)
        click.echo("Once you allow it there, any program run by the same Python can read it.")
    for part in PARTS:
        if os.environ.get(part.variable):
            click.echo(f"{part.variable} is set in the environment and wins over the {part.words}.")


def _summary(found: Login) -> dict[str, object]:
    from devserver.project.login import PARTS

    values = []
    for part in PARTS:
        value = found.value(part)
        row = {"name": part.key, "set": value is not None, "source": found.sources.get(part.field)}
        values.append(row if part.secret else row | {"value": value})
    return {
        "profile": found.profile,
        "complete": found.is_complete,
        "keyring": found.trouble or None,
        "values": values,
    }


def _print(found: Login) -> None:
    from devserver.project.login import PARTS
    from devserver.project.profiles import DEFAULT
    from devserver.session.words import visible_line

    click.echo(f"Profile {found.profile}")
    for part in PARTS:
        value = found.value(part)
        if value is None:
            aside = "  (the keyring has one for another id)" if part.field in found.mismatch else ""
            click.echo(f"  {part.words:<19} not set{aside}")
            continue
        shown = "set" if part.secret else visible_line(value)
        source = found.sources[part.field]
        click.echo(f"  {part.words:<19} {shown}  (from {_PLACES.get(source, part.variable)})")
    if found.trouble:
        click.echo(f"  {found.trouble}")
    if not found.is_complete:
        chosen = "" if found.profile == DEFAULT else f"--profile {found.profile} "
        click.echo(f"There is no complete login. `fn {chosen}auth login` makes one.")
