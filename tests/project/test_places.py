from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from devserver.errors import ConfigError
from devserver.project.places import check_leases, is_writable, make_private, state_folder


def test_the_environment_names_the_folder_and_nothing_is_created(tmp_path: Path) -> None:
    named = tmp_path / "a" / "b"
    assert state_folder({"FN_STATE_DIR": str(named)}) == named
    assert not named.exists()


def test_a_relative_folder_counts_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert state_folder({"FN_STATE_DIR": "mine"}) == tmp_path / "mine"


def test_without_it_the_state_directory_of_the_user_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    for environ in ({}, {"FN_STATE_DIR": " "}):
        folder = state_folder(environ)
        assert folder.is_relative_to(tmp_path)
        assert folder.name == "fn"


def test_a_file_in_its_place_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ConfigError, match="is not a folder"):
        state_folder({"FN_STATE_DIR": str(file)})


def test_a_user_who_does_not_exist_is_an_error() -> None:
    with pytest.raises(ConfigError, match="no such user"):
        state_folder({"FN_STATE_DIR": "~nobody-has-this-name/state"})


def test_what_is_made_is_private_and_what_was_there_stays_as_it_was(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    made = make_private(tmp_path / "a" / "leases")
    for folder in (made, made.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert make_private(made) == made


def test_a_folder_below_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be created"):
        make_private(tmp_path / "file" / "state")
    assert not is_writable(tmp_path / "file" / "state")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_not_writable_is_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o500)
    assert not is_writable(folder)
    with pytest.raises(ConfigError, match="is not writable"):
        make_private(folder)
    with pytest.raises(ConfigError, match="cannot be created"):
        make_private(folder / "leases")


def test_who_takes_a_lease_has_a_private_place_for_it_or_is_told_what_to_do(tmp_path: Path) -> None:
    check_leases({"FN_STATE_DIR": str(tmp_path / "state")})
    assert stat.S_IMODE((tmp_path / "state" / "leases").stat().st_mode) == 0o700

    (tmp_path / "file").touch()
    for wrong in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ConfigError) as failed:
            check_leases({"FN_STATE_DIR": str(wrong)})
        assert "state folder" in failed.value.message
        assert "FN_STATE_DIR" in failed.value.hint
        assert "--no-tunnel" in failed.value.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_place_for_leases_that_is_read_only_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "leases").mkdir(mode=0o500)
    with pytest.raises(ConfigError, match="not writable"):
        check_leases({"FN_STATE_DIR": str(tmp_path)})
