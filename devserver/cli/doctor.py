"""`fn doctor`: look for what is wrong on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import click

from devserver.cli.options import folder_option, json_option, print_json, shows_colours

_COLOURS = {"ok": "green", "warning": "yellow", "error": "red"}


@click.command(
    epilog="""\b
Examples:
  fn doctor                 this machine, and the project in this folder
  fn doctor --online        compare the clock with Sinch's, too
  fn doctor --json | jq '.checks[] | select(.state != "ok")'"""
)
@click.option("--online", is_flag=True, help="Ask Sinch for the time, and compare the clock.")
@folder_option
@json_option
def doctor(online: bool, folder: Path, as_json: bool) -> None:
    """Look for what is wrong on this machine: Python, project, credentials, keyring, ports, tunnel, leases.

    Changes nothing, shows no secret, and stays on this machine without --online. Exits with 1 when it finds an error.
    """
    from devserver.project import SystemKeyring
    from devserver.session.doctor import Patient, examine
    from devserver.session.doctor_checks import CHECKS
    from devserver.session.words import visible

    found = []
    for each in examine(Patient(folder, os.environ, SystemKeyring(), online=online), CHECKS):
        found.append(each)
        if as_json:
            continue
        finding = each.finding
        click.echo(f"{_coloured(finding.state)}  {each.name:<11}  {visible(finding.text)}")
        if finding.hint:
            click.echo(f"{'':22}{visible(finding.hint)}")
    has_error = any(each.finding.state == "error" for each in found)
    if as_json:
        rows = [
            {"name": each.name, "state": each.finding.state, "text": each.finding.text, "hint": each.finding.hint}
            for each in found
        ]
        print_json({"ok": not has_error, "checks": rows})
    if has_error:
        click.get_current_context().exit(1)


def _coloured(state: str) -> str:
    padded = f"{state:<7}"
    return click.style(padded, fg=_COLOURS[state]) if shows_colours() else padded
