"""`fn call`: real calls to real functions, in a session of their own, in a running one, and with a person."""

from __future__ import annotations

import fcntl
import json
import re
import signal
import struct
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.commands import Done, Shown, assert_one_sentence, listed, run
from tests.e2e.conftest import Start
from tests.e2e.running import FN, project

FUNCTION = """\
from devserver.runtime import AceSvamlBuilder, IceSvamlBuilder, PieSvamlBuilder, create_menu

async def ice(context, event):
    menu = create_menu().prompt("Press 1 for sales, 2 for support.")
    menu = menu.option("1", "return(sales)").option("2", "return(support)").build()
    return IceSvamlBuilder().say("Welcome to Example Bikes!").run_menu(menu).build()

async def pie(context, event):
    if event.menu_result.value == "sales":
        return PieSvamlBuilder().say("Connecting.").connect_pstn("+15551234567").build()
    return PieSvamlBuilder().say("Goodbye.").hangup().build()

async def ace(context, event):
    return AceSvamlBuilder().continue_().build()

async def dice(context, event):
    pass
"""
CONTRACT = {"callid", "from", "to", "result", "reason", "duration", "heard", "callbacks", "failed"}
CONTRACT_CALLBACK = {"event", "request", "answer", "status", "ms", "findings"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return project(tmp_path / "demo", FUNCTION)


def call(folder: Path, *arguments: str, **more: Any) -> Done:
    return run("call", *arguments, "--dir", folder, **more)


def reported(folder: Path, *arguments: str) -> dict[str, Any]:
    done = call(folder, *arguments, "--json")
    assert done.stderr == ""
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (1 if found["failed"] else 0)
    return found


# --- by script ---------------------------------------------------------------------------------------------------


def test_a_whole_call_in_one_command_without_anything_else(folder: Path) -> None:
    found = reported(folder, "--keys", "1")

    assert set(found) == CONTRACT
    assert all(set(each) == CONTRACT_CALLBACK for each in found["callbacks"])
    assert [each["event"] for each in found["callbacks"]] == ["ice", "pie", "ace", "dice"]
    assert found["heard"][:3] == ["Welcome to Example Bikes!", "Press 1 for sales, 2 for support.", "Connecting."]
    assert (found["result"], found["reason"], found["failed"]) == ("ANSWERED", "CALLERHANGUP", False)
    assert (found["from"], found["to"]) == ("+12025550199", "+12025550100")
    assert found["callbacks"][1]["request"]["menuResult"]["value"] == "sales"


def test_the_timeline_is_for_people(folder: Path) -> None:
    done = call(folder, "--keys", "2")

    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert re.fullmatch(r"Call [0-9a-f-]{36}", lines[0])
    assert lines[1] == "+12025550199 -> +12025550100"
    assert re.fullmatch(r"\+0\.0    ice     \S+ ms of 5 s  say \+ runMenu main", lines[2])
    assert any(re.fullmatch(r"\+\S+\s+key     2", line) for line in lines)
    assert any(re.search(r"pie     \S+ ms of 5 s  pressed 2 -> support", line) for line in lines)
    assert lines[-1].endswith("s, ended by the function (ANSWERED)")


def test_who_calls_whom_and_what_becomes_of_the_callee(folder: Path) -> None:
    found = reported(folder, "--keys", "1", "--callee", "busy", "--from", "private", "--custom", "c")

    assert (found["from"], found["result"]) == ("private", "BUSY")
    assert found["callbacks"][0]["request"]["cli"] == "private"
    assert found["callbacks"][0]["request"]["custom"] == "c"


def test_an_app_calls_an_app_user(folder: Path) -> None:
    request = reported(folder, "--kind", "app", "--to", "bob", "--keys", "2")["callbacks"][0]["request"]

    assert (request["originationType"], request["to"]) == ("MXP", {"type": "username", "endpoint": "bob"})


def test_a_caller_hangs_up_in_time(folder: Path) -> None:
    found = reported(folder, "--hangup-after", "1")

    assert (found["reason"], found["duration"]) == ("CALLERHANGUP", 1)


def test_the_call_is_recorded_and_the_data_of_the_project_is_not_touched(folder: Path) -> None:
    callid = reported(folder, "--keys", "2")["callid"]

    found = listed(folder)
    assert {each["callid"] for each in found} == {callid}
    assert {each["source"] for each in found} == {"simulator"}
    assert [each["event"] for each in reversed(found)] == ["ice", "pie", "dice"]
    assert not (folder / "data").exists()
    assert not list((folder / ".fn" / "scratch").iterdir())


BROKEN = [
    ('async def ice(context, event):\n    raise ValueError("boom")\n', "ValueError: boom"),
    ('async def ice(context, event):\n    return {"action": {"name": "fly"}}\n', "'fly' is no action"),
    ('async def ice(context, event):\n    return b"<html>"\n', "not JSON"),
    ("async def status(context, request):\n    pass\n", "no `ice` handler"),
]


@pytest.mark.parametrize(("function", "words"), BROKEN, ids=["raises", "illegal", "html", "missing"])
def test_a_function_that_fails_gives_1_and_says_why(tmp_path: Path, function: str, words: str) -> None:
    done = call(project(tmp_path, function))

    assert (done.returncode, done.stderr) == (1, "")
    assert words in done.stdout
    assert '"An error occurred. Goodbye."' in done.stdout
    assert done.stdout.splitlines()[-1] == "0 s, a callback failed (FAILED), 1 error"


def test_a_function_that_is_too_slow_has_its_budget_shown(tmp_path: Path) -> None:
    slow = "import asyncio\nasync def ice(context, event):\n    await asyncio.sleep(60)\n"
    done = call(project(tmp_path, slow, dev={"callbackDeadline": 0.2}))

    assert done.returncode == 1
    assert re.search(r"ice     2\d\d ms of 0\.2 s  There was no answer within 0\.2 s\.", done.stdout)


def test_a_number_without_plus_is_one_sentence(folder: Path) -> None:
    assert_one_sentence(call(folder, "--to", "12025550100"), 1, "no phone number", "Write it as +12025550100.")


def test_without_a_project_or_with_broken_code_there_is_no_call(tmp_path: Path) -> None:
    assert_one_sentence(call(tmp_path), 78, "no function project")

    done = call(project(tmp_path / "broken", "async def ice(:\n"))
    assert done.returncode == 1
    assert "function.py line 1" in done.stderr


def test_chaos_of_a_seed_is_the_same_again(folder: Path) -> None:
    def once() -> list[str]:
        lines = call(folder, "--keys", "1", "--chaos", "7").stdout.splitlines()[1:]
        return [re.sub(r"[\d.]+ ms", "ms", line) for line in lines]

    first = once()
    assert any("Chaos: " in line for line in first)
    assert once() == first


# --- scenarios, and many calls ------------------------------------------------------------------------------------

SCENARIO = """\
from: "+12025550199"
to: "+12025550100"
steps:
  - menu: main
  - press: "2"
expect:
  heard: [{heard}]
"""


def test_a_scenario_is_played_and_judged(folder: Path) -> None:
    good, bad = folder / "good.yaml", folder / "bad.yaml"
    good.write_text(SCENARIO.format(heard="Goodbye"))
    bad.write_text(SCENARIO.format(heard="Hello"))

    done = call(folder, str(good))
    assert (done.returncode, done.stderr) == (0, "")
    assert "pressed 2 -> support" in done.stdout
    assert "passed" in done.stdout

    done = call(folder, str(good), str(bad), "--json")
    assert done.returncode == 1
    assert [each["ok"] for each in json.loads(done.stdout)] == [True, False]


def test_many_calls_have_numbers(folder: Path) -> None:
    done = call(folder, "--count", "40", "--concurrency", "8", "--keys", "random", "--seed", "3", "--json")

    found = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert (found["asked"], found["calls"], found["failed"], found["seed"]) == (40, 40, 0, 3)
    assert found["callbacks"]["ice"]["count"] == found["callbacks"]["dice"]["count"] == 40
    assert sum(found["results"].values()) == 40
    times = found["callbacks"]["ice"]
    assert 0 < times["p50"] <= times["p95"] <= times["p99"] <= times["max"]

    again = call(folder, "--count", "40", "--keys", "random", "--seed", "3", "--json")
    assert json.loads(again.stdout)["results"] == found["results"]


def test_many_calls_that_fail_are_told_by_kind(tmp_path: Path) -> None:
    done = call(project(tmp_path, BROKEN[0][0]), "--count", "5")

    assert done.returncode == 1
    assert "5 calls in" in done.stdout
    assert "5 failed" in done.stdout
    assert re.search(r"^ +5  ice: 500$", done.stdout, re.MULTILINE)


@pytest.fixture
def shown() -> Iterator[list[Shown]]:
    """What tests start with output to read; ended afterwards."""
    started: list[Shown] = []
    yield started
    for each in started:
        each.close()


def test_ctrl_c_ends_many_calls_with_the_numbers_so_far(folder: Path, start: Start, shown: list[Shown]) -> None:
    running = start(folder)
    load = Shown(FN, "call", "--count", "1000000", "--keys", "random", "--dir", folder)
    shown.append(load)
    running.wait_for("callback", test=lambda event: event["name"] == "dice")

    assert load.stop(signal.SIGINT) == 130
    assert re.search(r"^[\d,]+ of 1,000,000 calls in ", load.text, re.MULTILINE)
    assert "Traceback" not in load.text


# --- in a running session -----------------------------------------------------------------------------------------


def test_a_running_session_takes_the_call(folder: Path, start: Start) -> None:
    running = start(folder)
    found = reported(folder, "--keys", "1")

    event = running.wait_for("callback", test=lambda event: event["name"] == "dice")
    assert (event["callid"], event["source"]) == (found["callid"], "simulator")
    assert [each["event"] for each in found["callbacks"]] == ["ice", "pie", "ace", "dice"]

    done = call(folder, "--keys", "2")
    assert "pressed 2 -> support" in done.stdout


def test_a_running_session_that_loses_its_code_is_no_traceback(folder: Path, start: Start) -> None:
    start(project(folder, "async def ice(:\n"))

    found = reported(folder)
    assert (found["failed"], found["reason"]) == (True, "CALLBACKERROR")


# --- with a person ------------------------------------------------------------------------------------------------


def _phone(shown: list[Shown], folder: Path, *arguments: str, **more: Any) -> Shown:
    phone = Shown(FN, "call", "--dir", folder, *arguments, terminal=True, **more)
    shown.append(phone)
    return phone


def _is_cooked(phone: Shown) -> bool:
    flags = termios.tcgetattr(phone._reading)[3]
    return bool(flags & termios.ICANON and flags & termios.ECHO)


def test_a_person_hears_word_by_word_presses_and_hangs_up(folder: Path, shown: list[Shown]) -> None:
    phone = _phone(shown, folder, "--speed", "20")
    phone.wait_for(r'"Welcome to')
    phone.wait_for(r"1 return\(sales\)  2 return\(support\)")
    assert not _is_cooked(phone)
    phone.press(b"1")
    phone.wait_for("pressed 1 -> sales")
    phone.wait_for("caller and callee hear each other")
    phone.press(b"tHello\r")
    phone.wait_for('speaks  .*"Hello"')
    phone.press(b"h")
    phone.wait_for(r"caller hung up \(ANSWERED\)\r$")

    assert phone.process.wait(10) == 0
    assert _is_cooked(phone)
    assert "\x1b[?25h" in phone.text, "the cursor is back"


def test_help_is_a_key_and_other_letters_are_none(folder: Path, shown: list[Shown]) -> None:
    phone = _phone(shown, folder)
    phone.wait_for("listening|menu")
    phone.press(b"x")
    phone.wait_for("x is no key of a phone")
    phone.press(b"?")
    phone.wait_for(r"hang up \(Ctrl-D too\)")
    phone.press(b"\x04")

    assert phone.process.wait(10) == 0


def test_a_window_of_another_size_is_drawn_anew(folder: Path, shown: list[Shown]) -> None:
    phone = _phone(shown, folder)
    phone.wait_for(r"keys 0-9 \* #   h hangs up   t says something   \? help")
    before = len(phone.text)
    fcntl.ioctl(phone._reading, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 30, 0, 0))
    phone.process.send_signal(signal.SIGWINCH)
    phone.wait_for(r"keys 0-9 \* #   h hangs up +…")
    phone.press(b"h")

    assert phone.process.wait(10) == 0
    drawn = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", phone.text[before:].partition("…")[2])
    assert max(len(line) for line in re.split(r"[\r\n]+", drawn)) <= 30


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=str,
)
def test_a_signal_hangs_up_and_gives_the_terminal_back(
    folder: Path, shown: list[Shown], number: signal.Signals, status: int
) -> None:
    phone = _phone(shown, folder)
    phone.wait_for('"Welcome')

    assert phone.stop(number) == status
    assert _is_cooked(phone)
    assert "\x1b[?25h" in phone.text
    assert "caller hung up" in phone.text
    assert "Traceback" not in phone.text


