"""The phone of a session: whose clock a callout runs on, what a person may send, and the words of the Voice platform."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from devserver.calls.actions import HangUp, Press, Say
from devserver.calls.delivery import Signer
from devserver.calls.settings import Settings
from devserver.calls.start import Start
from devserver.calls.told import CallReport, Ended, Heard, Joined, Offered
from devserver.cloud.backend import Address, CallInfo, Callout, DtmfOptions, Identity, Markup, Refusal
from devserver.errors import FnError
from devserver.session.phone import Phone, Wiring, action_of, opened
from devserver.session.terms import SOURCE_HEADER, TOKEN_HEADER
from devserver.session.voice_backend import CallsOfSession
from tests.calls.calling import MENU, SALES, conference, said

KEY, SECRET = "669E367E-6BBA-48AB-AF15-266871C28135", "BeIukql3pTKJ8RGL5zo0DA=="
PARK = {"action": {"name": "park", "holdPrompt": "#tts[Please hold.]"}}


class Function:
    """A function over real HTTP: answers by event, and keeps what came."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.came: list[tuple[dict[str, Any], dict[str, str]]] = []
        self.arrived = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        payload = await request.json()
        self.came.append((payload, dict(request.headers)))
        self.arrived.set()
        answer = self.answers.get(payload["event"])
        if callable(answer):
            answer = await answer(payload)
        return web.json_response(answer) if answer is not None else web.Response()


@pytest.fixture
async def function() -> Function:
    return Function()


@pytest.fixture
def ended() -> list[CallReport]:
    return []


@pytest.fixture
async def phone(function: Function, ended: list[CallReport], tmp_path: Path) -> AsyncIterator[Phone]:
    app = web.Application()
    app.router.add_post("/", function.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    wiring = Wiring(
        url,
        "token",
        lambda: Signer(KEY, SECRET),
        lambda _application: (f"{url}/",),
        Settings(),
        tmp_path,
        "http://127.0.0.1:3002/",
        ended.append,
    )
    async with opened(wiring) as phone:
        yield phone
    await runner.cleanup()


async def test_a_call_runs_to_its_end_with_signed_callbacks_of_the_simulator(
    phone: Phone, function: Function, ended: list[CallReport]
) -> None:
    function.answers = {"ice": MENU, "pie": said("Goodbye.")}
    report = await phone.run(Start(keys="1"))
    assert report.heard[-1] == "Goodbye."
    assert [each.callid for each in ended] == [report.callid]
    payload, headers = function.came[0]
    assert payload["applicationKey"] == KEY
    assert headers["Authorization"].startswith(f"application {KEY}:")
    assert (headers[SOURCE_HEADER], headers[TOKEN_HEADER]) == ("simulator", "token")


async def test_a_call_that_nobody_waits_for_is_given_up(phone: Phone, function: Function) -> None:
    function.answers = {"ice": PARK}
    waiting = asyncio.create_task(phone.run(Start(speed=1.0)))
    await function.arrived.wait()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert list(phone.switchboard.calls()) == []


async def test_a_person_talks(phone: Phone, function: Function) -> None:
    function.answers = {"ice": MENU, "pie": said("Goodbye.")}
    heard = []
    async with phone.talk(Start(speed=100.0)) as talk:
        async for told in talk.told():
            match told:
                case Offered():
                    await talk.send({"key": "1"})
                case Heard(text=text):
                    heard.append(text)
                case Ended(reason=reason):
                    assert reason == "MANAGERHANGUP"
                case _:
                    pass
    assert heard[-1] == "Goodbye."


async def test_leaving_a_talk_hangs_up(phone: Phone, function: Function) -> None:
    function.answers = {"ice": MENU}
    async with phone.talk(Start(speed=1.0)) as talk:
        async for told in talk.told():
            if isinstance(told, Heard):
                break
    call = talk.call
    assert call is not None
    assert (await asyncio.wait_for(call.ended(), 5)).reason == "CALLERHANGUP"


async def test_instant_time_leaves_no_person_any(phone: Phone) -> None:
    with pytest.raises(FnError, match="needs time"):
        async with phone.talk(Start()):
            pass


async def test_a_speed_that_is_none_is_refused(phone: Phone) -> None:
    with pytest.raises(FnError, match="forwards"):
        await phone.run(Start(speed=-1.0))


@pytest.mark.parametrize(
    ("message", "action"),
    [
        ({"key": "1"}, Press("1")),
        ({"key": "#", "leg": "callee"}, Press("#", "callee")),
        ({"say": "sales"}, Say("sales")),
        ({"hangup": True}, HangUp()),
    ],
)
def test_what_a_person_may_do(message: dict[str, Any], action: Any) -> None:
    assert action_of(message) == action


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"key": ""},
        {"key": "12"},
        {"key": 1},
        {"say": 5},
        {"say": "x" * 1001},
        {"hangup": False},
        {"key": "1", "leg": "x"},
    ],
)
def test_what_a_person_cannot_do(message: dict[str, Any]) -> None:
    with pytest.raises(FnError, match="nothing a person"):
        action_of(message)


