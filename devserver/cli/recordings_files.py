"""`fn recordings export` and `fn recordings import`: calls out of this machine, and into it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from devserver.cli.options import folder_option, json_option, print_json

if TYPE_CHECKING:
    from devserver.project import Project
    from devserver.recorder.export import Format
    from devserver.recorder.portable import Portable, PortableCall, State
    from devserver.recorder.reader import RecordingReader

_FORMATS = ("fn", "curl", "har", "pytest", "scenario")
_WITH_STATE = ("fn", "pytest")


@click.command("export")
@click.argument("name", metavar="CALL")
@folder_option
@click.option("--format", "form", type=click.Choice(_FORMATS), default="fn", show_default=True, help="What to make.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="A file; by default stdout.")
@click.option("--keep-numbers", is_flag=True, help="Real phone numbers, and what cannot be searched for them.")
def export_recordings(name: str, folder: Path, form: Format, output: Path | None, keep_numbers: bool) -> None:
    """Put a call into a file: CALL is a call id, the id of one of its recordings, or `last`.

    Secrets are taken out, and phone numbers become pseudonyms, always the same ones in this project.

    \b
    Examples:
      fn recordings export last -o tests/calls/sales.jsonl
      fn recordings export last --format curl | sh
      fn recordings export 1ce0ffee --format pytest -o tests/test_sales.py
    """
    from datetime import UTC, datetime

    from devserver.recorder import export
    from devserver.recorder.reader import RecordingReader
    from devserver.recorder.redaction import Redactor

    project = _project(folder)
    with RecordingReader(project.root / ".fn") as reader:
        call = _call(project, reader, name, form, keep_numbers)
    portable = export.cleaned(
        project.name,
        [call],
        redact=Redactor(project.secret_values),
        salt=None if keep_numbers else export.salt_of(project.root / ".fn"),
        own=frozenset() if keep_numbers else export.own_numbers(project.root),
    )
    signer = export.Signer(project.voice_app, project.voice_secret)
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    pieces = export.rendered(portable, form, signer=signer, now=now)
    if output is None:
        export.put_out(sys.stdout.buffer, pieces)
    else:
        export.save(output, pieces, form)
    click.echo(_exported(portable, call, output, form), err=True)


def _project(folder: Path) -> Project:
    from devserver.project import SystemKeyring, load_project

    return load_project(folder, environ=os.environ, keyring=SystemKeyring())


def _call(project: Project, reader: RecordingReader, name: str, form: str, keep_numbers: bool) -> PortableCall:
    from devserver.recorder.export import find_exchanges
    from devserver.recorder.portable import PortableCall

    callid, exchanges = find_exchanges(reader, name)
    state: State | None = None
    if form in _WITH_STATE:
        from devserver.session.scratch import portable_state

        state = portable_state(project.root, reader, exchanges[0], with_binaries=keep_numbers)
    return PortableCall(callid, exchanges, state)


def _exported(portable: Portable, call: PortableCall, output: Path | None, form: str) -> str:
    """What was written, what is not in it, and that it is to be handled with care."""
    from devserver.session.words import visible

    count = len(call.exchanges)
    what = f"{count} request{'' if count == 1 else 's'}"
    which = f" of call {visible(portable.calls[0].callid or '')}" if call.callid else ""
    lines = [f"Wrote {what}{which} to {output or 'stdout'}."]
    if portable.numbers == "pseudonyms":
        lines.append("Phone numbers are pseudonyms, but for those that stand in the project's code.")
        if form in _WITH_STATE and call.state is not None and _lacks(portable, call.state):
            lines.append(
                "The database is left out, because numbers cannot be searched for in it: --keep-numbers takes it in."
            )
    else:
        lines.append("Phone numbers are the real ones.")
    return " ".join([*lines, "It may hold personal data."])


def _lacks(portable: Portable, state: State) -> bool:
    """Whether the database could not be taken along."""
    taken = portable.calls[0].state
    return state.database is not None and (taken is None or taken.database is None)


@click.command("import")
@click.argument("path", metavar="FILE|DIR", type=click.Path(path_type=Path, exists=True))
@folder_option
@click.option("--force", is_flag=True, help="Also what was recorded in another project.")
@json_option
def import_recordings(path: Path, folder: Path, force: bool, as_json: bool) -> None:
    """Add calls to the recordings: of `fn recordings export`, a HAR, a log of ngrok, or a folder of callbacks.

    \b
    Examples:
      fn recordings import sales.jsonl
      fn recordings import browser.har --json
      fn recordings import callbacks/
    """
    from devserver.recorder.importing import write_calls
    from devserver.recorder.material import read, refuse_other_project
    from devserver.recorder.redaction import Redactor
    from devserver.session.discovery import private_folder

    project = _project(folder)
    material = read(path)
    if not force:
        refuse_other_project(material, project.name, path.name)
    done = write_calls(private_folder(project.root), material.calls, Redactor(project.secret_values))
    if as_json:
        import msgspec

        shape = {**msgspec.to_builtins(done), "project": material.project, "numbers": material.numbers}
        print_json(shape)
        return
    from devserver.session.words import visible

    click.echo(visible(_imported(done.imported, done.skipped, done.calls, path)))


def _imported(imported: int, skipped: int, calls: list[str], path: Path) -> str:
    words = f"Imported {imported} request{'' if imported == 1 else 's'} from {path}."
    if skipped:
        words += f" {skipped} {'was' if skipped == 1 else 'were'} there already."
    if len(calls) == 1:
        words += f" `fn replay {calls[0]}` sends the call again."
    elif calls:
        words += f" They are of {len(calls)} calls; `fn calls list` shows them."
    return words