def test_who_asks_twice_need_not_wait_for_the_last_callback(folder: Path, shown: list[Shown]) -> None:
    (folder / "function.py").write_text(
        f"import asyncio\n{FUNCTION}".replace("    pass\n", "    await asyncio.sleep(60)\n")
    )
    phone = _phone(shown, folder)
    phone.wait_for('"Welcome')
    phone.process.send_signal(signal.SIGINT)
    phone.wait_for("the caller hangs up")

    assert phone.stop(signal.SIGINT) == 130
    assert _is_cooked(phone)
    assert "Traceback" not in phone.text


def test_a_session_that_ends_meanwhile_is_one_sentence(folder: Path, start: Start, shown: list[Shown]) -> None:
    running = start(folder)
    phone = _phone(shown, folder)
    phone.wait_for('"Welcome')
    running.stop()

    assert phone.process.wait(10) == 1
    phone.wait_for("The session ended")
    assert _is_cooked(phone)
    assert "Traceback" not in phone.text


def test_a_person_in_no_time_is_refused(folder: Path, shown: list[Shown]) -> None:
    phone = _phone(shown, folder, "--speed", "instant")
    phone.wait_for("leaves a person no time")

    assert phone.process.wait(10) == 2


def test_prompts_are_spoken_by_what_there_is(folder: Path, tmp_path: Path) -> None:
    voices, spoken = tmp_path / "voices", tmp_path / "spoken"
    voices.mkdir()
    program = voices / "espeak-ng"
    program.write_text(f"#!/bin/sh\ncat >> '{spoken}'\necho >> '{spoken}'\n")
    program.chmod(0o755)

    path = f"{voices}:/usr/bin:/bin"
    done = call(folder, "--keys", "2", "--say", "--speed", "instant", env={"PATH": path})

    assert done.returncode == 0
    assert spoken.read_text().splitlines() == [
        "Welcome to Example Bikes!",
        "Press 1 for sales, 2 for support.",
        "Goodbye.",
    ]


def test_without_a_voice_the_call_goes_on_in_writing(folder: Path, tmp_path: Path) -> None:
    done = call(folder, "--keys", "2", "--say", "--speed", "instant", env={"PATH": str(tmp_path)})

    assert done.returncode == 0
    assert done.stderr.startswith("--say needs `espeak-ng`")
    assert '"Goodbye."' in done.stdout
