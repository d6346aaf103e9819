"""`fn trigger`: one signed callback from the catalogue, as the platform would send it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from devserver.cli.options import EVENTS, folder_option, json_option, print_json
from devserver.errors import FnError

if TYPE_CHECKING:
    from devserver.project import Project
    from devserver.session.triggering import Triggered


@click.command(
    epilog="""\b
Examples:
  fn trigger ice                                        somebody calls
  fn trigger ice --set cli=12025550123                  somebody else calls
  fn trigger pie --set menuResult.value=support         they press a key
  fn trigger pie timeout --set callid=4398599d          nothing is pressed, in a call that goes on
  fn trigger dice busy --json                           the callee was busy
  fn trigger --list                                     what there is"""
)
@click.argument("event", type=click.Choice(EVENTS, case_sensitive=False), required=False)
@click.argument("name", required=False)
@click.option("--set", "assignments", metavar="PATH=VALUE", multiple=True, help="Put a value into the body.")
@click.option(
    "--file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Send this body instead of one of the catalogue; its call id and time stay.",
)
@click.option("--port", type=click.IntRange(1, 65_535), help="Send it to this port of this machine.")
@click.option("--url", metavar="URL", help="Send it to this address of this machine; with a path, exactly there.")
@click.option("--list", "listing", is_flag=True, help="List the catalogue.")
@folder_option
@json_option
def trigger(
    event: str | None,
    name: str | None,
    assignments: tuple[str, ...],
    file: Path | None,
    port: int | None,
    url: str | None,
    listing: bool,
    folder: Path,
    as_json: bool,
) -> int:
    """Send one callback to the running function, signed if the project has a Voice App secret, and show the answer.

    Without a running `fn dev` the function is started for it, on a copy of its data. A value of --set is JSON where it
    can be, else text; call id and time are new unless they are set. The exit status is 1 when the function failed or
    the platform would refuse its answer.
    """
    if listing:
        return _list(event, as_json=as_json)
    if event is None:
        raise click.UsageError(f"Say which callback: {', '.join(EVENTS)}. `fn trigger --list` shows what there is.")
    if file is not None and name is not None:
        raise click.UsageError("Give a name of the catalogue or --file, not both.")
    if port is not None and url is not None:
        raise click.UsageError("Give --port or --url, not both.")
    done = _send(folder, event, name, file, assignments, f"http://127.0.0.1:{port}" if port else url or "")
    if as_json:
        print_json(_shape(done))
    else:
        from devserver.cli.trigger_words import print_triggered

        print_triggered(done)
    return 1 if done.failed else 0


def _send(
    folder: Path, event: str, name: str | None, file: Path | None, assignments: tuple[str, ...], address: str
) -> Triggered:
    import asyncio

    from devserver.project import SystemKeyring, load_project
    from devserver.session.triggering import trigger as send

    project = load_project(folder, environ=os.environ, keyring=SystemKeyring())
    payload = _payload(project, event, name, file, assignments)
    return asyncio.run(send(project, event, payload, address))


def _payload(
    project: Project, event: str, name: str | None, file: Path | None, assignments: tuple[str, ...]
) -> dict[str, Any]:
    from datetime import UTC, datetime
    from uuid import uuid4

    from devserver.calls.catalogue import find
    from devserver.calls.triggers import Fresh, from_catalogue, from_document

    # Whole seconds, as the platform writes them (voice-v1.md 1.2).
    fresh = Fresh(str(uuid4()), f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", project.voice_app)
    if file is None:
        return from_catalogue(find(event, name), assignments, fresh)
    try:
        document = json.loads(file.read_bytes())
    except OSError as error:
        raise FnError(f"{file} cannot be read: {error.strerror}.", hint="Name a file with JSON.") from error
    except (ValueError, RecursionError) as error:
        raise FnError(f"{file.name} is not JSON: {error}.", hint="Give the body of a callback.") from error
    return from_document(document, event, file.name, assignments, fresh)


def _list(event: str | None, *, as_json: bool) -> int:
    from devserver.calls.catalogue import body, entries

    found = entries(event)
    if as_json:
        print_json([{"event": e.event, "name": e.name, "about": e.about, "body": body(e)} for e in found])
        return 0
    width = max(len(entry.name) for entry in found)
    for entry in found:
        click.echo(f"{entry.event:<7} {entry.name:<{width}}  {entry.about}")
    return 0


def _shape(done: Triggered) -> dict[str, Any]:
    """What `--json` prints: as one of the callbacks of `fn call --json`, and more."""
    from devserver.recorder.replay import document
    from devserver.svaml import heard

    answer = done.run.answer
    found = document(answer)
    return {
        "event": done.event,
        "callid": done.payload.get("callid"),
        "id": done.run.id or None,
        "request": done.payload,
        "answer": found,
        "status": answer.status if answer else None,
        "ms": round(done.run.ms, 3),
        "words": done.verdict.words,
        "heard": list(heard(found)) if isinstance(found, dict) else [],
        "findings": list(done.verdict.findings),
        "logs": list(done.run.logs),
        "error": done.run.error,
        "failed": done.failed,
    }
