"""Every Voice v1 call of the Python SDK 1.1.4, one line of JSON each; run by an interpreter that has that version.

CLOUD_URL, APP_KEY, APP_SECRET: where, and as whom. The argument is `sync` or `async`.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from typing import Any

KEY = os.environ["APP_KEY"]
HOST = os.environ["CLOUD_URL"].partition("//")[2]
DESTINATION = {"type": "number", "endpoint": "+12017777777"}
CLI = "+12015555555"
NUMBER = "+12013333333"
SAY = {"name": "say", "text": "Welcome.", "locale": "en-US"}
CONTINUE, HANGUP = {"name": "continue"}, {"name": "hangup"}


def client(kind: str, secret: str) -> Any:
    # By name: the interpreter of the tests has another version, without any of this.
    sinch = importlib.import_module("sinch")
    made = getattr(sinch, "SinchClientAsync" if kind == "async" else "SinchClient")(
        application_key=KEY, application_secret=secret
    )
    made.configuration.disable_https = True
    made.configuration.voice_origin = HOST
    made.configuration.voice_applications_origin = HOST
    return made


async def call(name: str, work: Callable[[], Any]) -> Any:
    try:
        result = work()
        if inspect.isawaitable(result):
            result = await result
    except Exception as error:  # noqa: BLE001 whatever the SDK raises is what is reported
        response = getattr(error, "http_response", None)
        body = getattr(response, "body", None)
        tell(name, ok=False, status=getattr(response, "status_code", None), error=body or repr(error))
        return None
    tell(name, ok=True, result=asdict(result) if is_dataclass(result) and not isinstance(result, type) else result)
    return result


def tell(name: str, **facts: Any) -> None:
    print(json.dumps({"call": name, **facts}, default=str), flush=True)  # noqa: T201 this is a program


async def run(kind: str) -> None:
    voice = client(kind, os.environ["APP_SECRET"]).voice
    tts = await call(
        "callouts.text_to_speech",
        lambda: voice.callouts.text_to_speech(
            destination=DESTINATION, cli=CLI, locale="en-US", text="Hello.", enable_ace=True, custom="ours"
        ),
    )
    first = await call(
        "callouts.conference",
        lambda: voice.callouts.conference(
            destination=DESTINATION,
            cli=CLI,
            conference_id="python-room",
            greeting="Welcome.",
            moh_class="music1",
            conference_dtmf_options={"mode": "detect", "max_digits": 2, "timeout_mills": 2500},
        ),
    )
    second = await call(
        "conferences.call",
        lambda: voice.conferences.call(destination=DESTINATION, cli=CLI, conference_id="python-room"),
    )
    await call(
        "callouts.custom",
        lambda: voice.callouts.custom(
            destination=DESTINATION,
            cli=CLI,
            ice=json.dumps({"action": {"name": "connectPstn", "number": "+12017777777"}}),
            ace=json.dumps({"action": HANGUP}),
            pie="https://callback-server.example/voice",
        ),
    )
    await call("calls.get", lambda: voice.calls.get(tts.call_id))
    await call(
        "calls.manage_with_call_leg",
        lambda: voice.calls.manage_with_call_leg(tts.call_id, "caller", instructions=[SAY], action=CONTINUE),
    )
    await call("calls.update", lambda: voice.calls.update(tts.call_id, instructions=[SAY], action=HANGUP))
    await call("calls.get: ended", lambda: voice.calls.get(tts.call_id))
    await conferences(voice, first.call_id, second.call_id)
    await applications(voice)
    await call("error: unknown call", lambda: voice.calls.get("nobody"))
    stranger = client(kind, "d3Jvbmc=").voice
    await call("error: wrong secret", stranger.applications.get_numbers)


async def conferences(voice: Any, first: str, second: str) -> None:
    room = "python-room"
    await call("conferences.get", lambda: voice.conferences.get(room))
    await call(
        "conferences.manage_participant",
        lambda: voice.conferences.manage_participant(first, room, command="onhold", moh="music2"),
    )
    await call("conferences.kick_participant", lambda: voice.conferences.kick_participant(second, room))
    await call("conferences.get: one left", lambda: voice.conferences.get(room))
    await call("conferences.kick_all", lambda: voice.conferences.kick_all(room))


async def applications(voice: Any) -> None:
    found = voice.applications
    await call(
        "applications.assign_numbers",
        lambda: found.assign_numbers(numbers=[NUMBER], application_key=KEY, capability="voice"),
    )
    await call("applications.get_numbers", found.get_numbers)
    await call("applications.unassign_number", lambda: found.unassign_number(NUMBER, KEY, "voice"))
    await call(
        "applications.update_callback_urls",
        lambda: found.update_callback_urls(KEY, primary="https://a.example/x", fallback="https://b.example/x"),
    )
    await call("applications.get_callback_urls", lambda: found.get_callback_urls(KEY))
    await call("applications.query_number", lambda: found.query_number("+12015555555"))


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1]))
