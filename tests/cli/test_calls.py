"""`fn calls`: the list and one call; for people and for scripts."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from devserver.cli.calls import calls
from devserver.clock import SystemClock
from devserver.recorder.exchange import Answer, Effect, Request, new_id
from devserver.recorder.reader import NotRecorded
from devserver.recorder.redaction import Redactor
from devserver.recorder.store import Recorder

ROOT = Path(__file__).parents[2]
START = 1_700_000_000.0
ICE = {"event": "ice", "cli": "12025550199", "to": {"type": "did", "endpoint": "+12025550100"}}
PIE = {"event": "pie", "menuResult": {"type": "return", "value": "support", "menuId": "main"}}
ACE = {"event": "ace", "amd": {"status": "human"}}
DICE = {"event": "dice", "result": "ANSWERED", "reason": "CALLERHANGUP", "duration": 12}
MENU = {
    "instructions": [{"name": "say", "text": "Welcome to Example Bikes!"}],
    "action": {
        "name": "runMenu",
        "mainMenu": "main",
        "menus": [
            {"id": "main", "mainPrompt": "#tts[Press 2.]", "options": [{"dtmf": "2", "action": "return(support)"}]}
        ],
    },
}
HANGUP = {"instructions": [{"name": "say", "text": "Good\x1b[2Jbye."}], "action": {"name": "hangup"}}
LOG = {"at": START + 4.3, "level": "info", "text": "menu\x07 answered", "fields": {"department": "support"}}
FINDING = {"severity": "warning", "path": "action", "text": "Nobody hears it."}
ERROR = {"kind": "raised", "text": "ValueError: boom", "traceback": "Traceback:\n  ace\nValueError: boom"}

One = tuple[float, Mapping[str, Any], Any, Mapping[str, Any]]
WHOLE: list[One] = [
    (0, ICE, MENU, {"effects": [Effect("cache", "set", "caller:c1", START, "+12025550199", 14_400.0)]}),
    (4.21, PIE, HANGUP, {"logs": [LOG], "findings": [FINDING], "marks": ["late"]}),
    (5.0, ACE, None, {"status": 500, "error": ERROR, "generation": 2}),
    (12.5, DICE, None, {"generation": 2}),
]


async def _record(folder: Path, callid: str | None, callbacks: list[One]) -> list[str]:
    recorder = Recorder.open(folder / ".fn", redact=Redactor({}), clock=SystemClock(), on_trouble=pytest.fail)
    made = []
    for at, payload, answer, more in callbacks:
        notes = {"findings": [], "logs": [], "error": None, "marks": [], "generation": 1, **more}
        status, source = notes.pop("status", 200), notes.pop("source", "local")
        made.append(new_id(SystemClock()))
        request = Request("POST", "/", (), json.dumps(payload).encode())
        await recorder.begin(made[-1], START + at, callid, payload.get("event"), source, request)
        body = b"" if answer is None else json.dumps(answer).encode()
        recorder.finish(made[-1], None if status is None else Answer(status, (), body), ms=1.6, **notes)
    await recorder.close()
    return made


def record(folder: Path, callid: str | None = "c1", callbacks: list[One] = WHOLE) -> list[str]:
    return asyncio.run(_record(folder, callid, callbacks))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(calls, arguments, catch_exceptions=False)


def shown(folder: Path, name: str = "last") -> str:
    return run("show", name, "--dir", str(folder)).stdout


def at_terminal(width: int, *arguments: str, **environment: str) -> str:
    """What a terminal of some width is sent."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "from devserver.cli.calls import calls; calls()", *arguments]
    surroundings = {**os.environ, "COLUMNS": str(width), "TERM": "xterm-256color", **environment}
    surroundings.pop("NO_COLOR", None)
    with subprocess.Popen(command, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, env=surroundings) as process:
        os.close(theirs)
        sent = b""
        while data := _read(ours):
            sent += data
        os.close(ours)
    assert process.returncode == 0, sent
    return sent.decode().replace("\r\n", "\n")


def _read(reading: int) -> bytes:
    try:
        return os.read(reading, 65_536)
    except OSError:  # nobody holds the terminal open any more
        return b""


