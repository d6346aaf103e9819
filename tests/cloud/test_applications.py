from __future__ import annotations

from pathlib import Path

import pytest

from devserver.cloud.applications import FILE, application_of
from devserver.cloud.auth import Application
from devserver.errors import FnError
from devserver.signing import decode_secret


def test_the_projects_application_is_taken_and_nothing_is_written(tmp_path: Path) -> None:
    assert application_of(tmp_path, "key", "c2VjcmV0") == Application("key", "c2VjcmV0")
    assert list(tmp_path.iterdir()) == []


def test_a_project_without_one_gets_one_that_stays_the_same_and_is_private(tmp_path: Path) -> None:
    first = application_of(tmp_path, None, None)

    assert application_of(tmp_path, None, None) == first
    assert len(decode_secret(first.secret)) == 16
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_two_projects_have_different_ones(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    one, other = (application_of(folder, None, None) for folder in folders)

    assert one.key != other.key
    assert one.secret != other.secret


def test_only_the_missing_half_is_made_up(tmp_path: Path) -> None:
    assert application_of(tmp_path, "key", None).key == "key"
    assert application_of(tmp_path, None, "c2VjcmV0").secret == "c2VjcmV0"


@pytest.mark.parametrize("content", [b"", b"{", b'{"key": ""}', b'{"key": "", "secret": ""}', b"\xff", b"[]"])
def test_a_broken_file_is_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    made = application_of(tmp_path, None, None)

    assert made.key
    assert made.secret
    assert application_of(tmp_path, None, None) == made


def test_a_folder_that_cannot_be_written_is_an_error_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FnError, match="cannot be written"):
        application_of(tmp_path / "missing", None, None)
