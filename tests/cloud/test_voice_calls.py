from __future__ import annotations

import asyncio
import json

import msgspec
import pytest

from devserver.cloud.backend import Identity, Money
from devserver.cloud.voice_state import CallbackUrls, CallReport
from tests.cloud.port import APP, NUMBER, TTS, Platform

CALLOUTS = "/calling/v1/callouts"
CALL = "/calling/v1/calls/id/call-1"
HANGUP = {"action": {"name": "hangup"}}
SAY = {"instructions": [{"name": "say", "text": "Hi."}], "action": {"name": "continue"}}


@pytest.fixture
async def ringing(platform: Platform) -> Platform:
    await platform.ask("POST", CALLOUTS, TTS)
    return platform


async def test_a_call_that_was_hung_up_says_so_and_takes_no_more_markup(ringing: Platform) -> None:
    assert (await ringing.ask("PATCH", CALL, HANGUP)).status == 204
    info = (await ringing.ask("GET", CALL)).body
    again = await ringing.ask("PATCH", CALL, SAY)

    assert (info["status"], info["result"], info["reason"]) == ("FINAL", "ANSWERED", "MANAGERHANGUP")
    assert (again.code, again.body["message"]) == (40400, "Call not found")


async def test_a_call_is_told_in_the_shape_of_the_published_sample(ringing: Platform) -> None:
    ringing.calls.calls["call-1"] = msgspec.structs.replace(
        ringing.calls.calls["call-1"],
        status="FINAL",
        caller=Identity("username", "alice"),
        custom="Custom text",
        duration=14,
        result="ANSWERED",
        reason="MANAGERHANGUP",
        user_rate=Money("EUR", 0.1758),
        debit=Money("EUR", 0.1758),
    )

    assert (await ringing.ask("GET", CALL)).body == {
        "from": {"type": "Username", "endpoint": "alice"},
        "to": {"type": "Number", "endpoint": "+12017777777"},
        "domain": "pstn",
        "callId": "call-1",
        "duration": 14,
        "status": "FINAL",
        "result": "ANSWERED",
        "reason": "MANAGERHANGUP",
        "timestamp": "2024-06-06T17:36:00",
        "custom": "Custom text",
        "userRate": {"currencyId": "EUR", "amount": 0.1758},
        "debit": {"currencyId": "EUR", "amount": 0.1758},
    }


async def test_a_call_between_apps_cannot_be_asked_for(ringing: Platform) -> None:
    ringing.calls.calls["call-1"] = msgspec.structs.replace(ringing.calls.calls["call-1"], domain="mxp")

    assert (await ringing.ask("GET", CALL)).code == 40400
    assert (await ringing.ask("PATCH", CALL, SAY)).code == 40400


async def test_the_backend_gets_the_markup_and_the_leg(ringing: Platform) -> None:
    await ringing.ask("PATCH", CALL, SAY)
    await ringing.ask("PATCH", f"{CALL}/leg/Both", SAY)

    assert ringing.calls.patched == [("call-1", None, SAY), ("call-1", "both", SAY)]


async def test_markup_of_a_leg_is_read_in_any_case(ringing: Platform) -> None:
    markup = {"Instructions": [{"NAME": "playfiles", "Ids": ["a.mp3"]}], "Action": {"Name": "Continue"}}

    assert (await ringing.ask("PATCH", f"{CALL}/leg/caller", markup)).status == 200


async def test_a_callout_that_names_nobody_needs_an_address_to_ask(platform: Platform) -> None:
    nobody = {"method": "customCallout", "customCallout": {"cli": "+12015555555"}}
    platform.state.set_callback_urls(APP.key, CallbackUrls(""))
    reply = await platform.ask("POST", CALLOUTS, nobody)

    assert reply.code == 40002
    assert "neither destination nor ice" in reply.body["message"]
    named = {"method": "customCallout", "customCallout": {"destination": NUMBER}}
    assert (await platform.ask("POST", CALLOUTS, named)).status == 200


async def test_a_client_that_hangs_up_before_the_answer_has_its_call_cancelled(platform: Platform) -> None:
    platform.calls.held = asyncio.Event()
    body = json.dumps(TTS).encode()
    headers = platform.signed("POST", CALLOUTS, body)
    host, port = platform.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    lines = [f"POST {CALLOUTS} HTTP/1.1", f"Host: {host}:{port}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    assert await platform.calls.happened.get() == "callout"
    writer.transport.abort()
    await platform.send("GET", "/")  # the server has read the end of the connection by the time this is answered
    platform.calls.held.set()
    assert await platform.calls.happened.get() == "cancel"
    call = await platform.calls.call("call-1")
    assert call is not None
    assert call.status == "FINAL"


async def test_a_report_is_kept(ringing: Platform) -> None:
    path = "/calling/v1/callreport/callId/call-1"
    reply = await ringing.ask("POST", path, {"STATUS": "failure", "details": "no sound"})

    assert (reply.status, reply.raw) == (201, b"")
    assert ringing.state.reports() == [CallReport("call-1", "Failure", "no sound", ringing.clock.wall())]
