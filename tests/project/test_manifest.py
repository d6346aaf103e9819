from __future__ import annotations

from pathlib import Path

import pytest

from devserver.errors import ConfigError
from devserver.project.manifest import ReadManifest, read_manifest


def read(folder: Path, text: str | bytes) -> ReadManifest:
    (folder / "sinch.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_manifest(folder)


def test_byte_order_mark_and_windows_line_ends_are_taken_as_meant(tmp_path: Path) -> None:
    text = b'\xef\xbb\xbf{\r\n"name": "fn",\r\n"description": "\xc3\xa5"}\r\n'
    assert read(tmp_path, text).manifest.description == "å"


def test_top_level_keys_that_are_not_ours_are_listed_and_those_of_the_platform_are_known(tmp_path: Path) -> None:
    found = read(tmp_path, '{"name": "fn", "projectId": "p", "createdResources": [], "foo": 1, "function_id": "x"}')
    assert found.unknown == ("foo", "function_id")
    assert found.manifest.function_id is None


@pytest.mark.parametrize("name", ["a", "A1", "pizza-line", "a.b_c", "x" * 63])
def test_sane_names_are_accepted(tmp_path: Path, name: str) -> None:
    assert read(tmp_path, f'{{"name": "{name}"}}').manifest.name == name


def test_a_variable_with_a_nul_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='variable "A" holds a NUL'):
        read(tmp_path, '{"name": "fn", "variables": {"A": "x\\u0000"}}')


def test_a_manifest_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "sinch.json").mkdir()
    with pytest.raises(ConfigError, match=r"sinch\.json cannot be read: Is a directory"):
        read_manifest(tmp_path)


def test_a_manifest_in_another_encoding_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"sinch\.json line 2: this is not UTF-8 text"):
        read(tmp_path, b'{"name": "fn",\n"description": "\xe5"}')
