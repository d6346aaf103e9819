from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from devserver.errors import ConfigError
from devserver.session.discovery import SessionFile, announce, find_session, private_folder, withdraw


def a_session(pid: int) -> SessionFile:
    return SessionFile(pid, "http://127.0.0.1:1", "http://127.0.0.1:2/?token=t", "http://127.0.0.1:3", "t")


def test_a_running_session_is_found_and_its_file_is_private(tmp_path: Path) -> None:
    folder = private_folder(tmp_path)
    announce(tmp_path, a_session(os.getpid()))

    assert find_session(tmp_path) == a_session(os.getpid())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "session.json").stat().st_mode) == 0o600


def test_the_file_of_a_killed_session_does_not_count(tmp_path: Path) -> None:
    private_folder(tmp_path)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    announce(tmp_path, a_session(ended.pid))

    assert find_session(tmp_path) is None


def test_no_file_or_a_broken_one_is_no_session(tmp_path: Path) -> None:
    assert find_session(tmp_path) is None

    private_folder(tmp_path)
    (tmp_path / ".fn" / "session.json").write_text("{")

    assert find_session(tmp_path) is None


def test_withdrawing_leaves_the_file_of_another_session(tmp_path: Path) -> None:
    private_folder(tmp_path)
    announce(tmp_path, a_session(os.getppid()))
    withdraw(tmp_path, os.getpid())

    assert find_session(tmp_path) == a_session(os.getppid())

    announce(tmp_path, a_session(os.getpid()))
    withdraw(tmp_path, os.getpid())

    assert find_session(tmp_path) is None


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".fn").write_text("a file is in the way")

    with pytest.raises(ConfigError) as caught:
        private_folder(tmp_path)

    assert str(tmp_path / ".fn") in caught.value.message
