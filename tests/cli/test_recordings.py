"""`fn recordings`: lists, one exchange, and deleting; for people and for scripts."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from devserver.cli.recordings import recordings
from devserver.clock import SystemClock
from devserver.recorder.exchange import Answer, Request, new_id
from devserver.recorder.reader import NotRecorded, RecordingReader
from devserver.recorder.redaction import Redactor
from devserver.recorder.store import Recorder
from tests.recorder import made

ROOT = Path(__file__).parents[2]
ICE = b'{"event":"ice","callid":"call-1"}'
SVAML = b'{"action":{"name":"hangup"}}'
LOG = {"at": 1_700_000_000.0, "level": "info", "text": "calling \x1b[2J", "fields": {"n": 1}}
FINDING = {"severity": "warning", "path": "action", "text": "Nobody hears it."}
ERROR = {"kind": "raised", "text": "boom", "traceback": "Traceback:\n  boom\x07"}


async def _record(folder: Path, calls: list[dict[str, Any]]) -> list[str]:
    recorder = Recorder.open(folder / ".fn", redact=Redactor({}), clock=SystemClock(), on_trouble=pytest.fail)
    made = []
    for call in calls:
        made.append(new_id(SystemClock()))
        request = Request(
            "POST", call.get("path", "/ice"), (("X-Caller", "a\x1bb"),), call.get("body", ICE), "127.0.0.1"
        )
        at = call.get("at", time.time())
        await recorder.begin(made[-1], at, call.get("callid", "call-1"), call.get("event", "ice"), "local", request)
        answer = call.get("answer", Answer(200, (("Content-Type", "application/json"),), SVAML))
        notes: dict[str, Any] = {"findings": [FINDING], "logs": [LOG], "error": call.get("error"), "marks": []}
        recorder.finish(made[-1], answer, ms=1.5, generation=2, **notes)
    await recorder.close()
    return made


def record(folder: Path, *calls: dict[str, Any]) -> list[str]:
    return asyncio.run(_record(folder, list(calls)))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(recordings, arguments, catch_exceptions=False)


def test_list_prints_the_promised_json_the_newest_first(tmp_path: Path) -> None:
    made = record(tmp_path, {}, {"event": None, "callid": None, "path": "/status", "answer": None})
    newest, oldest = json.loads(run("list", "--json", "--dir", str(tmp_path)).stdout)
    assert (newest["id"], oldest["id"]) == (made[1], made[0])
    assert {"id", "callid", "event", "source", "path", "status", "at", "ms"} <= set(newest)
    assert (newest["callid"], newest["event"], newest["path"], newest["status"]) == (None, None, "/status", None)
    assert (oldest["callid"], oldest["event"], oldest["path"], oldest["status"]) == ("call-1", "ice", "/ice", 200)
    assert (oldest["source"], oldest["ms"]) == ("local", 1.5)
    assert oldest["at"].endswith("Z")


def test_list_can_be_narrowed(tmp_path: Path) -> None:
    made = record(tmp_path, {}, {"event": "pie"}, {"callid": "call-2"}, {})

    def ids(*options: str) -> list[str]:
        return [each["id"] for each in json.loads(run("list", "--json", "--dir", str(tmp_path), *options).stdout)]

    assert ids("--limit", "1") == [made[3]]
    assert ids("--event", "PIE") == [made[1]]
    assert ids("--callid", "call-2") == [made[2]]
    assert ids("--callid", "call-3") == []


def test_list_for_people_shows_one_line_each(tmp_path: Path) -> None:
    made = record(tmp_path, {"path": "/x\x1b[31m"})
    header, line = run("list", "--dir", str(tmp_path)).stdout.splitlines()
    assert header.split() == ["time", "event", "answer", "ms", "source", "request", "call", "id"]
    assert "ice" in line
    assert "POST /x\\x1b[31m" in line
    assert "call-1" in line
    assert made[0] in line
    assert "\x1b" not in line


def test_an_empty_list_says_how_to_make_recordings(tmp_path: Path) -> None:
    assert "Run `fn dev`" in run("list", "--dir", str(tmp_path)).stdout
    assert "No recording fits." in run("list", "--dir", str(tmp_path), "--event", "ice").stdout
    assert json.loads(run("list", "--json", "--dir", str(tmp_path)).stdout) == []


def test_show_prints_the_promised_json(tmp_path: Path) -> None:
    made = record(tmp_path, {"error": ERROR}, {})
    shown = json.loads(run("show", made[0], "--json", "--dir", str(tmp_path)).stdout)
    assert shown["id"] == made[0]
    assert shown["request"] == {
        "method": "POST",
        "path": "/ice",
        "headers": {"X-Caller": "a\x1bb"},
        "body": ICE.decode(),
    }
    assert shown["response"] == {
        "status": 200,
        "headers": {"Content-Type": "application/json"},
        "body": SVAML.decode(),
    }
    assert shown["findings"] == [FINDING]
    assert shown["logs"] == [LOG]
    assert shown["error"] == ERROR
    assert json.loads(run("show", "last", "--json", "--dir", str(tmp_path)).stdout)["id"] == made[1]


def test_show_for_people_is_readable_and_harmless(tmp_path: Path) -> None:
    record(tmp_path, {"error": ERROR})
    shown = run("show", "last", "--dir", str(tmp_path)).stdout
    assert '    "name": "hangup"' in shown
    assert "warning: action: Nobody hears it." in shown
    assert "info calling \\x1b[2J  n=1" in shown
    assert "X-Caller: a\\x1bb" in shown
    assert "boom\\x07" in shown
    assert "\x1b[2J" not in shown
    assert "\x07" not in shown


HOSTILE = "\x1b]52;c;cm0gLXJm\x07\x1b]8;;http://evil\x1b\\\x9b2J\x85\u202e\u2066\u2028\U000e0041"
EVIL = {"\x1b", "\x07", "\x9b", "\x85", "\u202e", "\u2066", "\u2028", "\U000e0041"}


@pytest.mark.parametrize("command", [["show", "last"], ["list"], ["search", "needle"]], ids=lambda command: command[0])
def test_nothing_from_outside_reaches_the_terminal_as_a_control_sequence(tmp_path: Path, command: list[str]) -> None:
    hostile = {"severity": HOSTILE, "path": HOSTILE, "text": HOSTILE}
    made.record(
        tmp_path / ".fn",
        {
            # An imported file may hold anything, in fields that are ours otherwise too.
            **dict.fromkeys(("path", "callid", "event", "source"), f"{HOSTILE} needle"),
            "headers": ((HOSTILE, HOSTILE),),
            "body": json.dumps({HOSTILE: HOSTILE}, ensure_ascii=False).encode(),
            "said": HOSTILE.encode(),
            "findings": [hostile],
            "logs": [{"at": 1.0, "level": HOSTILE, "text": HOSTILE, "fields": {HOSTILE: HOSTILE}}],
            "error": {"kind": HOSTILE, "text": HOSTILE, "traceback": HOSTILE},
            "marks": [HOSTILE],
        },
    )
    shown = run(*command, "--dir", str(tmp_path)).stdout
    assert "\\x1b]52;" in shown
    assert not EVIL & set(shown)


def test_show_says_what_a_body_is_that_is_no_text(tmp_path: Path) -> None:
    record(tmp_path, {"body": b"\xff\xfe", "answer": None})
    shown = run("show", "last", "--dir", str(tmp_path)).stdout
    assert "2 bytes of data" in shown
    assert "answer      none" in shown


def test_show_of_what_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    record(tmp_path, {})
    with pytest.raises(NotRecorded, match='There is no recording "zzz"'):
        run("show", "zzz", "--dir", str(tmp_path))


def test_purge_without_a_terminal_wants_yes(tmp_path: Path) -> None:
    record(tmp_path, {})
    refused = run("purge", "--all", "--dir", str(tmp_path))
    assert refused.exit_code == 2
    assert "add --yes" in refused.stderr
    assert json.loads(run("purge", "--all", "--yes", "--json", "--dir", str(tmp_path)).stdout) == {"deleted": 1}
    assert json.loads(run("list", "--json", "--dir", str(tmp_path)).stdout) == []


def test_purge_by_age_and_by_call(tmp_path: Path) -> None:
    now = time.time()
    record(tmp_path, {"at": now - 8 * 86_400}, {"at": now - 6 * 86_400, "callid": "x"}, {"at": now})
    assert "Deleted 1 recording." in run("purge", "--older-than", "7d", "--yes", "--dir", str(tmp_path)).stdout
    assert "Deleted 1 recording." in run("purge", "--callid", "x", "--yes", "--dir", str(tmp_path)).stdout
    assert "Deleted 0 recordings." in run("purge", "--callid", "x", "--yes", "--dir", str(tmp_path)).stdout


@pytest.mark.parametrize("options", [[], ["--all", "--callid", "x"], ["--older-than", "soon"]])
def test_purge_that_does_not_say_what_is_a_usage_error(tmp_path: Path, options: list[str]) -> None:
    assert run("purge", *options, "--yes", "--dir", str(tmp_path)).exit_code == 2


@pytest.mark.parametrize(("reply", "left"), [(b"n\n", 1), (b"y\n", 0)])
def test_purge_at_a_terminal_asks(tmp_path: Path, reply: bytes, left: int) -> None:
    record(tmp_path, {})
    ours, theirs = pty.openpty()
    os.write(ours, reply)
    command = [sys.executable, "-c", "from devserver.cli.recordings import recordings; recordings()"]
    done = subprocess.run(
        [*command, "purge", "--all", "--dir", str(tmp_path)], cwd=ROOT, stdin=theirs, capture_output=True, check=False
    )
    os.close(ours)
    os.close(theirs)
    assert b"Delete all recordings of" in done.stdout
    with RecordingReader(tmp_path / ".fn") as reader:
        assert reader.count() == left


@pytest.mark.parametrize("command", ["list", "show", "purge"])
def test_help_has_an_example(command: str) -> None:
    assert f"fn recordings {command}" in run(command, "--help").stdout
