"""Which call is meant by a name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devserver.clock import SystemClock
from devserver.recorder.call_lookup import find_call, find_callid
from devserver.recorder.exchange import Answer, Effect, Request, new_id
from devserver.recorder.reader import NotRecorded, RecordingReader
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


def found(folder: Path, name: str) -> str:
    with RecordingReader(folder / ".fn") as reader:
        return find_callid(reader, name)


async def test_a_call_is_found_by_its_id_its_beginning_an_exchange_and_as_the_last(tmp_path: Path) -> None:
    made = await record(tmp_path, "first-call", "second-call", "first-call", None)
    for name in ("first-call", "first", made[0], made[2], "last"):
        assert found(tmp_path, name) == "first-call"
    assert found(tmp_path, made[1]) == "second-call"


async def test_a_replay_is_not_the_last_call(tmp_path: Path) -> None:
    await record(tmp_path, "a", "b")
    made = await record(tmp_path, "a", source="replay")
    assert found(tmp_path, "last") == "b"
    assert found(tmp_path, made[0]) == "a"
    with RecordingReader(tmp_path / ".fn") as reader:
        assert len(find_call(reader, "a").callbacks) == 1


async def test_no_more_callbacks_are_read_than_a_call_has_in_earnest(tmp_path: Path) -> None:
    await record(tmp_path, *["busy"] * 1001)
    with RecordingReader(tmp_path / ".fn") as reader:
        call = find_call(reader, "busy")
        assert (len(call.callbacks), call.more) == (1000, True)
        assert len(reader.call("busy")) == 1001
        assert len(reader.call("busy", 1)) == 1


async def test_a_name_that_fits_none_or_several_is_refused_in_a_sentence(tmp_path: Path) -> None:
    made = await record(tmp_path, "call-1", "call-2", None)
    with pytest.raises(NotRecorded, match='There is no call "zzz"') as missing:
        found(tmp_path, "zzz")
    assert missing.value.hint == "`fn calls list` shows what there is."
    with pytest.raises(NotRecorded, match='"call" is the beginning of several calls') as several:
        found(tmp_path, "call")
    assert several.value.hint == "Give more of it, for example call-1."
    with pytest.raises(NotRecorded, match="belongs to no call"):
        found(tmp_path, made[2])


@pytest.mark.parametrize("name", ["last", "c1"])
async def test_without_calls_it_is_said_how_to_make_one(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotRecorded, match="There are no recorded calls here yet") as empty:
        found(tmp_path, name)
    assert "Run `fn dev`" in (empty.value.hint or "")
    await record(tmp_path, None)
    with pytest.raises(NotRecorded, match="There are no recorded calls here yet"):
        found(tmp_path, name)
