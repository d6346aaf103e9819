from __future__ import annotations

import json
from pathlib import Path

import pytest

from devserver.errors import ConfigError, FnError
from devserver.project.manifest import read_manifest
from devserver.project.preferences import store_tunnel_preference, tunnel_preference


def stored(folder: Path, text: str, value: str = "on") -> str:
    """What `sinch.json` holds after the answer was stored in it."""
    file = folder / "sinch.json"
    file.write_bytes(text.encode())
    store_tunnel_preference(folder, value)  # type: ignore[arg-type]
    return file.read_bytes().decode()


EDITS = {
    "in one line": ('{"name":"d"}', '{"name":"d", "tunnel":{"preference":"on"}}'),
    "in one line with spaces": ('{ "name": "d" }', '{ "name": "d", "tunnel": {"preference": "on"} }'),
    "in lines": (
        '{\n  "name": "d",\n  "variables": {"A": "1"}\n}\n',
        '{\n  "name": "d",\n  "variables": {"A": "1"},\n  "tunnel": {\n    "preference": "on"\n  }\n}\n',
    ),
    "of Windows, with tabs": (
        '{\r\n\t"name": "d"\r\n}\r\n',
        '{\r\n\t"name": "d",\r\n\t"tunnel": {\r\n\t\t"preference": "on"\r\n\t}\r\n}\r\n',
    ),
    "with a byte order mark": ('\ufeff{"name": "d"}', '\ufeff{"name": "d", "tunnel": {"preference": "on"}}'),
    "with an empty tunnel": ('{"tunnel": {}, "name": "d"}', '{"tunnel": {"preference": "on"}, "name": "d"}'),
    "with other keys there": (
        '{\n "name": "d",\n "tunnel": {\n  "mine": [1, 2]\n },\n "dev": {}\n}',
        '{\n "name": "d",\n "tunnel": {\n  "mine": [1, 2],\n  "preference": "on"\n },\n "dev": {}\n}',
    ),
    "with an answer": (
        '{"name": "d", "tunnel": {"preference" : "off", "mine": 1.50}, "x": 1e2}',
        '{"name": "d", "tunnel": {"preference" : "on", "mine": 1.50}, "x": 1e2}',
    ),
    "with null for an answer": (
        '{"name": "d", "tunnel": {"preference": null}}',
        '{"name": "d", "tunnel": {"preference": "on"}}',
    ),
    "with the word elsewhere": (
        '{"name": "d", "dev": {"tunnel": {"preference": "off"}}, "x": "\\"tunnel\\": {\\u00e9é"}',
        '{"name": "d", "dev": {"tunnel": {"preference": "off"}}, "x": "\\"tunnel\\": {\\u00e9é", "tunnel": {"preference": "on"}}',
    ),
    "with one key twice": (
        '{"name": "d", "tunnel": {"preference": "off"}, "tunnel": {"preference": "off"}}',
        '{"name": "d", "tunnel": {"preference": "off"}, "tunnel": {"preference": "on"}}',
    ),
}


@pytest.mark.parametrize(("before", "after"), EDITS.values(), ids=EDITS)
def test_the_answer_is_put_in_and_everything_else_stays_as_it_is(tmp_path: Path, before: str, after: str) -> None:
    assert stored(tmp_path, before) == after
    assert tunnel_preference(tmp_path) == "on"
    assert stored(tmp_path, after) == after


def test_what_is_stored_is_what_is_read(tmp_path: Path) -> None:
    stored(tmp_path, '{"name": "d"}', "off")

    assert tunnel_preference(tmp_path) == "off"
    assert read_manifest(tmp_path).manifest.tunnel.preference == "off"


@pytest.mark.parametrize(
    "text",
    ['{"name": "d", "tunnel": null}', '{"name": "d", "tunnel": "on"}', "[]", "", "{", '"x"', "{}", "[" * 100_000],
    ids=["null", "text", "list", "empty", "cut", "a text", "nothing", "deep"],
)
def test_a_file_that_cannot_be_edited_is_left_alone_and_the_error_says_what_to_write(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"sinch\.json .* so the answer is not kept") as refused:
        stored(tmp_path, text)

    assert '"tunnel": {"preference": "on"}' in refused.value.hint
    assert (tmp_path / "sinch.json").read_text() == text


def test_a_file_that_is_not_there_or_no_text_is_said_too(tmp_path: Path) -> None:
    with pytest.raises(FnError, match="cannot be read"):
        store_tunnel_preference(tmp_path, "on")
    (tmp_path / "sinch.json").write_bytes(b'{"name": "\xff"}')
    with pytest.raises(FnError):
        store_tunnel_preference(tmp_path, "on")


def test_permissions_and_links_stay(tmp_path: Path) -> None:
    real = tmp_path / "elsewhere.json"
    real.write_text('{"name": "d"}')
    real.chmod(0o640)
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "sinch.json").symlink_to(real)
    store_tunnel_preference(folder, "on")

    assert (folder / "sinch.json").is_symlink()
    assert json.loads(real.read_text())["tunnel"] == {"preference": "on"}
    assert real.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("text", "preference"),
    [
        ('{"name": "d"}', "unset"),
        ('{"name": "d", "tunnel": {}}', "unset"),
        ('{"name": "d", "tunnel": {"preference": "off"}}', "off"),
        ('{"name": "d", "tunnel": {"preference": "maybe"}}', "unknown"),
        ('{"name": "d", "tunnel": []}', "unknown"),
        ('{"runtime": "python"}', "unknown"),
        ("[]", "unknown"),
        ("{", "unknown"),
        (None, "unknown"),
    ],
)
def test_an_answer_is_only_missing_where_a_project_could_hold_one(
    tmp_path: Path, text: str | None, preference: str
) -> None:
    if text is not None:
        (tmp_path / "sinch.json").write_text(text)

    assert tunnel_preference(tmp_path) == preference
