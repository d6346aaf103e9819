"""`fn replay`, against a running session and without one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.running import FN, HELLO, Running, environment, project

pytestmark = pytest.mark.e2e


def fn_replay(folder: Path, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [FN, "replay", *arguments, "--dir", str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(),
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def as_json(folder: Path, *arguments: str) -> Any:
    status, out, errors = fn_replay(folder, *arguments, "--json")
    assert status == 0, errors
    return json.loads(out)


def test_on_live_state_the_running_session_answers(running: Running) -> None:
    running.post("/ice", b'{"callid": "c1",   "cli": "12015555555"}')
    same = as_json(running.folder, "last", "--live-state")
    assert (same["replayed"], same["different"]) == (1, 0)

    running.save(HELLO.format(word="howdy"))
    found = as_json(running.folder, "last", "--live-state")

    assert found["different"] == 1
    (result,) = found["results"]
    assert result["event"] == "ice"
    assert result["old"]["instructions"][0]["text"] == "hello"
    assert result["new"]["instructions"][0]["text"] == "howdy"
    assert "howdy" in result["differences"][0]["text"]
    event = running.wait_for("callback", lambda event: event["source"] == "replay" and event["generation"] == 2)
    assert event["callid"] == "c1"


def test_check_gives_one_on_a_difference_and_zero_without(running: Running) -> None:
    running.post("/ice")
    assert fn_replay(running.folder, "last", "--check")[0] == 0
    running.save(HELLO.format(word="other"))

    status, out, _ = fn_replay(running.folder, "last", "--check")

    assert status == 1
    assert "was 200" in out
    assert "now 200" in out
    assert "1 replayed, 1 different." in out


def test_a_recording_is_replayed_in_a_session_of_its_own_when_none_runs(
    start: Callable[..., Running], tmp_path: Path
) -> None:
    first = start(project(tmp_path / "demo"))
    first.post("/status", b"raw \xff body", headers={"Content-Type": "application/x-mine"})
    identity = first.wait_for("request")["id"]
    first.stop()

    found = as_json(first.folder, identity[:20])

    assert found["results"][0]["new"] == {"word": "hello"}
    assert found["different"] == 0
    assert not (first.folder / ".fn" / "session.json").exists()


def test_files_and_folders_of_callbacks_are_sent_signed(start: Callable[..., Running], tmp_path: Path) -> None:
    folder = project(tmp_path / "demo", voiceApp="key")
    (folder / ".env").write_text("VOICE_APPLICATION_SECRET=BeIukql3pTKJ8RGL5zo0DA==\n")
    bodies = tmp_path / "bodies"
    bodies.mkdir()
    (bodies / "1.json").write_text('{"event": "ice", "callid": "a"}')
    (bodies / "2.json").write_text('{"event": "dice", "callid": "a"}')
    running = start(folder)

    found = as_json(folder, str(bodies))

    assert [result["status"]["new"] for result in found["results"]] == [200, 200]
    shown = json.loads(
        subprocess.run(
            [FN, "recordings", "show", "last", "--json", "--dir", str(folder)],
            capture_output=True,
            check=True,
            env=environment(),
        ).stdout
    )
    assert shown["source"] == "replay"
    assert shown["request"]["headers"]["Authorization"].startswith("application ")
    assert "BeIukql3" not in json.dumps(shown)
    assert running.word() == "hello"


def test_a_file_without_an_event_needs_to_be_told(tmp_path: Path) -> None:
    folder = project(tmp_path / "demo")
    (tmp_path / "body.json").write_text('{"callid": "x"}')

    status, _, errors = fn_replay(folder, str(tmp_path / "body.json"))
    assert status == 1
    assert "--event" in errors
    assert "Traceback" not in errors
    assert as_json(folder, str(tmp_path / "body.json"), "--event", "ice")["results"][0]["status"]["new"] == 200


@pytest.mark.parametrize("target", ["last", "01nothing", "missing.json", "."])
def test_what_is_not_there_is_one_sentence(tmp_path: Path, target: str) -> None:
    folder = project(tmp_path / "demo")
    empty = tmp_path / "empty"
    empty.mkdir()

    status, out, errors = fn_replay(folder, str(empty) if target == "." else target)

    assert status == 1
    assert out == ""
    assert errors.startswith("fn: ")
    assert "Traceback" not in errors
