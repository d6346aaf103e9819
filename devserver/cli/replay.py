"""`fn replay`: send recorded or given callbacks again and see what is different."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from devserver.runtime.routing import VOICE_EVENTS

if TYPE_CHECKING:
    from rich.console import Console

    from devserver.recorder.replay import Replayed


@click.command(
    epilog="""\b
Examples:
  fn replay last                          the newest recording, against today's code
  fn replay 01a1fd4aa8bd --check          exit with 1 when the answer is different
  fn replay callback-ice.json             a callback from a file
  fn replay callbacks/ --json | jq .      every .json file of a folder
  fn replay body.json --event ice         a file that does not say what it is"""
)
@click.argument("target", metavar="ID|last|FILE.json|DIR")
@click.option(
    "--dir",
    "folder",
    default=".",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of the project; by default here.",
)
@click.option("--event", type=click.Choice(VOICE_EVENTS), help="What a file is that does not say so.")
@click.option("--check", is_flag=True, help="Exit with 1 when an answer is different or fails.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def replay(target: str, folder: Path, event: str | None, check: bool, as_json: bool) -> int:
    """Send a recorded callback again and compare the answers.

    The bytes are sent as they were received, signed anew if the project has a Voice App secret. A running `fn dev` of
    the project answers; without one, a session is started for the moment.
    """
    from devserver.recorder.replay import shape
    from devserver.session.replaying import find_items
    from devserver.session.replaying import replay as send

    results = send(folder, find_items(folder, target, event))
    if as_json:
        click.echo(json.dumps(shape(results), indent=2, ensure_ascii=False))
    else:
        _print(results)
    bad = any(one.differences or one.failed for one in results)
    return 1 if check and bad else 0


def _print(results: list[Replayed]) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=False, width=None if sys.stdout.isatty() else 120)
    for one in results:
        _print_one(console, one)
    different = sum(1 for one in results if one.differences)
    failed = sum(1 for one in results if one.failed)
    words = [f"{len(results)} replayed"]
    if any(one.item.is_recorded for one in results):
        words.append(f"{different} different" if different else "all as recorded")
    if failed:
        words.append(f"{failed} failed")
    console.print(", ".join(words) + ".", style="red" if failed else None)


def _print_one(console: Console, one: Replayed) -> None:
    from rich.columns import Columns
    from rich.panel import Panel
    from rich.text import Text

    from devserver.session.words import visible

    title = Text(f"{one.item.event or one.item.path}  {one.item.name}", style="bold")
    console.print(title)
    panels = [Panel(Text(_shown(one.new)), title=f"now {one.new.status}", title_align="left")]
    if one.item.is_recorded:
        old = one.item.old
        status = old.status if old else "no answer"
        panels.insert(0, Panel(Text(_shown(old)), title=f"was {status}", title_align="left"))
    console.print(Columns(panels, equal=True, expand=True) if one.differences else panels[-1])
    for difference in one.differences:
        console.print(Text("  " + visible(difference.text), style="yellow"))
    if one.item.is_recorded and not one.differences:
        console.print(Text("  as recorded", style="green"))


def _shown(answer: object) -> str:
    from devserver.recorder.exchange import Answer
    from devserver.recorder.replay import document
    from devserver.session.words import visible

    value = document(answer) if isinstance(answer, Answer) else None
    if value is None:
        return "(no body)"
    return visible(value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False))
