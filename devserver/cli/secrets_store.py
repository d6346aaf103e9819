"""`fn secrets add|get|delete|clear`: entries of the keyring, and the empty line in `.env` that leads there."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from devserver.cli.asking import agreed, hidden, is_terminal, piped, text_of
from devserver.cli.options import folder_option, json_option, print_json
from devserver.errors import ConfigError, FnError

if TYPE_CHECKING:
    from devserver.project.env_lines import Listed
    from devserver.project.system_keyring import Keeper

_KEY = re.compile(r"[A-Z_][A-Z0-9_]{0,127}")
_force = click.option("-f", "--force", is_flag=True, help="Do not ask.")


def _key(_context: click.Context, _parameter: click.Parameter, key: str) -> str:
    if not _KEY.fullmatch(key):
        raise click.BadParameter(f'"{key}" is no key; use uppercase letters, digits and underscores.')
    return key


@click.command(
    epilog="""\b
Examples:
  fn secrets add STRIPE_KEY                   asks for the value
  pass show stripe | fn secrets add STRIPE_KEY
  fn secrets add STRIPE_KEY sk_test_1         the value is in the shell's history then"""
)
@click.argument("key", callback=_key)
@click.argument("value", required=False)
@folder_option
def add(key: str, value: str | None, folder: Path) -> None:
    """Store a secret in the keyring, and list KEY in .env of the project.

    VALUE on the command line ends up in the history of your shell, and other programs can see it for a moment. Leave it
    out to be asked, or send it through a pipe.
    """
    from devserver.project import SystemKeyring
    from devserver.project.env_file import read_env_file
    from devserver.project.env_lines import list_key
    from devserver.project.system_keyring import SERVICE, account_of

    root = _home(folder)
    if root is not None:
        read_env_file(root)  # a file that cannot be read is told before anything is stored
    secret = _value(key, value)
    _store(SystemKeyring(), key, secret)
    click.echo(f"{key} is in the keyring: service {SERVICE}, account {account_of(key)}.")
    if root is None:
        click.echo(
            f"This folder is no project and has no .env. Put {key}= into the .env of each project that wants it."
        )
        return
    for line in _words(key, list_key(root, key)):
        click.echo(line)


@click.command(epilog="\b\nExample:\n  fn secrets get STRIPE_KEY --show")
@click.argument("key", callback=_key)
@click.option("--show", is_flag=True, help="Print the value.")
@json_option
def get(key: str, show: bool, as_json: bool) -> None:
    """Say whether the keyring has a value for KEY. Exits with 1 when it has none."""
    from devserver.project import SystemKeyring
    from devserver.project.system_keyring import account_of
    from devserver.session.words import visible

    value = SystemKeyring().get(account_of(key))
    if as_json:
        print_json({"name": key, "set": value is not None} | ({"value": value} if show else {}))
    elif value is None:
        click.echo(f"The keyring has no {key}. Store it with `fn secrets add {key}`.", err=True)
    elif show:
        click.echo(visible(value) if sys.stdout.isatty() else value)
    else:
        click.echo(f"The keyring has {key}. --show prints it; `fn secrets explain {key}` says what the function gets.")
    if value is None:
        click.get_current_context().exit(1)


@click.command(epilog="\b\nExample:\n  fn secrets delete STRIPE_KEY -f")
@click.argument("key", callback=_key)
@_force
def delete(key: str, force: bool) -> None:
    """Delete the value of KEY from the keyring. Also `remove` and `rm`. The line in .env stays."""
    from devserver.project import SystemKeyring
    from devserver.project.system_keyring import account_of

    if not force:
        agreed(f"Delete {key} from the keyring, for every project that lists it?", "-f")
    if SystemKeyring().delete(account_of(key)):
        click.echo(f"{key} is deleted from the keyring.")
    else:
        click.echo(f"The keyring has no {key}.")


@click.command(epilog="\b\nExample:\n  fn secrets clear -f")
@_force
@folder_option
def clear(force: bool, folder: Path) -> None:
    """Delete the values of all keys that .env lists from the keyring. The lines in .env stay."""
    from devserver.project import SystemKeyring
    from devserver.project.env_file import read_env_file
    from devserver.project.load import existing_root
    from devserver.project.system_keyring import account_of

    listed = read_env_file(existing_root(folder))
    keyring = SystemKeyring()
    kept = [key for key in listed if keyring.get(account_of(key)) is not None]
    if not kept:
        click.echo("The keyring has nothing that .env lists.")
        return
    names = ", ".join(kept)
    if not force:
        agreed(f"Delete {names} from the keyring, for every project that lists them?", "-f")
    for key in kept:
        keyring.delete(account_of(key))
    click.echo(f"Deleted from the keyring: {names}.")


def _home(folder: Path) -> Path | None:
    """The folder whose `.env` is to list a key: a project, or what has an `.env` already (functions-platform.md 5)."""
    from devserver.project import env_file, manifest
    from devserver.project.load import existing_root

    root = folder.resolve()
    if (root / manifest.FILE).exists():
        return existing_root(folder)
    return root if (root / env_file.FILE).exists() else None


def _value(key: str, given: str | None) -> str:
    if given is not None:
        secret = text_of(os.fsencode(given), "The value")
    elif is_terminal():
        secret = hidden(f"Value of {key}")
    else:
        secret = piped("The value")
    if not secret:
        raise FnError(f"The value of {key} is empty.", hint="`fn secrets delete` removes one that is there.")
    if "\0" in secret:
        raise FnError("There is a NUL in the value, which no variable can hold.", hint="Store binary data as base64.")
    if key == "VOICE_APPLICATION_SECRET":
        from devserver.project.credentials import require_application_secret

        require_application_secret(secret, key)
    return secret


def _store(keyring: Keeper, key: str, secret: str) -> None:
    from devserver.project.system_keyring import account_of, choices

    try:
        keyring.set(account_of(key), secret)
    except ConfigError as error:
        raise ConfigError(f"{key} cannot be stored. {error.message}", hint=choices(key, "it")) from error


def _words(key: str, listed: Listed) -> list[str]:
    """What became of `.env`, in sentences."""
    lines = []
    match listed.state:
        case "filled":
            lines.append(f".env has a value for {key}, and that wins over the keyring. Empty it there to use this one.")
        case "there":
            pass
        case "added":
            lines.append(f".env lists {key} now, without the value{' (the file is new)' if listed.created else ''}.")
    if listed.ignored:
        lines.append(".gitignore has a line for .env now.")
    if key in os.environ:
        lines.append(f"{key} is set in the environment, and that wins.")
    return lines
