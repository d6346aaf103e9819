"""`fn replay --accept`: the new answers become the expected ones, in the recordings or in the file they came from."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from devserver.errors import FnError
from devserver.project import SystemKeyring, load_project
from devserver.project.files import write_whole
from devserver.recorder import portable
from devserver.recorder.accepted import accept
from devserver.recorder.exchange import Answer, Exchange
from devserver.recorder.redaction import Redactor
from devserver.recorder.replay import Replayed, redacted
from devserver.recorder.shapes import iso
from devserver.recorder.takes import Take


def accept_results(folder: Path, results: Sequence[tuple[Take, list[Replayed]]]) -> int:
    """Accept every answer; gives how many differed from what was expected.

    Raises:
        FnError: there is nothing to accept, an answer is missing, or it cannot be written.
    """
    everything = [one for _, replayed in results for one in replayed]
    if not any(one.item.is_recorded for one in everything):
        raise FnError(
            "There is nothing to accept: bodies of callbacks have no expected answers.",
            hint="Replay a recording, or a file that `fn recordings export` made.",
        )
    failed = next((one for one in everything if one.failed), None)
    if failed is not None:
        raise FnError(
            f"Nothing was accepted: {failed.item.event or failed.item.path} ({failed.item.name}) fails now.",
            hint="Mend it, or leave it out, and accept again.",
        )
    redact = Redactor(load_project(folder, environ=os.environ, keyring=SystemKeyring()).secret_values)
    by_file: dict[str, list[Replayed]] = {}
    for take, replayed in results:
        by_file.setdefault(take.file, []).extend(replayed)
    for file, replayed in by_file.items():
        if file:
            _accept_in_file(Path(file), replayed, redact)
        else:
            recorded = [one for one in replayed if one.item.is_recorded]
            accept(folder / ".fn", [(one.item.name, one.new, one.run.effects) for one in recorded], redact, time.time())
    return sum(1 for one in everything if one.differences)


def _accept_in_file(path: Path, replayed: list[Replayed], redact: Redactor) -> None:
    new = {one.item.name: one for one in replayed}
    try:
        with path.open("rb") as file:
            found = portable.read(file, path.name)
    except OSError as error:
        raise FnError(f"{path} cannot be read: {error.strerror}.", hint="Nothing was accepted in it.") from error
    calls = [
        msgspec.structs.replace(call, exchanges=[_accepted(each, new.get(each.id), redact) for each in call.exchanges])
        for call in found.calls
    ]
    write_whole(path, portable.write(msgspec.structs.replace(found, calls=calls), iso(time.time())))


def _accepted(exchange: Exchange, replayed: Replayed | None, redact: Redactor) -> Exchange:
    if replayed is None or replayed.new is None or not (replayed.differences or replayed.item.is_unfinished):
        return exchange
    new = replayed.new
    answer = Answer(new.status, tuple(redact.headers(new.headers)), redact.data(new.body))
    return msgspec.structs.replace(exchange, answer=answer, effects=list(redacted(replayed.run.effects, redact.data)))
