"""`fn recordings`: what was recorded, with a session running or without.

What is printed for people came from outside (a caller's name, a body, a log line), so its control characters are made
visible: a phone call must not be able to move the cursor of a developer's terminal.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from devserver.cli.options import event_option, folder_option, json_option, limit_option, print_json
from devserver.cli.recordings_files import export_recordings, import_recordings
from devserver.cli.recordings_search import search_recordings
from devserver.cli.recordings_table import print_table
from devserver.cli.recordings_upkeep import purge_recordings, verify_recordings
from devserver.recorder.exchange import Exchange, Headers
from devserver.session.words import visible, visible_line


@click.group
def recordings() -> None:
    """Look at what was recorded: every request of the function port and its answer."""


@recordings.command("list")
@folder_option
@limit_option
@event_option
@click.option("--callid", help="Only this call.")
@json_option
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
        print_json([summary_shape(each) for each in found])
    elif found:
        print_table(found)
    elif event or callid:
        click.echo("No recording fits.")
    else:
        click.echo("There are no recordings here yet. Run `fn dev` and send it a callback.")


@recordings.command("show")
@click.argument("name", metavar="ID")
@folder_option
@json_option
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
        print_json(exchange_shape(found))
    else:
        click.echo("\n\n".join(part for part in _sections(found) if part))


for _command in (search_recordings, export_recordings, import_recordings, purge_recordings, verify_recordings):
    recordings.add_command(_command)


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
    came = f"{found.source}, from {request.remote or 'unknown'}"
    lines = [
        click.style(visible_line(f"{request.method} {request.path}"), bold=True),
        f"  id          {visible_line(found.id)}",
        f"  time        {at:%d %b %Y %H:%M:%S}.{at.microsecond // 1000:03d}",
        f"  event       {visible_line(found.event or 'none')}",
        f"  call        {visible_line(found.callid)}" if found.callid else "",
        f"  came        {visible_line(came)}",
        f"  answer      {answer.status if answer else 'none'}{ms}",
        f"  generation  {found.generation}" if found.generation is not None else "",
        f"  marks       {visible_line(', '.join(found.marks))}" if found.marks else "",
    ]
    return "\n".join(line for line in lines if line)


def _message(title: str, headers: Headers, body: bytes) -> str:
    lines = [visible_line(f"{name}: {value}") for name, value in headers]
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
