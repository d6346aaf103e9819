"""The user's code dies, hangs and blocks; nobody else notices."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.running import HELLO, Answer, Running, project

pytestmark = pytest.mark.e2e

CRASHES = (
    HELLO.format(word="alive")
    + """
import asyncio, ctypes, os, sys, time

async def leave(context, request):
    os._exit(7)

async def segfault(context, request):
    ctypes.string_at(0)

async def quit(context, request):
    sys.exit(1)

async def spin(context, request):
    while True:
        pass

async def block(context, request):
    time.sleep(0.9)
    return "unblocked"

def sleepy(context, request):
    time.sleep(0.9)
    return "slept in a thread"

async def slow(context, request):
    await asyncio.sleep(3600)

async def pid(context, request):
    return os.getpid()
"""
)


@pytest.fixture
def running(start: Callable[..., Running], tmp_path: Path) -> Running:
    return start(project(tmp_path / "demo", CRASHES))


def in_background(call: Callable[[], Answer]) -> tuple[threading.Thread, list[Answer]]:
    answers: list[Answer] = []
    thread = threading.Thread(target=lambda: answers.append(call()))
    thread.start()
    return thread, answers


@pytest.mark.parametrize(("path", "why"), [("/leave", "exit status 7"), ("/segfault", "SIGSEGV")])
def test_a_handler_that_kills_its_process_gets_a_502_that_names_it_and_the_next_request_is_served(
    running: Running, path: str, why: str
) -> None:
    answer = running.get(path)

    assert answer.status == 502
    assert path in answer.json["error"]
    assert why in answer.json["error"]
    assert running.word() == "alive"
    told = running.wait_for("log", lambda event: "process ended" in event["text"])
    assert path in told["text"]
    assert told["level"] == "error"


def test_the_trace_of_a_segfault_is_shown(running: Running) -> None:
    running.get("/segfault")

    running.wait_for("log", lambda event: "Segmentation fault" in event["text"])


def test_sys_exit_in_a_handler_is_an_error_of_that_request_alone(running: Running) -> None:
    before = running.get("/pid").json
    answer = running.get("/quit")

    assert answer.status == 500
    assert "SystemExit" in answer.json["error"]
    assert running.get("/pid").json == before


def test_a_crash_loop_backs_off_and_a_save_ends_it(running: Running) -> None:
    for _ in range(3):
        running.get("/leave")

    answer = running.get("/status")
    assert answer.status == 502
    assert "death 3" in answer.json["error"]

    running.save(HELLO.format(word="mended"))
    running.wait_for("reload", lambda event: event["reason"] == "save")

    assert running.word() == "mended"


def test_a_crash_loop_ends_by_itself(running: Running) -> None:
    for _ in range(3):
        running.get("/leave")

    running.until(lambda: running.get("/status").status == 200, "the function never came back")


def test_a_handler_that_blocks_the_event_loop_is_named_with_its_line(running: Running) -> None:
    thread, answers = in_background(lambda: running.get("/block"))

    told = running.wait_for("log", lambda event: "blocked the event loop" in event["text"])
    thread.join()

    assert told["text"].startswith("block ")
    assert "function.py:" in told["text"]
    assert "in block" in told["text"]
    assert answers[0].body == b"unblocked"


def test_a_plain_def_may_sleep_without_holding_up_others(running: Running) -> None:
    thread, answers = in_background(lambda: running.get("/sleepy"))
    began = time.monotonic()
    assert running.word() == "alive"
    assert time.monotonic() - began < 0.8
    thread.join()

    assert answers[0].body == b"slept in a thread"
    assert not [event for event in running.events if "blocked" in str(event.get("text"))]


def test_a_handler_that_never_returns_costs_its_own_request_only(start: Callable[..., Running], tmp_path: Path) -> None:
    running = start(project(tmp_path / "demo", CRASHES, dev={"deadline": 3, "hungAfter": 0.5, "blockedAfter": 0.2}))
    before = running.get("/pid").json
    thread, answers = in_background(lambda: running.get("/spin"))
    running.wait_for("log", lambda event: event["text"].startswith("spin has blocked"))

    # A request that arrives while the loop is blocked, and one that comes after, are both answered by another host.
    assert running.get("/pid").json != before
    assert not answers
    assert running.get("/health").status == 200
    thread.join()

    assert answers[0].status == 504
    running.until(lambda: not is_alive(before), "the hung process was never ended")


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_deadline_is_a_504_with_a_mark_and_the_handler_is_cancelled(
    start: Callable[..., Running], tmp_path: Path
) -> None:
    code = CRASHES.replace(
        "    await asyncio.sleep(3600)\n",
        (
            "    try:\n        await asyncio.sleep(3600)\n    except asyncio.CancelledError:\n"
            "        print('cancelled')\n        raise\n"
        ),
    )
    running = start(project(tmp_path / "demo", code, dev={"deadline": 0.3}))

    answer = running.get("/slow")

    assert answer.status == 504
    assert "0.3 s" in answer.json["error"]
    running.wait_for("log", lambda event: event["text"] == "cancelled")
    assert running.wait_for("request")["error"]["kind"] == "deadline"
    assert running.word() == "alive"


def test_health_answers_while_the_host_is_stuck(running: Running) -> None:
    thread, _ = in_background(lambda: running.get("/block"))
    running.wait_for("log", lambda event: "blocked the event loop" in event["text"])

    assert running.get("/health", timeout=1).json["status"] == "ok"
    thread.join()


def test_killing_the_host_from_outside_is_survived(running: Running) -> None:
    os.kill(running.get("/pid").json, signal.SIGKILL)

    running.wait_for("log", lambda event: "SIGKILL" in event["text"])
    assert running.word() == "alive"


def test_killing_the_gateway_ends_its_hosts(running: Running) -> None:
    host = running.get("/pid").json
    running.process.kill()
    running.process.wait()

    running.until(lambda: not is_alive(host), "the host outlived its gateway")


def test_killing_the_gateway_ends_even_a_host_that_spins(running: Running) -> None:
    host = running.get("/pid").json
    thread, _ = in_background(lambda: ask_anyway(running, "/spin"))
    running.wait_for("log", lambda event: event["text"].startswith("spin has blocked"))
    running.process.kill()
    running.process.wait()
    thread.join()

    running.until(lambda: not is_alive(host), "the host outlived its gateway")


def ask_anyway(running: Running, path: str) -> Any:
    try:
        return running.get(path)
    except OSError:
        return None


def test_an_answer_that_comes_too_late_for_the_platform_is_marked(
    start: Callable[..., Running], tmp_path: Path
) -> None:
    code = "import asyncio\nasync def ice(context, event):\n    await asyncio.sleep(0.2)\n    return {'action': {'name': 'hangup'}}\n"
    running = start(project(tmp_path / "demo", code, dev={"callbackDeadline": 0.1}))

    assert running.post("/ice").status == 200
    assert "the platform waits 0.1 s" in running.wait_for("callback")["hint"]


SLOW_IMPORT = "import os, pathlib, time\npathlib.Path('pid').write_text(str(os.getpid()))\ntime.sleep(3600)\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_host_that_hangs_at_import_goes_with_its_session(running: Running, number: int) -> None:
    running.save(SLOW_IMPORT + CRASHES)
    note = running.folder / "pid"
    running.until(lambda: note.exists() and note.read_text() != "", "the import never began")
    host = int(note.read_text())
    running.process.send_signal(number)
    running.process.wait(20)

    running.until(lambda: not is_alive(host), "the host outlived its session")
