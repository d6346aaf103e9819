from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from devserver.cli.cloud import cloud
from devserver.cloud.state import CloudState
from devserver.cloud.voice_recordings import FOLDER


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("VOICE_APPLICATION_KEY", "VOICE_APPLICATION_SECRET"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "sinch.json").write_text('{"name": "fn"}')
    (tmp_path / "function.py").write_text("")
    return tmp_path


def run(folder: Path, *arguments: str) -> str:
    result = CliRunner().invoke(cloud, [*arguments, "--dir", str(folder)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_project_without_a_voice_app_is_told_the_made_up_one_every_time(folder: Path) -> None:
    first = json.loads(run(folder, "application", "--json"))

    assert json.loads(run(folder, "application", "--json")) == first
    assert first["url"] is None
    assert f"secret  {first['secret']}" in run(folder, "application")


def test_a_project_with_a_voice_app_is_told_its_own(folder: Path) -> None:
    (folder / ".env").write_text("VOICE_APPLICATION_KEY=key\nVOICE_APPLICATION_SECRET=c2VjcmV0\n")

    assert json.loads(run(folder, "application", "--json")) == {"key": "key", "secret": "c2VjcmV0", "url": None}


def test_a_reset_forgets_what_is_configured_and_keeps_the_application(folder: Path) -> None:
    before = run(folder, "application")
    state = CloudState(folder / ".fn")
    state.put("voice", "number", {"a": 1, "b": 2})
    state.close()
    (folder / ".fn" / FOLDER).mkdir()
    (folder / ".fn" / FOLDER / "a.mp3").write_bytes(b"x")

    assert "2 settings and 1 recording are gone" in run(folder, "reset")
    assert json.loads(run(folder, "reset", "--json")) == {"entries": 0, "recordings": 0}
    assert run(folder, "application") == before


def test_a_reset_where_nothing_ever_ran_makes_nothing(folder: Path) -> None:
    run(folder, "reset")

    assert not (folder / ".fn").exists()
