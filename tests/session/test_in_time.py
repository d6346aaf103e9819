"""`--deadline`, and the budget of callbacks: with a real gateway, real hosts and real HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.session.public_session import PublicSession, make_project, public_session

FUNCTION = """\
import asyncio
from pathlib import Path
from devserver.runtime import IceSvamlBuilder

async def ice(context, event):
    while event.call_id == "slow" and not Path("go").exists():
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.35 if event.call_id == "much" else 0)
    return IceSvamlBuilder().say("hello").hangup().build()

async def status(context, request):
    await asyncio.sleep(0.5)
    return "ok"
"""
DEADLINE = 0.5


@pytest.fixture
async def session(tmp_path: Path) -> AsyncIterator[PublicSession]:
    root = make_project(tmp_path / "demo", FUNCTION)
    (root / "sinch.json").write_text(json.dumps({"name": "demo", "dev": {"callbackDeadline": DEADLINE}}))
    async with public_session(root, way=0.0) as running:
        yield running


async def ice(session: PublicSession, callid: str) -> tuple[int, bytes]:
    answer = await session.send(f"{session.local}/ice", "POST", {"event": "ice", "callid": callid})
    return answer.status, answer.body


async def callback(session: PublicSession) -> dict[str, Any]:
    return await session.until(lambda event: event["event"] == "callback")


def go(session: PublicSession) -> None:
    (session.engine.project.root / "go").touch()


async def test_an_answer_that_comes_too_late_is_none(session: PublicSession) -> None:
    session.engine.gateway.in_time.strict = True
    began = asyncio.get_running_loop().time()
    status, body = await ice(session, "slow")
    took = asyncio.get_running_loop().time() - began

    assert (status, b"hello" in body) == (504, False)
    assert DEADLINE <= took < DEADLINE + 0.4
    go(session)
    event = await callback(session)
    assert event["hint"].endswith("its answer came too late, and was not sent (--deadline).")
    assert event["budget"] > 1
    recorded = await session.recorded(event["id"])
    assert recorded["marks"] == ["late"]
    assert b"hello" in recorded["response"]["body"].encode()
    assert [line["text"] for line in recorded["logs"]] == ["ice has not answered within 0.5 s. The platform got a 504."]


async def test_an_answer_in_time_is_sent(session: PublicSession) -> None:
    session.engine.gateway.in_time.strict = True

    assert (await ice(session, "quick"))[0] == 200
    event = await callback(session)
    assert event["deadline"] == DEADLINE
    assert 0 < event["budget"] < 0.5
    assert "hint" not in event
    assert (await session.recorded(event["id"]))["marks"] == []


async def test_only_callbacks_have_that_deadline(session: PublicSession) -> None:
    session.engine.gateway.in_time.strict = True

    answer = await session.send(f"{session.local}/status")
    assert (answer.status, answer.body) == (200, b"ok")


async def test_without_it_a_late_answer_is_sent_and_marked(session: PublicSession) -> None:
    asked = asyncio.create_task(ice(session, "slow"))
    await asyncio.wait({asked}, timeout=DEADLINE + 0.1)
    go(session)

    assert (await asked)[0] == 200
    event = await callback(session)
    assert "goes on without it" in event["hint"]
    assert (await session.recorded(event["id"]))["marks"] == ["late"]


async def test_an_answer_that_took_much_of_the_time_is_warned_of(session: PublicSession) -> None:
    await ice(session, "much")

    event = await callback(session)
    assert 0.6 < event["budget"] <= 1
    assert event["hint"].endswith("of the 0.5 s that the platform waits.")


async def test_the_way_through_the_tunnel_is_part_of_it(session: PublicSession) -> None:
    session.exposure.way = 0.4
    await session.call("/ice", {"event": "ice", "callid": "quick"})

    event = await callback(session)
    assert 0.8 <= event["budget"] < 1
    assert "the way through the tunnel 0.4 s" in event["hint"]


async def test_through_a_tunnel_the_end_comes_earlier_too(session: PublicSession) -> None:
    session.engine.gateway.in_time.strict = True
    session.exposure.way = 0.4
    began = asyncio.get_running_loop().time()
    answer = await session.call("/ice", {"event": "ice", "callid": "slow"})

    assert answer.status == 504
    assert asyncio.get_running_loop().time() - began < DEADLINE
    go(session)
    await callback(session)


async def test_at_the_end_of_the_session_nothing_is_waited_for(tmp_path: Path) -> None:
    root = make_project(tmp_path / "demo", FUNCTION)
    (root / "sinch.json").write_text(json.dumps({"name": "demo", "dev": {"callbackDeadline": 0.05}}))
    async with public_session(root) as session:
        session.engine.gateway.in_time.strict = True
        assert (await ice(session, "slow"))[0] == 504
    event = await callback(session)
    assert event["error"]["kind"] == "stopped"
