from __future__ import annotations

import asyncio
import json
import pickle
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import pytest
from aiohttp import web

from devserver.recorder.exchange import Effect
from devserver.recorder.outbound import Recorded, effect_of
from devserver.runtime import AceSvamlBuilder, PieSvamlBuilder
from devserver.runtime.clients import Clients, MissingVariables, OutboundAnswer, OutboundCall, OutboundRefused
from devserver.runtime.clients.voice import Voice
from devserver.runtime.clients.voice_http import VoiceHttp
from devserver.runtime.clients.voice_results import (
    AssignedNumber,
    Callbacks,
    CallInfo,
    Callout,
    Identity,
    Money,
    NumberInfo,
    VoiceError,
    VoiceTimeout,
    VoiceUnreachable,
)
from tests.fakes.voice_platform import KEY, NOT_FOUND, SECRET, VARIABLES, VoicePlatform, voice_platform
from tests.runtime.clients.stand_in import no_way_out
from tests.runtime.clients.test_adapter import Watching, raising

__all__ = ["no_way_out"]

SAY = {"instructions": [{"name": "say", "text": "Hi"}], "action": {"name": "hangup"}}
Operation = Callable[[Voice], Awaitable[Any]]


@pytest.fixture
async def platform() -> AsyncIterator[VoicePlatform]:
    async with voice_platform() as running:
        yield running


def client(platform: VoicePlatform, **more: Any) -> Voice:
    return Voice(VoiceHttp(VARIABLES, platform.url, **more))


# --- operations: (name, what is called, method, path, body, result) -----------------------------------------------------

CALLOUTS = "/calling/v1/callouts"
NUMBERS = "/v1/configuration/numbers"
CALLBACKS = f"/v1/configuration/callbacks/applications/{KEY}"
TO = {"type": "number", "endpoint": "+12017777777"}

