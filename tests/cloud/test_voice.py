"""The contract of Voice v1: every operation with its successes and its errors, asked over HTTP."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from devserver.cloud.backend import NoCalls, Participant
from devserver.project.settings import CloudSettings
from tests.cloud.port import APP, FUNCTION, NUMBER, TTS, Platform, basic, serving

CALLOUTS = "/calling/v1/callouts"
CALL = "/calling/v1/calls/id/call-1"
GONE = "/calling/v1/calls/id/nobody"
ROOM = "/calling/v1/conferences/id/room"
NO_ROOM = "/calling/v1/conferences/id/none"
NUMBERS = "/v1/configuration/numbers"
CALLBACKS = f"/v1/configuration/callbacks/applications/{APP.key}"
OTHER_CALLBACKS = "/v1/configuration/callbacks/applications/someone-elses"
REPORT = "/calling/v1/callreport/callId/call-1"
RECORDING = "/calling/v1/recording"
SAY = {"instructions": [{"name": "say", "text": "Hi."}], "action": {"name": "continue"}}
HANGUP = {"action": {"name": "hangup"}}
DTMF = {"instructions": [{"name": "sendDtmf", "value": "1"}], "action": {"name": "continue"}}
ICE = json.dumps({"action": {"name": "connectPstn", "number": "+12017777777"}})
PRIMARY = {"url": {"primary": "https://a.example/x"}}


def tts(**more: Any) -> dict[str, Any]:
    return {"method": "ttsCallout", "ttsCallout": {"destination": NUMBER, "text": "Hi.", **more}}


def conference(**more: Any) -> dict[str, Any]:
    return {
        "method": "conferenceCallout",
        "conferenceCallout": {"destination": NUMBER, "conferenceId": "room", "cli": "+12015555555", **more},
    }


def custom(**more: Any) -> dict[str, Any]:
    return {"method": "customCallout", "customCallout": more}


SUCCESSES: list[tuple[str, str, Any, int, Any]] = [
    ("POST", CALLOUTS, TTS, 200, {"callId": "call-3"}),
    ("POST", CALLOUTS, conference(), 200, {"callId": "call-3"}),
    ("POST", CALLOUTS, custom(ice=ICE), 200, {"callId": "call-3"}),
    ("POST", CALLOUTS, custom(), 200, {"callId": "call-3"}),
    (
        "GET",
        CALL,
        None,
        200,
        {
            "to": {"type": "Number", "endpoint": "+12017777777"},
            "domain": "pstn",
            "callId": "call-1",
            "duration": 0,
            "status": "ONGOING",
            "timestamp": "2024-06-06T17:36:00",
            "userRate": {"currencyId": "USD", "amount": 0.0},
            "debit": {"currencyId": "USD", "amount": 0.0},
        },
    ),
    ("PATCH", CALL, HANGUP, 204, None),
    ("PATCH", f"{CALL}/leg/caller", SAY, 200, None),
    ("PATCH", f"{CALL}/leg/CALLEE", SAY, 200, None),
    ("PATCH", f"{CALL}/leg/both", SAY, 200, None),
    (
        "GET",
        ROOM,
        None,
        200,
        {
            "participants": [
                {"cli": "+12015555555", "id": "call-1", "duration": 0, "muted": False, "onhold": False},
                {"cli": "+12015555555", "id": "call-2", "duration": 0, "muted": False, "onhold": False},
            ]
        },
    ),
    ("PATCH", f"{ROOM}/call-1", {"command": "mute"}, 200, None),
    ("PATCH", f"{ROOM}/call-1", {"command": "ONHOLD", "moh": "music2"}, 200, None),
    ("PATCH", f"{ROOM}/call-1", {"command": "unmute", "moh": "ring"}, 200, None),
    ("DELETE", f"{ROOM}/call-1", None, 200, None),
    ("DELETE", ROOM, None, 204, None),
    ("GET", NUMBERS, None, 200, {"numbers": []}),
    ("POST", NUMBERS, {"numbers": ["+12073091712"]}, 204, None),
    ("POST", NUMBERS, {"numbers": ["+12073091712"], "applicationKey": APP.key.lower(), "capability": "SMS"}, 204, None),
    ("GET", CALLBACKS, None, 200, {"url": {"primary": FUNCTION}}),
    ("GET", CALLBACKS.lower(), None, 200, {"url": {"primary": FUNCTION}}),
    ("POST", CALLBACKS, PRIMARY, 204, None),
    (
        "GET",
        "/v1/calling/query/number/+46(0)73-017-0101",
        None,
        200,
        {
            "number": {
                "countryId": "SE",
                "numberType": "Mobile",
                "normalizedNumber": "+46730170101",
                "restricted": False,
                "rate": {"currencyId": "USD", "amount": 0.01},
            }
        },
    ),
    ("POST", REPORT, {"status": "success", "details": "fine"}, 201, None),
    ("GET", RECORDING, None, 200, []),
]

ERRORS: list[tuple[str, str, Any, int, str]] = [
    ("POST", CALLOUTS, {}, 40002, "method is missing"),
    ("POST", CALLOUTS, {"method": "faxCallout"}, 40001, "ttsCallout, conferenceCallout, customCallout"),
    ("POST", CALLOUTS, {"method": 7}, 40001, "method is a number"),
    ("POST", CALLOUTS, {"method": "ttsCallout"}, 40002, "Bad request: TTS callout information missing"),
    ("POST", CALLOUTS, {"method": "ttsCallout", "ttsCallout": []}, 40001, "ttsCallout is a list"),
    ("POST", CALLOUTS, {"method": "conferenceCallout"}, 40002, "Conference callout information missing"),
    ("POST", CALLOUTS, {"method": "customCallout"}, 40002, "Custom callout information missing"),
    ("POST", CALLOUTS, tts(destination=None), 40002, "ttsCallout.destination is missing"),
    ("POST", CALLOUTS, tts(destination={}), 40002, "ttsCallout.destination.type is missing"),
    ("POST", CALLOUTS, tts(destination={"type": "number"}), 40002, "ttsCallout.destination.endpoint is missing"),
    ("POST", CALLOUTS, tts(destination={"type": "fax", "endpoint": "x"}), 40001, "number, username, sip"),
    ("POST", CALLOUTS, tts(destination={"type": "number", "endpoint": "12017777777"}), 40005, "no leading plus"),
    ("POST", CALLOUTS, tts(destination={"type": "number", "endpoint": "+1-800-SINCH"}), 40001, "no phone number"),
    ("POST", CALLOUTS, tts(destination={"type": "sip", "endpoint": "nobody"}), 40001, "user@host"),
    ("POST", CALLOUTS, tts(destination={"type": "username", "endpoint": "x" * 129}), 40001, "128"),
    ("POST", CALLOUTS, tts(text=None), 40002, "neither text nor prompts"),
    ("POST", CALLOUTS, tts(text=" "), 40002, "neither text nor prompts"),
    ("POST", CALLOUTS, tts(text="x" * 601), 40001, "ttsCallout.text: "),
    ("POST", CALLOUTS, tts(prompts=f"#tts[{'x' * 601}]"), 40001, "ttsCallout.prompts: "),
    ("POST", CALLOUTS, tts(dtmf="abc"), 40001, "ttsCallout.dtmf: "),
    ("POST", CALLOUTS, tts(custom="x" * 1025), 40001, "1024 bytes"),
    ("POST", CALLOUTS, tts(custom={"a": 1}), 40001, "ttsCallout.custom is an object"),
    ("POST", CALLOUTS, tts(cli="Alice"), 40001, "ttsCallout.cli"),
    ("POST", CALLOUTS, tts(domain="isdn"), 40001, "pstn, mxp"),
    ("POST", CALLOUTS, tts(enableAce="perhaps"), 40001, "must be true or false"),
    ("POST", CALLOUTS, conference(conferenceId=None), 40002, "conferenceCallout.conferenceId is missing"),
    ("POST", CALLOUTS, conference(conferenceId="x" * 129), 40001, "conferenceCallout.conferenceId: "),
    ("POST", CALLOUTS, conference(mohClass="jazz"), 40001, "ring, music1, music2, music3"),
    ("POST", CALLOUTS, conference(maxDuration=14_401), 40001, "from 0 to 14400"),
    ("POST", CALLOUTS, conference(maxDuration=True), 40001, "must be a whole number"),
    ("POST", CALLOUTS, conference(greeting="x" * 601), 40001, "conferenceCallout.greeting: "),
    ("POST", CALLOUTS, conference(conferenceDtmfOptions={"mode": "eat"}), 40001, "ignore, forward, detect"),
    ("POST", CALLOUTS, custom(ice="{"), 40001, "customCallout.ice is not JSON"),
    ("POST", CALLOUTS, custom(ice="ftp://x"), 40001, "no absolute http or https URL"),
    ("POST", CALLOUTS, custom(ice=["x"]), 40001, "customCallout.ice is a list"),
    ("POST", CALLOUTS, custom(ice=json.loads(ICE)), 40001, "SVAML goes in as a JSON text"),
    ("POST", CALLOUTS, custom(ice="{}"), 40001, "customCallout.ice is SVAML that the platform refuses"),
    ("POST", CALLOUTS, custom(ice=ICE, ace=ICE), 40001, "connectPstn is not allowed in the answer to an ACE"),
    ("POST", CALLOUTS, custom(ice=ICE, pie='{"action": {"name": "fly"}}'), 40001, "customCallout.pie"),
    ("GET", GONE, None, 40400, "Call not found"),
    ("PATCH", GONE, SAY, 40400, "Call not found"),
    ("PATCH", CALL, {}, 40003, "no SVAML in the request"),
    ("PATCH", CALL, {"action": {"name": "fly"}}, 40003, "fly"),
    ("PATCH", CALL, [], 40003, "is a list"),
    ("PATCH", f"{CALL}/leg/nose", SAY, 40003, "caller, callee, both"),
    ("PATCH", f"{CALL}/leg/caller", DTMF, 40003, "playFiles and say only, not sendDtmf"),
    ("PATCH", f"{GONE}/leg/caller", SAY, 40400, "Call not found"),
    ("GET", NO_ROOM, None, 40400, "Conference not found"),
    ("DELETE", NO_ROOM, None, 40400, "Conference not found"),
    ("PATCH", f"{ROOM}/nobody", {"command": "mute"}, 40400, "Participant not found"),
    ("PATCH", f"{ROOM}/call-1", {}, 40002, "command is missing"),
    ("PATCH", f"{ROOM}/call-1", {"command": "dance"}, 40001, "mute, unmute, onhold, resume"),
    ("PATCH", f"{ROOM}/call-1", {"command": "onhold", "moh": "jazz"}, 40001, "music1"),
    ("DELETE", f"{ROOM}/nobody", None, 40400, "Participant not found"),
    ("POST", NUMBERS, {}, 40002, "numbers is missing"),
    ("POST", NUMBERS, {"numbers": "+12073091712"}, 40001, "must be a list of texts"),
    ("POST", NUMBERS, {"numbers": []}, 40001, "has 0 numbers"),
    ("POST", NUMBERS, {"numbers": ["12073091712"]}, 40005, "numbers[0]"),
    ("POST", NUMBERS, {"numbers": ["+12073091712"], "applicationkey": "someone-elses"}, 40003, "Invalid Application"),
    ("POST", NUMBERS, {"numbers": ["+12073091712"], "applicationkey": "a/b"}, 40004, "Application key is invalid"),
    ("POST", NUMBERS, {"numbers": ["+12073091712"], "capability": "fax"}, 40001, "voice, sms"),
    ("DELETE", NUMBERS, None, 40001, "is empty"),
    ("DELETE", NUMBERS, {}, 40002, "number is missing"),
    ("DELETE", NUMBERS, {"number": "+12073091712"}, 40001, "is not assigned"),
    ("GET", OTHER_CALLBACKS, None, 40003, "Invalid Application Key"),
    ("GET", "/v1/configuration/callbacks/applications/a%20b", None, 40004, "Application key is invalid"),
    ("POST", OTHER_CALLBACKS, PRIMARY, 40003, "Invalid Application Key"),
    ("POST", CALLBACKS, {}, 40003, "url is missing"),
    ("POST", CALLBACKS, {"url": {"fallback": "https://a.example"}}, 40003, "url.primary is missing"),
    ("POST", CALLBACKS, {"url": {"primary": "nowhere"}}, 40003, "no absolute http or https URL"),
    ("POST", CALLBACKS, {"url": {"primary": "https://a.example", "fallback": 5}}, 40003, "url.fallback is a number"),
    ("GET", "/v1/calling/query/number/46730170101", None, 40005, "no leading plus"),
    ("GET", "/v1/calling/query/number/hello", None, 40001, "no phone number"),
    ("GET", "/v1/calling/query/number/+9990170101", None, 40001, "Invalid number specified"),
    ("POST", "/calling/v1/callreport/callId/nobody", {"status": "Success"}, 40400, "Call not found"),
    ("POST", REPORT, {}, 40002, "status is missing"),
    ("POST", REPORT, {"status": "meh"}, 40001, "Success, Failure"),
    ("POST", REPORT, {"status": "Success", "details": "x" * 65}, 40001, "64 are allowed"),
    ("GET", f"{RECORDING}?page=0", None, 40001, "'pageNumber' must be greater than 0"),
    ("GET", f"{RECORDING}?pageSize=many", None, 40001, "'pageSize' must be a positive integer"),
    ("GET", f"{RECORDING}?from=2026-01-02&to=2026-01-01", None, 40001, "'to' must be greater than 'from'"),
    ("GET", f"{RECORDING}?from=yesterday", None, 40001, "ISO 8601"),
    ("GET", f"{RECORDING}/none.mp3", None, 40400, "Recording not found"),
    ("DELETE", f"{RECORDING}/none.mp3", None, 40400, "Recording not found"),
]


def names(table: list[Any]) -> list[str]:
    return [f"{index}-{row[0]}-{row[3]}" for index, row in enumerate(table)]


@pytest.fixture
async def busy(platform: Platform) -> Platform:
    """Two calls in one conference."""
    for _ in range(2):
        assert (await platform.ask("POST", CALLOUTS, conference())).status == 200
    return platform


@pytest.mark.parametrize(("method", "path", "document", "status", "expected"), SUCCESSES, ids=names(SUCCESSES))
async def test_an_operation_answers_as_published(  # noqa: PLR0917 a row of the table
    busy: Platform, method: str, path: str, document: Any, status: int, expected: Any
) -> None:
    reply = await busy.ask(method, path, document)

    assert (reply.status, reply.body) == (status, expected)


@pytest.mark.parametrize(("method", "path", "document", "code", "said"), ERRORS, ids=names(ERRORS))
async def test_an_error_has_its_number_and_one_sentence(  # noqa: PLR0917 a row of the table
    busy: Platform, method: str, path: str, document: Any, code: int, said: str
) -> None:
    reply = await busy.ask(method, path, document)

    assert (reply.status, reply.code) == (code // 100, code), reply.body
    assert said in reply.body["message"]
    assert len(busy.calls.callouts) == 2, "a refused callout starts no call"


async def test_every_operation_has_a_success_in_the_table(platform: Platform) -> None:
    listed = (await platform.send("GET", "/")).body["operations"]
    asked = [f"{method} {path.partition('?')[0]}" for method, path, *_ in SUCCESSES]
    patterns = {each: re.compile(re.sub(r"\{\w+\}", "[^/]+", each), re.IGNORECASE) for each in listed}
    missing = {each for each, pattern in patterns.items() if not any(pattern.fullmatch(one) for one in asked)}

    # These need something to be there first: see the tests of their files.
    assert missing == {
        "DELETE /v1/configuration/numbers",
        "GET /calling/v1/recording/{key}",
        "DELETE /calling/v1/recording/{key}",
    }


@pytest.mark.parametrize("path", ["/v1/callouts", "/calling/v1/callouts/", "/V1/Callouts", "/calling/v1/callouts"])
async def test_both_prefixes_a_slash_at_the_end_and_any_case_mean_the_same(platform: Platform, path: str) -> None:
    assert (await platform.ask("POST", path, TTS)).body == {"callId": "call-1"}


async def test_configuration_answers_under_the_other_prefix_too(platform: Platform) -> None:
    path = CALLBACKS.replace("/v1/", "/calling/v1/", 1)

    assert (await platform.ask("GET", path)).status == 200
    assert (await platform.ask("GET", "/calling/v1/calling/query/number/+12015555555")).status == 200


async def test_keys_and_method_words_are_read_in_any_case(platform: Platform) -> None:
    document = {
        "METHOD": "TTSCALLOUT",
        "ttscallout": {"Destination": {"Type": "Number", "EndPoint": "+12017777777"}, "TEXT": "Hi.", "EnableAce": True},
    }

    assert (await platform.ask("POST", CALLOUTS, document)).status == 200
    assert platform.calls.callouts[0][1].enable_ace


async def test_a_call_id_is_any_text_even_with_a_slash(busy: Platform) -> None:
    busy.calls.calls["a/b@81.201.84.195"] = msgspec.structs.replace(
        busy.calls.calls["call-1"], call_id="a/b@81.201.84.195"
    )
    reply = await busy.ask("GET", "/calling/v1/calls/id/a%2Fb@81.201.84.195")

    assert reply.body["callId"] == "a/b@81.201.84.195"


async def test_without_a_balance_a_callout_is_refused_with_402(platform: Platform) -> None:
    platform.settings = CloudSettings(balance=0)
    reply = await platform.ask("POST", CALLOUTS, TTS)

    assert (reply.status, reply.code) == (402, 40200)


async def test_a_blocked_destination_is_refused_with_403(platform: Platform) -> None:
    platform.settings = CloudSettings(blocked=["+1201"])
    reply = await platform.ask("POST", CALLOUTS, TTS)

    assert (reply.status, reply.code) == (403, 40300)
    assert platform.calls.callouts == []


async def test_without_a_simulator_callouts_are_501_and_calls_are_404(tmp_path: Path) -> None:
    async with serving(tmp_path, NoCalls()) as platform:
        assert (await platform.ask("POST", CALLOUTS, TTS)).code == 50100
        assert (await platform.ask("GET", CALL)).code == 40400
        assert (await platform.ask("PATCH", CALL, HANGUP)).code == 40400
        assert (await platform.ask("GET", ROOM)).code == 40400
        assert (await platform.ask("DELETE", ROOM)).code == 40400
        assert (await platform.ask("DELETE", f"{ROOM}/call-1")).code == 40400
        assert (await platform.ask("PATCH", f"{ROOM}/call-1", {"command": "mute"})).code == 40400
        assert (await platform.ask("GET", NUMBERS)).status == 200


async def test_what_backends_tell_reaches_the_client(busy: Platform) -> None:
    busy.calls.rooms["room"][0] = Participant("call-1", "+12015555555", 35, muted=True, on_hold=True)
    reply = await busy.ask("GET", ROOM)

    assert reply.body["participants"][0] == {
        "cli": "+12015555555",
        "id": "call-1",
        "duration": 35,
        "muted": True,
        "onhold": True,
    }


async def test_basic_serves_every_operation_as_a_signature_does(platform: Platform) -> None:
    reply = await platform.send("POST", CALLOUTS, json.dumps(TTS).encode(), {"Authorization": basic()})

    assert reply.body == {"callId": "call-1"}
    assert platform.calls.callouts[0][0] == APP.key
