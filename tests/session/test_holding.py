"""Calls that are kept, with a real gateway, real hosts and real HTTP; the platform's side of it is played here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from devserver.session import hold, holding
from devserver.session.frames import Paused, Resumed
from tests.fakes.reached import PretendReach
from tests.session.public_session import PATIENCE, TOKEN, Answer, PublicSession, make_project, public_session

FUNCTION = """\
import asyncio
from pathlib import Path
from devserver.runtime import AceSvamlBuilder, IceSvamlBuilder, PieSvamlBuilder

async def _go(event):
    Path("came-" + event.event).open("a").write(event.call_id + " ")
    while not Path("go-" + event.event).exists():
        await asyncio.sleep(0.01)
    if Path("fail").exists():
        raise ValueError("no")

async def ice(context, event):
    if event.call_id != "quick":
        await _go(event)
    return IceSvamlBuilder().say("hello").hangup().build()

async def pie(context, event):
    await _go(event)
    return PieSvamlBuilder().say("bye").hangup().build()

async def ace(context, event):
    await _go(event)
    return AceSvamlBuilder().hangup().build()

async def dice(context, event):
    if event.call_id == "slow":
        await _go(event)

async def notify(context, event):
    await _go(event)
"""
SIMULATED = {"X-Fn-Source": "simulator", "X-Fn-Token": TOKEN}
TRUE_ICE = {"instructions": [{"name": "say", "text": "hello", "locale": "en-US"}], "action": {"name": "hangup"}}
DEADLINE = 0.5


def waiting_project(folder: Path, **dev: Any) -> Path:
    root = make_project(folder, FUNCTION)
    settings = {"callbackDeadline": DEADLINE, "holdMargin": 0.25, "holdPrompt": "Wait.", **dev}
    (root / "sinch.json").write_text(json.dumps({"name": "demo", "dev": settings}))
    return root


@pytest.fixture
async def session(tmp_path: Path) -> AsyncIterator[PublicSession]:
    async with public_session(waiting_project(tmp_path / "demo"), way=0.05) as running:
        yield running


@pytest.fixture
async def reach(session: PublicSession) -> PretendReach:
    made = PretendReach()
    session.engine.gateway.in_time.holding.reach = made
    return made


async def post(session: PublicSession, event: str, callid: str = "c1", **more: Any) -> Answer:
    """A callback of the simulator."""
    payload = {"event": event, "callid": callid, **more}
    return await session.send(f"{session.local}/{event}", "POST", payload, **SIMULATED)


def go(session: PublicSession, event: str) -> None:
    (session.engine.project.root / f"go-{event}").touch()


def came(session: PublicSession, event: str) -> list[str]:
    """The calls for which the code was asked."""
    path = session.engine.project.root / f"came-{event}"
    return path.read_text().split() if path.exists() else []


async def until(test: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not test():  # noqa: ASYNC110 files tell nobody
            await asyncio.sleep(0.01)


async def told(session: PublicSession, state: str) -> dict[str, Any]:
    return await session.until(lambda event: event["event"] == "hold" and event["state"] == state)


async def callback(session: PublicSession, event: str) -> dict[str, Any]:
    """What was told when the code had answered."""
    return await session.until(
        lambda each: each["event"] == "callback" and each["name"] == event and "holding" not in each
    )


# --- ICE --------------------------------------------------------------------------------------------------------


async def test_an_ice_is_parked_in_time_and_gets_its_answer_by_patch(
    session: PublicSession, reach: PretendReach
) -> None:
    began = asyncio.get_running_loop().time()
    answer = await post(session, "ice", cli="12025550199")
    took = asyncio.get_running_loop().time() - began

    assert answer.json["action"] == {"name": "park", "holdPrompt": "#tts[Wait.]", "maxDuration": 600}
    assert 0.2 <= took < DEADLINE
    held = await told(session, "held")
    assert (held["callid"], held["name"], held["caller"]) == ("c1", "ice", "+12025550199")
    assert "parked" in held["text"]
    assert reach.patched == []
    go(session, "ice")
    assert await reach.until(1) == [("simulator", "c1", TRUE_ICE)]
    assert "delivered" in (await told(session, "delivered"))["text"]
    assert (reach.stopped, reach.gone_on) == (["c1"], ["c1"])


async def test_the_recording_has_both_answers(session: PublicSession, reach: PretendReach) -> None:
    answer = await post(session, "ice")
    go(session, "ice")
    event = await callback(session, "ice")
    recorded = await session.recorded(event["id"])

    assert json.loads(recorded["response"]["body"]) == TRUE_ICE
    assert recorded["marks"] == ["hold"]
    sent = next(line["fields"]["sent"] for line in recorded["logs"] if "sent" in line["fields"])
    assert json.loads(sent) == answer.json
    assert 200 <= event["held"] < DEADLINE * 1000
    assert event["budget"] == pytest.approx(event["held"] / (DEADLINE * 1000), abs=0.001)
    assert "hint" not in event  # the platform had an answer in time


async def test_an_answer_in_time_is_sent_as_ever(session: PublicSession, reach: PretendReach) -> None:
    answer = await post(session, "ice", "quick")

    assert answer.json == TRUE_ICE
    event = await callback(session, "ice")
    assert "held" not in event
    assert (await session.recorded(event["id"]))["marks"] == []


async def test_a_failure_ends_the_parked_call_as_production_would(session: PublicSession, reach: PretendReach) -> None:
    (session.engine.project.root / "fail").touch()
    await post(session, "ice")
    go(session, "ice")
    ((_, _, svaml),) = await reach.until(1)

    assert svaml["action"] == {"name": "hangup"}
    assert svaml["instructions"][0]["text"].startswith("An error occurred")
    assert "The handler failed with status 500" in (await told(session, "delivered"))["text"]
    event = await callback(session, "ice")
    assert (event["status"], event["error"]["kind"]) == (500, "exception")


async def test_a_patch_that_comes_too_early_is_tried_again(
    session: PublicSession, reach: PretendReach, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hold, "_RETRIES", (0.01, 0.01))
    reach.refusals = [400, None]
    await post(session, "ice")
    go(session, "ice")

    assert [each[2] for each in await reach.until(3)] == [TRUE_ICE] * 3
    await told(session, "delivered")


async def test_what_cannot_be_delivered_is_said_and_recorded(session: PublicSession, reach: PretendReach) -> None:
    reach.refusals = [404]
    await post(session, "ice")
    go(session, "ice")

    lost = await told(session, "undelivered")
    assert lost["text"].endswith("its answer was not delivered. The platform says 404.")
    assert (await session.recorded(lost["id"]))["marks"] == ["hold", "undelivered"]


async def test_who_hangs_up_meanwhile_ends_nothing_but_the_call(session: PublicSession, reach: PretendReach) -> None:
    await post(session, "ice")
    dice = await post(session, "dice", reason="CALLERHANGUP")

    assert (dice.status, dice.body) == (200, b"")
    assert "hung up" in (await told(session, "gone"))["text"]
    go(session, "ice")
    lost = await told(session, "undelivered")
    assert reach.patched == []
    recorded = await session.recorded(lost["id"])
    assert json.loads(recorded["response"]["body"]) == TRUE_ICE
    assert recorded["marks"] == ["hold", "undelivered"]


async def test_a_call_that_ended_before_it_was_to_be_held_is_not_held(
    session: PublicSession, reach: PretendReach
) -> None:
    asked = asyncio.create_task(post(session, "ice"))
    await until(lambda: came(session, "ice") == ["c1"])
    await post(session, "dice")
    await asyncio.wait({asked}, timeout=DEADLINE + 0.1)
    assert not asked.done()
    go(session, "ice")

    assert (await asked).json == TRUE_ICE
    assert not [event for event in session.events if event["event"] == "hold"]


async def test_the_platform_asking_again_does_not_run_the_code_twice(
    session: PublicSession, reach: PretendReach
) -> None:
    first, again = await post(session, "ice"), await post(session, "ice")

    assert again.json == first.json
    assert came(session, "ice") == ["c1"]
    repeated = await session.until(lambda event: event.get("holding"))
    assert (await session.recorded(repeated["id"]))["marks"] == ["holding"]
    go(session, "ice")
    await reach.until(1)
    await told(session, "delivered")
    assert len(reach.patched) == 1


async def test_calls_from_outside_are_held_a_little_earlier(session: PublicSession, reach: PretendReach) -> None:
    session.exposure.way = 0.2
    answer = await session.call("/ice", {"event": "ice", "callid": "real"})

    assert answer.json["action"]["name"] == "park"
    assert "X-Fn-Exchange" not in answer.headers
    go(session, "ice")
    assert (await reach.until(1))[0][:2] == ("tunnel", "real")
    event = await callback(session, "ice")
    assert event["held"] < 200
    assert event["budget"] == pytest.approx((event["held"] + 200) / 500, abs=0.001)


async def test_what_somebody_posts_by_hand_is_no_call(session: PublicSession, reach: PretendReach) -> None:
    asked = asyncio.create_task(session.send(f"{session.local}/ice", "POST", {"event": "ice", "callid": "c1"}))
    await asyncio.wait({asked}, timeout=DEADLINE + 0.1)
    assert not asked.done()
    go(session, "ice")
    assert (await asked).json == TRUE_ICE
    assert (await callback(session, "ice"))["hint"].startswith("ice took 0.")


async def test_a_pretend_call_that_is_not_ours_to_steer_is_not_held(
    session: PublicSession, reach: PretendReach
) -> None:
    reach.unknown = {"c1"}
    asked = asyncio.create_task(post(session, "ice"))
    await asyncio.wait({asked}, timeout=DEADLINE + 0.1)
    assert not asked.done()
    go(session, "ice")
    assert (await asked).json == TRUE_ICE


async def test_without_a_way_to_calls_nothing_is_held(session: PublicSession) -> None:
    asked = asyncio.create_task(post(session, "ice"))
    await asyncio.wait({asked}, timeout=DEADLINE + 0.1)
    assert not asked.done()
    go(session, "ice")
    assert (await asked).json == TRUE_ICE


# --- PIE --------------------------------------------------------------------------------------------------------


async def test_a_pie_waits_in_silent_menus_and_the_next_round_gets_its_answer(
    session: PublicSession, reach: PretendReach
) -> None:
    first = await post(session, "pie", menuResult={"type": "return", "value": "sales"})
    second = await post(session, "pie", menuResult={"type": "timeout", "value": ""})
    third = await post(session, "pie", menuResult={"type": "sequence", "value": "42"})

    assert first.json["action"]["name"] == "runMenu"
    assert first.json == second.json == third.json
    assert "42" in (await told(session, "keys"))["text"]
    assert came(session, "pie") == ["c1"]
    go(session, "pie")
    await until(lambda: reach.gone_on == ["c1"])
    last = await post(session, "pie", menuResult={"type": "timeout"})
    assert last.json == {
        "instructions": [{"name": "say", "text": "bye", "locale": "en-US"}],
        "action": {"name": "hangup"},
    }
    event = await callback(session, "pie")
    recorded = await session.recorded(event["id"])
    assert json.loads(recorded["response"]["body"]) == last.json
    assert recorded["marks"] == ["hold"]
    assert reach.patched == []


async def test_a_pie_that_fails_hangs_up(session: PublicSession, reach: PretendReach) -> None:
    (session.engine.project.root / "fail").touch()
    await post(session, "pie")
    go(session, "pie")
    await until(lambda: reach.gone_on == ["c1"])

    assert (await post(session, "pie")).json == {"action": {"name": "hangup"}}
    assert "The call ends" in (await told(session, "delivered"))["text"]


async def test_who_hangs_up_in_the_silent_menu_is_not_told_to_the_code(
    session: PublicSession, reach: PretendReach
) -> None:
    await post(session, "pie")
    answer = await post(session, "pie", menuResult={"type": "hangup"})

    assert (answer.status, answer.body) == (200, b"")
    await told(session, "gone")
    await post(session, "dice")
    go(session, "pie")
    await told(session, "undelivered")
    assert came(session, "pie") == ["c1"]
    assert len([each for each in session.events if each.get("state") == "gone"]) == 1


async def test_a_menu_that_does_not_come_back_is_said(
    session: PublicSession, reach: PretendReach, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "_NO_ROUND", 0.05)
    await post(session, "pie")
    go(session, "pie")

    assert "did not come back" in (await told(session, "undelivered"))["text"]


# --- the others -------------------------------------------------------------------------------------------------


async def test_an_ace_goes_on_and_its_hangup_comes_by_patch(session: PublicSession, reach: PretendReach) -> None:
    answer = await post(session, "ace")
    go(session, "ace")

    assert answer.json == {"action": {"name": "continue"}}
    assert (await reach.until(1))[0][2]["action"] == {"name": "hangup"}


@pytest.mark.parametrize("event", ["dice", "notify"])
async def test_the_end_and_notifications_get_an_empty_200(
    session: PublicSession, reach: PretendReach, event: str
) -> None:
    answer = await post(session, event, "slow")

    assert (answer.status, answer.body) == (200, b"")
    go(session, event)
    await told(session, "delivered")
    assert reach.patched == []


async def test_another_notification_of_a_call_is_not_the_held_one(session: PublicSession, reach: PretendReach) -> None:
    await post(session, "notify", type="recording_finished")
    await post(session, "notify", type="recording_finished")
    assert came(session, "notify") == ["c1"]
    await post(session, "notify", type="recording_available")
    assert came(session, "notify") == ["c1", "c1"]
    go(session, "notify")


# --- the debugger -----------------------------------------------------------------------------------------------


async def test_in_a_pause_the_handler_has_all_the_time_in_the_world_and_other_calls_go_on(tmp_path: Path) -> None:
    async with public_session(waiting_project(tmp_path / "demo", deadline=0.6)) as session:
        reach = session.engine.gateway.in_time.holding.reach = PretendReach()
        asked = asyncio.create_task(post(session, "ice"))
        await until(lambda: came(session, "ice") == ["c1"])
        host = session.engine.generations.current
        assert host is not None
        host._stands(Paused([hand.number for hand in session.engine.gateway._asking._in_hand.values()]))
        assert (await asked).json["action"]["name"] == "park"
        assert "stands still in the debugger" in (await told(session, "held"))["text"]
        assert await session.engine.generations.acquire() is not host  # however slowly that starts here
        quick = await post(session, "ice", "quick")
        assert quick.json == TRUE_ICE
        assert quick.headers["X-Fn-Generation"] == "1"
        await asyncio.sleep(0.8)  # longer than the deadline of a handler
        host._stands(Resumed())
        go(session, "ice")
        assert await reach.until(1) == [("simulator", "c1", TRUE_ICE)]
        assert session.engine.generations.current is host


async def test_code_that_is_only_slow_has_its_deadline_and_the_call_ends_then(tmp_path: Path) -> None:
    async with public_session(waiting_project(tmp_path / "demo", deadline=0.6)) as session:
        reach = session.engine.gateway.in_time.holding.reach = PretendReach()
        await post(session, "ice")

        assert (await reach.until(1))[0][2]["action"] == {"name": "hangup"}
        assert "status 504" in (await told(session, "delivered"))["text"]


async def test_with_pdb_at_the_terminal_only_code_that_stands_still_is_held(tmp_path: Path) -> None:
    async with public_session(waiting_project(tmp_path / "demo")) as session:
        reach = session.engine.gateway.in_time.holding.reach = PretendReach()
        session.engine.gateway.in_time.holding.only_paused = True
        slow = asyncio.create_task(post(session, "ice"))
        await until(lambda: came(session, "ice") == ["c1"])
        asyncio.get_running_loop().call_later(DEADLINE, go, session, "ice")
        assert (await slow).json == TRUE_ICE
        assert reach.stopped == []

        asked = asyncio.create_task(post(session, "pie"))
        await until(lambda: came(session, "pie") == ["c1"])
        host = session.engine.generations.current
        assert host is not None
        host._stands(Paused([hand.number for hand in session.engine.gateway._asking._in_hand.values()]))
        assert (await asked).json["action"]["name"] == "runMenu"
        host._stands(Resumed())
        go(session, "pie")


# --- the end ----------------------------------------------------------------------------------------------------


async def test_at_the_end_of_the_session_a_real_call_is_not_left_parked(tmp_path: Path) -> None:
    async with public_session(waiting_project(tmp_path / "demo")) as session:
        reach = PretendReach()
        session.engine.gateway.in_time.holding.reach = reach
        await session.call("/ice", {"event": "ice", "callid": "real"})
        await post(session, "ice", "pretended")
        await post(session, "pie", "in-a-menu")
    assert reach.patched == [("tunnel", "real", {"action": {"name": "hangup"}})]


async def test_at_the_end_an_answer_that_waits_is_recorded(tmp_path: Path) -> None:
    async with public_session(waiting_project(tmp_path / "demo")) as session:
        reach = PretendReach()
        session.engine.gateway.in_time.holding.reach = reach
        await post(session, "pie")
        go(session, "pie")
        await until(lambda: reach.gone_on == ["c1"])
    assert (await told(session, "undelivered"))["text"].endswith("The session ended.")