def test_one_call_for_people_is_a_timeline(tmp_path: Path) -> None:
    record(tmp_path)
    head, ends, outcome, *lines = shown(tmp_path).splitlines()
    assert (head, ends) == ("Call c1", "+12025550199 -> +12025550100")
    assert outcome.endswith("12 s, caller hung up (ANSWERED), 1 error")
    assert lines == [
        "+0.000  ice      1.6 ms  gen 1  say + runMenu main",
        '        cache   set caller:c1 = "+12025550199" (4 h)',
        '        says    "Welcome to Example Bikes!"',
        '        asks    "Press 2."',
        "        ... 4.2 s",
        "+4.210  pie      1.6 ms  pressed 2 -> support",
        "        answer  say + hangup",
        "+4.300  log     info menu\\x07 answered  department=support",
        '        says    "Good\\x1b[2Jbye."',
        "        warning action: Nobody hears it.",
        "        mark    late",
        "        ... 0.8 s",
        "+5.000  ace      1.6 ms  gen 2  human",
        "        answer  500",
        "        error   ValueError: boom",
        "                Traceback:",
        "                  ace",
        "        ... 7.5 s",
        "+12.500 dice     1.6 ms  caller hung up (ANSWERED)",
    ]


def test_a_call_that_goes_on_and_a_callback_without_an_answer(tmp_path: Path) -> None:
    record(tmp_path, "c1", [(0, {**ICE, "cli": "pri\x1bvate", "to": {}}, None, {"status": None, "source": "tunnel"})])
    text = shown(tmp_path)
    assert "pri\\x1bvate -> unknown\n" in text
    assert "in progress, 1 error, tunnel\n" in text
    assert "+0.000  ice      1.6 ms  gen 1  tunnel  no answer\n" in text


def test_what_was_sent_cannot_draw_a_line_of_its_own(tmp_path: Path) -> None:
    ice = {**ICE, "cli": "1\nCall fake", "to": {"type": "sip", "endpoint": "a\n+0.000  ice"}}
    dice = {**DICE, "reason": "x\n+9.999  pie", "result": "y\nz"}
    record(tmp_path, "c\n1", [(0, ice, None, {"logs": [{"text": "one\n+1.000  pie"}]}), (1, dice, None, {})])
    lines = shown(tmp_path).splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")][3:] == ["+0.000", "+1.000"]
    assert lines[0] == "Call c\\n1"
    assert "                +1.000  pie" in lines
    assert len(run("list", "--dir", str(tmp_path)).stdout.splitlines()) == 2


def test_replays_are_not_part_of_a_call(tmp_path: Path) -> None:
    record(tmp_path)
    before = shown(tmp_path, "c1")
    record(tmp_path, "c1", [(60, ICE, HANGUP, {"source": "replay"})])
    assert shown(tmp_path, "c1") == before


def test_a_call_as_json_has_the_promised_shape(tmp_path: Path) -> None:
    made = record(tmp_path)
    call = json.loads(run("show", "c1", "--json", "--dir", str(tmp_path)).stdout)
    assert {"callid", "from", "to", "at", "duration", "result", "reason", "state", "callbacks"} <= set(call)
    assert (call["callid"], call["from"], call["to"]) == ("c1", "+12025550199", "+12025550100")
    assert (call["duration"], call["result"], call["reason"], call["state"]) == (
        12,
        "ANSWERED",
        "CALLERHANGUP",
        "ended",
    )
    ice, pie, ace, dice = call["callbacks"]
    assert [one["id"] for one in call["callbacks"]] == made
    assert (ice["event"], ice["offset"], ice["ms"], ice["status"], ice["generation"], ice["source"]) == (
        "ice",
        0.0,
        1.6,
        200,
        1,
        "local",
    )
    assert (ice["answer"], ice["heard"], ice["pressed"]) == (
        "say + runMenu main",
        ["Welcome to Example Bikes!", "Press 2."],
        None,
    )
    assert ice["effects"][0]["key"] == "caller:c1"
    assert {"type": "return", "value": "support"}.items() <= pie["pressed"].items()
    assert (pie["logs"], pie["findings"], pie["marks"]) == ([LOG], [FINDING], ["late"])
    assert (ace["status"], ace["error"], dice["error"]) == (500, ERROR, None)


@pytest.mark.parametrize("which", ["the exchange", "the call", "beginning", "last"])
def test_a_call_is_shown_by_any_of_its_names(tmp_path: Path, which: str) -> None:
    made = record(tmp_path, "call-one")
    name = {"the exchange": made[1], "the call": "call-one", "beginning": "call", "last": "last"}[which]
    assert shown(tmp_path, name).startswith("Call call-one\n")


