from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from devserver.tunnel import TunnelFailed
from devserver.tunnel.folders import PREFIX, Folder, sweep

pytestmark = pytest.mark.skipif(os.name != "posix", reason="folders are locked with flock")

HOLDING = """
import sys
from devserver.tunnel.folders import Folder
folder = Folder.make()
(folder.path / "frpc.json").write_text("a token")
print(folder.path, flush=True)
sys.stdin.read()
"""


def names(place: Path) -> set[str]:
    return {each.name for each in place.iterdir()}


def test_a_folder_is_private_and_goes_with_what_is_in_it(temporary: Path) -> None:
    folder = Folder.make()
    (folder.path / "file").touch()

    assert folder.path.parent == temporary
    assert folder.path.stat().st_mode & 0o777 == 0o700
    folder.remove()
    assert names(temporary) == set()
    folder.remove()  # harmless


def test_the_folder_of_somebody_who_lives_stays_and_that_of_the_dead_goes(temporary: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment()
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    with holder.stdin, holder.stdout:
        theirs = Path(holder.stdout.readline().strip())
        ours = Folder.make()
        sweep()
        assert names(temporary) == {theirs.name, ours.path.name}
        holder.kill()
        holder.wait()
    sweep()
    assert names(temporary) == {ours.path.name}
    ours.remove()


def test_a_program_that_outlives_us_does_not_keep_a_folder(temporary: Path) -> None:
    # It has our standard input, and ends with it.
    program = "subprocess.Popen([sys.executable, '-c', 'import sys; sys.stdin.read()'])"
    code = HOLDING.replace("sys.stdin.read()", f"import os, subprocess; {program}; os._exit(0)")
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment()
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        holder.wait()
        sweep()
        assert names(temporary) == set()


def test_what_is_not_ours_is_left_alone(temporary: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").touch()
    (temporary / f"{PREFIX}link").symlink_to(elsewhere)
    (temporary / f"{PREFIX}file").touch()
    (temporary / "fn-test-one").mkdir()
    leftover = temporary / f"{PREFIX}left"
    leftover.mkdir()
    (leftover / "link").symlink_to(elsewhere)
    before = names(temporary)

    sweep()
    assert names(temporary) == before - {leftover.name}
    assert (elsewhere / "file").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_the_folder_of_another_user_is_left_alone(temporary: Path) -> None:
    theirs = temporary / f"{PREFIX}theirs"
    theirs.mkdir()
    os.chown(theirs, 4321, 4321)

    sweep()
    assert theirs.exists()


def test_where_there_is_no_place_nothing_is_swept_and_nothing_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))

    sweep()
    with pytest.raises(TunnelFailed, match="No temporary folder"):
        Folder.make()


def environment() -> dict[str, str]:
    return {**os.environ, "TMPDIR": tempfile.gettempdir()}
