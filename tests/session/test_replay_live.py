from __future__ import annotations

import os
from pathlib import Path

import pytest
from aiohttp import web

from devserver.project import SystemKeyring, load_project
from devserver.recorder.redaction import Redactor
from devserver.recorder.takes import Item
from devserver.session.discovery import SessionFile
from devserver.session.replay_live import client_for, send
from devserver.session.terms import TOKEN_HEADER
from tests.session.public_session import make_project


class Server:
    """Answers everything, and remembers what came."""

    def __init__(self) -> None:
        self.came: list[tuple[str, str | None]] = []

    async def answer(self, request: web.BaseRequest) -> web.Response:
        self.came.append((request.raw_path, request.headers.get(TOKEN_HEADER)))
        return web.Response()


@pytest.mark.parametrize("beginning", ["@127.0.0.1:{port}/take", "//127.0.0.1:{port}/take"])
async def test_a_path_cannot_lead_a_replay_and_its_token_to_somebody_else(tmp_path: Path, beginning: str) -> None:
    project = load_project(make_project(tmp_path / "demo"), environ=os.environ, keyring=SystemKeyring())
    ours, theirs = Server(), Server()
    runners = []
    for each in (ours, theirs):
        runner = web.ServerRunner(web.Server(each.answer))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        runners.append(runner)
    function, other = (f"http://127.0.0.1:{runner.addresses[0][1]}" for runner in runners)
    session = SessionFile(os.getpid(), function, "", "", "the-token")
    path = beginning.format(port=other.rpartition(":")[2])
    try:
        async with client_for(project) as client:
            await send(client, session, project, Redactor({}), Item("a", None, "GET", path, (), b""))
    finally:
        for runner in runners:
            await runner.cleanup()

    assert theirs.came == []
    assert ours.came == [(path if path.startswith("/") else f"/{path}", "the-token")]
