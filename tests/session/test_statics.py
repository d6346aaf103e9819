from __future__ import annotations

from pathlib import Path

import pytest

from devserver.session.statics import find_public


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "public" / "sounds").mkdir(parents=True)
    (tmp_path / "public" / "index.html").write_text("<h1>hello</h1>")
    (tmp_path / "public" / "sounds" / "ring ring.wav").write_bytes(b"RIFF")
    (tmp_path / "public" / ".secret").write_text("no")
    (tmp_path / "function.py").write_text("")
    (tmp_path / "public" / "leak").symlink_to(tmp_path / "function.py")
    return tmp_path


def test_a_file_is_found_by_its_decoded_name(root: Path) -> None:
    found = find_public(root, "/sounds/ring%20ring.wav", has_home=False)

    assert found == (root / "public" / "sounds" / "ring ring.wav").resolve()


def test_the_root_is_index_html_unless_the_function_has_a_home(root: Path) -> None:
    assert find_public(root, "/", has_home=False) == (root / "public" / "index.html").resolve()
    assert find_public(root, "/", has_home=True) is None


@pytest.mark.parametrize(
    "path", ["/../function.py", "/%2e%2e/function.py", "/sounds/..%2f..%2ffunction.py", "/leak", "/.secret", "/a%00b"]
)
def test_nothing_outside_the_folder_is_found(root: Path, path: str) -> None:
    assert find_public(root, path, has_home=False) is None


@pytest.mark.parametrize("path", ["/missing.txt", "/sounds", "/" + "x" * 5000])
def test_what_is_no_file_is_not_found(root: Path, path: str) -> None:
    assert find_public(root, path, has_home=False) is None