def test_what_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NotRecorded, match="There are no recorded calls here yet"):
        shown(tmp_path)
    record(tmp_path, "call-1")
    record(tmp_path, "call-2")
    with pytest.raises(NotRecorded, match='There is no call "zzz"'):
        shown(tmp_path, "zzz")
    with pytest.raises(NotRecorded, match="beginning of several calls"):
        shown(tmp_path, "call")


def test_the_list_is_one_line_a_call_the_newest_first(tmp_path: Path) -> None:
    record(tmp_path)
    record(tmp_path, "c\x1b2", [(60, {**ICE, "cli": "private"}, HANGUP, {})])
    header, newest, oldest = run("list", "--dir", str(tmp_path)).stdout.splitlines()
    assert header.split() == ["time", "from", "to", "callbacks", "duration", "result", "errors", "id"]
    assert newest.split()[3:] == ["private", "+12025550100", "1", "0", "s", "in", "progress", "0", "c\\x1b2"]
    assert oldest.split()[3:] == ["+12025550199", "+12025550100", "4", "12", "s", "ANSWERED", "1", "c1"]


def test_the_list_as_json_can_be_narrowed(tmp_path: Path) -> None:
    record(tmp_path)
    record(tmp_path, "c2", [(60, {**ICE, "cli": "447700900123"}, HANGUP, {})])

    def found(*options: str) -> list[str]:
        return [one["callid"] for one in json.loads(run("list", "--json", "--dir", str(tmp_path), *options).stdout)]

    assert found() == ["c2", "c1"]
    assert found("--limit", "1") == ["c2"]
    assert found("--number", "+1 202 555 0199") == ["c1"]
    assert found("--number", "202", "--limit", "1") == ["c2"]
    assert found("--number", "999999") == []


def test_an_empty_list_says_how_to_make_a_call(tmp_path: Path) -> None:
    assert "Run `fn dev`" in run("list", "--dir", str(tmp_path)).stdout
    assert "No call fits." in run("list", "--dir", str(tmp_path), "--number", "1").stdout
    assert json.loads(run("list", "--json", "--dir", str(tmp_path)).stdout) == []


def test_without_a_terminal_nothing_is_cut_and_nothing_coloured(tmp_path: Path) -> None:
    long = "word " * 400
    record(tmp_path, "c" * 150, [(0, ICE, None, {"logs": [{"text": long + "END"}]})])
    text = shown(tmp_path)
    assert f"{long}END\n" in text
    assert "\x1b" not in text
    assert "c" * 150 in run("list", "--dir", str(tmp_path)).stdout


@pytest.mark.parametrize("width", [40, 72])
def test_a_narrow_terminal_gets_lines_that_fit_and_go_on_under_their_beginning(tmp_path: Path, width: int) -> None:
    text = "It is a long line about bicycles " * 5 + "x" * 100 + " \u6f22" * 40
    record(tmp_path, "c1", [(0, ICE, None, {"logs": [{"level": "info", "text": text}]})])
    plain = re.sub(r"\x1b\[[\d;]*m", "", at_terminal(width, "show", "c1", "--dir", str(tmp_path)))
    lines = plain.splitlines()
    assert max(len(line) + line.count("\u6f22") for line in lines) <= width
    first = next(number for number, line in enumerate(lines) if "log " in line)
    column = 16 if width >= 60 else 8
    assert all(line.startswith(" " * column) and line[column] != " " for line in lines[first + 1 :])
    assert re.sub(r"\s", "", text) in re.sub(r"\s", "", plain)


def test_a_terminal_gets_colours_and_is_spared_endless_values(tmp_path: Path) -> None:
    record(tmp_path, "c1", [(0, ICE, None, {"logs": [{"text": "y" * 5000}]}), *WHOLE[2:]])
    sent = at_terminal(100, "show", "c1", "--dir", str(tmp_path))
    assert "\x1b[1;32mice" in sent
    assert "\x1b[1;31mace" in sent
    assert sent.count("y") < 1000


@pytest.mark.parametrize("command", ["list", "show"])
def test_help_has_an_example(command: str) -> None:
    assert f"fn calls {command}" in run(command, "--help").stdout
