"""The phone of a running session: calls by request, with a person, by REST, and by the function itself."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.conftest import Start
from tests.e2e.running import Running, project

pytestmark = pytest.mark.e2e

KEY, SECRET = "669E367E-6BBA-48AB-AF15-266871C28135", "BeIukql3pTKJ8RGL5zo0DA=="

FUNCTION = """\
from devserver.runtime import AceSvamlBuilder, IceSvamlBuilder, PieSvamlBuilder, create_menu

async def ice(context, event):
    if event.to.endpoint == "+12025550101":
        await context.voice.callouts.conference("+12025550110", "team", cli="+12025550100", enable_dice=True)
        return IceSvamlBuilder().say("Please wait.").connect_conf("team").build()
    if event.to.endpoint == "+12025550102":
        return IceSvamlBuilder().park(intro_prompt="Hello.", hold_prompt="Please hold.").build()
    menu = create_menu().prompt("Press 1 for sales, 2 for support.")
    menu = menu.option("1", "return(sales)").option("2", "return(support)").build()
    return IceSvamlBuilder().say("Welcome!").run_menu(menu).build()

async def pie(context, event):
    if event.menu_result.value == "sales":
        return PieSvamlBuilder().say("Connecting.").connect_pstn("+15551234567").build()
    return PieSvamlBuilder().say("Goodbye.").hangup().build()

async def release(context, request):
    await context.voice.calls.update(request.body["call"], PieSvamlBuilder().say("Released.").hangup().build())
    return {"ok": True}

async def broken(context, request):
    return 1
