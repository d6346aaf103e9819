"""One `fn dev` for each project, also while the first is only starting, and never after the first is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from devserver.errors import FnError
from devserver.session.discovery import SessionFile, announce
from devserver.session.lock import ProjectLock

HOLDER = textwrap.dedent("""
    import subprocess, sys
    from pathlib import Path
    from devserver.session.lock import ProjectLock
    with ProjectLock(Path(sys.argv[1])):
        child = subprocess.Popen([sys.executable, "-c", "input()"], close_fds=False, stdin=subprocess.PIPE)
        print(child.pid, flush=True)
        sys.stdin.read()
""")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".fn").mkdir()
    return tmp_path


@pytest.fixture
def holder(root: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    yield process
    process.kill()
    process.communicate()


def ready(holder: subprocess.Popen[str]) -> int:
    """The process of the holder's own child."""
    assert holder.stdout is not None
    return int(holder.stdout.readline())


def test_a_second_session_is_refused_with_the_process_and_the_address_of_the_first(
    root: Path, holder: subprocess.Popen[str]
) -> None:
    ready(holder)
    announce(root, SessionFile(holder.pid, "http://127.0.0.1:3000", "http://127.0.0.1:3001", "", "token"))
    with pytest.raises(FnError) as refused:
        ProjectLock(root).take()
    assert refused.value.message == (
        f"fn dev is already running in this folder (pid {holder.pid}, http://127.0.0.1:3000)."
    )
    assert "Ctrl-C" in refused.value.hint


def test_a_session_that_is_only_starting_counts(root: Path, holder: subprocess.Popen[str]) -> None:
    ready(holder)
    with pytest.raises(FnError, match=rf"in this folder \(pid {holder.pid}\)\."):
        ProjectLock(root).take()


def test_after_kill_9_the_next_one_starts_though_a_child_lives_on(root: Path, holder: subprocess.Popen[str]) -> None:
    child = ready(holder)
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    try:
        with ProjectLock(root):
            assert (root / ".fn" / "session.lock").read_text() == str(os.getpid())
    finally:
        os.kill(child, signal.SIGKILL)


def test_after_the_first_has_ended_the_next_one_starts(root: Path) -> None:
    with ProjectLock(root), pytest.raises(FnError, match=str(os.getpid())):
        ProjectLock(root).take()
    with ProjectLock(root):
        pass


def test_an_old_process_id_in_the_file_refuses_nobody(root: Path) -> None:
    (root / ".fn" / "session.lock").write_text("1")
    with ProjectLock(root):
        assert (root / ".fn" / "session.lock").stat().st_mode & 0o777 in {0o600, 0o644}


def test_giving_back_twice_is_harmless(root: Path) -> None:
    lock = ProjectLock(root)
    lock.take()
    lock.give_back()
    lock.give_back()


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_a_link_in_its_place_is_not_followed(root: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (root / ".fn" / "session.lock").symlink_to(precious)

    with pytest.raises(FnError, match=r"session\.lock cannot be opened") as refused:
        ProjectLock(root).take()

    assert "removed" in refused.value.hint
    assert precious.read_text() == "mine"
