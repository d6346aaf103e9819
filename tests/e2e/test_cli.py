"""What `fn dev` says, where it listens, and how it ends: DESIGN 6, from outside."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.commands import PYTHON, Shown, assert_one_sentence, run
from tests.e2e.running import FN, HELLO, Running, environment, project

pytestmark = pytest.mark.e2e

EXAMPLE = Path(__file__).parents[2] / "fixtures" / "functions" / "simple-voice-ivr"
ICE = {"callid": "c-1", "cli": "12015555555", "originationType": "PSTN"}
_OTHERS = 10.0  # seconds that a test beside may take with a port of ours
ADDRESS = r"http://127\.0\.0\.1:(\d+)"

Start = Callable[..., Running]
Show = Callable[..., Shown]


@pytest.fixture
def show() -> Iterator[Show]:
    """Starts commands whose words are read; ends every one of them."""
    with ExitStack() as stack:

        def begin(*command: str | Path, **more: Any) -> Shown:
            shown = Shown(*command, **more)
            stack.callback(shown.close)
            return shown

        yield begin


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    return project(tmp_path / "demo")


@pytest.fixture
def example(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns(".fn", "storage", "data", "__pycache__")
    return Path(shutil.copytree(EXAMPLE, tmp_path / "ivr", ignore=ignored))


def post(url: str, body: Any) -> int:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 our own address
        return int(response.status)


# --- the ready line ------------------------------------------------------------------------------------------------


def test_the_first_line_is_the_ready_event_to_the_letter_within_three_seconds(start: Start, demo: Path) -> None:
    began = time.monotonic()
    running = start(demo)
    took = time.monotonic() - began
    first = running.events[0]

    assert list(first)[:7] == ["event", "pid", "function", "console", "cloud", "tunnel", "debug"]
    assert first["event"] == "ready"
    assert first["pid"] == running.process.pid
    ports = [
        re.fullmatch(ADDRESS + more, first[name])
        for name, more in (("function", ""), ("console", r"/\?token=[\w-]{20,}"), ("cloud", ""))
    ]
    assert all(ports)
    assert len({match[1] for match in ports if match}) == 3
    assert (first["tunnel"], first["debug"]) == (None, None)
    assert took < 3


def test_at_the_ready_line_all_three_listeners_accept_and_a_slow_first_load_is_over(start: Start, demo: Path) -> None:
    (demo / "function.py").write_text("import time\ntime.sleep(0.4)\n" + HELLO.format(word="slow"))

    running = start(demo)
    first = running.events[0]

    assert first["generation"] == 1
    assert first["ms"] >= 400
    answer = running.post("/ice")
    assert (answer.said, answer.headers["X-Fn-Generation"]) == ("slow", "1")
    for address in (first["console"], first["cloud"]):
        try:
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310 our own address
        except urllib.error.HTTPError as error:
            error.close()
    assert running.events[0] is first


def test_a_first_load_that_fails_is_told_and_the_session_waits_for_it_to_be_mended(start: Start, demo: Path) -> None:
    (demo / "function.py").write_text("async def ice(context, event:\n")

    (demo / "sinch.json").write_text('{"name": "demo", "unknown": 1}')
    running = start(demo)

    assert running.events[0] is running.ready
    assert (running.ready["generation"], running.ready["routes"]) == (None, [])
    assert running.wait_for("load_error")["kind"] == "syntax"
    assert "unknown" in running.wait_for("log")["text"]
    answer = running.post("/ice")
    assert answer.status == 500
    assert "function.py line 1" in answer.json["error"]
    running.save(HELLO.format(word="mended"))
    assert running.word() == "mended"


# --- ports ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that this process holds."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def hold(stack: ExitStack, port: int) -> None:
    """Take a port. A test beside this one may have it for a moment, and somebody else for longer: that is as good."""
    end = time.monotonic() + _OTHERS
    while True:
        try:
            stack.enter_context(socket.create_server(("127.0.0.1", port)))
        except OSError:
            if time.monotonic() > end:
                return
            time.sleep(0.02)
        else:
            return


def port_of(address: str) -> int:
    found = re.match(ADDRESS, address)
    assert found
    return int(found[1])


def test_the_function_listens_at_the_port_that_was_asked_for(start: Start, demo: Path) -> None:
    port = free_port()

    assert start(demo, "--port", str(port)).url == f"http://127.0.0.1:{port}"


def test_console_and_cloud_take_other_ports_when_theirs_are_taken(start: Start, demo: Path) -> None:
    with ExitStack() as stack:
        hold(stack, 3001)
        hold(stack, 3002)
        ready = start(demo, "--port", str(free_port())).ready

    assert port_of(ready["console"]) != 3001
    assert port_of(ready["cloud"]) != 3002


def test_port_3000_is_the_default_and_its_holder_is_named_when_it_is_taken(demo: Path) -> None:
    with ExitStack() as stack:
        hold(stack, 3000)
        done = run("dev", "--json", demo)

    assert_one_sentence(done, 1, "Port 3000 is taken", "--port 0")
    assert done.stdout == ""


@pytest.mark.parametrize("flag", ["--port", "--console-port", "--cloud-port"])
def test_a_port_that_was_asked_for_and_is_taken_is_an_error_that_names_the_holder(
    demo: Path, taken: int, flag: str
) -> None:
    ports = {"--port": "0", "--console-port": "0", "--cloud-port": "0"} | {flag: str(taken)}

    done = run("dev", *(word for pair in ports.items() for word in pair), demo)

    assert_one_sentence(done, 1, f"Port {taken} is taken", f"(pid {os.getpid()})", f"{flag} 0")
    assert not (demo / ".fn" / "session.json").exists()


# --- words for people ----------------------------------------------------------------------------------------------


def test_people_see_what_is_served_where_a_line_per_callback_and_a_line_per_reload(show: Show, example: Path) -> None:
    shown = show(FN, "dev", "--port", "0", example)

    shown.wait_for(r"Ctrl-C stops")
    assert "simple-voice-ivr is ready" in shown.text
    url = shown.wait_for(rf"^  function +({ADDRESS})$")[1]
    shown.wait_for(rf"^  console +{ADDRESS}/\?token=\S+$")
    shown.wait_for(rf"^  cloud +{ADDRESS}$")
    shown.wait_for(r"^  answers +POST /dice +POST /ice +POST /pie +/status$")

    assert post(f"{url}/ice", ICE) == 200
    shown.wait_for(r"^\d\d:\d\d:\d\d  ice +\+12015555555 +[\d.]+ ms of 5 s  say \+ runMenu main$")
    assert len(re.findall(r"^\d\d:\d\d:\d\d  ", shown.text, re.MULTILINE)) == 1

    function = example / "function.py"
    function.write_text(function.read_text().replace("Welcome to", "Hello from"))
    shown.wait_for(r"^\d\d:\d\d:\d\d  reload +function\.py +[\d.]+ ms  generation 2$")
    assert "\x1b" not in shown.text
    assert shown.stop() == 143
    assert shown.text.rstrip().endswith("Stopping.")


def test_colours_are_for_terminals_only_and_for_those_who_want_them(show: Show, demo: Path) -> None:
    colourful = show(FN, "dev", "--port", "0", "--no-tunnel", demo, terminal=True)
    colourful.wait_for("Ctrl-C stops")
    colourful.process.terminate()
    colourful.process.wait(20)
    plain = show(FN, "dev", "--port", "0", "--no-tunnel", demo, terminal=True, env={"NO_COLOR": "1"})
    plain.wait_for("Ctrl-C stops")
    plain.process.terminate()
    plain.process.wait(20)
    dumb = show(FN, "dev", "--port", "0", "--no-tunnel", demo, terminal=True, env={"TERM": "dumb"})
    dumb.wait_for("Ctrl-C stops")

    assert "\x1b[" in colourful.text
    assert "\x1b" not in plain.text
    assert "\x1b" not in dumb.text


def test_ctrl_c_at_a_terminal_ends_the_session_with_130(show: Show, demo: Path) -> None:
    shown = show(PYTHON, "-c", LEADER, FN, "dev", "--port", "0", "--no-tunnel", demo, terminal=True)
    shown.wait_for("Ctrl-C stops")

    shown.press(b"\x03")

    assert shown.process.wait(20) == 130
    shown.wait_for("Stopping")
    assert "Traceback" not in shown.text


LEADER = """\
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


