from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from devserver.recorder.exchange import Answer, Request
from devserver.recorder.off import NoRecorder
from devserver.recorder.redaction import Redactor
from devserver.recorder.state import Change
from devserver.recorder.store import Recorder

REQUEST = Request("POST", "/ice", (), b"{}")


def faces(kind: type) -> dict[str, object]:
    return {name: value for name, value in vars(kind).items() if not name.startswith("_") and inspect.isfunction(value)}


@pytest.mark.parametrize("name", sorted(faces(Recorder)))
def test_it_has_what_the_recorder_has_and_takes_what_that_takes(name: str) -> None:
    ours, theirs = faces(NoRecorder)[name], inspect.signature(faces(Recorder)[name])  # type: ignore[arg-type]
    assert inspect.iscoroutinefunction(ours) == inspect.iscoroutinefunction(faces(Recorder)[name])
    needed = {each.name: None for each in theirs.parameters.values() if each.kind is not each.KEYWORD_ONLY}
    more = {each.name: None for each in theirs.parameters.values() if each.kind is each.KEYWORD_ONLY}
    inspect.signature(ours).bind(*needed.values(), **more)  # type: ignore[arg-type]


async def test_nothing_is_written_and_nobody_waits(tmp_path: Path) -> None:
    recorder, went_on = NoRecorder(Redactor({})), []

    await recorder.begin("1", 0.0, "c", "ice", "local", REQUEST)
    recorder.begin_then(lambda: went_on.append("on"), "2", 0.0, "c", "ice", "local", REQUEST, alone=True)
    recorder.changed(Change("cache", "k", b"1", 0.0, 1.0))
    recorder.finish("1", Answer(200, (), b""), ms=1.0, generation=1, findings=[], logs=[], error=None, marks=[])
    await recorder.close()

    assert went_on == ["on"]
    assert not list(tmp_path.iterdir())
