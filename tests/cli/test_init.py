from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from devserver.cli.init import init
from devserver.errors import ConfigError


def test_a_project_is_made_and_the_next_steps_are_told(tmp_path: Path) -> None:
    result = CliRunner().invoke(init, ["empty", "--dir", str(tmp_path / "my line")])
    assert result.exit_code == 0
    assert (tmp_path / "my line" / "function.py").is_file()
    assert "Created my-line in" in result.output
    assert f"  cd '{tmp_path / 'my line'}'\n  fn dev\n" in result.output


def test_without_a_terminal_and_without_a_template_it_is_the_phone_menu_in_this_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(init, ["--name", "fn-1"])
    assert "Created fn-1 in this folder from the template simple-voice-ivr" in result.output
    assert "  cd " not in result.output
    assert json.loads((tmp_path / "sinch.json").read_text())["name"] == "fn-1"


def test_json_says_what_was_made(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    result = CliRunner().invoke(init, ["empty", "--dir", str(tmp_path), "--force", "--json", "--name", "x"])
    answer = json.loads(result.output)
    assert answer["folder"] == str(tmp_path.resolve())
    assert (answer["name"], answer["template"], answer["kept"]) == ("x", "empty", ["README.md"])
    assert "function.py" in answer["written"]


def test_force_tells_what_was_left(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    result = CliRunner().invoke(init, ["empty", "--dir", str(tmp_path), "--force"])
    assert "Left as they were: README.md" in result.output


def test_a_folder_with_files_is_an_error_of_configuration(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("")
    result = CliRunner().invoke(init, ["empty", "--dir", str(tmp_path)])
    assert isinstance(result.exception, ConfigError)


def test_help_has_an_example_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(init, ["--help"]).output
    line = next(line.strip() for line in shown.splitlines() if line.strip().startswith("fn init"))
    arguments = line.partition(" && ")[0].split()[2:]
    assert CliRunner().invoke(init, arguments).exit_code == 0
    assert (tmp_path / "pizza-line" / "function.py").is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")
def test_a_terminal_is_asked_which_template(tmp_path: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    try:
        os.write(ours, b"5\n")
        run = subprocess.run(
            [sys.executable, "-c", "from devserver.cli.init import init; init()", "--dir", str(tmp_path / "x")],
            stdin=theirs,
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[2],
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert "1  simple-voice-ivr" in run.stdout
    assert "from the template empty" in run.stdout
