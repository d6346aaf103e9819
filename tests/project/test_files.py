from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from devserver.errors import FnError
from devserver.project.files import write_whole

FULL = """\
import resource, signal, sys
from pathlib import Path
from devserver.errors import FnError
from devserver.project.files import write_whole

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    write_whole(Path(sys.argv[1]), [b"x" * 60_000] * 2)
except FnError as error:
    print(error)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "call.jsonl"


def test_a_file_is_written_and_its_size_told(path: Path) -> None:
    assert write_whole(path, iter([b"one\n", b"", b"two\n"])) == 8
    assert path.read_bytes() == b"one\ntwo\n"
    assert list(path.parent.iterdir()) == [path]


def test_a_file_without_content_is_written_too(path: Path) -> None:
    assert write_whole(path, []) == 0
    assert path.read_bytes() == b""


def test_on_a_full_disk_the_old_file_stays(path: Path) -> None:
    """A limit on the size of files stands in for the disk: the first piece still fits."""
    path.write_text("old")
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"{path} cannot be written: the disk is full (File too large).")
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_the_old_file_stays_until_the_new_one_is_whole(path: Path) -> None:
    path.write_text("old")

    def pieces() -> Iterator[bytes]:
        yield b"new"
        assert path.read_text() == "old"
        yield b"er"

    write_whole(path, pieces())
    assert path.read_text() == "newer"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_whoever_makes_the_content_may_fail_and_the_old_file_stays(path: Path, error: type[BaseException]) -> None:
    path.write_text("old")

    def pieces() -> Iterator[bytes]:
        yield b"new"
        raise error

    with pytest.raises(error):
        write_whole(path, pieces())
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("place", ["no folder/call.jsonl", "file/call.jsonl", "folder", "x" * 300])
def test_a_place_where_no_file_can_be_is_one_sentence(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("old")
    (tmp_path / "folder").mkdir()
    with pytest.raises(FnError, match=r"cannot be written: [A-Z][a-z ]+\. Name"):
        write_whole(tmp_path / place, [b"new"])
    assert (tmp_path / "file").read_text() == "old"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_one_sentence(path: Path) -> None:
    path.write_text("old")
    path.parent.chmod(0o500)
    try:
        with pytest.raises(FnError, match="Permission denied"):
            write_whole(path, [b"new"])
    finally:
        path.parent.chmod(0o700)
    assert path.read_text() == "old"


def test_a_new_file_is_for_its_owner_and_an_old_one_keeps_its_permissions(path: Path) -> None:
    write_whole(path, [b"new"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    write_whole(path, [b"newer"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    write_whole(path.with_name("script"), [b"#!/bin/sh\n"], 0o700)
    assert stat.S_IMODE(path.with_name("script").stat().st_mode) == 0o700


def test_a_link_is_followed_and_stays_one(path: Path) -> None:
    target = path.with_name("target")
    target.write_text("old")
    path.symlink_to(target.name)
    write_whole(path, [b"new"])
    assert path.is_symlink()
    assert target.read_text() == "new"


def test_a_pipe_is_written_to_and_not_replaced(path: Path) -> None:
    os.mkfifo(path)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(path.read_bytes()))
    reader.start()
    assert write_whole(path, [b"one", b"two"]) == 6
    reader.join()
    assert got == [b"onetwo"]
    assert path.is_fifo()
