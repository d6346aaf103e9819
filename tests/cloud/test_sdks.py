"""The real clients: what the official SDKs send for Voice v1 is answered so that they are content."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cloud.port import APP, Platform
from tests.cloud.sdk.installing import node_sdk, python_sdk

pytestmark = [pytest.mark.e2e, pytest.mark.sdk, pytest.mark.timeout(400)]

SCRIPTS = Path(__file__).parent / "sdk"


async def told(platform: Platform, *command: str, **environment: str) -> dict[str, dict[str, Any]]:
    """What a script tells of each call, by call."""
    platform.clock.at = time.time()
    variables = os.environ | {"CLOUD_URL": platform.url, "APP_KEY": APP.key, "APP_SECRET": APP.secret} | environment
    # A proxy of the machine is not for this machine.
    variables |= {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    process = await asyncio.create_subprocess_exec(
        *command, env=variables, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
    # The Node SDK prints remarks of its own between them.
    lines = [json.loads(line) for line in output.splitlines() if line.startswith(b'{"call"')]
    return {line["call"]: line for line in lines}


def assert_errors_are_understood(calls: dict[str, dict[str, Any]]) -> None:
    unknown, stranger = calls.pop("error: unknown call"), calls.pop("error: wrong secret")

    assert (unknown["ok"], unknown["status"]) == (False, 404)
    assert unknown["error"]["errorCode"] == 40400
    assert unknown["error"]["message"] == "Call not found"
    assert (stranger["ok"], stranger["status"]) == (False, 401)
    assert stranger["error"]["errorCode"] == 40102


async def test_the_node_sdk_makes_all_its_voice_calls(platform: Platform) -> None:
    folder = await asyncio.to_thread(node_sdk)
    calls = await told(platform, "node", str(SCRIPTS / "voice.mjs"), FN_SDK=str(folder))
    assert_errors_are_understood(calls)

    assert [each for each in calls.values() if not each["ok"]] == []
    assert len(calls) == 19
    assert calls["callouts.tts"]["result"] == {"callId": "call-1"}
    assert calls["calls.get"]["result"]["status"] == "ONGOING"
    assert calls["calls.get: ended"]["result"]["reason"] == "MANAGERHANGUP"
    assert [each["id"] for each in calls["conferences.get"]["result"]["participants"]] == ["call-2", "call-3"]
    assert calls["conferences.get: one left"]["result"]["participants"][0]["onhold"] is True
    assert calls["applications.listNumbers"]["result"]["numbers"][0]["applicationkey"] == APP.key
    assert calls["applications.getCallbackURLs"]["result"]["url"]["fallback"] == "https://b.example/x"
    assert calls["applications.queryNumber"]["result"]["number"]["normalizedNumber"] == "+12015555555"
    assert_the_callouts_arrived(platform)


@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_the_python_sdk_1_makes_all_its_voice_calls(platform: Platform, kind: str) -> None:
    interpreter = await asyncio.to_thread(python_sdk)
    calls = await told(platform, str(interpreter), str(SCRIPTS / "voice_sdk_1.py"), kind)
    assert_errors_are_understood(calls)

    assert [each for each in calls.values() if not each["ok"]] == []
    assert len(calls) == 19
    assert calls["callouts.text_to_speech"]["result"] == {"call_id": "call-1"}
    assert calls["calls.get: ended"]["result"]["reason"] == "MANAGERHANGUP"
    assert [each["id"] for each in calls["conferences.get"]["result"]["participants"]] == ["call-2", "call-3"]
    assert calls["conferences.get: one left"]["result"]["participants"][0]["onhold"] is True
    assert calls["applications.get_numbers"]["result"]["numbers"][0]["applicationkey"] == APP.key
    assert calls["applications.get_callback_urls"]["result"]["fallback"] == "https://b.example/x"
    assert calls["applications.query_number"]["result"]["normalized_number"] == "+12015555555"
    assert_the_callouts_arrived(platform)


def assert_the_callouts_arrived(platform: Platform) -> None:
    callouts = [callout for _, callout in platform.calls.callouts]

    assert [each.method for each in callouts] == ["tts", "conference", "conference", "custom"]
    assert (callouts[0].enable_ace, callouts[0].custom) == (True, "ours")
    assert callouts[1].music == "music1"
    assert callouts[1].conference_dtmf is not None
    assert callouts[3].ice is not None
    assert platform.calls.music == ["music2"]