# --- commands and options that do not exist --------------------------------------------------------------------------


def test_an_unknown_command_or_option_suggests_the_near_one() -> None:
    assert_one_sentence(run("dve"), 2, "no command `dve`", "fn dev")
    assert_one_sentence(run("quux"), 2, "no command `quux`", "fn --help")
    assert_one_sentence(run("dev", "--prot", "0"), 2, "--prot", "--port")
    assert_one_sentence(run("recordings", "lst"), 2, "lst", "list")
    assert_one_sentence(run("dev", "--port", "ninety"), 2, "port number")
    assert_one_sentence(run("dev", "--port", "70000"), 2, "65535")


@pytest.mark.parametrize(
    "command",
    [
        ["dev"],
        ["init"],
        ["templates", "list"],
        ["templates", "show"],
        ["recordings", "list"],
        ["recordings", "show"],
        ["recordings", "purge"],
        ["replay"],
        ["secrets", "explain"],
        ["completion"],
    ],
    ids=" ".join,
)
def test_every_command_has_help_with_an_example(command: list[str]) -> None:
    done = run(*command, "--help")

    assert done.returncode == 0
    assert re.search(rf"Examples?:\n+ +.*fn {' '.join(command)}", done.stdout), done.stdout


def test_completion_knows_commands_and_options() -> None:
    assert "_FN_COMPLETE" in run("completion", "bash").stdout
    done = run(env={"_FN_COMPLETE": "bash_complete", "COMP_WORDS": "fn rec", "COMP_CWORD": "1"})
    assert done.stdout == "plain,recordings\n"
    done = run(env={"_FN_COMPLETE": "bash_complete", "COMP_WORDS": "fn dev --con", "COMP_CWORD": "2"})
    assert done.stdout == "plain,--console-port\n"


