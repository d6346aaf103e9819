"""`fn recordings`: what was recorded, with a session running or without.

What is printed for people came from outside (a caller's name, a body, a log line), so its control characters are made
visible: a phone call must not be able to move the cursor of a developer's terminal.
"""

from __future__ import annotations

import re
import sys
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from devserver.recorder.exchange import Exchange, Headers, Summary
from devserver.session.words import visible

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGE = re.compile(r"(\d{1,9})([smhdw])")
_EVENTS = ("ice", "ace", "pie", "dice", "notify")

_folder = click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=".",
    help="Folder of the project; by default here.",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _seconds(_context: click.Context, _parameter: click.Parameter, age: str | None) -> float | None:
    if age is None:
        return None
    match = _AGE.fullmatch(age)
    if match is None:
        raise click.BadParameter(f'"{age}" is no age; write 30m, 12h, 7d or 2w.')
    return float(match[1]) * _UNITS[match[2]]


@click.group
def recordings() -> None:
    """Look at what was recorded: every request of the function port and its answer."""


@recordings.command("list")
@_folder
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many at most.")
@click.option("--event", type=click.Choice(_EVENTS, case_sensitive=False), help="Only this voice event.")
@click.option("--callid", help="Only this call.")
@_json
def list_recordings(folder: Path, limit: int, event: str | None, callid: str | None, as_json: bool) -> None:
    """List recorded requests, the newest first.

    \b
    Example:
      fn recordings list --event ice --limit 10
    """
    from devserver.recorder.reader import RecordingReader
    from devserver.recorder.shapes import summary_shape

    with RecordingReader(folder / ".fn") as reader:
        found = reader.newest(limit, event=event, callid=callid)
    if as_json:
        _print_json([summary_shape(each) for each in found])
    elif found:
        _print_table(found)
    elif event or callid:
        click.echo("No recording fits.")
    else:
        click.echo("There are no recordings here yet. Run `fn dev` and send it a callback.")


@recordings.command("show")
@click.argument("name", metavar="ID")
@_folder
@_json
def show_recording(name: str, folder: Path, as_json: bool) -> None:
    """Show one request, its answer, findings and log lines. ID may be cut short, or `last`.

    \b
    Example:
      fn recordings show last
    """
    from devserver.recorder.reader import RecordingReader
    from devserver.recorder.shapes import exchange_shape

    with RecordingReader(folder / ".fn") as reader:
        found = reader.get(name)
    if as_json:
        _print_json(exchange_shape(found))
    else:
        click.echo("\n\n".join(part for part in _sections(found) if part))


