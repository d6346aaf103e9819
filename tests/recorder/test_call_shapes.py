"""Calls as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from devserver.clock import SystemClock
from devserver.recorder.call_shapes import call_detail, call_summaries
from devserver.recorder.exchange import Answer, Effect, Request, new_id
from devserver.recorder.redaction import Redactor
from devserver.recorder.store import Recorder

START = 1_700_000_000.0
ICE = b'{"event":"ice","cli":"12025550199","to":{"type":"did","endpoint":"+12025550100"}}'
PIE = b'{"event":"pie","menuResult":{"type":"sequence","value":"42"}}'
SAY = b'{"instructions":[{"name":"say","text":"Hello"}],"action":{"name":"hangup"}}'


async def record(folder: Path, *callids: str | None, source: Any = "local", event: str = "ice") -> list[str]:
    recorder = Recorder.open(folder / ".fn", redact=Redactor({}), clock=SystemClock(), on_trouble=pytest.fail)
    made = []
    for number, callid in enumerate(callids):
        made.append(new_id(SystemClock()))
        request = Request("POST", f"/{event}", (), ICE if event == "ice" else PIE)
        await recorder.begin(made[-1], START + number, callid, event, source, request)
        notes: dict[str, Any] = {"findings": [], "logs": [{"text": "x"}], "error": None, "marks": ["late"]}
        effects = [Effect("cache", "set", "k", START + number, 1, 60.0)]
        recorder.finish(made[-1], Answer(200, (), SAY), ms=2.0, generation=1, effects=effects, **notes)
    await recorder.close()
    return made


async def test_a_list_of_calls_as_json(tmp_path: Path) -> None:
    assert call_summaries(tmp_path / ".fn", 5) == []
    await record(tmp_path, "a", "b")
    newest, oldest = call_summaries(tmp_path / ".fn", 5)
    assert oldest["callid"] == "a"
    assert newest == {
        "callid": "b",
        "from": "+12025550199",
        "to": "+12025550100",
        "at": "2023-11-14T22:13:21.000Z",
        "ended": None,
        "duration": 0.0,
        "result": None,
        "reason": None,
        "state": "in progress",
        "callbacks": 1,
        "errors": 0,
        "more": False,
    }


async def test_one_call_as_json(tmp_path: Path) -> None:
    assert call_detail(tmp_path / ".fn", "a") is None
    made = await record(tmp_path, "a", event="pie")
    shown = call_detail(tmp_path / ".fn", "a")
    assert shown is not None
    assert (shown["callid"], shown["state"], shown["generations"], shown["sources"]) == (
        "a",
        "in progress",
        [1],
        ["local"],
    )
    (callback,) = shown["callbacks"]
    timeline = callback.pop("timeline")
    assert [entry["kind"] for entry in timeline] == ["log", "cache", "says", "mark"]
    assert callback == {
        "id": made[0],
        "event": "pie",
        "at": "2023-11-14T22:13:20.000Z",
        "offset": 0.0,
        "gap": None,
        "ms": 2.0,
        "status": 200,
        "generation": 1,
        "source": "local",
        "failed": False,
        "came": "pressed 42",
        "answer": "say + hangup",
        "heard": ["Hello"],
        "pressed": {
            "type": "sequence",
            "value": "42",
            "key": None,
            "menu": None,
            "input": None,
            "text": "pressed 42",
        },
        "effects": [{"kind": "cache", "operation": "set", "key": "k", "at": START, "value": 1, "ttl": 60.0}],
        "logs": [{"text": "x"}],
        "findings": [],
        "error": None,
        "marks": ["late"],
    }
    assert msgspec.json.decode(msgspec.json.encode(shown))["callid"] == "a"
