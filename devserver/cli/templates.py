"""`fn templates`: what `fn init` can start from."""

from __future__ import annotations

import click

from devserver.project import scaffold


@click.group
def templates() -> None:
    """Show what `fn init` can start from."""


@templates.command("list", epilog="\b\nExample:\n  fn templates list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def list_templates(as_json: bool) -> None:
    """List the templates, each in one line."""
    found = scaffold.templates()
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode([{"name": each.name, "description": each.description} for each in found]))
        return
    for each in found:
        click.echo(f"{each.name:<18} {each.description}")
    click.echo(f"\nCreate one with: fn init {found[0].name} --dir my-function")


@templates.command("show", epilog="\b\nExample:\n  fn templates show simple-voice-ivr")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with the content of every file.")
def show_template(name: str, as_json: bool) -> None:
    """Show what a template consists of, and its function.py."""
    found = scaffold.find_template(name)
    files = {path: source.read_text("utf-8") for path, source in found.files}
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode({"name": found.name, "description": found.description, "files": files}))
        return
    click.echo(f"{found.name}: {found.description}\n")
    for path in files:
        click.echo(f"  {path}")
    click.echo(f"\nfunction.py:\n\n{files['function.py']}")