OPERATIONS: list[tuple[str, Operation, str, str, Any, Any]] = [
    (
        "tts",
        lambda voice: voice.callouts.tts("+12017777777", text="Hello", cli="+12015555555", enable_ace=True),
        "POST",
        CALLOUTS,
        {
            "method": "ttsCallout",
            "ttsCallout": {"destination": TO, "text": "Hello", "cli": "+12015555555", "enableAce": True},
        },
        Callout("call-1"),
    ),
    (
        "tts with everything",
        lambda voice: voice.callouts.tts(
            {"type": "username", "endpoint": "ann"},
            prompts="#tts[Hello]",
            locale="en-US",
            dtmf="w1",
            domain="mxp",
            custom="c",
            enable_dice=False,
            enable_pie=True,
        ),
        "POST",
        CALLOUTS,
        {
            "method": "ttsCallout",
            "ttsCallout": {
                "destination": {"type": "username", "endpoint": "ann"},
                "prompts": "#tts[Hello]",
                "locale": "en-US",
                "dtmf": "w1",
                "domain": "mxp",
                "custom": "c",
                "enableDice": False,
                "enablePie": True,
            },
        },
        Callout("call-1"),
    ),
    (
        "conference",
        lambda voice: voice.callouts.conference(
            "+12017777777",
            "room",
            greeting="Welcome",
            moh_class="music1",
            max_duration=60,
            conference_dtmf_options={"mode": "detect", "max_digits": 3, "timeoutMills": 456},
        ),
        "POST",
        CALLOUTS,
        {
            "method": "conferenceCallout",
            "conferenceCallout": {
                "destination": TO,
                "conferenceId": "room",
                "greeting": "Welcome",
                "mohClass": "music1",
                "maxDuration": 60,
                "conferenceDtmfOptions": {"mode": "detect", "maxDigits": 3, "timeoutMills": 456},
            },
        },
        Callout("call-1"),
    ),
    (
        "custom",
        lambda voice: voice.callouts.custom(
            ice=SAY, ace=AceSvamlBuilder().say("Hi", None).hangup(), pie="https://a.example/pie", dice='{"a": 1}'
        ),
        "POST",
        CALLOUTS,
        {
            "method": "customCallout",
            "customCallout": {
                "ice": '{"instructions":[{"name":"say","text":"Hi"}],"action":{"name":"hangup"}}',
                "ace": '{"instructions":[{"name":"say","text":"Hi"}],"action":{"name":"hangup"}}',
                "pie": "https://a.example/pie",
                "dice": '{"a": 1}',
            },
        },
        Callout("call-1"),
    ),
    (
        "get a call",
        lambda voice: voice.calls.get("call-1"),
        "GET",
        "/calling/v1/calls/id/call-1",
        None,
        CallInfo(
            call_id="call-1",
            from_=Identity("Number", "+12015555555"),
            to=Identity("Number", "+12017777777"),
            domain="pstn",
            duration=14,
            status="FINAL",
            result="ANSWERED",
            reason="MANAGERHANGUP",
            timestamp="2024-06-06T17:36:00",
            custom="Custom text",
            user_rate=Money("EUR", 0.1758),
            debit=Money("EUR", 0.1758),
        ),
    ),
    (
        "update",
        lambda voice: voice.calls.update("call-1", PieSvamlBuilder().say("Hi", None).hangup()),
        "PATCH",
        "/calling/v1/calls/id/call-1",
        SAY,
        None,
    ),
    (
        "hangup",
        lambda voice: voice.calls.hangup("call-1"),
        "PATCH",
        "/calling/v1/calls/id/call-1",
        {"action": {"name": "hangup"}},
        None,
    ),
    (
        "an id with a slash",
        lambda voice: voice.calls.hangup("a/b c@81.201.84.195"),
        "PATCH",
        "/calling/v1/calls/id/a%2Fb%20c@81.201.84.195",
        {"action": {"name": "hangup"}},
        None,
    ),
    (
        "manage a leg",
        lambda voice: voice.calls.manage_leg("call-1", "both", SAY),
        "PATCH",
        "/calling/v1/calls/id/call-1/leg/both",
        SAY,
        None,
    ),
    (
        "command",
        lambda voice: voice.conferences.command("room", "call-1", "onhold", moh="music2"),
        "PATCH",
        "/calling/v1/conferences/id/room/call-1",
        {"command": "onhold", "moh": "music2"},
        None,
    ),
    (
        "kick",
        lambda voice: voice.conferences.kick("room", "call-1"),
        "DELETE",
        "/calling/v1/conferences/id/room/call-1",
        None,
        None,
    ),
    ("end", lambda voice: voice.conferences.end("room"), "DELETE", "/calling/v1/conferences/id/room", None, None),
    (
        "numbers",
        lambda voice: voice.configuration.numbers(),
        "GET",
        NUMBERS,
        None,
        (AssignedNumber("+12012222222", "voice"), AssignedNumber("+12013333333", "voice", KEY)),
    ),
    (
        "assign",
        lambda voice: voice.configuration.assign(["+12012222222"], application_key="other", capability="voice"),
        "POST",
        NUMBERS,
        {"numbers": ["+12012222222"], "applicationkey": "other", "capability": "voice"},
        None,
    ),
    (
        "assign one",
        lambda voice: voice.configuration.assign("+12012222222"),
        "POST",
        NUMBERS,
        {"numbers": ["+12012222222"]},
        None,
    ),
    (
        "unassign",
        lambda voice: voice.configuration.unassign("+12012222222"),
        "DELETE",
        NUMBERS,
        {"number": "+12012222222"},
        None,
    ),
    (
        "get callbacks",
        lambda voice: voice.configuration.get_callbacks(),
        "GET",
        CALLBACKS,
        None,
        Callbacks("https://a.example/voice"),
    ),
    (
        "get callbacks of another",
        lambda voice: voice.configuration.get_callbacks("other"),
        "GET",
        "/v1/configuration/callbacks/applications/other",
        None,
        Callbacks("https://a.example/voice"),
    ),
    (
        "set callbacks",
        lambda voice: voice.configuration.set_callbacks("https://b.example/", "https://c.example/"),
        "POST",
        CALLBACKS,
        {"url": {"primary": "https://b.example/", "fallback": "https://c.example/"}},
        None,
    ),
    (
        "set the primary callback",
        lambda voice: voice.configuration.set_callbacks("https://b.example/"),
        "POST",
        CALLBACKS,
        {"url": {"primary": "https://b.example/"}},
        None,
    ),
    (
        "query a number",
        lambda voice: voice.configuration.query_number("+1 201 555 5555"),
        "GET",
        "/v1/calling/query/number/+12015555555",
        None,
        NumberInfo("US", "Fixed", "+12015555555", True, Money("USD", 0.01)),
    ),
]