"""


@pytest.fixture
def session(start: Start, tmp_path: Path) -> Running:
    folder = project(tmp_path / "demo", FUNCTION)
    (folder / ".env").write_text(f"VOICE_APPLICATION_KEY={KEY}\nVOICE_APPLICATION_SECRET={SECRET}\n")
    return start(folder)


def console(session: Running) -> aiohttp.ClientSession:
    url, _, token = session.ready["console"].partition("/?token=")
    return aiohttp.ClientSession(url, headers={"X-Fn-Token": token})


def cloud(session: Running) -> aiohttp.ClientSession:
    basic = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
    return aiohttp.ClientSession(session.ready["cloud"], headers={"Authorization": f"Basic {basic}"})


async def call(session: Running, **start: Any) -> dict[str, Any]:
    async with console(session) as client, client.post("/api/phone", json=start) as response:
        report: dict[str, Any] = await response.json()
        assert response.status == 200, report
        return report


async def until(client: aiohttp.ClientSession, path: str, **wanted: Any) -> dict[str, Any]:
    """Ask until the answer has these values."""
    async with asyncio.timeout(60):
        while True:
            async with client.get(path) as response:
                found: dict[str, Any] = await response.json()
            if all(found.get(key) == value for key, value in wanted.items()):
                return found


async def test_an_inbound_call_through_a_menu_to_its_end(session: Running) -> None:
    report = await call(session, keys="1")
    assert report["heard"] == ["Welcome!", "Press 1 for sales, 2 for support.", "Connecting."]
    assert [(each["event"], each["status"]) for each in report["callbacks"]] == [
        ("ice", 200),
        ("pie", 200),
        ("ace", 200),
        ("dice", 200),
    ]
    assert (report["result"], report["reason"], report["failed"]) == ("ANSWERED", "CALLERHANGUP", False)
    assert report["duration"] >= 30
    assert report["seconds"] < 10
    recorded = session.wait_for("callback", lambda event: event["name"] == "dice")
    assert (recorded["source"], recorded["callid"]) == ("simulator", report["callid"])
    told = session.wait_for("call")
    assert (told["callid"], told["reason"], told["from"]) == (report["callid"], "CALLERHANGUP", report["from"])


@pytest.mark.parametrize("message", [{"keys": "1A"}, {"to": "12025550100"}, {"speed": -1}, {"colour": "red"}])
async def test_a_call_that_is_none_is_refused_with_a_sentence(session: Running, message: dict[str, Any]) -> None:
    async with console(session) as client, client.post("/api/phone", json=message) as response:
        assert response.status == 400
        assert (await response.json())["error"]


async def test_a_person_hears_and_presses(session: Running) -> None:
    heard: list[str] = []
    async with console(session) as client, client.ws_connect("/api/phone") as socket:
        await socket.send_json({"start": {"speed": 50}})
        async for message in socket:
            told = message.json()
            match told["told"]:
                case "offered":
                    await socket.send_json({"key": "2"})
                case "heard":
                    heard.append(told["text"])
                case "ended":
                    assert told["reason"] == "MANAGERHANGUP"
                case _:
                    pass
    assert heard[-1] == "Goodbye."


@pytest.mark.parametrize("first", ['{"start": {"colour": "red"}}', '{"start": {"speed": 0}}', "nonsense", "[]"])
async def test_a_talk_that_cannot_begin_is_refused_with_a_sentence(session: Running, first: str) -> None:
    async with console(session) as client, client.ws_connect("/api/phone") as socket:
        await socket.send_str(first)
        assert (await socket.receive_json())["error"]
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE


async def test_nonsense_in_a_call_is_refused_and_the_call_goes_on(session: Running) -> None:
    seen: list[str] = []
    async with console(session) as client, client.ws_connect("/api/phone") as socket:
        await socket.send_json({"start": {"speed": 50}})
        for nonsense in ("nonsense", '{"key": "12"}', '{"dance": true}'):
            await socket.send_str(nonsense)
        async for message in socket:
            told = message.json()
            seen.append(told.get("told", "error"))
            if told.get("told") == "offered":
                await socket.send_json({"hangup": True})
    assert seen.count("error") == 3
    assert seen[-1] == "ended"


async def test_a_person_who_goes_has_hung_up(session: Running) -> None:
    async with console(session) as client, client.ws_connect("/api/phone") as socket:
        await socket.send_json({"start": {"speed": 1}})
        await socket.receive_json()
        await socket.receive_json()
    dice = await asyncio.to_thread(session.wait_for, "callback", lambda event: event["name"] == "dice")
    assert dice["status"] in {200, 404}


async def test_a_function_releases_a_parked_call_by_rest(session: Running) -> None:
    heard: list[str] = []
    async with console(session) as client, client.ws_connect("/api/phone") as socket:
        await socket.send_json({"start": {"speed": 5, "to": "+12025550102"}})
        callid = (await socket.receive_json())["callid"]
        async for message in socket:
            told = message.json()
            if told["told"] == "heard":
                heard.append(told["text"])
                if told["text"] == "Please hold.":
                    answer = await asyncio.to_thread(session.post, "/release", {"call": callid})
                    assert answer.status == 200, answer.body
            if told["told"] == "ended":
                assert told["result"] == "ANSWERED"
    assert heard == ["Hello.", "Please hold.", "Released."]


async def test_a_function_calls_somebody_into_the_conference_of_its_caller(session: Running) -> None:
    report = await call(session, to="+12025550101", timeline=True)
    assert report["connected"] == ["team"]
    assert not report["failed"]
    await asyncio.to_thread(session.wait_for, "callback", lambda event: is_end(event, of=report["callid"]))
    await asyncio.to_thread(session.wait_for, "callback", lambda event: is_end(event, but=report["callid"]))


def is_end(event: dict[str, Any], of: str = "", but: str = "") -> bool:
    """Whether it is the DICE of a simulated call: of this one, or of any but that one."""
    return (
        event["name"] == "dice"
        and event["source"] == "simulator"
        and event["callid"] in {of or event["callid"]} - {but}
    )


async def test_rest_starts_asks_for_changes_and_ends_a_callout(session: Running) -> None:
    park = {"action": {"name": "park", "holdPrompt": "#tts[Please hold.]"}}
    # A test number that answers at once.
    callout = {
        "cli": "+12025550100",
        "destination": {"type": "number", "endpoint": "+4600000000020"},
        "ace": json.dumps(park),
        "custom": "mine",
    }
    async with cloud(session) as client:
        body = {"method": "customCallout", "customCallout": callout}
        async with client.post("/calling/v1/callouts", json=body) as response:
            assert response.status == 200
            path = f"/calling/v1/calls/id/{(await response.json())['callId']}"
        ongoing = await until(client, path, status="ONGOING")
        assert (ongoing["to"]["endpoint"], ongoing["custom"]) == ("+4600000000020", "mine")
        async with asyncio.timeout(60):
            while True:  # it can be managed once it is answered
                async with client.patch(
                    path, json={"action": {"name": "connectConf", "conferenceId": "c"}}
                ) as response:
                    if response.status == 204:
                        break
        async with client.get("/calling/v1/conferences/id/c") as response:
            assert len((await response.json())["participants"]) == 1
        async with client.delete("/calling/v1/conferences/id/c") as response:
            assert response.status == 204
        over = await until(client, path, status="FINAL")
        assert (over["result"], over["reason"]) == ("ANSWERED", "MANAGERHANGUP")
        async with client.patch(path, json={"action": {"name": "hangup"}}) as response:
            assert (response.status, (await response.json())["errorCode"]) == (404, 40400)


async def test_many_calls_at_once_through_one_session(session: Running) -> None:
    reports = await asyncio.gather(*(call(session, seed=seed) for seed in range(60)))
    assert len({report["callid"] for report in reports}) == 60
    assert all(report["callbacks"][-1]["event"] == "dice" for report in reports)
    assert not any(report["failed"] for report in reports)


async def test_the_session_ends_at_once_with_a_call_on_the_line(session: Running) -> None:
    async with console(session) as client, client.ws_connect("/api/phone") as socket:
        await socket.send_json({"start": {"speed": 1, "to": "+12025550102"}})
        await socket.receive_json()
        assert await asyncio.to_thread(session.stop) in {0, 143}
