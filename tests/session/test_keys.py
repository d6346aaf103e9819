from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from devserver.session.keys import Keys
from tests.fakes.job_shell import ENDED, STOPPED, Job

ROOT = str(Path(__file__).parents[2])
PROGRAM = f"{ROOT}/tests/fakes/keys_program.py"

CTRL_C, CTRL_Z = "\x03", "\x1a"

Start = Callable[[str], Job]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    monkeypatch.setenv("PYTHONPATH", ROOT)
    with ExitStack() as stack:
        yield lambda mode: stack.enter_context(Job(sys.executable, PROGRAM, mode))


def test_a_key_does_what_it_is_bound_to_at_once_and_is_not_shown(start: Start) -> None:
    job = start("keys")
    job.until("ready")
    job.type("a")
    shown = job.until("pressed a")

    assert "available True" in shown
    assert shown.splitlines()[-1] == "pressed a"


def test_unknown_keys_arrows_and_unbound_keys_do_nothing(start: Start) -> None:
    job = start("keys")
    job.until("ready")
    job.type("x\x1b[A\x1bOP\x1b[1;5Dé\tua")  # `a` after `u` is no key any more
    job.type("w")
    shown = job.until("in front True")

    assert "pressed a" not in shown


def test_a_question_mark_lists_the_keys(start: Start) -> None:
    job = start("keys")
    job.until("ready")
    job.type("?")
    shown = job.until("Ctrl-C stops")

    assert "  a  one more hour\r\n" in shown


@pytest.mark.parametrize(
    ("keys", "answers"),
    [("yn", (True, False)), ("NY", (False, True)), ("\r\r", (False, True)), ("\x1b\r", (False, True))],
    ids=["letters", "capitals", "enter", "escape"],
)
def test_a_question_takes_yes_no_and_its_default(start: Start, keys: str, answers: tuple[bool, bool]) -> None:
    job = start("ask")
    job.until("Really? \\x1b[2J [y/N]")
    job.type("x" + keys[0])
    job.until(f"answer {answers[0]}")
    job.until("Sure? [Y/n]")
    job.type(keys[1])
    shown = job.until("ready")

    assert f"answer {answers[1]}" in shown.partition("Sure?")[2]
    assert "\x1b[2J" not in shown  # what is asked may quote what came from outside


def test_keys_are_no_answers_meant_for_later_and_a_question_can_be_shown_again(start: Start) -> None:
    job = start("ask")
    job.until("[y/N]")
    job.type("a?")
    shown = job.until("[y/N]", times=2)

    assert "pressed a" not in shown


def test_questions_are_asked_one_at_a_time(start: Start) -> None:
    job = start("two")
    assert "Second?" not in job.until("First? [y/N]")
    job.type("y")
    job.until("Second? [y/N]")
    job.type("n")
    job.until("answers [True, False]")


def test_the_end_of_the_session_answers_with_the_default(start: Start) -> None:
    job = start("ending")
    job.until("Still there?")
    job.type(CTRL_C)
    job.until("answer True")


def test_the_terminal_is_as_before_when_the_session_ends(start: Start) -> None:
    job = start("linger")
    job.until("ready")
    assert not job.gives_lines
    job.type(CTRL_C)
    job.until("done")

    assert job.gives_lines


def test_the_terminal_is_as_before_when_ctrl_c_ends_it_at_once(start: Start) -> None:
    job = start("stuck")
    job.until("available True")
    job.type(CTRL_C)
    job.until("stuck")
    job.type(CTRL_C)
    job.until("Still busy")
    assert not job.gives_lines
    job.type(CTRL_C)
    job.until(f"{ENDED} 130")

    assert job.gives_lines


def test_stopped_the_terminal_is_the_shells_and_in_front_again_it_is_ours(start: Start) -> None:
    job = start("keys")
    job.until("ready")
    for times in (1, 2):
        job.type(CTRL_Z)
        job.until(f"{STOPPED} SIGTSTP", times=times)
        assert job.gives_lines
        job.type("fg\r")
        job.until("fg")
        job.type("a")  # typed before it may be ours again: it is kept
        job.until("pressed a", times=times)
        assert not job.gives_lines


def test_in_the_background_it_is_never_stopped_and_takes_no_keys(start: Start) -> None:
    job = start("keys")
    job.until("ready")
    job.type(CTRL_Z)
    job.until(STOPPED)
    job.type("bg\r")
    job.type("a\r")  # for the shell, which lets it go on once more
    job.type("bg\r")
    job.type("fg\r")
    job.until("fg")
    job.type("w")
    shown = job.until("in front True")

    assert shown.count(STOPPED) == 1
    assert "pressed a" not in shown


def test_a_terminal_that_does_not_control_us_is_left_alone() -> None:
    ours, theirs = pty.openpty()
    try:
        # A session of its own has no controlling terminal: its keys would be another one's.
        program = subprocess.Popen(
            [sys.executable, PROGRAM, "keys"],
            stdin=theirs,
            stdout=theirs,
            env={**os.environ, "PYTHONPATH": ROOT},
            start_new_session=True,
        )
        with os.fdopen(ours, "rb", buffering=0, closefd=False) as terminal:
            assert terminal.readline() == b"available False\r\n"
        program.terminate()
        assert program.wait(20) == 0
    finally:
        os.close(ours)
        os.close(theirs)


async def test_without_a_terminal_there_are_no_keys_and_a_question_has_its_default() -> None:
    told: list[str] = []
    with Keys(enabled=True, tell=told.append) as keys:  # tests run without a terminal
        keys.bind("a", "nothing", lambda: told.append("pressed"))
        assert not keys.available
        assert [await keys.ask("?"), await keys.ask("?", default=True)] == [False, True]
    assert told == []


def test_keys_that_are_not_wanted_leave_the_terminal_alone(start: Start) -> None:
    job = start("disabled")
    assert "available False" in job.until("ready")
    assert job.gives_lines
