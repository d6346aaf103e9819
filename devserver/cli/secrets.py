"""`fn secrets`: store secrets in the keyring, and see where the value of each variable of a project comes from.

Values are printed only on `--show`: terminals are shared, recorded and scrolled back.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from devserver.cli.options import json_option, print_json
from devserver.cli.secrets_store import add, clear, delete, get
from devserver.project import Explanation, SystemKeyring
from devserver.project.explaining import explain_variable, explain_variables
from devserver.session.words import visible, visible_line

if TYPE_CHECKING:
    from devserver.project.login import Login

_folder = click.option(
    "--dir", "folder", type=click.Path(path_type=Path), default=".", help="Folder of the project; by default here."
)
_show = click.option("--show", is_flag=True, help="Print values too.")


class _Spellings(click.Group):
    """Takes `remove` and `rm` for `delete`, as the platform's command line does."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, "delete" if cmd_name in {"remove", "rm"} else cmd_name)


@click.group(cls=_Spellings)
def secrets() -> None:
    """Store secrets in the keyring, and see where the values of a project's variables come from.

    An entry belongs to a key and not to a project: service sinch-cli, account custom-KEY. Projects that list the same
    key in .env share it.
    """


@secrets.command("list", epilog="\b\nExample:\n  fn secrets list --dir pizza-line")
@_folder
@_show
@json_option
def list_secrets(folder: Path, show: bool, as_json: bool) -> None:
    """List every variable of the project: where its value comes from, and whether it is a secret."""
    found = explain_variables(folder, environ=os.environ, keyring=SystemKeyring(), login=_login)
    for trouble in dict.fromkeys(each.trouble for each in found if each.trouble):
        click.echo(f"{trouble} What only it could have counts as not set; `fn doctor` says what to do.", err=True)
    if as_json:
        print_json([_summary(each, show=show) for each in found])
        return
    if not found:
        click.echo("This project has no variables. Put them into `variables` of sinch.json, and secrets into .env.")
    width = max((len(each.key) for each in found), default=0)
    for each in found:
        source = each.variable.source if each.variable else "not set"
        value = visible_line(each.variable.value) if show and each.variable else ""
        click.echo(f"{each.key:<{width}}  {source:<19}  {'secret' if each.secret else '':<6}  {value}".rstrip())


@secrets.command("explain", epilog="\b\nExample:\n  fn secrets explain VOICE_APPLICATION_SECRET")
@click.argument("key")
@_folder
@_show
@json_option
def explain_secret(key: str, folder: Path, show: bool, as_json: bool) -> None:
    """Explain where the value of KEY comes from, and why the other places did not count."""
    found = explain_variable(folder, key, environ=os.environ, keyring=SystemKeyring(), login=_login)
    if as_json:
        steps = [{"source": step.source, "hit": step.value is not None, "reason": step.reason} for step in found.steps]
        print_json(_summary(found, show=show) | {"steps": steps})
        return
    source = f"is set, from {found.variable.source}" if found.variable else "is not set"
    click.echo(f"{key} {source}{' (a secret)' if found.secret else ''}.")
    if show and found.variable:
        click.echo(f"  value: {visible(found.variable.value)}")
    for step in found.steps:
        click.echo(f"  {'>' if step.value is not None else '-'} {step.source}: {step.reason}")


secrets.add_command(add)
secrets.add_command(get)
secrets.add_command(delete)
secrets.add_command(clear)


def _login() -> Login:
    from devserver.project.login import load_login

    return load_login(os.environ, SystemKeyring())


def _summary(found: Explanation, *, show: bool) -> dict[str, Any]:
    variable = found.variable
    summary: dict[str, Any] = {
        "name": found.key,
        "set": variable is not None,
        "source": variable.source if variable else None,
        "secret": found.secret,
    }
    if show:
        summary["value"] = variable.value if variable else None
    return summary
