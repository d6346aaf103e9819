from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.runtime.backends.folders import Refused, check, locate, names

BAD_NAMES: list[tuple[Any, str]] = [
    ("", "is empty"),
    (None, "is a NoneType, and must be a text"),
    (b"a", "is a bytes"),
    ("..", "contains '..'"),
    ("../secret", "contains '..'"),
    ("a/../../secret", "contains '..'"),
    ("a/..", "contains '..'"),
    (".", "contains '.'"),
    ("./a", "contains '.'"),
    ("/etc/passwd", "is absolute"),
    ("//server/share", "is absolute"),
    ("a//b", "has an empty part"),
    ("a/", "has an empty part"),
    ("a\0b", "contains a NUL"),
    ("a\nb", "contains a control character"),
    ("a\x7f", "contains a control character"),
    ("a\\b", "contains a backslash"),
    ("..\\secret", "contains a backslash"),
    ("C:/windows", "contains the drive letter C:"),
    ("c:secret", "contains the drive letter c:"),
    ("a/z:b", "contains the drive letter z:"),
    ("CON", "a device on Windows"),
    ("logs/nul.txt", "a device on Windows"),
    ("Com1", "a device on Windows"),
    ("lpt9.tar.gz", "a device on Windows"),
    (".fn-write-abc", "are ours"),
    ("x" * 256, "has a part of 256 bytes, and the limit is 255"),
    ("é" * 128, "has a part of 256 bytes"),
    ("a/" * 512 + "b", "is 1025 bytes long, and the limit is 1024"),
    ("\ud800", "not valid Unicode"),
]
GOOD_NAMES = [
    "a",
    "a/b/c.txt",
    "..a",
    "a..b",
    "...",
    ".env",
    "ż/📞.mp3",
    "call:1",
    "console",
    "com10",
    "x" * 255,
    "a b",
]


@pytest.mark.parametrize(("name", "why"), BAD_NAMES, ids=[ascii(name)[:20] for name, _ in BAD_NAMES])
def test_a_dangerous_name_is_refused_with_its_rule(tmp_path: Path, name: Any, why: str) -> None:
    with pytest.raises(Refused) as caught:
        locate(tmp_path, name)

    assert why in str(caught.value)


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_an_ordinary_name_stays_inside(tmp_path: Path, name: str) -> None:
    assert locate(tmp_path, name) == tmp_path / name


@given(name=st.text(alphabet=st.sampled_from("ab./\\:\0 ~C"), max_size=12))
def test_no_accepted_name_leads_out(name: str) -> None:
    try:
        check(name)
    except Refused:
        return
    parts = PurePosixPath("/root", name).parts
    assert parts[:2] == ("/", "root")
    assert ".." not in parts
    assert "/root/" + name == str(PurePosixPath("/root", name))


def test_a_linked_file_that_leads_out_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "storage"
    root.mkdir()
    (tmp_path / "secret").write_text("x")
    (root / "link").symlink_to(tmp_path / "secret")

    with pytest.raises(Refused, match="leads out of storage/ by a symbolic link"):
        locate(root, "link")


def test_a_linked_folder_that_leads_out_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "storage"
    root.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (root / "folder").symlink_to(tmp_path / "elsewhere")

    for name in ("folder/new", "folder/deep/new", "folder"):
        with pytest.raises(Refused, match="symbolic link"):
            locate(root, name)


def test_a_folder_whose_name_begins_alike_is_outside(tmp_path: Path) -> None:
    root = tmp_path / "storage"
    root.mkdir()
    (tmp_path / "storage-of-others").mkdir()
    (root / "link").symlink_to(tmp_path / "storage-of-others")

    with pytest.raises(Refused, match="symbolic link"):
        locate(root, "link/a")


def test_a_link_that_stays_inside_is_fine(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    (tmp_path / "link").symlink_to("a")

    assert locate(tmp_path, "link").read_text() == "x"
    assert sorted(names(tmp_path)) == ["a", "link"]


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a").write_text("x")
    root = tmp_path / "storage"
    root.symlink_to(tmp_path / "real")

    assert locate(root, "a").read_text() == "x"
    assert list(names(root)) == ["a"]


def test_names_are_the_files_that_can_be_located(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("x", "a/y", "a/b/z", "nul", ".fn-write-1", "back\\slash"):
        (tmp_path / name).write_text("x")
    (tmp_path / "out").symlink_to("/")
    (tmp_path / "dangling").symlink_to("nobody")

    assert sorted(names(tmp_path)) == ["a/b/z", "a/y", "x"]


def test_a_folder_that_is_not_there_has_no_names(tmp_path: Path) -> None:
    assert not list(names(tmp_path / "none"))
