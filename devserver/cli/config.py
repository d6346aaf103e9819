"""`fn config`: the ids of an account that a person would otherwise give again and again, and named profiles of them."""

from __future__ import annotations

import os

import click

from devserver.cli.asking import agreed
from devserver.cli.options import json_option, print_json
from devserver.errors import ConfigError, FnError
from devserver.project import profiles


@click.group
def config() -> None:
    """Ids that you use again and again, in named profiles.

    Keys: projectId, keyId, defaultApplicationKey, region. `fn auth login` offers them, and they count where the
    keyring and the environment have none. Secrets are not kept here.
    """


@config.command("get", epilog="\b\nExample:\n  fn config get projectId")
@click.argument("key")
def get_value(key: str) -> None:
    """Print the value of KEY. Exits with 1 when there is none."""
    found, name = _read()
    value = found.profiles[name].get(profiles.known_key(key))
    if value is None:
        raise FnError(f"{key} is not set in profile {name}.", hint=f"Set it with `fn config set {key} VALUE`.")
    click.echo(value)


@config.command("set", epilog="\b\nExample:\n  fn config set projectId 0123abcd-0123-4abc-8abc-0123456789ab")
@click.argument("key")
@click.argument("value")
def set_value(key: str, value: str) -> None:
    """Set KEY to VALUE; an empty VALUE removes it."""
    found, name = _read()
    profiles.write_config(profiles.with_value(found, name, key, value))
    click.echo(f"{key} of profile {name} is {value}." if value else f"{key} of profile {name} is not set any more.")


@config.command("list", epilog="\b\nExample:\n  fn --profile work config list")
@json_option
def list_values(as_json: bool) -> None:
    """List all keys of the profile."""
    from devserver.session.words import visible_line

    found, name = _read()
    values = {key: found.profiles[name].get(key) for key in profiles.KEYS}
    if as_json:
        print_json({"profile": name, "file": str(found.path), "values": values})
        return
    click.echo(f"Profile {name} ({found.path})")
    for key, value in values.items():
        click.echo(f"  {key:<22} {visible_line(value) if value else f'not set: {profiles.KEYS[key]}'}")


@config.group
def profile() -> None:
    """Profiles: one for each account that you work with.

    Which one counts: `fn --profile NAME ...`, then FN_PROFILE in the environment, then the one in use, then default.
    """


@profile.command("list", epilog="\b\nExample:\n  fn config profile list")
@json_option
def list_profiles(as_json: bool) -> None:
    """List all profiles."""
    found = profiles.read_config(os.environ)
    names = sorted(found.profiles)
    try:
        chosen = found.chosen(os.environ)
    except ConfigError:
        chosen = ""  # FN_PROFILE names none of them; whoever needs one is told
    if as_json:
        print_json([{"name": name, "inUse": name == found.in_use, "chosen": name == chosen} for name in names])
        return
    for name in names:
        words = [word for word, is_so in (("in use", name == found.in_use), ("chosen now", name == chosen)) if is_so]
        click.echo(f"{name}{'  (' + ', '.join(words) + ')' if words else ''}")


@profile.command("create", epilog="\b\nExample:\n  fn config profile create work && fn --profile work auth login")
@click.argument("name")
def create_profile(name: str) -> None:
    """Create an empty profile."""
    profiles.write_config(profiles.with_profile(profiles.read_config(os.environ), name))
    click.echo(f"Profile {name} is there. Log in with `fn --profile {name} auth login`.")


@profile.command("use", epilog="\b\nExample:\n  fn config profile use work")
@click.argument("name")
def use_profile(name: str) -> None:
    """Let NAME be the profile that counts from now on."""
    from dataclasses import replace

    found = profiles.read_config(os.environ)
    profiles.write_config(replace(found, in_use=found.existing(name)))
    click.echo(f"Profile {name} is in use.")
    said = os.environ.get(profiles.VARIABLE)
    if said and said != name:
        click.echo(f"{profiles.VARIABLE} is {said} in this environment, and wins.")


@profile.command("delete", epilog="\b\nExample:\n  fn config profile delete work --yes")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete_profile(name: str, yes: bool) -> None:
    """Delete a profile, and its login from the keyring."""
    from devserver.project import SystemKeyring
    from devserver.project.login import forget_login

    left = profiles.without_profile(profiles.read_config(os.environ), name)
    if not yes:
        agreed(f"Delete profile {name} and its login?", "--yes")
    try:
        gone = forget_login(SystemKeyring(), name)
    except ConfigError as error:
        gone = ()
        click.echo(f"A login of it may be left in the keyring. {error.message}", err=True)
    profiles.write_config(left)
    click.echo(f"Profile {name} is deleted{', with its login' if gone else ''}. In use is {left.in_use}.")


def _read() -> tuple[profiles.Config, str]:
    found = profiles.read_config(os.environ)
    return found, found.chosen(os.environ)
