"""`fn lease`: whose callbacks point at this machine, and giving them back."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from devserver.cli.options import folder_option, json_option, print_json
from devserver.errors import ConfigError

if TYPE_CHECKING:
    from devserver.project import Project
    from devserver.session.lease_restoring import Listed


@click.group
def lease() -> None:
    """Callbacks of Voice Apps that point at this machine.

    `fn dev --tunnel` points the callback of the project's Voice App at this machine and gives it back at its end. What
    is to be given back is written down before anything is changed.
    """


@lease.command("list", epilog="\b\nExample:\n  fn lease list --json")
@json_option
def list_all(as_json: bool) -> None:
    """List the callbacks that are to be given back."""
    from devserver.session.lease_restoring import Listed, list_leases

    found = list(list_leases())
    if as_json:
        print_json([_shape(each) for each in found if isinstance(each, Listed)])
        for each in found:
            if not isinstance(each, Listed):
                click.echo(f"fn: {each.message}", err=True)
        return
    if not found:
        click.echo("No callback points at this machine.")
    for each in found:
        click.echo(_words(each) if isinstance(each, Listed) else f"{each.message}\n  {each.hint}")


@lease.command("restore", epilog="\b\nExamples:\n  fn lease restore\n  fn lease restore --all")
@folder_option
@click.option("--all", "everything", is_flag=True, help="Of every application, not only this project's.")
@json_option
def restore(folder: Path, everything: bool, as_json: bool) -> int:
    """Give back the callbacks that sessions have left behind.

    Each is put back only if it is still ours; what somebody else has set meanwhile stays. A callback that a running
    `fn dev` holds is left to it.
    """
    from devserver.session.lease_restoring import restore_leases

    project = None if everything else _project(folder)
    restored = asyncio.run(restore_leases(project))
    failed = any(not each.ok for each in restored)
    if as_json:
        print_json(
            [
                {"application": each.application, "ok": each.ok, "text": each.text, "hint": each.hint}
                for each in restored
            ]
        )
        return int(failed)
    if not restored:
        click.echo("Nothing is to be given back.")
    for each in restored:
        click.echo(each.text)
        if each.hint:
            click.echo(f"  {each.hint}")
    return int(failed)


def _project(folder: Path) -> Project:
    from devserver.project import SystemKeyring, load_project

    try:
        return load_project(folder, environ=os.environ, keyring=SystemKeyring())
    except ConfigError as error:
        raise ConfigError(error.message, hint=f"`fn lease restore --all` needs no project. {error.hint}") from error


def _shape(listed: Listed) -> dict[str, Any]:
    entry = listed.entry
    return {
        "application": entry.application,
        "before": {"primary": entry.before.primary, "fallback": entry.before.fallback},
        "ours": entry.ours.primary,
        "fallback": entry.ours.fallback,
        "pid": entry.pid,
        "state": entry.state,
        "live": listed.live,
        "since": entry.since,
        "project": entry.project,
        "name": entry.name,
        "origin": entry.origin,
    }


def _words(listed: Listed) -> str:
    from datetime import datetime

    from devserver.session.words import visible_line

    entry = listed.entry
    since = datetime.fromtimestamp(entry.since)  # noqa: DTZ006 a person's own time
    who = f"fn dev of {entry.name} (pid {entry.pid}), since {since:%d %b %H:%M}"
    state = "" if listed.live else "; it has ended: `fn lease restore` gives the callback back"
    if listed.settler:
        state = f"; it has ended, and process {listed.settler} is giving the callback back"
    lines = [f"{entry.application}  {who}{state}", f"  now     {entry.ours.primary}"]
    lines.append(f"  before  {entry.before.primary or 'none'}")
    if entry.before.fallback:
        lines.append(f"          {entry.before.fallback} (fallback)")
    return "\n".join(visible_line(line) for line in lines)