@pytest.mark.parametrize("basic", [False, True], ids=["signed", "basic"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: str(operation[0]))
async def test_every_operation_sends_what_the_wire_has_and_is_authorized(
    platform: VoicePlatform, operation: tuple[str, Operation, str, str, Any, Any], basic: bool
) -> None:
    _, call, method, path, body, result = operation
    voice = client(platform)

    found = await call(voice.with_basic_auth() if basic else voice)

    assert found == result
    (asked,) = platform.asked
    assert (asked.method, asked.path, asked.json) == (method, path, body)
    assert asked.scheme == ("Basic" if basic else "application")
    assert ("x-timestamp" in asked.headers) is not basic


async def test_a_participant_has_its_call_id_by_both_of_its_names(platform: VoicePlatform) -> None:
    conference = await client(platform).conferences.get("room")

    assert platform.asked[0].path == "/calling/v1/conferences/id/room"
    assert [(each.id, each.call_id, each.muted) for each in conference.participants] == [
        ("call-1", "call-1", True),
        ("call-2", "call-2", False),
    ]


@pytest.mark.parametrize(
    ("destination", "wanted"),
    [
        ("+12017777777", TO),
        ("12017777777", {"type": "number", "endpoint": "12017777777"}),
        ("ann", {"type": "username", "endpoint": "ann"}),
        ("sip:ann@pbx.example", {"type": "sip", "endpoint": "ann@pbx.example"}),
    ],
)
async def test_whom_a_text_names_is_seen_by_its_form(
    platform: VoicePlatform, destination: str, wanted: dict[str, str]
) -> None:
    await client(platform).callouts.custom(destination)

    assert platform.asked[0].json["customCallout"] == {"destination": wanted}


async def test_headers_for_the_callbacks_go_with_a_callout_and_others_are_refused(platform: VoicePlatform) -> None:
    voice = client(platform)

    await voice.callouts.tts("+1", text="Hi", callback_headers={"X-CB-Ticket": "7"})

    assert platform.asked[0].headers["x-cb-ticket"] == "7"
    with pytest.raises(ValueError, match="'Ticket' is no header that callbacks get: their names begin with X-CB-"):
        await voice.callouts.tts("+1", text="Hi", callback_headers={"Ticket": "7"})


async def test_an_empty_id_is_not_sent(platform: VoicePlatform) -> None:
    with pytest.raises(ValueError, match="must not be empty"):
        await client(platform).calls.hangup("")
    assert platform.asked == []


# --- errors -------------------------------------------------------------------------------------------------------------


async def test_an_error_of_the_platform_is_told_with_its_code_and_its_reference(platform: VoicePlatform) -> None:
    with pytest.raises(VoiceError) as raised:
        await client(platform).calls.get("gone")

    error = raised.value
    assert (error.status, error.code, error.message) == (404, 40400, "Call not found")
    assert error.reference == NOT_FOUND["reference"]
    assert str(error) == (
        "The Voice API: 404 40400 Call not found (GET /calling/v1/calls/id/gone), "
        "reference 38188074-abcd-56ab-ab64-daf82fada8e8"
    )


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b'{"errorCode": "40001", "message": "Invalid parameters", "status": "400 Bad Request"}', 40001, "Invalid par"),
        (b"<h1>Bad\n  gateway</h1>", None, "<h1>Bad gateway</h1>"),
        (b"[]", None, "[]"),
        (b"", None, "no explanation"),
    ],
)
async def test_an_error_in_any_shape_is_a_voice_error(
    platform: VoicePlatform, body: bytes, code: int | None, message: str
) -> None:
    platform.instead = lambda _: web.Response(status=400, body=body)

    with pytest.raises(VoiceError) as raised:
        await client(platform).calls.hangup("call-1")

    assert (raised.value.status, raised.value.code) == (400, code)
    assert raised.value.message.startswith(message)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"callId": {}}', b"\xff"])
