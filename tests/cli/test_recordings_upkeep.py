"""`fn recordings purge --number` and `fn recordings verify`. Other purges are in `test_recordings`."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from devserver.cli.recordings import recordings
from devserver.errors import FnError
from tests.recorder.made import record, say

ROOT = Path(__file__).parents[2]


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(recordings, [*arguments, "--dir", str(folder)], catch_exceptions=False)


def test_a_number_takes_all_its_calls_along(tmp_path: Path) -> None:
    record(tmp_path / ".fn", {"callid": "a", "body": b'{"cli":"12025550100"}'}, {"callid": "a"}, {"callid": "b"})
    assert json.loads(run(tmp_path, "purge", "--number", "+1 202 555 0100", "--yes", "--json").stdout) == {"deleted": 2}
    assert run(tmp_path, "purge", "--number", "+12025550100", "--yes").stdout == "Deleted 0 recordings.\n"


def test_a_number_that_is_none_is_refused_before_anybody_is_asked(tmp_path: Path) -> None:
    with pytest.raises(FnError, match="is no phone number"):
        run(tmp_path, "purge", "--number", "sales")


def test_a_number_needs_yes_without_a_terminal(tmp_path: Path) -> None:
    refused = run(tmp_path, "purge", "--number", "+12025550100")
    assert refused.exit_code == 2
    assert "add --yes" in refused.stderr


def test_a_sound_file_is_said_to_be_well(tmp_path: Path) -> None:
    record(tmp_path / ".fn", {}, {})
    found = CliRunner().invoke(recordings, ["verify", "--dir", str(tmp_path)], standalone_mode=False)
    assert found.return_value == 0
    lines = found.stdout.splitlines()
    assert lines[0] == "2 requests, 2 answers, 0 changes of state."
    assert lines[-1] == "All is well."
    fields = json.loads(run(tmp_path, "verify", "--json").stdout)
    assert fields["ok"]
    assert fields["requests"] == 2
    assert fields["oldest"] == "2023-11-14T22:13:20.000Z"
    assert fields["problems"] == []


def test_a_damaged_file_exits_with_1_and_says_what_to_do(tmp_path: Path) -> None:
    record(tmp_path / ".fn", {})
    (tmp_path / ".fn" / "recordings.db").write_bytes(b"no database" * 500)
    command = [sys.executable, "-m", "devserver", "recordings", "verify", "--dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 1
    assert "The file is damaged: file is not a database." in done.stdout
    assert "fn dev" in done.stdout
    assert done.stderr == ""
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 1
    assert not json.loads(done.stdout)["ok"]


def test_quick_work_at_a_terminal_draws_no_bar(tmp_path: Path) -> None:
    record(tmp_path / ".fn", {"said": say("hello")})
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "devserver", "recordings", "search", "hello", "--json", "--dir", str(tmp_path)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=follower, check=True, cwd=ROOT)
    os.close(follower)
    os.set_blocking(leader, False)
    with pytest.raises(OSError, match=r"."):
        os.read(leader, 100)
    os.close(leader)
    assert len(json.loads(done.stdout)) == 1


@pytest.mark.parametrize("command", ["purge", "verify"])
def test_help_has_an_example(tmp_path: Path, command: str) -> None:
    assert f"fn recordings {command}" in run(tmp_path, command, "--help").stdout
