"""How a session ends, whoever ends it, and what it leaves behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.commands import assert_one_sentence, run
from tests.e2e.running import FN, HELLO, Running, environment, project

pytestmark = pytest.mark.e2e

Start = Callable[..., Running]

HANGS = (
    HELLO.format(word="hello")
    + """
import asyncio

def setup(runtime):
    runtime.on_shutdown(lambda context: print("put away"))

async def wait(context, request):
    print("waiting")
    await asyncio.sleep(3600)

async def spin(context, request):
    print("spinning")
    while True:
        pass
"""
)


def ask_in_background(running: Running, path: str) -> threading.Thread:
    def ask() -> None:
        try:
            running.get(path)
        except OSError:
            return

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


def accepts(address: str) -> bool:
    parts = urlsplit(address)
    with socket.socket() as client:
        return client.connect_ex((parts.hostname or "", parts.port or 0)) == 0


# --- exit codes and what is left --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_the_session_with_its_status_and_leaves_nothing_behind(
    start: Start, tmp_path: Path, number: int, status: int
) -> None:
    running = start(project(tmp_path / "demo", HANGS))
    assert running.word() == "hello"

    assert running.stop(number) == status

    assert running.errors == ""
    assert [event["text"] for event in running.events if event["event"] == "stopping"] == ["Stopping."]
    assert [event for event in running.events if event.get("text") == "put away"]
    assert not any(accepts(running.ready[name]) for name in ("function", "console", "cloud"))
    left = {str(path.relative_to(running.folder)) for path in running.folder.rglob("*")}
    kept = {".fn", ".fn/recordings.db", ".fn/session.lock", "function.py", "sinch.json"}
    assert left - {".fn/search.db"} == kept  # the index is there when nobody called for a moment


@pytest.mark.parametrize("path", ["/wait", "/spin"])
def test_ctrl_c_is_prompt_while_a_handler_hangs(start: Start, tmp_path: Path, path: str) -> None:
    running = start(project(tmp_path / "demo", HANGS))
    thread = ask_in_background(running, path)
    running.wait_for("log", lambda event: event["text"] in {"waiting", "spinning"})

    began = time.monotonic()
    assert running.stop(signal.SIGINT) == 130

    assert time.monotonic() - began < 8
    assert running.errors == ""
    thread.join()
    assert running.wait_for("request")["error"]["kind"] == "stopped"
    listed = json.loads(run("recordings", "list", "--json", "--dir", running.folder).stdout)
    assert [(each["path"], each["status"]) for each in listed] == [(path, None)]


def test_a_second_ctrl_c_says_what_is_still_being_done_and_a_third_ends_at_once(start: Start, tmp_path: Path) -> None:
    running = start(project(tmp_path / "demo", HANGS))
    thread = ask_in_background(running, "/wait")
    running.wait_for("log", lambda event: event["text"] == "waiting")

    running.process.send_signal(signal.SIGINT)
    running.wait_for("stopping", lambda event: event["text"] == "Stopping.")
    running.process.send_signal(signal.SIGINT)
    told = running.wait_for("stopping", lambda event: "Still busy" in event["text"])
    assert told["text"] == "Still busy: letting the function finish. Once more ends fn at once."
    running.process.send_signal(signal.SIGINT)

    assert running.process.wait(5) == 130
    assert running.errors == ""
    thread.join()


def test_a_session_started_in_the_background_with_interrupts_ignored_handles_them(tmp_path: Path) -> None:
    demo = project(tmp_path / "demo")
    # A shell without job control ignores SIGINT in what it starts with "&".
    script = f'"{FN}" dev --json --port 0 "{demo}" & wait $!; echo "status $?"'
    with subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, text=True, env=environment()) as shell:
        assert shell.stdout is not None
        ready = json.loads(shell.stdout.readline())
        os.kill(ready["pid"], signal.SIGINT)
        rest = shell.stdout.read()

    assert "status 130" in rest


def test_a_signal_during_the_start_ends_it_without_a_traceback(tmp_path: Path) -> None:
    slow = "import time\nopen('begun', 'w').close()\ntime.sleep(600)\n"
    demo = project(tmp_path / "demo", slow)
    process = subprocess.Popen(
        [FN, "dev", "--json", "--port", "0", "."], cwd=demo, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        until(lambda: (demo / "begun").exists() or process.poll() is not None)
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=20)
    finally:
        process.kill()

    assert process.returncode == 130
    assert errors == ""
    assert "ready" not in out
    assert not (demo / ".fn" / "session.json").exists()


def until(test: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not test():
        assert time.monotonic() < end


# --- the session's file -----------------------------------------------------------------------------------------------


def test_the_session_file_is_private_complete_and_gone_after_the_end(running: Running) -> None:
    folder = running.folder / ".fn"
    file = folder / "session.json"

    assert folder.stat().st_mode & 0o777 == 0o700
    assert file.stat().st_mode & 0o777 == 0o600
    session = json.loads(file.read_bytes())
    assert session["pid"] == running.process.pid
    assert {name: session[name] for name in ("function", "console", "cloud")} == {
        name: running.ready[name] for name in ("function", "console", "cloud")
    }
    assert running.ready["console"].endswith(f"?token={session['token']}")

    running.stop()

    assert not file.exists()


def test_what_a_killed_session_left_behind_does_not_stop_the_next_one(start: Start, running: Running) -> None:
    running.process.kill()
    running.process.wait()
    assert (running.folder / ".fn" / "session.json").exists()

    again = start(running.folder)

    assert again.word() == "hello"
    assert json.loads((running.folder / ".fn" / "session.json").read_bytes())["pid"] == again.process.pid


def test_a_second_session_of_one_project_is_refused_with_the_pid_of_the_first(start: Start, running: Running) -> None:
    second = run("dev", running.folder, "--port", "0")

    assert_one_sentence(second, 1, f"pid {running.process.pid}", running.url)
    assert running.word() == "hello"
    running.stop()
    assert start(running.folder).word() == "hello"


# --- the console and cloud ports --------------------------------------------------------------------------------------


def ask(address: str, method: str = "GET", **headers: str) -> tuple[int, Any]:
    request = urllib.request.Request(address, method=method, headers=headers)  # noqa: S310 our own address
    try:
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 our own address
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_the_console_opens_with_the_address_of_the_ready_line_only(running: Running) -> None:
    address, _, token = running.ready["console"].partition("?token=")
    status, page = ask(running.ready["console"])

    assert status == 200
    assert running.url.encode() in page
    assert ask(address)[0] == 401
    assert ask(f"{address}?token={token}x")[0] == 401
    assert ask(f"{address}api/session?token={token}", Host="evil.example")[0] == 403
    assert ask(f"{running.url}/api/session?token={token}")[0] == 404


def test_the_console_tells_about_the_session_its_recordings_and_reloads(running: Running) -> None:
    address, _, token = running.ready["console"].partition("?token=")
    bearer = {"Authorization": f"Bearer {token}"}
    exchange = running.post("/ice", {"callid": "c-9"}).headers["X-Fn-Exchange"]

    status = json.loads(ask(f"{address}api/session", **bearer)[1])
    assert (status["name"], status["generation"], status["error"]) == ("demo", 1, None)
    listed = json.loads(ask(f"{address}api/recordings", **bearer)[1])
    assert [each["id"] for each in listed] == [exchange]
    assert json.loads(ask(f"{address}api/recordings/{exchange}", **bearer)[1])["callid"] == "c-9"
    assert ask(f"{address}api/recordings/{'0' * 26}", **bearer)[0] == 404
    assert ask(f"{address}api/recordings?limit=x", **bearer)[0] == 400
    assert ask(f"{address}api/reload", "POST", **bearer)[0] == 200
    assert running.wait_for("reload")["reason"] == "restart"


def test_the_cloud_port_says_what_is_not_there(running: Running) -> None:
    status, body = ask(f"{running.ready['cloud']}/v1/anything")

    assert status in {404, 501}
    assert re.search(r'"[^"]+\."', body.decode())
