"""A call is recorded with one version of the example, the code is changed in three ways, and everybody who compares
names each difference and no other, in the same words.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from devserver.recorder.export_pytest import render
from devserver.recorder.portable import Portable, PortableCall, State, write
from devserver.recorder.reader import RecordingReader
from tests.e2e.conftest import Start
from tests.e2e.running import FN, environment
from tests.testing.projects import EXAMPLE, pytest_in

pytestmark = pytest.mark.e2e

CALL = "4398599d1ba84ef3bde0a82dfb61abed"
CALLBACKS: list[dict[str, Any]] = [
    {"event": "ice", "callid": CALL, "cli": "+12025550199", "to": {"type": "did", "endpoint": "+12025550100"}},
    {"event": "pie", "callid": CALL, "menuResult": {"menuId": "main", "type": "return", "value": "support"}},
    {"event": "dice", "callid": CALL, "result": "ANSWERED", "reason": "CALLERHANGUP", "duration": 74},
]
CHANGES = {
    '.prompt("Press 1 for sales, or 2 for support.")': '.prompt("Press 1 for bikes, or 2 for support.")',
    '.option("2", "return(support)")': '.option("2", "return(billing)")',
    'await context.cache.set(f"caller:{event.callid}", event.cli, ttl=4 * 3600)': "pass",
}
REPLAYS = "def test_call(replay):\n    replay.check()\n"


def differences_of(pytest_output: str) -> list[str]:
    return [line.strip() for line in re.findall(r"^E {9}(\S.*)$", pytest_output, re.MULTILINE)]


def test_a_replay_and_the_exported_test_of_a_call_say_the_same(start: Start, tmp_path: Path) -> None:
    root = tmp_path / "line"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns("tests", "test_*", ".fn"))
    running = start(root)
    for payload in CALLBACKS:
        assert running.post(f"/{payload['event']}", json.dumps(payload).encode()).status == 200
    running.close()
    with RecordingReader(root / ".fn") as reader:
        call = PortableCall(CALL, reader.call(CALL), State())
    source = render([call], project="simple-voice-ivr")
    assert "def test_caller_presses_2_and_hangs_up(function):" in source
    (root / "test_made.py").write_text(source)
    (root / "tests" / "calls").mkdir(parents=True)
    lines = write(Portable("simple-voice-ivr", "kept", [call]), "2026-03-01T12:00:00Z")
    (root / "tests" / "calls" / "support.jsonl").write_bytes(b"".join(lines))
    (root / "test_calls.py").write_text(REPLAYS)
    unchanged = pytest_in(root)
    assert unchanged.returncode == 0, unchanged.stdout

    code = (root / "function.py").read_text()
    for old, new in CHANGES.items():
        assert old in code
        code = code.replace(old, new)
    (root / "function.py").write_text(code)
    changed, replayed = pytest_in(root, "test_made.py"), pytest_in(root, "test_calls.py")
    replay = subprocess.run(
        [FN, "replay", CALL, "--check", "--json", "--dir", str(root)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert replay.returncode == 1, replay.stderr
    told = [each["text"] for result in json.loads(replay.stdout)["results"] for each in result["differences"]]
    assert len(told) == 3
    assert differences_of(changed.stdout) == differences_of(replayed.stdout) == told
