"""`breakpoint()` in `fn dev` at a terminal: pdb there, and our lines and Ctrl-C in their turn."""

from __future__ import annotations

import re
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.commands import Shown
from tests.e2e.conftest import Start
from tests.e2e.debugging import Asked
from tests.e2e.running import FN, PATIENCE, Answer, project
from tests.fakes.job_shell import ENDED, Job

pytestmark = pytest.mark.e2e
PROMPT = "(Pdb) "
FUNCTION = """\
async def ice(context, event):
    x = 41
    breakpoint()
    return {"instructions": [{"name": "say", "text": str(x + 1)}], "action": {"name": "hangup"}}

def plain(context, request):
    a = 5
    breakpoint()
    return str(a)

async def status(context, request):
    return "well"
"""


def at_terminal(folder: Path, *arguments: str, **more: Any) -> Job:
    ports = ("--port", "0", "--console-port", "0", "--cloud-port", "0")
    return Job(FN, "dev", *ports, *arguments, str(project(folder, FUNCTION, tunnel={"preference": "off"}, **more)))


def url_of(job: Job) -> str:
    found = re.search(r"function\s+\S*?(http://127\.0\.0\.1:\d+)", job.until("Ctrl-C stops"))
    assert found is not None
    return found[1]


def ask(url: str, path: str) -> Asked:
    def work() -> Answer:
        with urllib.request.urlopen(url + path, data=b"{}", timeout=20) as response:  # noqa: S310 our own address
            return Answer(response.status, response.headers, response.read())

    return Asked(work)


def test_pdb_has_the_terminal_and_we_have_it_back(tmp_path: Path) -> None:
    with at_terminal(tmp_path / "demo") as job:
        url = url_of(job)
        asked = ask(url, "/ice")
        job.until(PROMPT)
        job.type("p x * 100\n")
        job.until("4100")
        other = ask(url, "/plain")
        job.type("x = 1\n")
        job.until(PROMPT, 3)
        job.type("c\n")
        assert asked.answer().said == "2"

        job.until("plain()")
        job.type("c\n")
        assert other.answer().body == b"5"
        job.until("say + hangup")
        job.until("POST /plain")
        job.type("\x03")
        job.until(ENDED)


def test_a_call_is_kept_while_pdb_has_its_handler(tmp_path: Path) -> None:
    with at_terminal(tmp_path / "demo", dev={"callbackDeadline": 0.6, "holdMargin": 0.3}) as job:
        url_of(job)
        calling = Shown(FN, "call", "--dir", tmp_path / "demo", terminal=True)
        try:
            job.until(PROMPT)
            calling.wait_for("One moment, please")  # while somebody looks at the handler
            job.type("c\n")
            calling.wait_for(r"\b42\b")
            calling.process.wait(PATIENCE)
        finally:
            calling.close()
        assert calling.process.returncode == 0, calling.text
        job.until("parked")
        job.type("\x03")
        job.until(ENDED)


def test_ctrl_c_at_the_prompt_is_for_pdb_and_after_it_for_us(tmp_path: Path) -> None:
    with at_terminal(tmp_path / "demo") as job:
        asked = ask(url_of(job), "/ice")
        job.until(PROMPT)
        job.type("print('wai' + 'ting'); import time; time.sleep(60)\n")
        job.until("waiting\r\n")
        job.type("\x03")
        job.until("KeyboardInterrupt")
        job.until(PROMPT, 2)
        assert "Stopping" not in job.shown
        job.type("c\n")
        assert asked.answer().said == "42"
        job.type("\x03")
        job.until("Stopping")
        job.until(ENDED)


def test_the_end_of_fn_ends_pdb(tmp_path: Path) -> None:
    with at_terminal(tmp_path / "demo") as job:
        ask(url_of(job), "/ice")
        job.until(PROMPT)
        job.type("import os, signal; os.kill(os.getppid(), signal.SIGTERM)\n")
        job.until(ENDED)


def test_with_a_debugger_there_is_no_pdb(tmp_path: Path) -> None:
    with at_terminal(tmp_path / "demo", "--debug", "0") as job:
        asked = ask(url_of(job), "/ice")
        assert asked.answer().said == "42"
        assert "no debugger is attached" in job.until("was passed")
        job.type("\x03")
        job.until(ENDED)


def test_without_a_terminal_it_is_passed(start: Start, tmp_path: Path) -> None:
    running = start(project(tmp_path / "demo", FUNCTION))

    assert running.post("/ice").said == "42"
    assert running.wait_for("log")["text"].startswith("breakpoint() at function.py:3 was passed")
