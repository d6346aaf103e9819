"""Kill -9 in the middle of heavy recording, again and again on one file: what was acknowledged is there."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from devserver.recorder.reader import RecordingReader
from devserver.recorder.retention import Retention, enforce
from devserver.recorder.search import search
from devserver.recorder.verify import verify
from tests.recorder.made import record

CHILD = textwrap.dedent("""
    import asyncio, sys
    from pathlib import Path
    from devserver.clock import SystemClock
    from devserver.recorder.exchange import Answer, Effect, Request, new_id
    from devserver.recorder.redaction import Redactor
    from devserver.recorder.state import Change
    from devserver.recorder.store import Recorder

    async def call(recorder, name):
        while True:
            made = new_id(SystemClock())
            request = Request("POST", "/ice", (("A", "b"),), b"x" * 3000)
            await recorder.begin(made, 1.7e9, f"call-{name}", "ice", "local", request)
            print(made, flush=True)
            recorder.changed(Change("cache", name, made.encode(), 1.7e9, 1.8e9))
            recorder.finish(
                made, Answer(200, (), b"y" * 3000), ms=1.0, generation=1, findings=[], error=None, marks=[],
                logs=[{"at": 1.0, "level": "info", "text": "hello", "fields": {}}],
                effects=[Effect("cache", "set", name, 1.7e9, made, 60.0)],
            )

    async def main():
        recorder = Recorder.open(
            Path(sys.argv[1]), redact=Redactor({}), clock=SystemClock(), on_trouble=lambda text: sys.exit(text)
        )
        recorder.changed(Change("session", "", None, 1.7e9))
        await asyncio.gather(*(call(recorder, str(number)) for number in range(8)))

    asyncio.run(main())
""")


def killed(folder: Path, after: int) -> set[str]:
    """Ids that a process had acknowledged when it was killed, after so many lines."""
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(folder)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    lines = [child.stdout.readline() for _ in range(after)]
    os.kill(child.pid, signal.SIGKILL)
    lines += child.stdout.read().splitlines(keepends=True)
    child.wait()
    child.stdout.close()
    return {line.strip() for line in lines if line.endswith("\n")}


@pytest.mark.parametrize("seed", range(3))
def test_nothing_acknowledged_is_lost_however_often_it_is_killed(tmp_path: Path, seed: int) -> None:
    folder = tmp_path / ".fn"
    moment = random.Random(seed)
    acknowledged: set[str] = set()
    for _ in range(4):
        acknowledged |= killed(folder, moment.randrange(1, 1200))
    # Before anybody else has opened the file, and so repaired it.
    with RecordingReader(folder) as reader:
        assert acknowledged <= {each.id for each in reader.newest(1_000_000)}
    found = verify(folder)
    assert found.problems == []
    assert found.changes >= 4
    connection = sqlite3.connect(folder / "recordings.db")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    # And it goes on: the next session records, what was there is searched and tidied.
    record(folder, {"callid": "next"})
    assert len(search(folder, ["hello"], limit=10)) == min(10, found.answers)
    enforce(folder, Retention(1, 0), 1.8e9)
    assert verify(folder).problems == []