def test_help_of_fn_alone_is_an_answer() -> None:
    done = run("--help")

    assert done.returncode == 0
    for command in ("dev", "init", "templates", "recordings", "replay", "secrets", "completion"):
        assert re.search(rf"^  {command} ", done.stdout, re.MULTILINE)
    assert run("--version").stdout.startswith("fn ")


# --- --exec --------------------------------------------------------------------------------------------------------


def dev_exec(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    return run("dev", "--json", "--port", "0", "--exec", command, folder)


@pytest.mark.parametrize("status", [0, 3, 143])
def test_exec_ends_with_the_status_of_its_command(demo: Path, status: int) -> None:
    done = dev_exec(demo, f"sh -c 'exit {status}'")

    assert done.returncode == status
    assert done.stderr == ""
    assert not (demo / ".fn" / "session.json").exists()


def test_a_command_that_a_signal_ended_has_the_status_a_shell_would_give(demo: Path) -> None:
    assert dev_exec(demo, f"{PYTHON} -c 'import os; os.kill(os.getpid(), 9)'").returncode == 137


def test_exec_tells_its_command_where_everything_is(demo: Path) -> None:
    names = ("FN_FUNCTION_URL", "FN_CONSOLE_URL", "FN_CLOUD_URL", "FN_TOKEN")
    script = f"import json, os; print(json.dumps([os.environ[name] for name in {names}]))"

    done = dev_exec(demo, f'{PYTHON} -c "{script}"')

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    ready = next(line for line in lines if isinstance(line, dict))
    function, console, cloud, token = next(line for line in lines if isinstance(line, list))
    assert (function, console, cloud) == (ready["function"], ready["console"], ready["cloud"])
    assert console.endswith(f"?token={token}")


def test_exec_runs_while_the_function_answers_and_may_use_what_a_shell_understands(demo: Path) -> None:
    script = 'import os, urllib.request as u; print(u.urlopen(os.environ["U"]).read().decode())'

    done = dev_exec(demo, f"U=$FN_FUNCTION_URL/status {PYTHON} -c '{script}' && exit 5")

    assert done.returncode == 5
    assert '{"word":"hello"}' in done.stdout.replace(" ", "")


def test_exec_of_what_does_not_exist_or_is_no_command_is_an_error(demo: Path) -> None:
    assert_one_sentence(dev_exec(demo, "no-such-program --x"), 1, "no-such-program", "cannot be started")
    assert_one_sentence(dev_exec(demo, "'"), 2, "--exec")
    assert_one_sentence(dev_exec(demo, "  "), 2, "--exec", "no command")


def test_a_signal_ends_the_command_of_exec_too(demo: Path, show: Show) -> None:
    script = "import time; print('under way', flush=True); time.sleep(600)"
    shown = show(FN, "dev", "--port", "0", "--exec", f'{PYTHON} -c "{script}"; true', demo)
    shown.wait_for(r"^under way$")

    assert shown.stop() == 143
    assert shown.is_over()


# --- standard streams ------------------------------------------------------------------------------------------------


def sh(script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in arguments]
    return subprocess.run(
        ["sh", "-c", script, "sh", *words], capture_output=True, text=True, env=environment(), timeout=30, check=False
    )


def test_a_reader_that_has_seen_enough_ends_the_session_quietly(demo: Path) -> None:
    done = sh('{ "$1" dev --json --port 0 "$2"; echo "status $?" >&2; } | head -n 1', FN, demo)

    assert json.loads(done.stdout)["event"] == "ready"
    assert done.stderr == "status 0\n"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "<&- >&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_hurt_nobody(demo: Path, closed: str) -> None:
    done = sh(f'"$1" dev --json --port 0 --exec "$3" "$2" {closed}', FN, demo, "sh -c 'exit 4'")

    assert done.returncode == 4
    assert done.stderr == ""


def test_letters_that_the_output_cannot_carry_are_shown_as_escapes_and_end_nothing(demo: Path) -> None:
    call = "import os, urllib.request as u; u.urlopen(os.environ['FN_FUNCTION_URL'] + '/ice', open(0, 'rb').read())"
    told = demo / "payload.json"
    told.write_text(json.dumps({"cli": "J\u00f6rg \u2192"}, ensure_ascii=False), encoding="utf-8")
    command = f'{PYTHON} -c "{call}" < {told} && exit 3'

    done = run("dev", "--port", "0", "--exec", command, demo, env={"PYTHONIOENCODING": "ascii"})

    assert (done.returncode, done.stderr) == (3, "")
    assert r"J\xf6rg \u2192" in done.stdout
    assert done.stdout.rstrip().endswith("Stopping.")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_behind_the_output_is_told_by_commands_and_does_not_end_a_session(demo: Path) -> None:
    listing = sh('"$1" templates list --json > /dev/full', FN)
    session = sh('"$1" dev --json --port 0 --exec "sh -c \'exit 6\'" "$2" > /dev/full', FN, demo)

    assert_one_sentence(listing, 1, "No space left on device", "Make room")
    assert (session.returncode, session.stderr) == (6, "")


def test_a_reader_that_never_reads_holds_up_neither_callbacks_nor_the_end(tmp_path: Path) -> None:
    loud = HELLO.format(word="hello") + "\nasync def loud(c, r):\n    for _ in range(2000):\n        print('x' * 200)\n"
    demo = project(tmp_path / "demo", loud)
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [FN, "dev", "--json", "--port", "0", str(demo)], stdout=writing, stderr=subprocess.PIPE, env=environment()
    )
    os.close(writing)
    try:
        with os.fdopen(reading, "rb", buffering=0) as pipe:
            head = b""
            while b"\n" not in head:
                head += pipe.read(4096) or b""
            url = json.loads(head.partition(b"\n")[0])["function"]
            for _ in range(4):  # 1.6 MB, and a pipe holds 64 KB
                with urllib.request.urlopen(f"{url}/loud", timeout=5) as answer:  # noqa: S310 our own address
                    assert answer.status == 204
            assert post(f"{url}/ice", ICE) == 200
            process.terminate()
            assert process.wait(8) == 143
    finally:
        if process.poll() is None:
            process.kill()
        _, errors = process.communicate()
    assert errors == b""
