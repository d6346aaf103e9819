"""`fn debug`: what editors must be told of `fn dev --debug`."""

from __future__ import annotations

import click

from devserver.debug.editors import EDITORS


@click.group
def debug() -> None:
    """Configuration of editors for `fn dev --debug`."""


@debug.command("config", epilog="\b\nExamples:\n  fn debug config vscode\n  fn debug config nvim --port 5679")
@click.argument("editor", type=click.Choice(list(EDITORS)))
@click.option("--port", type=click.IntRange(1, 65535), default=5678, metavar="N", help="Port of --debug. Default 5678.")
def config(editor: str, port: int) -> None:
    """Print the piece of configuration by which EDITOR attaches."""
    click.echo(EDITORS[editor](port))
