"""Deadlines of handlers, and time that does not count for them; real hosts, and a gateway on real HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devserver.session.frames import Paused, Resumed
from tests.session.public_session import PATIENCE, PublicSession, make_project, public_session

FUNCTION = """\
import time
from pathlib import Path

def _wait():
    Path("waiting").touch()
    while not Path("gate").exists():
        time.sleep(0.01)

def gate(context, request):
    _wait()
    return "opened"

async def word(context, request):
    return "{word}"
"""
DEADLINE = 0.4
LONG = 2.0  # seconds; within them even a busy machine has come to the import of the code


@pytest.fixture
async def session(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[PublicSession]:
    deadline = getattr(request, "param", DEADLINE)
    root = make_project(tmp_path / "demo", FUNCTION.format(word="one"))
    (root / "sinch.json").write_text(json.dumps({"name": "demo", "dev": {"deadline": deadline, "grace": 0}}))
    async with public_session(root) as running:
        yield running


async def get(session: PublicSession, path: str) -> tuple[int, bytes]:
    answer = await session.send(session.local + path)
    return answer.status, answer.body


def open_gate(session: PublicSession) -> None:
    (session.engine.project.root / "gate").touch()


async def waiting(session: PublicSession) -> None:
    """Wait until the code waits."""
    async with asyncio.timeout(PATIENCE):
        while not (session.engine.project.root / "waiting").exists():  # noqa: ASYNC110 a file tells nobody
            await asyncio.sleep(0.01)


def save_what_waits_when_imported(session: PublicSession) -> None:
    function = session.engine.project.root / "function.py"
    new = function.with_suffix(".new")
    new.write_text(FUNCTION.format(word="two") + "\n_wait()\n")
    new.replace(function)


async def test_a_handler_that_takes_too_long_is_given_up(session: PublicSession) -> None:
    status, body = await get(session, "/gate")
    open_gate(session)

    assert (status, b"took longer than 0.4 s" in body) == (504, True)


async def test_time_in_which_a_debugger_holds_the_code_does_not_count(session: PublicSession) -> None:
    asked = asyncio.create_task(get(session, "/gate"))
    gateway, host = session.engine.gateway, session.engine.generations.current
    assert host is not None
    await waiting(session)
    host._stands(Paused([hand.number for hand in gateway._asking._in_hand.values()]))
    await asyncio.wait({asked}, timeout=2 * DEADLINE)
    assert not asked.done()
    host._stands(Resumed())
    open_gate(session)
    assert await asked == (200, b"opened")


async def test_after_a_pause_what_is_left_of_the_time_counts_again(session: PublicSession) -> None:
    asked = asyncio.create_task(get(session, "/gate"))
    host = session.engine.generations.current
    assert host is not None
    await waiting(session)
    host._stands(Paused([hand.number for hand in session.engine.gateway._asking._in_hand.values()]))
    await asyncio.wait({asked}, timeout=2 * DEADLINE)
    host._stands(Resumed())
    assert (await asked)[0] == 504
    open_gate(session)


@pytest.mark.parametrize("session", [LONG], indirect=True)
async def test_who_waits_for_code_that_is_stopped_at_its_import_has_time_too(session: PublicSession) -> None:
    save_what_waits_when_imported(session)
    asked = asyncio.create_task(get(session, "/word"))
    await waiting(session)
    host = session.engine.generations.loading.host
    assert host is not None
    host._stands(Paused([]))
    await asyncio.wait({asked}, timeout=2 * LONG)
    assert not asked.done()
    host._stands(Resumed())
    open_gate(session)
    assert await asked == (200, b"two")


async def test_who_waits_for_code_that_takes_too_long_to_import_is_given_up(session: PublicSession) -> None:
    save_what_waits_when_imported(session)
    status, body = await get(session, "/word")
    open_gate(session)

    assert (status, b"took longer than 0.4 s" in body) == (504, True)
