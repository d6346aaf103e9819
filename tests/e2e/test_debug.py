"""`fn dev --debug` as an editor has it: attached once, and then over every save."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cloud.sdk.installing import debug_client
from tests.e2e.commands import assert_one_sentence, run
from tests.e2e.conftest import Start
from tests.e2e.debugging import (
    FUNCTION,
    editor,
    function_of,
    get,
    line_of,
    padded,
    port_of,
    post,
    save,
    settled,
)
from tests.e2e.running import Running, environment, project
from tests.fakes.dap import Connection, Editor, Gone, Refused, wait

pytestmark = pytest.mark.e2e
STOP = line_of("y = x + 41")
DEBUG = ("--debug", "0")


@pytest.fixture
def running(start: Start, tmp_path: Path) -> Running:
    """`fn dev --debug` with the function above."""
    return start(project(tmp_path / "demo", FUNCTION), *DEBUG)


def state(running: Running, name: str, after: int = 0) -> str:
    return str(running.wait_for("debug", lambda event: event["state"] == name, after)["text"])


# --- attached once ----------------------------------------------------------------------------------------------


def test_a_breakpoint_is_hit_and_what_is_there_can_be_seen(running: Running) -> None:
    with editor(running, {function_of(running): [STOP]}) as one:
        asked = post(running)
        stop = one.stop()

        assert (stop.reason, stop.line, stop.name, stop.path) == ("breakpoint", STOP, "ice", function_of(running))
        assert [frame["name"] for frame in stop.frames] == ["ice"], "nothing but the user's own code"
        assert stop.variables()["x"] == "1"
        assert stop.evaluate("x + 100") == "101"
        assert asked.waits
        stop.go_on()
        assert asked.answer().said == "42"
        assert not one.failures


def test_the_attachment_survives_saves_that_move_the_line(running: Running) -> None:
    with editor(running, {function_of(running): [STOP]}) as one:
        for number in range(1, 6):
            settled(one)
            save(running, padded(number, number), one, [STOP + number])
            asked = post(running)
            stop = one.stop()

            assert (stop.line, stop.variables()["x"]) == (STOP + number, str(number))
            stop.go_on()
            assert asked.answer().said == str(41 + number)
        assert len([event for event in running.events if event["event"] == "debug"]) == 1, "attached once"
        assert not one.root.closed
        assert not [event for event in one.root.events if event["event"] == "terminated"]


@pytest.mark.parametrize("options", [(), ("--debug-single",)])
def test_breakpoints_go_with_their_lines_when_the_editor_tells_nothing_at_a_save(
    start: Start, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """As nvim-dap, which knows where they have moved and tells it to new sessions only."""
    running = start(project(tmp_path / "demo", FUNCTION), *DEBUG, *options)
    path = function_of(running)
    attached = Editor(port_of(running), {path: [STOP]}).attach() if options else editor(running, {path: [STOP]})
    with attached as one:
        if options:
            one.until(lambda: any(e["event"] == "thread" for e in one.root.events), "no thread")
        for number in range(1, 4):
            if not options:
                settled(one)
            one.breakpoints[path] = [STOP + number]
            seen = len(running.events)
            running.save(padded(number, number))
            running.wait_for("reload", after=seen)
            asked = post(running)
            stop = one.stop()

            assert (stop.line, stop.variables()["x"]) == (STOP + number, str(number))
            stop.go_on()
            assert asked.answer().said == str(41 + number)
        assert not one.failures


def test_a_pause_outlives_breakpoints_that_go_with_their_lines(running: Running) -> None:
    """The code that stands still keeps the lines that it was loaded with."""
    path = function_of(running)
    later = line_of('return {"instructions"')
    with editor(running, {path: [STOP, later]}) as one:
        asked = post(running)
        old = one.stop()
        one.breakpoints[path] = [STOP + 3, later + 3]
        seen = len(running.events)
        running.save(padded(3, 7))
        running.wait_for("reload", after=seen)
        again = post(running)
        new = one.stop()
        assert (new.line, new.variables()["x"]) == (STOP + 3, "7")
        new.go_on()
        new = one.stop()
        assert new.line == later + 3
        new.go_on()
        assert again.answer().said == "48"

        old.go_on()
        old = one.stop()
        assert old.line == later
        old.go_on()
        assert asked.answer().said == "42"


def test_ended_generations_end_their_session_and_no_other(running: Running) -> None:
    with editor(running, {function_of(running): []}) as one:
        first = list(one.children)
        save(running, padded(1), one, [])
        one.until(lambda: any(child not in one.live() for child in first), "no session ended")
        settled(one)

        ended = [child for child in first if child not in one.live()]
        assert len(ended) == 1
        assert one.root in one.live()


def test_a_hundred_reloads_leave_nothing_behind(start: Start, tmp_path: Path) -> None:
    running = start(project(tmp_path / "demo", FUNCTION), *DEBUG, env={"FN_TEST_MARK": str(tmp_path)})

    def counts() -> list[int]:
        folders = [Path(f"/proc/{pid}/{what}") for pid in sorted(lasting) for what in ("task", "fd")]
        return [len(list(folder.iterdir())) for folder in folders]

    with editor(running, {function_of(running): [STOP]}) as one:
        save(running, padded(1, 1), one, [])
        settled(one)
        lasting = {
            pid for pid in processes(tmp_path) if b"session.host" not in Path(f"/proc/{pid}/cmdline").read_bytes()
        }
        before = counts()
        for number in range(100):
            running.save(padded(1 + number % 3, number))
            assert running.get("/status").json == {"start": number}
        settled(one)
        one.set_breakpoints(function_of(running), [STOP + 1])
        asked = post(running)
        one.stop().go_on()
        assert asked.answer().said == str(99 + 41)

        wait(lambda: len(processes(tmp_path)) <= 6, "processes are left")
        wait(
            lambda: all(now <= then + 2 for now, then in zip(counts(), before, strict=True)),
            "threads or files are left",
        )
        assert len(one.live()) <= 5
        assert not one.failures


def test_attaching_and_detaching_ten_times(running: Running) -> None:
    for number in range(10):
        with editor(running, {function_of(running): [STOP]}) as one:
            asked = post(running)
            stop = one.stop()
            assert stop.line == STOP
            stop.go_on()
            assert asked.answer().status == 200
            one.detach()
        running.until(lambda n=number: _detached(running) == n + 1, "not detached")  # type: ignore[misc]
        assert running.post("/ice").said == "42", "nobody is there, and nothing stops"


def _detached(running: Running) -> int:
    return len([1 for event in running.events if event["event"] == "debug" and event["state"] == "detached"])


def test_code_of_the_module_can_be_stopped_in_before_it_answers(running: Running) -> None:
    with editor(running) as one:
        place = line_of("START = 1")
        one.set_breakpoints(function_of(running), [place])
        running.save(padded(0, 5))
        stop = one.stop()

        assert (stop.line, stop.name) == (place, "<module>")
        stop.go_on("next")
        assert one.stop().line == line_of("async def ice")
        one.set_breakpoints(function_of(running), [])
        stop.go_on()
        running.until(lambda: running.get("/status").json == {"start": 5}, "it never took over")


# --- what stops -------------------------------------------------------------------------------------------------


def test_steps_stay_in_the_users_code(running: Running) -> None:
    with editor(running, {function_of(running): [line_of("asyncio.sleep(0.01)")]}) as one:
        asked = get(running, "/nap")
        for line in (line_of("asyncio.sleep(0.01)"), line_of("rested = True"), line_of("return rested")):
            stop = one.stop()
            assert (stop.line, stop.name) == (line, "nap")
            stop.go_on("next")
        one.set_breakpoints(function_of(running), [])
        assert asked.answer().json is True, "the step out of the handler went on by itself"


def test_a_plain_handler_stops_in_its_thread(running: Running) -> None:
    with editor(running, {function_of(running): [line_of("b = a + 1")]}) as one:
        asked = get(running, "/plain")
        stop = one.stop()

        assert (stop.name, stop.variables()["a"]) == ("plain", "5")
        stop.go_on()
        assert asked.answer().json == {"b": 6}


@pytest.mark.parametrize("filters", [["uncaught"], ["userUnhandled"], ["uncaught", "userUnhandled"]], ids="+".join)
def test_an_exception_that_a_handler_lets_go_stops_there_once(running: Running, filters: list[str]) -> None:
    with editor(running, filters=filters) as one:
        asked = get(running, "/fail")
        stop = one.stop()

        assert (stop.reason, stop.line, stop.name.split()[0]) == ("exception", line_of("raise ValueError"), "fail")
        assert stop.variables()["secret"] == "7"
        stop.go_on()
        assert asked.answer().status == 500
        assert running.get("/caught").body == b"caught"
        assert one.stops_waiting() == 0


def test_a_hung_handler_can_be_paused_and_looked_at(running: Running) -> None:
    with editor(running) as one:
        pid = running.get("/pid").json
        session = next(child for child in one.live() if child.pid == pid)
        asked = get(running, "/spin")
        wait(lambda: not asked.waits or (running.folder / "spinning").exists(), "it does not spin")
        session.ask("pause", threadId=session.ask("threads")["threads"][0]["id"])
        stop = one.stop()

        assert (stop.connection, stop.name) == (session, "spin")
        assert stop.evaluate("turns >= 0") == "True"
        session.ask("setVariable", **_turns(session, stop.frames[0]["id"]))
        stop.go_on()
        assert asked.answer().status == 204


def _turns(connection: Connection, frame: int) -> dict[str, object]:
    scope = connection.ask("scopes", frameId=frame)["scopes"][0]
    return {"variablesReference": scope["variablesReference"], "name": "turns", "value": "-9"}


def test_a_breakpoint_outside_of_the_project_is_hit_too(start: Start, tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    shared = tmp_path / "shared" / "words_of_all.py"
    shared.write_text("def word():\n    w = 'shared'\n    return w\n")
    text = f"import sys\nsys.path.append({str(shared.parent)!r})\nimport words_of_all\n"
    text += "async def status(context, request):\n    return words_of_all.word()\n"
    running = start(project(tmp_path / "demo", text), *DEBUG)
    with editor(running, {str(shared.resolve()): [3]}) as one:
        asked = get(running, "/status")
        stop = one.stop()

        assert (stop.line, stop.name, stop.path) == (3, "word", str(shared.resolve()))
        assert [frame["name"] for frame in stop.frames] == ["word", "status"]
        stop.go_on()
        assert asked.answer().body == b"shared"


def test_a_project_that_was_opened_by_another_path_is_the_same(start: Start, tmp_path: Path) -> None:
    running = start(project(tmp_path / "demo", FUNCTION), *DEBUG)
    (tmp_path / "link").symlink_to(tmp_path / "demo")
    with editor(running, {str(tmp_path / "link" / "function.py"): [STOP]}) as one:
        asked = post(running)
        one.stop().go_on()
        assert asked.answer().said == "42"


def test_breakpoint_stops_in_the_client_and_is_passed_without_one(start: Start, tmp_path: Path) -> None:
    text = "async def status(context, request):\n    x = 3\n    breakpoint()\n    return x\n"
    running = start(project(tmp_path / "demo", text), *DEBUG)

    assert running.get("/status").json == 3
    said = running.wait_for("log", lambda event: "was passed" in event["text"])
    assert said["text"].startswith("breakpoint() at function.py:3 was passed: no debugger is attached.")
    assert running.get("/status").json == 3

    with editor(running) as one:
        asked = get(running, "/status")
        stop = one.stop()
        assert stop.line in {3, 4}
        assert stop.variables()["x"] == "3"
        stop.go_on()
        assert asked.answer().json == 3
    assert len([event for event in running.events if event["event"] == "log"]) == 1, "said once for a place"


# --- others, meanwhile ------------------------------------------------------------------------------------------


def test_a_save_during_a_pause_makes_a_new_generation_at_once(running: Running) -> None:
    with editor(running, {function_of(running): [STOP]}) as one:
        asked = post(running)
        stop = one.stop()
        one.breakpoints[function_of(running)] = []
        for child in one.live():
            if child is not stop.connection:
                child.ask("setBreakpoints", source={"path": function_of(running)}, breakpoints=[])
        seen = len(running.events)
        running.save(padded(3, 9))
        running.wait_for("reload", after=seen)

        assert running.get("/status").json == {"start": 9}, "the gateway and the new generation answer"
        assert running.get("/health").json["generation"] == 2
        assert stop.variables()["x"] == "1"
        assert asked.waits
        stop.go_on()
        assert asked.answer().said == "42", "by the generation that it began with"


def test_a_client_that_vanishes_lets_the_handler_go_on(running: Running) -> None:
    one = editor(running, {function_of(running): [STOP]})
    asked = post(running)
    one.stop()
    one.vanish()

    assert asked.answer().said == "42"
    assert state(running, "detached") == "tests is gone."
    with editor(running, {function_of(running): [STOP]}) as other:
        asked = post(running)
        other.stop().go_on()
        assert asked.answer().said == "42"


def test_a_second_client_is_refused_and_the_first_goes_on(running: Running) -> None:
    with editor(running, {function_of(running): [STOP]}) as one:
        with Editor(port_of(running)) as other, pytest.raises(Refused, match="one at a time"):
            other.attach()
        assert state(running, "refused") == "tests wanted to attach, too, and was refused: one client at a time."
        asked = post(running)
        one.stop().go_on()
        assert asked.answer().said == "42"


def test_a_configuration_that_launches_is_refused(running: Running) -> None:
    with Editor(port_of(running)) as one:
        one.root.ask("initialize", adapterID="python", clientID="tests")
        with pytest.raises(Refused, match="attaches"):
            one.root.ask("launch", program="function.py")


def test_a_client_that_opens_no_child_sessions_is_told_of(running: Running) -> None:
    one = Editor(port_of(running))
    one.root._on_event = lambda _root, _event: None
    with one.attach():
        assert "--debug-single" in state(running, "unfollowed")
        assert running.post("/ice").said == "42"


def test_what_is_no_client_is_hung_up_on(running: Running) -> None:
    address = f"http://127.0.0.1:{port_of(running)}/"
    for data in (None, b"Content-Length: 5\r\n\r\nhello"):
        with pytest.raises((urllib.error.URLError, ConnectionError)):
            urllib.request.urlopen(urllib.request.Request(address, data), timeout=20)
    assert running.post("/ice").said == "42"


def test_it_listens_on_loopback_only_and_not_where_a_tunnel_leads(running: Running) -> None:
    if not Path("/proc/net/tcp").exists():
        pytest.skip("no /proc here")
    listening = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    here = [row[1] for row in listening if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port_of(running)]
    assert here == [f"0100007F:{port_of(running):04X}"]

    with socket.create_connection(("127.0.0.1", int(running.url.rpartition(":")[2]))) as connection:
        message = b'{"seq":1,"type":"request","command":"initialize","arguments":{}}'
        connection.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(message), message))
        assert connection.recv(4096).startswith(b"HTTP/1.0 400"), (
            "the function port, all that a tunnel sees, speaks HTTP"
        )


# --- starting and ending ----------------------------------------------------------------------------------------


def test_waiting_for_a_client(start: Start, tmp_path: Path) -> None:
    running = start(project(tmp_path / "demo", FUNCTION), *DEBUG, "--wait-for-client")
    assert running.ready["generation"] is None
    assert "Nothing is loaded until" in state(running, "waiting")
    place = line_of("START = 1")
    asked = get(running, "/status")

    with Editor(port_of(running), {function_of(running): [place]}).attach() as one:
        stop = one.stop()
        assert (stop.line, stop.name) == (place, "<module>"), "not a line has run without the client"
        stop.go_on()
        assert asked.answer().json == {"start": 1}


def test_waiting_for_a_client_can_be_given_up(start: Start, tmp_path: Path) -> None:
    running = start(project(tmp_path / "demo", FUNCTION), *DEBUG, "--wait-for-client")
    state(running, "waiting")

    assert running.stop(signal.SIGINT) == 130
    assert running.errors == ""


def test_an_end_while_a_handler_is_paused_is_quick(running: Running) -> None:
    with editor(running, {function_of(running): [STOP]}) as one:
        asked = post(running)
        one.stop()
        assert running.stop(signal.SIGINT) == 130
        assert running.errors == ""
    assert asked.answer().said == "42", "it went on, and was waited for"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["TERM", "KILL"])
def test_nothing_of_the_debugger_outlives_us(start: Start, tmp_path: Path, number: int) -> None:
    running = start(project(tmp_path / "demo", FUNCTION), *DEBUG, env={"FN_TEST_MARK": str(tmp_path)})
    with editor(running, {function_of(running): [STOP]}) as one:
        family = processes(tmp_path)
        assert len(family) == 6, "gateway, anchor, adapter, three hosts"
        running.process.send_signal(number)
        one.until(lambda: one.root.closed, "the client is not told")
    running.process.wait(20)
    wait(lambda: not processes(tmp_path), "a process is left")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port_of(running)), 1)


def processes(mark: Path) -> list[int]:
    """Those that have this mark in their environment: a session and everything it has started, detached or not."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("no /proc here")
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):  # it has just ended, or is somebody else's
                if f"FN_TEST_MARK={mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
    return found


