"""`fn recordings purge` and `fn recordings verify`: deleting for good, and looking whether all is well."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from devserver.cli.options import counting, folder_option, json_option, print_json, seconds
from devserver.session.words import visible

if TYPE_CHECKING:
    from devserver.recorder.verify import Verified


@click.command("purge")
@folder_option
@click.option("--all", "everything", is_flag=True, help="All recordings.")
@click.option("--callid", help="The recordings of one call.")
@click.option("--number", metavar="NUMBER", help="All calls in which a phone number occurs anywhere.")
@click.option("--older-than", callback=seconds, metavar="AGE", help="What is older than 30m, 12h, 7d or 2w.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def purge_recordings(
    folder: Path,
    everything: bool,
    callid: str | None,
    number: str | None,
    older_than: float | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Delete recordings for good: also from the search index, and from what replays need.

    \b
    Examples:
      fn recordings purge --older-than 7d
      fn recordings purge --number +12025550100 --yes
    """
    from devserver.recorder.purge import phone_number, purge
    from devserver.session.discovery import find_session

    choices = {
        "all recordings": everything,
        f"the recordings of call {callid}": callid is not None,
        f"every call in which {number} occurs": number is not None,
        "the older recordings": older_than is not None,
    }
    which = [words for words, chosen in choices.items() if chosen]
    if len(which) != 1:
        raise click.UsageError("Say what to delete: --all, --callid, --number or --older-than (one of them).")
    if number is not None:
        phone_number(number)
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("Nobody can be asked here; add --yes to delete without asking.")
        click.confirm(f"Delete {visible(which[0])} of {folder.resolve()}?", abort=True)
    with counting("Deleting recordings") as progress:
        deleted = purge(
            folder / ".fn",
            everything=everything,
            callid=callid,
            number=number,
            older_than=None if older_than is None else time.time() - older_than,
            is_running=find_session(folder) is not None,
            progress=progress,
        )
    if as_json:
        print_json({"deleted": deleted})
    else:
        click.echo(f"Deleted {deleted} recording{'' if deleted == 1 else 's'}.")


@click.command("verify")
@folder_option
@json_option
def verify_recordings(folder: Path, as_json: bool) -> int:
    """Check that the recordings are whole and readable; exits with 1 when they are not.

    \b
    Example:
      fn recordings verify
    """
    from devserver.recorder.verify import verify

    with counting("Reading recordings") as progress:
        found = verify(folder / ".fn", progress)
    if as_json:
        print_json({"ok": not found.problems, **_fields(found)})
    else:
        click.echo("\n".join(_lines(found)))
    return 1 if found.problems else 0


def _fields(found: Verified) -> dict[str, object]:
    import msgspec

    from devserver.recorder.shapes import iso

    span = {name: None if at is None else iso(at) for name, at in (("oldest", found.oldest), ("newest", found.newest))}
    fields: dict[str, object] = msgspec.to_builtins(found)
    return fields | span


def _lines(found: Verified) -> list[str]:
    lines = []
    if found.requests:
        lines.append(f"{found.requests:,} requests, {found.answers:,} answers, {found.changes:,} changes of state.")
        lines.append(f"{_megabytes(found.size)}, of which {_megabytes(found.free)} wait to be used again.")
    if found.oldest is not None and found.newest is not None:
        lines.append(f"From {_day(found.oldest)} to {_day(found.newest)}.")
    lines += [visible(remark) for remark in found.remarks]
    for problem in found.problems:
        lines += [click.style(visible(problem.text), fg="red"), f"  {visible(problem.hint)}"]
    return lines if found.problems else [*lines, click.style("All is well.", fg="green")]


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _day(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%d %b %Y %H:%M")
