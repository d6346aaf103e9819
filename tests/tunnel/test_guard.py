"""The guard as a process: what it guards dies with us, whoever dies how."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devserver.tunnel import guard
from tests.fakes.processes import children, is_running, wait_until

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")

GUARD = [sys.executable, "-I", "-S", guard.__file__]
STUBBORN = "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); sys.stdin = None\nwhile True: signal.pause()"
POLITE = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); print('up', flush=True)\nwhile True: signal.pause()"

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a guard of a Python program, and waits until that says `up`."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(code: str, folder: Path | None = None, *, up: bool = True) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [*GUARD, str(folder or ""), sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout is not None
        if up:
            assert process.stdout.readline() == b"up\n"
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@contextmanager
def held() -> Iterator[int]:
    """A pipe whose other end is held for the time of the block; whoever reads from it waits."""
    reading, writing = os.pipe()
    try:
        yield reading
    finally:
        os.close(reading)
        os.close(writing)


def close(process: subprocess.Popen[bytes]) -> None:
    """Let go of it, as the kernel does when we die."""
    assert process.stdin is not None
    process.stdin.close()
    process.stdin = None


def test_the_program_is_asked_to_end_when_nobody_holds_the_other_end_of_the_pipe(start: Start) -> None:
    process = start(POLITE)
    program = children(process.pid)[0]
    close(process)
    assert process.wait(5) == 7
    assert not is_running(program)


def test_one_that_does_not_listen_is_killed_in_under_four_seconds(start: Start) -> None:
    process = start(STUBBORN)
    program = children(process.pid)[0]
    begin = time.monotonic()
    close(process)
    assert process.wait(5) == 128 + signal.SIGKILL
    assert 2.9 < time.monotonic() - begin < 4
    assert not is_running(program)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_the_guard_ends_the_program_too(start: Start, number: signal.Signals) -> None:
    process = start(POLITE)
    process.send_signal(number)
    assert process.wait(5) == 7


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_the_program_dies_with_the_guard(start: Start) -> None:
    process = start(STUBBORN)
    program = children(process.pid)[0]
    process.kill()
    wait_until(lambda: not is_running(program), "the program lives on", 2)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("import sys; sys.exit(0)", 0),
        ("import sys; sys.exit(3)", 3),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", 128 + signal.SIGTERM),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 128 + signal.SIGKILL),
    ],
    ids=["well", "failed", "terminated", "killed"],
)
def test_it_ends_as_the_program_did(start: Start, code: str, status: int) -> None:
    assert start(code, up=False).wait(5) == status


def test_the_programs_folder_goes_with_it(start: Start, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "deep").mkdir(parents=True)
    (home / "deep" / "file").write_text("x")
    process = start(POLITE, home)
    assert home.exists()
    close(process)
    process.wait(5)
    assert not home.exists()


def test_a_file_that_is_no_program_is_told_by_its_number(tmp_path: Path) -> None:
    file = tmp_path / "cloudflared"
    file.write_bytes(b"\x7fELF" + b"\0" * 60)
    file.chmod(0o755)
    with held() as pipe:
        done = subprocess.run([*GUARD, "", str(file)], stdin=pipe, capture_output=True, timeout=20, check=False)
    assert done.returncode == guard.NOT_STARTED
    assert done.stderr.decode() == f"{guard.MARK}{errno.ENOEXEC}\n"


def test_the_program_finds_signals_and_input_as_programs_expect_them(start: Start) -> None:
    code = """
        import signal, sys
        usual = [signal.getsignal(each) is signal.SIG_DFL for each in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)]
        print(usual, repr(sys.stdin.read()), flush=True)
    """
    process = start(textwrap.dedent(code), up=False)
    assert process.stdout is not None
    assert process.stdout.readline() == b"[True, True, True] ''\n"


def test_it_imports_little_so_that_it_starts_fast_and_works_while_all_else_is_broken() -> None:
    with held() as pipe:
        done = subprocess.run(
            [sys.executable, "-X", "importtime", *GUARD[1:], "", "/bin/true"],
            stdin=pipe,
            capture_output=True,
            text=True,
            check=True,
        )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "signal" in imported
    assert imported.isdisjoint({"site", "devserver", "asyncio", "subprocess", "typing", "shutil"})


def test_the_session_is_not_that_of_the_terminal(start: Start) -> None:
    process = start(POLITE)
    assert os.getsid(children(process.pid)[0]) == process.pid != os.getsid(0)