async def test_an_answer_that_is_not_what_is_documented_is_a_voice_error(platform: VoicePlatform, body: bytes) -> None:
    platform.instead = lambda _: web.Response(body=body)

    with pytest.raises(VoiceError, match="200 the answer is not what the Voice API documents"):
        await client(platform).callouts.tts("+1", text="Hi")


async def test_a_wrong_secret_is_refused_with_the_platforms_words(platform: VoicePlatform) -> None:
    variables = {**VARIABLES, "VOICE_APPLICATION_SECRET": "AAAAAAAAAAAAAAAAAAAAAA=="}

    with pytest.raises(VoiceError, match="401 40102 Invalid Signature"):
        await Voice(VoiceHttp(variables, platform.url)).calls.get("call-1")


async def test_a_platform_that_takes_too_long_is_a_timeout(platform: VoicePlatform) -> None:
    hold = asyncio.Event()

    class Slow(web.StreamResponse):
        async def prepare(self, request: web.BaseRequest) -> Any:
            await hold.wait()
            return await super().prepare(request)

    platform.instead = lambda _: Slow()
    wire = Watching()
    try:
        with pytest.raises(VoiceTimeout, match=r"no answer within 0.05 s.") as raised:
            await client(platform, wire=wire, timeout=0.05).calls.get("call-1")
    finally:
        hold.set()

    assert isinstance(raised.value, TimeoutError)
    assert (raised.value.status, raised.value.code) == (None, None)
    assert wire.outcomes[0][1:] == (None, "VoiceTimeout: no answer within 0.05 s.")


async def test_a_platform_that_is_not_there_is_unreachable() -> None:
    wire = Watching()

    with pytest.raises(VoiceUnreachable, match=r"127.0.0.1:9 cannot be reached") as raised:
        await Voice(VoiceHttp(VARIABLES, "http://127.0.0.1:9", wire)).calls.get("call-1")

    assert not isinstance(raised.value, VoiceTimeout)
    assert (wire.outcomes[0][2] or "").startswith("VoiceUnreachable: 127.0.0.1:9 cannot be reached")


async def test_where_there_is_no_local_sinch_nobody_is_called() -> None:
    wire = Watching()

    with pytest.raises(VoiceUnreachable, match="there is no local Sinch here"):
        await Clients(VARIABLES, {"voice": ""}, wire).voice.calls.get("call-1")

    assert wire.calls[0].url == "/calling/v1/calls/id/call-1"


async def test_a_request_that_is_given_up_is_told_to_the_wire(platform: VoicePlatform) -> None:
    arrived, hold = asyncio.Event(), asyncio.Event()

    class Never(web.StreamResponse):
        async def prepare(self, request: web.BaseRequest) -> Any:
            arrived.set()
            await hold.wait()
            return await super().prepare(request)

    platform.instead = lambda _: Never()
    wire = Watching()
    task = asyncio.ensure_future(client(platform, wire=wire).calls.get("call-1"))
    await arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    hold.set()

    assert wire.outcomes[0][2] == "CancelledError: "


@pytest.mark.parametrize("kind", [VoiceError, VoiceUnreachable, VoiceTimeout])
def test_errors_survive_pickling(kind: type[VoiceError]) -> None:
    error = kind(404, 40400, "Call not found", "r", "GET /x")

    again = pickle.loads(pickle.dumps(error))  # noqa: S301 our own bytes

    assert type(again) is kind
    assert str(again) == str(error)
    assert (again.status, again.code, again.message, again.reference) == (404, 40400, "Call not found", "r")


# --- hosts --------------------------------------------------------------------------------------------------------------

NO_ANSWER = OutboundAnswer(200, (), b'{"callId": "call-1", "numbers": []}')


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("", "https://calling.api.sinch.com"),
        ("euc1", "https://calling-euc1.api.sinch.com"),
        (" USE1 ", "https://calling-use1.api.sinch.com"),
    ],
)
async def test_without_an_origin_the_real_hosts_are_asked(region: str, host: str) -> None:
    wire = Watching(lambda _: NO_ANSWER)
    voice = Clients({**VARIABLES, "VOICE_REGION": region}, {}, wire).voice

    await voice.calls.get("call-1")
    await voice.configuration.numbers()

    assert [call.url for call in wire.calls] == [
        f"{host}/calling/v1/calls/id/call-1",
        "https://callingapi.sinch.com/v1/configuration/numbers",
    ]


