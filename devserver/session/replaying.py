"""Finds what a person wants replayed, and replays it: the I/O of `fn replay`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from devserver.errors import FnError
from devserver.project import SystemKeyring, load_project
from devserver.recorder import portable
from devserver.recorder.accepted import with_accepted
from devserver.recorder.exchange import Exchange
from devserver.recorder.importing import load_state
from devserver.recorder.portable import PortableCall
from devserver.recorder.reader import NotRecorded, RecordingReader
from devserver.recorder.replay import Replayed
from devserver.recorder.takes import Take, from_file, take_of, take_of_portable
from devserver.session.discovery import find_session
from devserver.session.replay_session import Options, ReplaySession, replay_session

SUFFIXES = frozenset({".json", ".jsonl", ".fn"})
"""Of files with recorded calls or bodies of callbacks; which of them it is, the content says."""

_LOOK_BACK = 500  # recordings among which `last` looks for one that is no replay itself
_NONE = "Run `fn dev` and send it a callback: every one is recorded."


def find_takes(
    folder: Path, target: str, *, event: str | None = None, only: bool = False, start: int = 1
) -> list[Take]:
    """What a person named: a call, a recording, `last`, a file, or a folder of files.

    Args:
        folder: the project.
        target: a call id, an id of a recording or the beginning of one (its whole call), `last`, or a path.
        event: what a JSON file is that does not say so.
        only: of a recording that one alone, not its call.
        start: begin at this callback, counted from 1.

    Raises:
        FnError: there is nothing of that name, or a file is no callback.
    """
    path = Path(target)
    if path.is_dir():
        return _of_folder(path, event)
    if path.is_file() or path.suffix in SUFFIXES:
        return _of_file(path, event, start)
    with RecordingReader(folder / ".fn") as reader:
        return [_of_recording(folder / ".fn", reader, target, only=only, start=start)]


def _of_folder(folder: Path, event: str | None) -> list[Take]:
    files = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and path.is_file())
    if not files:
        raise FnError(
            f"There are no .json, .jsonl or .fn files in {folder}.",
            hint="Name a folder with exported calls or with bodies of callbacks.",
        )
    return [take for file in files for take in _of_file(file, event, 1)]


def _of_file(path: Path, event: str | None, start: int) -> list[Take]:
    try:
        with path.open("rb") as file:
            if not portable.is_portable(file.read(256)):
                file.seek(0)
                return [Take(path.name, None, (from_file(path.name, file.read(), event),))]
            file.seek(0)
            found = portable.read(file, path.name)
    except OSError as error:
        raise FnError(f"{path} cannot be read: {error.strerror}.", hint="Name a file, a call or `last`.") from error
    several = len(found.calls) > 1
    return [
        take_of_portable(call, str(path), f"{path.name} {call.callid or number}" if several else path.name, start=start)
        for number, call in enumerate(found.calls, 1)
    ]


def _of_recording(folder: Path, reader: RecordingReader, target: str, *, only: bool, start: int) -> Take:
    if target == "last":
        name, exchanges = _last(reader, only=only)
    else:
        name, exchanges = _named(reader, target, only=only)
    expected = with_accepted(folder, exchanges)
    imported = load_state(folder, exchanges[0].id)
    if imported is None:
        return take_of(name, expected, start=start)
    return take_of_portable(PortableCall(exchanges[0].callid, expected, imported), "", name, start=start)


def _named(reader: RecordingReader, target: str, *, only: bool) -> tuple[str, list[Exchange]]:
    if not only:
        with suppress(NotRecorded):
            return target, reader.call(target)
    found = reader.get(target)
    if only or found.callid is None:
        return found.id, [found]
    return found.callid, reader.call(found.callid)


def _last(reader: RecordingReader, *, only: bool) -> tuple[str, list[Exchange]]:
    newest = reader.newest(_LOOK_BACK)
    if not newest:
        raise NotRecorded("There are no recordings here yet, and so nothing to replay.", hint=_NONE)
    live = next((summary for summary in newest if summary.source != "replay"), newest[0])
    if only or live.callid is None:
        return live.id, [reader.get(live.id)]
    return live.callid, _latest_of(reader.call(live.callid))


def _latest_of(exchanges: list[Exchange]) -> list[Exchange]:
    """From the last incoming call on: a test may send the same call id again and again."""
    starts = [place for place, each in enumerate(exchanges) if each.event == "ice"]
    return exchanges[starts[-1] :] if starts else exchanges


def replay(
    folder: Path, takes: Sequence[Take], options: Options, told: Callable[[Take, Replayed], None] | None = None
) -> list[tuple[Take, list[Replayed]]]:
    """Replay takes in order against the code as it is now.

    Args:
        folder: the project.
        takes: from `find_takes`.
        options: how; on live state a running session answers.
        told: gets each answer as soon as it is there.

    Raises:
        FnError: the project or its code cannot be loaded, or a state is gone.
    """
    if options.live_state:
        project = load_project(folder, environ=os.environ, keyring=SystemKeyring())
        running = find_session(project.root)
        if running is not None:
            from devserver.session.replay_live import replay_live

            return asyncio.run(replay_live(running, project, takes, options.rules))

    async def run() -> list[tuple[Take, list[Replayed]]]:
        async with replay_session(folder, options) as session:
            if session.trouble is not None:
                raise session.trouble
            return [(take, await _play(session, take, told)) for take in takes]

    return asyncio.run(run())


async def _play(session: ReplaySession, take: Take, told: Callable[[Take, Replayed], None] | None) -> list[Replayed]:
    return await session.play(take, None if told is None else lambda replayed: told(take, replayed))


def project_rules(folder: Path) -> list[str]:
    """The patterns of `dev.replay.ignore`."""
    return list(load_project(folder, environ=os.environ, keyring=SystemKeyring()).dev.replay.ignore)
