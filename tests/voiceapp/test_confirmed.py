"""What a person has agreed to is remembered for each application."""

from __future__ import annotations

from pathlib import Path

from devserver.voiceapp.confirmed import FILE, confirm, is_confirmed
from tests.fakes.callback_api import KEY


def test_it_is_remembered_for_one_application_in_any_spelling(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    assert not is_confirmed(folder, KEY)
    confirm(folder, KEY)
    confirm(folder, "another")
    assert is_confirmed(folder, KEY.lower())
    assert is_confirmed(folder, "another")
    assert not is_confirmed(folder, "a third")
    assert (folder / FILE).stat().st_mode & 0o777 == 0o600


def test_a_damaged_file_means_that_it_is_asked_again(tmp_path: Path) -> None:
    for content in (b"{", b"[]", b'{"a": 1}', b"\xff"):
        (tmp_path / FILE).write_bytes(content)
        assert not is_confirmed(tmp_path, "a")
    confirm(tmp_path, "a")
    assert is_confirmed(tmp_path, "a")


def test_where_nothing_can_be_written_it_is_asked_again(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("this is a file")
    confirm(tmp_path / "state", "a")
    assert not is_confirmed(tmp_path / "state", "a")
