"""`context.voice` and the local platform understand each other, operation by operation."""

from __future__ import annotations

import msgspec
import pytest

from devserver.project.settings import CloudSettings
from devserver.runtime import PieSvamlBuilder
from devserver.runtime.clients import Clients
from devserver.runtime.clients.voice import Voice
from devserver.runtime.clients.voice_results import Callbacks, Identity, VoiceError
from tests.cloud.port import APP, Platform

SAY = {"instructions": [{"name": "say", "text": "Hi"}], "action": {"name": "hangup"}}
OURS = "+12012222222"


@pytest.fixture(params=["signed", "basic"])
def voice(request: pytest.FixtureRequest, platform: Platform) -> Voice:
    """The client, with both authorizations."""
    platform.settings = CloudSettings(clock_skew=0, numbers=[OURS])  # the platform's clock stands still
    variables = {"VOICE_APPLICATION_KEY": APP.key, "VOICE_APPLICATION_SECRET": APP.secret}
    client = Clients(variables, {"voice": platform.url}).voice
    return client.with_basic_auth() if request.param == "basic" else client


async def test_a_callout_is_a_call_that_can_be_looked_at_changed_and_ended(platform: Platform, voice: Voice) -> None:
    call = await voice.callouts.tts("+12017777777", text="Hello", cli=OURS, custom="c", enable_ace=True)

    going = await voice.calls.get(call.call_id)
    await voice.calls.update(call.call_id, PieSvamlBuilder().say("One moment.").continue_())
    say = {"instructions": SAY["instructions"], "action": {"name": "continue"}}
    await voice.calls.manage_leg(call.call_id, "callee", say)
    await voice.calls.hangup(call.call_id)
    over = await voice.calls.get(call.call_id)

    assert (going.status, going.custom, going.to) == ("ONGOING", "c", Identity("Number", "+12017777777"))
    assert (over.status, over.result) == ("FINAL", "ANSWERED")
    assert [leg for _, leg, _ in platform.calls.patched] == [None, "callee", None]
    assert platform.calls.callouts[0][1].enable_ace


async def test_a_custom_callout_carries_its_markup(platform: Platform, voice: Voice) -> None:
    await voice.callouts.custom("+12017777777", cli=OURS, ace=SAY, pie="https://a.example/pie", max_duration=60)

    callout = platform.calls.callouts[0][1]
    assert "Hi" in str(msgspec.to_builtins(callout))
    assert "https://a.example/pie" in str(msgspec.to_builtins(callout))


async def test_a_conference_is_listed_commanded_and_ended(platform: Platform, voice: Voice) -> None:
    first = await voice.callouts.conference("+12017777777", "my room", greeting="Welcome", moh_class="music1")
    second = await voice.callouts.conference("+12018888888", "my room")

    await voice.conferences.command("my room", first.call_id, "onhold", moh="music2")
    held = await voice.conferences.get("my room")
    await voice.conferences.kick("my room", first.call_id)
    left = await voice.conferences.get("my room")
    await voice.conferences.end("my room")

    assert [(each.call_id, each.onhold) for each in held.participants] == [
        (first.call_id, True),
        (second.call_id, False),
    ]
    assert [each.id for each in left.participants] == [second.call_id]
    assert platform.calls.music == ["music2"]


async def test_numbers_and_callbacks_are_configured(voice: Voice) -> None:
    configuration = voice.configuration

    await configuration.assign([OURS], capability="voice")
    assigned = await configuration.numbers()
    await configuration.unassign(OURS)
    freed = await configuration.numbers()
    await configuration.set_callbacks("https://a.example/voice", "https://b.example/voice")

    assert [(each.number, each.application_key) for each in assigned] == [(OURS, APP.key)]
    assert [each.application_key for each in freed] == [None]
    assert await configuration.get_callbacks() == Callbacks("https://a.example/voice", "https://b.example/voice")
    assert (await configuration.query_number("+12015555555")).country_id == "US"


async def test_a_refusal_has_the_platforms_code(voice: Voice) -> None:
    with pytest.raises(VoiceError) as raised:
        await voice.calls.get("no-such-call")

    assert (raised.value.status, raised.value.code) == (404, 40400)
    assert raised.value.reference
    with pytest.raises(VoiceError, match="400 4000"):
        await voice.callouts.tts("12017777777", text="a number without its plus")
