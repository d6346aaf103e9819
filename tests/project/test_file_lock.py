"""A lock that its holder's end gives back, with the holder's name for people."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from devserver.project.file_lock import FileLock, Held

HOLDER = textwrap.dedent("""
    import sys
    from pathlib import Path
    from devserver.project.file_lock import FileLock
    lock = FileLock(Path(sys.argv[1]))
    lock.take()
    print("taken", flush=True)
    sys.stdin.readline()
    lock.give_back()
    print("given back", flush=True)
    sys.stdin.read()
""")
CROWDED = textwrap.dedent("""
    import resource, signal, sys
    from pathlib import Path
    from devserver.project.file_lock import FileLock, Held
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    lock = FileLock(Path(sys.argv[1]))
    lock.take()
    print(lock.held)
    try:
        FileLock(Path(sys.argv[1])).take()
    except Held as held:
        print(held.pid)
    lock.give_back()
    FileLock(Path(sys.argv[1])).take()
    print("again")
""")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.lock"


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "taken\n"
    yield process
    with suppress(OSError):
        process.kill()
    process.communicate()


def test_another_process_has_it_and_says_who_it_is(path: Path, holder: subprocess.Popen[str]) -> None:
    lock = FileLock(path)
    with pytest.raises(Held) as held:
        lock.take()
    assert held.value.pid == holder.pid
    assert not lock.held


def test_kill_9_gives_it_back(path: Path, holder: subprocess.Popen[str]) -> None:
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    lock = FileLock(path)
    lock.take()
    assert lock.held
    assert path.read_text() == str(os.getpid())
    lock.give_back()
    assert path.read_text() == ""


def test_who_waits_gets_it_when_it_is_given_back(path: Path, holder: subprocess.Popen[str]) -> None:
    lock = FileLock(path)
    waiting = threading.Thread(target=lock.take, args=(20.0,))
    waiting.start()
    assert holder.stdin is not None
    holder.stdin.write("\n")
    holder.stdin.flush()
    waiting.join(20)
    assert lock.held
    lock.give_back()


def test_two_in_one_process_are_two(path: Path) -> None:
    one, other = FileLock(path), FileLock(path)
    one.take()
    with pytest.raises(Held) as held:
        other.take(0.05)
    assert held.value.pid == os.getpid()
    one.give_back()
    other.take()
    other.give_back()


def test_a_holder_that_has_not_said_its_name_has_none(path: Path) -> None:
    one = FileLock(path)
    one.take()
    path.write_text("")
    with pytest.raises(Held) as held:
        FileLock(path).take()
    assert held.value.pid is None
    one.give_back()


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_where_no_byte_can_be_written_there_is_a_lock_without_a_name(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", CROWDED, str(path)], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["True", "None", "again"], done.stderr


def test_the_file_is_private_and_stays(path: Path) -> None:
    lock = FileLock(path)
    lock.take()
    assert path.stat().st_mode & 0o777 == 0o600
    lock.give_back()
    lock.give_back()
    assert path.exists()


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FileLock(tmp_path / "nowhere" / "a.lock").take()
