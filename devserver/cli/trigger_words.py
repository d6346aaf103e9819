"""What came of one callback, in words: the answer in a line, what the caller hears, and what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.text import Text

from devserver.cli.replay_words import below, open_console, shown
from devserver.recorder.replay import document
from devserver.session.words import visible
from devserver.svaml import heard

if TYPE_CHECKING:
    from devserver.session.triggering import Triggered


def print_triggered(done: Triggered) -> None:
    """Everything about it."""
    console = open_console()
    run = done.run
    found = document(run.answer)
    line = Text(f"{done.event:<7} {run.ms:7.1f} ms  ")
    if run.answer is None or run.answer.status >= 400:
        line.append(f"failed ({run.answer.status if run.answer else 'no answer'})", style="red")
    else:
        line.append(visible(done.verdict.words))
    line.append(f"  call {visible(str(done.payload.get('callid')))}", style="dim")
    console.print(line)
    for text in heard(found) if isinstance(found, dict) else ():
        console.print(below(f'heard: "{text}"', ""))
    for finding in done.verdict.findings:
        console.print(below(_finding(finding), "red" if finding["severity"] == "error" else "yellow"))
    for entry in run.logs:
        console.print(below(f"| {entry.get('text', '')}{_fields(entry)}", "dim"))
    console.print(Text("\n".join(f"      {each}" for each in shown(run.answer).split("\n"))))
    if run.error:
        console.print(below(str(run.error.get("traceback") or run.error.get("text") or "").rstrip(), "red"))


def _finding(finding: Mapping[str, Any]) -> str:
    place = f"{finding['path']}: " if finding["path"] else ""
    return f"{finding['severity']}: {place}{finding['text']}"


def _fields(entry: Mapping[str, Any]) -> str:
    fields = entry.get("fields") or {}
    return "".join(f" {name}={json.dumps(value, default=str)}" for name, value in fields.items())
