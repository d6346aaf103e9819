"""`fn recordings search`: find recordings by what was said, called, logged or pressed."""

from __future__ import annotations

from pathlib import Path

import click

from devserver.cli.options import counting, event_option, folder_option, json_option, limit_option, print_json


@click.command("search")
@click.argument("texts", metavar="TEXT...", nargs=-1, required=True)
@folder_option
@limit_option
@event_option
@json_option
def search_recordings(texts: tuple[str, ...], folder: Path, limit: int, event: str | None, as_json: bool) -> None:
    """Find recordings by prompts, numbers, logs, errors, keys, call ids and paths, the newest first.

    All words must occur; `sal*` is a beginning. A number is found by itself, with or without +, and by its last digits
    (four, or seven and more).

    \b
    Examples:
      fn recordings search billing timeout
      fn recordings search +12025550100 --event ice
    """
    from devserver.recorder.search import search

    with counting("Indexing recordings") as progress:
        found = search(folder / ".fn", texts, limit=limit, event=event, progress=progress)
    if as_json:
        from devserver.recorder.shapes import summary_shape

        print_json([{**summary_shape(each.summary), "match": each.match} for each in found])
    elif found:
        from devserver.cli.recordings_table import print_table

        print_table([each.summary for each in found], [each.match for each in found])
    else:
        click.echo("Nothing recorded has all of these words." if len(texts) > 1 else "Nothing recorded has this word.")
