"""`fn cloud`: the local Sinch on the cloud port: the application that a client needs, and starting over."""

from __future__ import annotations

import os
from pathlib import Path

import click

from devserver.cli.options import folder_option, json_option, print_json


@click.group
def cloud() -> None:
    """The local Sinch: Voice on this machine, for SDKs and other clients."""


@cloud.command("application", epilog="\b\nExample:\n  fn cloud application --dir pizza-line --json")
@folder_option
@json_option
def show_application(folder: Path, as_json: bool) -> None:
    """Print the application key and secret that the local Sinch takes.

    They are the project's Voice App, or made up once for a project that has none.
    """
    from devserver.cloud.applications import application_of
    from devserver.project import SystemKeyring, load_project
    from devserver.session.discovery import find_session, private_folder
    from devserver.session.words import visible_line

    project = load_project(folder, environ=os.environ, keyring=SystemKeyring())
    application = application_of(private_folder(project.root), project.voice_app, project.voice_secret)
    session = find_session(project.root)
    if as_json:
        print_json({"key": application.key, "secret": application.secret, "url": session.cloud if session else None})
        return
    click.echo(f"key     {visible_line(application.key)}")
    click.echo(f"secret  {visible_line(application.secret)}")
    click.echo(f"url     {session.cloud if session else 'nothing runs; start `fn dev`'}")


@cloud.command("reset", epilog="\b\nExample:\n  fn cloud reset --dir pizza-line")
@folder_option
@json_option
def reset_cloud(folder: Path, as_json: bool) -> None:
    """Forget callback URLs, numbers and reports, and delete the stored call recordings.

    A running session goes on with nothing configured. The application key and secret stay.
    """
    from devserver.cloud.state import reset
    from devserver.cloud.voice_recordings import FOLDER, delete_all

    private = folder / ".fn"
    entries, recordings = reset(private), delete_all(private / FOLDER)
    if as_json:
        print_json({"entries": entries, "recordings": recordings})
        return
    click.echo(
        f"The local Sinch is as new: {_count(entries, 'setting')} and {_count(recordings, 'recording')} are gone."
    )


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
