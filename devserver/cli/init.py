"""`fn init`: a new project from a template."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from devserver.project.scaffold import DEFAULT, Created, create, find_template, templates


@click.command(epilog="\b\nExample:\n  fn init simple-voice-ivr --dir pizza-line && fn dev pizza-line")
@click.argument("template", required=False)
@click.option("--dir", "folder", type=click.Path(path_type=Path), default=".", help="Where; by default here.")
@click.option("--name", help="Name of the function; by default that of the folder.")
@click.option("--force", is_flag=True, help="Add the missing files to a folder that is not empty. Overwrites nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print what was made as one JSON object.")
def init(template: str | None, folder: Path, name: str | None, force: bool, as_json: bool) -> None:
    """Create a project that runs at once under `fn dev`.

    Without TEMPLATE a terminal is asked which one, and everything else gets simple-voice-ivr. `fn templates list`
    says what there is.
    """
    chosen = find_template(template or _choose(ask=sys.stdin.isatty() and not as_json))
    created = create(chosen, folder, name=name, force=force)
    if as_json:
        import msgspec

        answer = {
            "folder": str(created.folder.resolve()),
            "name": created.name,
            "template": chosen.name,
            "written": created.written,
            "kept": created.kept,
        }
        click.echo(msgspec.json.encode(answer))
    else:
        _tell(created, chosen.name)


def _choose(*, ask: bool) -> str:
    if not ask:
        return DEFAULT
    choices = templates()
    for number, each in enumerate(choices, 1):
        click.echo(f"  {number}  {each.name:<18} {each.description}")
    number = click.prompt("Which one", type=click.IntRange(1, len(choices)), default=1)
    return choices[number - 1].name


def _tell(created: Created, template: str) -> None:
    where = "this folder" if created.folder == Path() else created.folder
    click.echo(f"Created {created.name} in {where} from the template {template}:")
    for path in created.written:
        click.echo(f"  {path}")
    if created.kept:
        click.echo(f"Left as they were: {', '.join(created.kept)}")
    click.echo("\nNext:")
    if created.folder != Path():
        click.echo(f"  cd {shlex.quote(str(created.folder))}")
    click.echo("  fn dev")
    click.echo("README.md says what to try then.")
