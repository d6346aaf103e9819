from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from devserver.errors import ConfigError
from devserver.project.env_file import read_env_file
from devserver.project.env_lines import Listed, keep_out_of_git, list_key


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b"KEY=\n"),
        (b"A=1\n", b"A=1\nKEY=\n"),
        (b"A=1", b"A=1\nKEY=\n"),
        (b"A=1\r\nB=2\r\n", b"A=1\r\nB=2\r\nKEY=\r\n"),
        (b"A=1\r\nB=2", b"A=1\r\nB=2\r\nKEY=\r\n"),
        (
            b"\xef\xbb\xbf# caf\xc3\xa9\n\n\nA='x\ny'\n#KEY=1\n",
            b"\xef\xbb\xbf# caf\xc3\xa9\n\n\nA='x\ny'\n#KEY=1\nKEY=\n",
        ),
        (b"MY_KEY=1\nKEY_2=2\n", b"MY_KEY=1\nKEY_2=2\nKEY=\n"),
    ],
)
def test_one_line_is_added_and_every_other_byte_stays(tmp_path: Path, before: bytes, after: bytes) -> None:
    (tmp_path / ".env").write_bytes(before)
    (tmp_path / ".env").chmod(0o640)
    assert list_key(tmp_path, "KEY") == Listed("added")
    assert (tmp_path / ".env").read_bytes() == after
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o640
    assert read_env_file(tmp_path)["KEY"] == ""
    assert list_key(tmp_path, "KEY") == Listed("there")
    assert (tmp_path / ".env").read_bytes() == after


@pytest.mark.parametrize("text", ["KEY=value\n", "export KEY='value'", 'KEY = "value" # why\nA=\n'])
def test_a_value_that_is_there_is_left_alone(tmp_path: Path, text: str) -> None:
    (tmp_path / ".env").write_text(text)
    assert list_key(tmp_path, "KEY") == Listed("filled")
    assert (tmp_path / ".env").read_text() == text


def test_a_missing_file_is_made_readable_by_its_owner_only(tmp_path: Path) -> None:
    assert list_key(tmp_path, "KEY") == Listed("added", created=True)
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


def test_a_file_that_cannot_be_read_is_an_error_and_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A='open\n")
    (tmp_path / ".gitignore").write_text("")
    with pytest.raises(ConfigError):
        list_key(tmp_path, "KEY")
    assert (tmp_path / ".env").read_text() == "A='open\n"
    assert (tmp_path / ".gitignore").read_text() == ""


def test_a_link_is_followed(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (tmp_path / "shared").write_text("A=1\n")
    (folder / ".env").symlink_to(tmp_path / "shared")
    list_key(folder, "KEY")
    assert (folder / ".env").is_symlink()
    assert (tmp_path / "shared").read_text() == "A=1\nKEY=\n"


# --- git -------------------------------------------------------------------------------------------------------------


def test_without_git_there_is_nothing_to_ignore(tmp_path: Path) -> None:
    assert keep_out_of_git(tmp_path) is False
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "added"),
    [
        (b"", b".env\n"),
        (b"node_modules\n", b"node_modules\n.env\n"),
        (b"node_modules", b"node_modules\n.env\n"),
        (b"a\r\n", b"a\r\n.env\r\n"),
        (b".env\n!.env\n", b".env\n!.env\n.env\n"),
        (b".env.local\n", b".env.local\n.env\n"),
        (b".env\n", b""),
        (b"/.env\n", b""),
        (b".env*\n", b""),
        (b"*\n", b""),
    ],
)
def test_a_gitignore_gets_a_line_when_it_lacks_one(tmp_path: Path, text: bytes, added: bytes) -> None:
    (tmp_path / ".gitignore").write_bytes(text)
    assert keep_out_of_git(tmp_path) is bool(added)
    assert (tmp_path / ".gitignore").read_bytes() == (added or text)
    assert keep_out_of_git(tmp_path) is False


@pytest.mark.parametrize(
    ("above", "own", "added"),
    [
        (None, None, True),
        ("*.log\n", None, True),
        (".env\n", None, False),
        ("project/\n", None, False),
        (".env\n", "!.env\n", True),
        ("!.env\n", ".env\n", False),
    ],
)
def test_git_agrees_about_a_project_in_a_repository(
    tmp_path: Path, above: str | None, own: str | None, added: bool
) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    folder = tmp_path / "project"
    folder.mkdir()
    for where, text in ((tmp_path, above), (folder, own)):
        if text is not None:
            (where / ".gitignore").write_text(text)

    def git_ignores() -> bool:
        asked = subprocess.run(["git", "-C", str(folder), "check-ignore", "-q", ".env"], check=False)
        return asked.returncode == 0

    assert git_ignores() is not added
    assert list_key(folder, "KEY") == Listed("added", created=True, ignored=added)
    assert git_ignores()


def test_a_gitignore_above_the_repository_does_not_count(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text(".env\n")
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    assert keep_out_of_git(tmp_path / "repository") is True
