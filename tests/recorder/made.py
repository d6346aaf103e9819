"""Recordings to test with, made by the real recorder."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from devserver.clock import SystemClock
from devserver.recorder.exchange import Answer, Effect, Request, new_id
from devserver.recorder.redaction import Redactor
from devserver.recorder.state import Change
from devserver.recorder.store import Recorder

START = 1_700_000_000.0
CLOCK = SystemClock()
JSON = (("Content-Type", "application/json"),)


def say(text: str) -> bytes:
    """An answer with one prompt."""
    return json.dumps({"instructions": [{"name": "say", "text": text}], "action": {"name": "hangup"}}).encode()


async def add(recorder: Recorder, **call: Any) -> str:
    """Record one exchange; fields as in `Exchange`, `body` and `said` for what came and was answered."""
    made = new_id(CLOCK)
    event = call.get("event", "ice")
    path = call.get("path", f"/{event or 'status'}")
    request = Request("POST", path, call.get("headers", ()), call.get("body", b"{}"), "127.0.0.1")
    at = call.get("at", START)
    await recorder.begin(made, at, call.get("callid", "c1"), event, call.get("source", "local"), request)
    if call.get("answered", True):
        notes: dict[str, Any] = {"findings": [], "logs": [], "error": None, "marks": [], "effects": ()}
        answer = Answer(200, JSON, call.get("said", b"{}"))
        notes |= {name: call[name] for name in notes if name in call}
        recorder.finish(made, answer, ms=1.0, generation=1, **notes)
    return made


async def add_all(folder: Path, calls: Sequence[dict[str, Any] | Change], redact: Redactor | None = None) -> list[str]:
    """Record exchanges and changes of state in order; the ids of the exchanges."""
    recorder = Recorder.open(folder, redact=redact or Redactor({}), clock=CLOCK, on_trouble=pytest.fail)
    made = []
    for call in calls:
        if isinstance(call, Change):
            recorder.changed(call)
        else:
            made.append(await add(recorder, **call))
    await recorder.close()
    return made


def record(folder: Path, *calls: dict[str, Any] | Change, redact: Redactor | None = None) -> list[str]:
    """As `add_all`, for tests without an event loop."""
    return asyncio.run(add_all(folder, calls, redact))


def cached(key: str, value: bytes | None, *, until: float = START + 10**6) -> Change:
    """A change of the cache."""
    return Change("cache", key, value, START, until)


def wrote(key: str, number: str) -> Effect:
    """An effect that names a phone number."""
    return Effect("cache", "set", key, START, {"number": number}, 60.0)


def holding(folder: Path, text: bytes) -> list[str]:
    """Names of the files in which some text stands."""
    return sorted(
        str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file() and text in file.read_bytes()
    )
