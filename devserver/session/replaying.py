"""Sends recorded or given callbacks to a session and collects the answers: the I/O of `fn replay`.

A running session of the project is used; without one, a throw-away session is started on any port and stopped again.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from devserver.errors import FnError
from devserver.project import Project, SystemKeyring, load_project
from devserver.recorder.exchange import Answer
from devserver.recorder.reader import NotRecorded, RecordingReader
from devserver.recorder.redaction import Redactor
from devserver.recorder.replay import Item, Replayed, compared, from_exchange, from_file, headers_to_send
from devserver.session.discovery import SessionFile, find_session
from devserver.session.terms import SOURCE_HEADER, TOKEN_HEADER

if TYPE_CHECKING:
    from aiohttp import ClientSession

_LOOK_BACK = 500  # recordings among which `last` prefers one that is no replay itself


def find_items(folder: Path, target: str, event: str | None) -> tuple[Item, ...]:
    """What a person named: an id, the beginning of one, `last`, a JSON file, or a folder of them.

    Raises:
        FnError: there is nothing of that name, or a file is no callback.
    """
    path = Path(target)
    if path.is_dir():
        files = sorted(path.glob("*.json"))
        if not files:
            raise FnError(f"There are no .json files in {path}.", hint="Name a folder with bodies of callbacks.")
        return tuple(from_file(file.name, file.read_bytes(), event) for file in files)
    if path.suffix == ".json" or path.is_file():
        return (from_file(path.name, _read(path), event),)
    with RecordingReader(folder / ".fn") as reader:
        name = _last(reader) if target == "last" else target
        return (from_exchange(reader.get(name)),)


def replay(folder: Path, items: Sequence[Item]) -> list[Replayed]:
    """Send the items in order, against the running session or a throw-away one.

    Raises:
        FnError: the project cannot be loaded, or the session does not answer.
    """
    project = load_project(folder, environ=os.environ, keyring=SystemKeyring())
    found: list[Replayed] = []

    async def run(session: SessionFile) -> int:
        found.extend(await _send_all(session, project, items))
        return 0

    session = find_session(project.root)
    if session is not None:
        import asyncio

        asyncio.run(run(session))
        return found
    from devserver.session.serve import run_session
    from devserver.session.spawn import start_host
    from devserver.session.terms import Terms

    run_session(Terms(folder=folder, port=0, quiet=True), start_host(), body=run)
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FnError(f"{path} cannot be read: {error.strerror}.", hint="Name a file, an id or `last`.") from error


def _last(reader: RecordingReader) -> str:
    newest = reader.newest(_LOOK_BACK)
    if not newest:
        raise NotRecorded("There are no recordings here yet.", hint="Run `fn dev` and send it a callback.")
    return next((summary for summary in newest if summary.source != "replay"), newest[0]).id


async def _send_all(session: SessionFile, project: Project, items: Sequence[Item]) -> list[Replayed]:
    import aiohttp

    redactor = Redactor(project.secret_values)
    timeout = aiohttp.ClientTimeout(total=project.dev.deadline + 10)
    connector = aiohttp.TCPConnector(force_close=True)
    try:
        async with aiohttp.ClientSession(timeout=timeout, connector=connector, auto_decompress=False) as client:
            return [
                compared(item, await _send(client, session, project, redactor, item), redactor.data) for item in items
            ]
    except (aiohttp.ClientConnectionError, TimeoutError) as error:
        raise FnError(
            f"The session at {session.function} does not answer: {str(error) or 'it took too long'}.",
            hint="Is `fn dev` still running? Without one, fn replay starts its own.",
        ) from error


async def _send(
    client: ClientSession, session: SessionFile, project: Project, redactor: Redactor, item: Item
) -> Answer:
    from multidict import CIMultiDict
    from yarl import URL

    body = redactor.restore(item.body)
    now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    headers = CIMultiDict(
        headers_to_send(
            item,
            body,
            variables=project.environment,
            voice_app=project.voice_app,
            voice_secret=project.voice_secret,
            now=now,
        )
    )
    headers[SOURCE_HEADER] = "replay"
    headers[TOKEN_HEADER] = session.token
    path = redactor.restore(item.path.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
    async with client.request(
        item.method,
        URL(session.function + path, encoded=True),
        data=body or None,
        headers=headers,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        allow_redirects=False,
    ) as response:
        return Answer(response.status, tuple(response.headers.items()), await response.read())