async def test_a_region_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="VOICE_REGION is 'mars'; it must be one of euc1, use1"):
        await Clients({**VARIABLES, "VOICE_REGION": "mars"}, {}, Watching()).voice.calls.get("call-1")


async def test_this_machine_is_reached_past_a_companys_proxy(platform: VoicePlatform) -> None:
    await client(platform).calls.get("call-1")  # `no_way_out` sets a proxy that nobody is at


@pytest.mark.parametrize("status", [302, 307, 308])
async def test_a_call_in_another_region_is_asked_for_there(platform: VoicePlatform, status: int) -> None:
    def answer(asked: Any) -> web.Response | None:
        if asked.path.startswith("/euc1/"):
            return None
        return web.Response(status=status, headers={"Location": "/euc1" + asked.path})

    def usual(asked: Any) -> web.Response | None:
        if asked.path.startswith("/euc1/"):
            return web.Response(status=204)
        return answer(asked)

    platform.instead = usual
    wire = Watching()

    await client(platform, wire=wire).calls.update("call-1", SAY)

    first, second = platform.asked
    assert (second.method, second.path, second.json) == ("PATCH", "/euc1/calling/v1/calls/id/call-1", SAY)
    assert first.headers["authorization"] != second.headers["authorization"]
    assert wire.statuses() == [status, 204]


async def test_a_request_goes_to_another_host_of_sinch_and_to_no_other() -> None:
    def to(location: str) -> Watching:
        answers = [OutboundAnswer(307, (("Location", location),), b""), NO_ANSWER]
        return Watching(lambda _: answers.pop(0))

    path = "/calling/v1/calls/id/call-1"
    wire = to(f"https://calling-euc1.api.sinch.com{path}")
    await Clients(VARIABLES, {}, wire).voice.calls.get("call-1")
    assert wire.calls[1].url == f"https://calling-euc1.api.sinch.com{path}"

    for location in ("https://sinch.com.evil.example/x", "http://calling-euc1.api.sinch.com/x", ""):
        wire = to(location)
        with pytest.raises(VoiceError, match=r"307 the request is to go to .*, which is not Sinch's"):
            await Clients(VARIABLES, {}, wire).voice.calls.get("call-1")
        assert len(wire.calls) == 1

    wire = to("https://calling-euc1.api.sinch.com/x")  # what is meant for this machine stays on it
    with pytest.raises(VoiceError, match="which is not Sinch's"):
        await Clients(VARIABLES, {"voice": "http://127.0.0.1:9"}, wire).voice.calls.get("call-1")


async def test_a_request_that_is_sent_on_for_ever_ends(platform: VoicePlatform) -> None:
    platform.instead = lambda asked: web.Response(status=307, headers={"Location": asked.path})

    with pytest.raises(VoiceError, match="it was sent on 3 times"):
        await client(platform).calls.get("call-1")
    assert len(platform.asked) == 3


# --- variables ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "names"),
    [
        ({}, ("VOICE_APPLICATION_KEY", "VOICE_APPLICATION_SECRET")),
        ({"VOICE_APPLICATION_KEY": KEY, "VOICE_APPLICATION_SECRET": " "}, ("VOICE_APPLICATION_SECRET",)),
        ({"VOICE_APPLICATION_SECRET": SECRET}, ("VOICE_APPLICATION_KEY",)),
    ],
)
async def test_variables_that_are_missing_are_named_when_it_is_used(
    variables: dict[str, str], names: tuple[str, ...]
) -> None:
    voice = Clients(variables).voice

    assert not voice
    with pytest.raises(MissingVariables) as raised:
        await voice.calls.get("call-1")
    assert raised.value.names == names
    assert str(raised.value).startswith(f"context.voice cannot be used without {' and '.join(names)}.")


async def test_it_is_true_when_it_can_be_used_and_one_client_for_all_of_a_generation() -> None:
    clients = Clients(VARIABLES)

    assert clients.voice
    assert clients.voice is clients.voice
    assert repr(clients.voice) == "context.voice"
    assert SECRET not in repr(clients.voice.calls)