@recordings.command("purge")
@_folder
@click.option("--all", "everything", is_flag=True, help="All recordings.")
@click.option("--callid", help="The recordings of one call.")
@click.option("--older-than", callback=_seconds, metavar="AGE", help="What is older than 30m, 12h, 7d or 2w.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_json
def purge_recordings(
    folder: Path, everything: bool, callid: str | None, older_than: float | None, yes: bool, as_json: bool
) -> None:
    """Delete recordings for good.

    \b
    Example:
      fn recordings purge --older-than 7d
    """
    from devserver.recorder.reader import RecordingReader

    if [everything, callid is not None, older_than is not None].count(True) != 1:
        raise click.UsageError("Say what to delete: --all, --callid or --older-than (one of them).")
    which = "all recordings" if everything else f"the recordings of call {callid}" if callid else "the older recordings"
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("Nobody can be asked here; add --yes to delete without asking.")
        click.confirm(f"Delete {visible(which)} of {folder.resolve()}?", abort=True)
    cutoff = None if older_than is None else time.time() - older_than
    with RecordingReader(folder / ".fn") as reader:
        deleted = reader.purge(everything=everything, callid=callid, older_than=cutoff)
    if as_json:
        _print_json({"deleted": deleted})
    else:
        click.echo(f"Deleted {deleted} recording{'' if deleted == 1 else 's'}.")


def _print_json(value: Any) -> None:
    import msgspec

    click.echo(msgspec.json.encode(value))


# --- a list for people -----------------------------------------------------------------------------------------


def _print_table(found: list[Summary]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("time", "event", "answer", "ms", "source", "request", "call", "id"):
        table.add_column(name, no_wrap=True, justify="right" if name == "ms" else "left")
    for each in found:
        status = "none" if each.status is None else str(each.status)
        style = "green" if (each.status or 0) // 100 == 2 else "red"
        table.add_row(
            datetime.fromtimestamp(each.at).astimezone().strftime("%d %b %H:%M:%S"),
            each.event or "",
            Text(status, style),
            "" if each.ms is None else f"{each.ms:.1f}",
            each.source,
            Text(_line(f"{each.method} {each.path}", 40)),
            Text(_line(each.callid or "", 36)),
            each.id,
        )
    # Without a terminal there is no width to keep to, and a cut id is of no use.
    console = Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=240)
    console.print(table)


def _line(text: str, width: int) -> str:
    line = visible(text).replace("\n", " ").replace("\t", " ")
    return line if len(line) <= width else f"{line[: width - 2]}.."


# --- one exchange for people -----------------------------------------------------------------------------------


def _sections(found: Exchange) -> list[str]:
    answer = found.answer
    return [
        _head(found),
        _message("Request", found.request.headers, found.request.body),
        _message(f"Answer {answer.status}", answer.headers, answer.body) if answer else "",
        _findings(found.findings),
        _logs(found.logs),
        _error(found.error),
    ]


def _head(found: Exchange) -> str:
    request, answer = found.request, found.answer
    at = datetime.fromtimestamp(found.at).astimezone()
    ms = "" if found.ms is None else f" in {found.ms:.1f} ms"
    lines = [
        click.style(visible(f"{request.method} {request.path}"), bold=True),
        f"  id          {found.id}",
        f"  time        {at:%d %b %Y %H:%M:%S}.{at.microsecond // 1000:03d}",
        f"  event       {found.event or 'none'}",
        f"  call        {visible(found.callid)}" if found.callid else "",
        f"  came        {found.source}, from {request.remote or 'unknown'}",
        f"  answer      {answer.status if answer else 'none'}{ms}",
        f"  generation  {found.generation}" if found.generation is not None else "",
        f"  marks       {', '.join(found.marks)}" if found.marks else "",
    ]
    return "\n".join(line for line in lines if line)


def _message(title: str, headers: Headers, body: bytes) -> str:
    lines = [visible(f"{name}: {value}").replace("\n", " ") for name, value in headers]
    return "\n".join([click.style(title, bold=True), *_indented(lines), *([""] if body else []), *_body(body)])


def _body(body: bytes) -> list[str]:
    import msgspec

    if not body:
        return []
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return _indented([f"{len(body)} bytes of data; --json shows them as base64"])
    with suppress(msgspec.DecodeError):  # what is not JSON is shown as it is
        text = msgspec.json.format(text, indent=2)
    return _indented(visible(text).split("\n"))


def _findings(findings: list[dict[str, Any]]) -> str:
    if not findings:
        return ""
    lines = [f"{each.get('severity')}: {each.get('path') or 'the answer'}: {each.get('text')}" for each in findings]
    return "\n".join([click.style("Findings", bold=True), *_indented([visible(line) for line in lines])])


def _logs(logs: list[dict[str, Any]]) -> str:
    if not logs:
        return ""
    lines = [line for each in logs for line in visible(_log_line(each)).split("\n")]
    return "\n".join([click.style("Log", bold=True), *_indented(lines)])


def _log_line(log: dict[str, Any]) -> str:
    at = log.get("at")
    when = datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S ") if isinstance(at, int | float) else ""
    fields = log.get("fields")
    pairs = "".join(f"  {key}={value}" for key, value in fields.items()) if isinstance(fields, dict) else ""
    return f"{when}{log.get('level', '')} {log.get('text', '')}{pairs}"


def _error(error: dict[str, Any] | None) -> str:
    if not error:
        return ""
    text = str(error.get("traceback") or error.get("text") or "").rstrip()
    return "\n".join(
        [
            click.style(f"Error: {visible(str(error.get('kind')))}", bold=True, fg="red"),
            *_indented(visible(text).split("\n")),
        ]
    )


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" if line else "" for line in lines]