def test_a_port_that_is_taken_is_named_with_its_holder(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        done = run("dev", project(tmp_path / "demo"), "--debug", str(port))

    assert_one_sentence(done, 1, f"Port {port} is taken by", f"(pid {os.getpid()})", "--debug")


def test_a_host_in_the_option_is_refused(tmp_path: Path) -> None:
    done = run("dev", project(tmp_path / "demo"), "--debug", "0.0.0.0:5678")

    assert done.returncode == 2
    assert "for this machine only" in done.stderr


def test_no_debugpy_is_one_sentence(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys\nsys.modules['debugpy'] = None\n")
    done = run("dev", project(tmp_path / "demo"), "--debug", "0", env={"PYTHONPATH": str(hidden)})

    assert_one_sentence(done, 1, "--debug needs debugpy", "pip install debugpy")


def test_a_broken_debugpy_is_told_and_the_function_answers(start: Start, tmp_path: Path) -> None:
    hidden = tmp_path / "hidden" / "debugpy"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("raise ImportError('half of it is missing')\n")
    running = start(project(tmp_path / "demo"), *DEBUG, env={"PYTHONPATH": str(hidden.parent)})

    assert "half of it is missing" in state(running, "failed")
    assert running.word() == "hello"
    with Editor(port_of(running)) as one, pytest.raises((Gone, OSError)):
        one.attach()


def test_without_the_option_nothing_of_it_is_loaded(start: Start, tmp_path: Path) -> None:
    text = "import sys\nasync def status(context, request):\n"
    text += "    return sorted(n for n in sys.modules if 'debugpy' in n or 'pydevd' in n)\n"
    for arguments in ((), DEBUG):
        running = start(project(tmp_path / f"demo{len(arguments)}", text), *arguments)
        assert running.get("/status").json == [], "and with it not before a client is there"
        if arguments:
            with editor(running):
                assert running.get("/status").json


# --- launch.json ------------------------------------------------------------------------------------------------


def test_launch_json_is_written_once(start: Start, tmp_path: Path) -> None:
    folder = project(tmp_path / "demo")
    file = folder / ".vscode" / "launch.json"
    for _ in range(2):
        with socket.create_server(("127.0.0.1", 0)) as holder:
            port = holder.getsockname()[1]
        running = start(folder, "--debug", str(port))
        running.post("/ice")
        if not file.exists():
            state(running, "configured")
        running.stop()
        assert json.loads(file.read_text())["configurations"][0]["name"] == "fn dev: attach"
        file.write_text('{"configurations": [{"name": "fn dev: attach"}]}')
    file.unlink()
    running = start(folder, "--debug", "0")
    running.stop()
    assert not file.exists(), "whoever took it away does not want it"


def test_a_launch_json_that_is_none_is_left_alone(start: Start, tmp_path: Path) -> None:
    folder = project(tmp_path / "demo")
    (folder / ".vscode").mkdir()
    (folder / ".vscode" / "launch.json").write_text("{ nonsense")
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
    running = start(folder, "--debug", str(port))

    assert "was left alone: line 1 is not JSON" in state(running, "configured")
    assert (folder / ".vscode" / "launch.json").read_text() == "{ nonsense"
    assert running.word() == "hello"


# --- one session ------------------------------------------------------------------------------------------------


def test_one_session_follows_the_code(start: Start, tmp_path: Path) -> None:
    running = start(project(tmp_path / "demo", FUNCTION), *DEBUG, "--debug-single")
    with Editor(port_of(running), {function_of(running): [STOP]}, ["uncaught"]).attach() as one:
        one.until(lambda: any(e["event"] == "thread" for e in one.root.events), "no thread")
        for number in range(4):
            if number:
                save(running, padded(number, number), one, [STOP + number])
            asked = post(running)
            stop = one.stop()
            assert (stop.line, stop.name) == (STOP + number, "ice")
            stop.go_on("next")
            stop = one.stop()
            assert (stop.reason, stop.line) == ("step", STOP + number + 1)
            stop.go_on()
            assert asked.answer().status == 200
        asked = get(running, "/fail")
        stop = one.stop()
        assert (stop.reason, stop.variables()["secret"]) == ("exception", "7")
        stop.go_on()
        assert asked.answer().status == 500
        assert one.children == []
        assert not [event for event in one.root.events if event["event"] in {"terminated", "debugpyAttach"}]
        assert [thread["name"] for thread in one.root.ask("threads")["threads"]] == ["MainThread"]


def test_one_session_keeps_an_older_generation_while_it_stands(start: Start, tmp_path: Path) -> None:
    running = start(project(tmp_path / "demo", FUNCTION), *DEBUG, "--debug-single")
    with Editor(port_of(running), {function_of(running): [STOP]}).attach() as one:
        one.until(lambda: any(e["event"] == "thread" for e in one.root.events), "no thread")
        asked = post(running)
        old = one.stop()
        save(running, padded(2, 2), one, [STOP + 2])
        again = post(running)
        new = one.stop()

        assert (old.variables()["x"], new.variables()["x"]) == ("1", "2")
        names = [thread["name"] for thread in one.root.ask("threads")["threads"]]
        assert sorted(names) == ["MainThread", "MainThread (of an earlier generation)"]
        new.go_on()
        assert again.answer().said == "43"
        assert asked.waits
        assert one.stop().thread == old.thread, "it is told again that this one stands"
        old.go_on()
        assert asked.answer().said == "42"
        one.until(lambda: len(one.root.ask("threads")["threads"]) == 1, "the old generation is still shown")


def test_one_session_takes_one_client(start: Start, tmp_path: Path) -> None:
    running = start(project(tmp_path / "demo", FUNCTION), *DEBUG, "--debug-single")
    with Editor(port_of(running), {function_of(running): [STOP]}).attach() as one:
        one.until(lambda: any(e["event"] == "thread" for e in one.root.events), "no thread")
        with Editor(port_of(running)) as other, pytest.raises(Refused, match="one at a time"):
            other.attach()
        asked = post(running)
        one.stop()
        one.vanish()
    assert asked.answer().said == "42"
    state(running, "detached")


@pytest.mark.sdk
@pytest.mark.timeout(200)
def test_the_test_client_of_vs_code_attaches(start: Start, tmp_path: Path) -> None:
    modules = debug_client()
    running = start(project(tmp_path / "demo", FUNCTION), *DEBUG, "--debug-single")
    script = Path(__file__).parents[1] / "debug" / "vscode_client.mjs"
    where = (str(modules), str(port_of(running)), function_of(running), str(STOP), running.url)
    done = subprocess.run(["node", str(script), *where], capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stdout) == (0, "well\n"), done.stderr
    state(running, "detached")


def test_environment_is_the_users_own(start: Start, tmp_path: Path) -> None:
    """What the debugger is set up by is not to be found in the function's environment."""
    text = "import os\nasync def status(context, request):\n    return [n for n in os.environ if 'PYDEVD' in n]\n"
    running = start(project(tmp_path / "demo", text), *DEBUG)
    with editor(running):
        assert running.get("/status").json == []


def test_help_says_what_it_is_for() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "devserver", "dev", "--help"],
        capture_output=True,
        text=True,
        env=environment(),
        check=True,
    )
    assert "--debug [PORT]" in done.stdout