# --- the Voice platform --------------------------------------------------------------------------------------------


async def final(phone: Phone, callid: str) -> CallInfo:
    """What is known of a call once it is over."""
    call = phone.switchboard.call(callid)
    if call is not None:
        await asyncio.wait_for(call.ended(), 10)
    info = await CallsOfSession(phone).call(callid)
    assert info is not None
    assert info.status == "FINAL"
    return info


async def hears(phone: Phone, callid: str, text: str) -> None:
    """Wait until somebody in a call hears a text."""
    call = phone.switchboard.call(callid)
    assert call is not None
    heard = asyncio.Event()
    call.listen(lambda told: heard.set() if isinstance(told, Heard) and told.text == text else None)
    await asyncio.wait_for(heard.wait(), 10)


async def test_a_callout_of_a_function_runs_on_the_clock_of_the_call_that_asked(
    phone: Phone, function: Function
) -> None:
    backend = CallsOfSession(phone)
    started: list[str] = []

    async def ice(payload: dict[str, Any]) -> dict[str, Any]:
        callout = Callout(
            method="conference",
            destination=Identity("number", SALES),
            cli=SALES,
            conference_id="room",
            enable_dice=True,
        )
        found = await backend.start_callout(payload["applicationKey"], callout)
        assert isinstance(found, str)
        started.append(found)
        return conference()

    function.answers = {"ice": ice}
    report = await phone.run(Start(timeline=True))
    joined = [told for told in report.timeline if isinstance(told, Joined)]
    assert joined
    info = await final(phone, started[0])
    assert info.result == "ANSWERED"
    assert report.seconds < 10, "both in no time"


async def test_rest_asks_for_manages_and_ends_calls(phone: Phone, function: Function) -> None:
    backend = CallsOfSession(phone)
    callout = Callout(
        method="custom",
        destination=Identity("number", "+4600000000020"),
        cli="+12025550100",
        ace=Markup(PARK),
        dice=Address("http://127.0.0.1:9/"),
        conference_dtmf=DtmfOptions("detect", 2, 1500),
        custom="mine",
        headers=(("X-CB-Mine", "yes"),),
    )
    callid = await backend.start_callout("other-app", callout)
    assert isinstance(callid, str)
    info = await backend.call(callid)
    assert info is not None
    assert (info.status, info.custom, info.domain) == ("ONGOING", "mine", "pstn")
    await hears(phone, callid, "Please hold.")
    assert await backend.patch_call(callid, said("Bye."), None) is None
    assert (await final(phone, callid)).reason == "MANAGERHANGUP"
    refused = await backend.patch_call(callid, said("Bye."), None)
    assert isinstance(refused, Refusal)
    assert refused.code == 40400


async def test_a_callout_whose_client_is_gone_is_cancelled_before_anybody_answers(phone: Phone) -> None:
    backend = CallsOfSession(phone)
    callout = Callout(method="tts", destination=Identity("number", "+46000000000"), cli=SALES, text="Hello.")
    callid = await backend.start_callout("app", callout)
    assert isinstance(callid, str)
    await backend.cancel(callid)
    info = await final(phone, callid)
    assert (info.result, info.reason) == ("NOANSWER", "CANCEL")
    await backend.cancel(callid)
    await backend.cancel("nobody")


async def test_what_does_not_exist_is_none_or_refused(phone: Phone) -> None:
    backend = CallsOfSession(phone)
    assert await backend.call("nobody") is None
    assert await backend.participants("nowhere") is None
    for refused in (
        await backend.command("nowhere", "nobody", "mute", None),
        await backend.kick("nowhere", "nobody"),
        await backend.end("nowhere"),
        await backend.patch_call("nobody", json.loads("{}"), "caller"),
    ):
        assert isinstance(refused, Refusal)
        assert refused.code == 40400
