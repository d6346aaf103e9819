from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from devserver.session.linking import link


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "file"
    file.write_text("one")
    return file


def test_it_is_a_second_name_and_no_copy(file: Path, tmp_path: Path) -> None:
    link(file, tmp_path / "second")

    assert (tmp_path / "second").samefile(file)


def test_of_a_symbolic_link_it_is_the_file_that_this_leads_to(file: Path, tmp_path: Path) -> None:
    (tmp_path / "symbolic").symlink_to("file")
    link(tmp_path / "symbolic", tmp_path / "second")

    assert not (tmp_path / "second").is_symlink()
    assert (tmp_path / "second").samefile(file)


def test_where_there_are_no_hard_links_it_is_a_copy(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    link(file, tmp_path / "second")

    assert (tmp_path / "second").read_text() == "one"
    assert not (tmp_path / "second").samefile(file)


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        link(tmp_path / "file", tmp_path / "second")

    assert list(tmp_path.iterdir()) == []
