from __future__ import annotations

import json
from pathlib import Path

from devserver.session.launch_file import offer


def folder(path: Path) -> Path:
    (path / ".fn").mkdir()
    return path


def test_it_is_written_where_there_is_none(tmp_path: Path) -> None:
    root = folder(tmp_path)

    assert offer(root, 5999) == ".vscode/launch.json was written."
    found = json.loads((root / ".vscode" / "launch.json").read_text())
    assert found["configurations"][0]["connect"]["port"] == 5999
    assert offer(root, 5999) == ""


def test_it_is_extended_and_keeps_its_rights_and_its_link(tmp_path: Path) -> None:
    root = folder(tmp_path)
    (root / ".vscode").mkdir()
    (root / "shared.json").write_text('{ // mine\n  "configurations": []\n}\n')
    (root / "shared.json").chmod(0o640)
    (root / ".vscode" / "launch.json").symlink_to(root / "shared.json")

    assert offer(root, 5678) == ".vscode/launch.json has two configurations more."
    assert (root / ".vscode" / "launch.json").is_symlink()
    assert (root / "shared.json").stat().st_mode & 0o777 == 0o640
    assert (root / "shared.json").read_text().startswith('{ // mine\n  "configurations": [\n')
    assert sorted(path.name for path in root.iterdir()) == [".fn", ".vscode", "shared.json"]


def test_one_that_has_them_is_not_touched(tmp_path: Path) -> None:
    root = folder(tmp_path)
    (root / ".vscode").mkdir()
    file = root / ".vscode" / "launch.json"
    file.write_text('{"configurations":[{"name":"fn dev: attach"},{"name":"fn dev: start and attach"}]}')
    before = file.stat()

    assert offer(root, 5678) == ""
    assert file.stat() == before


def test_what_cannot_be_read_is_left_alone_and_tried_again(tmp_path: Path) -> None:
    root = folder(tmp_path)
    (root / ".vscode").mkdir()
    file = root / ".vscode" / "launch.json"
    for data in (b"{ nonsense", b"\xff\xfe\x00"):
        file.write_bytes(data)
        assert "was left alone" in offer(root, 5678)
        assert file.read_bytes() == data
    file.unlink()
    assert offer(root, 5678) == ".vscode/launch.json was written."


def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    root = folder(tmp_path)
    (root / ".vscode").write_text("a file")

    assert offer(root, 5678).startswith(".vscode/launch.json cannot be written: ")