async def test_a_secret_that_is_not_base64_says_so() -> None:
    with pytest.raises(ValueError, match="not base64"):
        await Clients({**VARIABLES, "VOICE_APPLICATION_SECRET": "!"}, {"voice": "http://127.0.0.1:9"}).voice.calls.get(
            "c"
        )


# --- the wire -----------------------------------------------------------------------------------------------------------


async def test_the_wire_sees_every_request_without_its_credentials_and_the_answer(platform: VoicePlatform) -> None:
    wire = Watching()

    await Clients(VARIABLES, {"voice": platform.url + "/"}, wire).voice.calls.update("call-1", SAY)

    call, answer, error = wire.outcomes[0]
    assert (call.method, call.url) == ("PATCH", f"{platform.url}/calling/v1/calls/id/call-1")
    assert json.loads(call.body) == SAY
    assert call.body == platform.asked[0].body
    assert {name.lower() for name, _ in call.headers} == {"content-type", "x-timestamp"}
    assert answer is not None
    assert (answer.status, answer.body, error) == (204, b"", None)
    assert wire.seconds[0] > 0


async def test_an_answer_of_the_wire_takes_the_place_of_the_network() -> None:
    wire = Watching(lambda _: OutboundAnswer(200, (), b'{"callId": "recorded"}'))

    started = await Clients(VARIABLES, {}, wire).voice.callouts.tts("+1", text="Hi")

    assert started.call_id == "recorded"
    assert wire.statuses() == [200]


async def test_a_refusal_of_the_wire_reaches_the_function() -> None:
    wire = Watching(raising(OutboundRefused("not now")))

    with pytest.raises(OutboundRefused, match="not now"):
        await Clients(VARIABLES, {}, wire).voice.calls.get("call-1")
    assert wire.outcomes == []


class Recording:
    """A wire that records as `fn dev` does."""

    def __init__(self) -> None:
        self.effects: list[Effect] = []

    def before(self, call: OutboundCall) -> None:
        pass

    def after(self, call: OutboundCall, answer: OutboundAnswer | None, error: str | None, seconds: float) -> None:
        self.effects.append(effect_of(call, answer, error, 0.0, seconds))


async def test_a_recorded_session_is_answered_from_the_recording(platform: VoicePlatform) -> None:
    recording = Recording()
    there = Clients(VARIABLES, {"voice": platform.url}, recording).voice
    await there.calls.get("call-1")
    with pytest.raises(VoiceError):
        await there.calls.get("gone")
    with pytest.raises(VoiceUnreachable) as unreachable:
        await Clients(VARIABLES, {"voice": "http://127.0.0.1:9"}, recording).voice.calls.hangup("call-2")
    effects = msgspec.json.decode(msgspec.json.encode(recording.effects), type=list[Effect])

    again = Clients(VARIABLES, {"voice": ""}, Watching(Recorded(effects, allow=False).answer)).voice

    assert (await again.calls.get("call-1")).result == "ANSWERED"
    with pytest.raises(VoiceError, match="404 40400 Call not found"):
        await again.calls.get("gone")
    with pytest.raises(VoiceUnreachable) as replayed:
        await again.calls.hangup("call-2")
    assert str(replayed.value) == str(unreachable.value)
    with pytest.raises(OutboundRefused, match="was not recorded"):
        await again.calls.get("call-3")
    assert SECRET not in str(effects)


async def test_a_call_that_was_never_awaited_needs_no_aiohttp() -> None:
    code = (
        "import sys\n"
        "from devserver.runtime.clients import Clients\n"
        "voice = Clients({}, {}).voice\n"
        "assert not voice\n"
        "voice.callouts.tts('+1', text='Hi').close()\n"
        "assert not {'aiohttp', 'sinch', 'requests'} & set(sys.modules), 'heavy'\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stderr=subprocess.PIPE)
    _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()


def test_it_can_be_used_from_any_event_loop() -> None:
    async def once() -> str:
        async with voice_platform() as platform:
            return (await Clients(VARIABLES, {"voice": platform.url}).voice.calls.get("call-1")).call_id

    voice_of_a_generation = [asyncio.run(once()), asyncio.run(once())]
    assert voice_of_a_generation == ["call-1", "call-1"]
