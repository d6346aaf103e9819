"""Requests of our own to a running session: `fn replay --live-state`, and `fn trigger`.

That session answers, with its cache, its data and its debugger; what it noted is read from its recordings.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from devserver.errors import FnError
from devserver.project import Project
from devserver.recorder.compare import Rules
from devserver.recorder.exchange import Answer, Exchange, Source
from devserver.recorder.reader import NotRecorded, RecordingReader
from devserver.recorder.redaction import Redactor
from devserver.recorder.replay import Replayed, Run, compared, headers_to_send
from devserver.recorder.takes import Item, Take
from devserver.session.discovery import SessionFile
from devserver.session.terms import SOURCE_HEADER, TOKEN_HEADER

if TYPE_CHECKING:
    from aiohttp import ClientSession

_LOOKS = 40  # an answer is recorded within 5 ms of being sent
_LOOK_EVERY = 0.005


async def replay_live(
    session: SessionFile, project: Project, takes: Sequence[Take], rules: Rules
) -> list[tuple[Take, list[Replayed]]]:
    """Send takes in order to a running session.

    Raises:
        FnError: it does not answer.
    """
    redactor = Redactor(project.secret_values)
    with talking_to(session):
        async with client_for(project) as client:
            found = []
            for take in takes:
                replayed: list[Replayed] = []
                for item in take.items:
                    run = await send(client, session, project, redactor, item)
                    replayed.append(compared(item, run, redactor.data, rules, replayed))
                found.append((take, replayed))
            return found


def client_for(project: Project) -> ClientSession:
    """What to send with: bytes come back as they are, and a handler has its time."""
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=project.dev.deadline + 10)
    return aiohttp.ClientSession(timeout=timeout, auto_decompress=False)


@contextmanager
def talking_to(session: SessionFile) -> Iterator[None]:
    """Say in one sentence that a session does not answer.

    Raises:
        FnError: it does not.
    """
    import aiohttp

    try:
        yield
    except (aiohttp.ClientError, TimeoutError) as error:
        raise FnError(
            f"The session at {session.function} does not answer: {str(error) or 'it took too long'}.",
            hint="Is `fn dev` still running?",
        ) from error


async def send(
    client: ClientSession,
    session: SessionFile,
    project: Project,
    redactor: Redactor,
    item: Item,
    *,
    source: Source = "replay",
) -> Run:
    """Send one request, signed anew, and tell what came of it.

    Args:
        client: from `client_for`.
        session: who answers; without a token it is told nothing of the source.
        project: whose secrets sign.
        redactor: puts secrets back into what was recorded.
        item: what is sent.
        source: as what it is recorded.
    """
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
    if session.token:
        headers[SOURCE_HEADER] = source
        headers[TOKEN_HEADER] = session.token
    path = redactor.restore(item.path.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
    at = time.time()
    async with client.request(
        item.method,
        # A path of a file from elsewhere could begin with `@host`, and would lead there with our token.
        URL(f"{session.function}/{path.removeprefix('/')}", encoded=True),
        data=body or None,
        headers=headers,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        allow_redirects=False,
    ) as response:
        answer = Answer(response.status, tuple(response.headers.items()), await response.read())
        name = response.headers.get("X-Fn-Exchange", "")
    ms = (time.time() - at) * 1000
    recorded = await _recorded(project, name) if name else None
    if recorded is None:
        return Run(name, at, answer, ms=ms)
    return Run(name, at, answer, tuple(recorded.effects), tuple(recorded.logs), recorded.error, ms=recorded.ms or ms)


async def _recorded(project: Project, name: str) -> Exchange | None:
    """What the session noted of the exchange, as soon as it has."""
    with RecordingReader(project.root / ".fn") as reader:
        for _ in range(_LOOKS):
            try:
                found = reader.get(name)
            except NotRecorded:
                return None  # it records nothing
            if found.answer is not None:
                return found
            await asyncio.sleep(_LOOK_EVERY)
    return None
