from __future__ import annotations

import io
import json
from pathlib import Path
from types import CoroutineType

import pytest

from devserver.project.places import LEASES, state_folder
from devserver.session.beside import beside
from devserver.session.telling import Telling
from devserver.session.terms import Terms
from tests.session.public_session import make_project, public_session


@pytest.fixture
def left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A callback that an earlier session did not give back."""
    monkeypatch.setenv("FN_STATE_DIR", str(tmp_path / "state"))
    folder = state_folder({"FN_STATE_DIR": str(tmp_path / "state")}) / LEASES
    folder.mkdir(parents=True)
    (folder / "key.json").write_text("{}")


async def pieces(root: Path, *, wants_tunnel: bool) -> list[str]:
    async with public_session(root) as session:
        telling = Telling(Terms(root), io.StringIO(), str, lambda: None)
        works = list(beside(session.engine, telling, lambda: True, wants_tunnel=wants_tunnel))
        telling.close()
        for work in works:
            work.close()
    return [work.__name__ for work in works if isinstance(work, CoroutineType)]


@pytest.mark.usefixtures("left_behind")
async def test_files_are_watched_recordings_are_kept_tidy_and_what_was_left_is_given_back(tmp_path: Path) -> None:
    root = make_project(tmp_path / "demo")

    assert await pieces(root, wants_tunnel=False) == ["run", "keep_tidy", "keep_indexed", "settle_at_start"]


@pytest.mark.usefixtures("left_behind")
async def test_a_session_that_goes_public_settles_what_was_left_by_itself(tmp_path: Path) -> None:
    root = make_project(tmp_path / "demo")

    assert "settle_at_start" not in await pieces(root, wants_tunnel=True)


async def test_without_recordings_there_is_nothing_to_tidy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FN_STATE_DIR", str(tmp_path / "state"))
    root = make_project(tmp_path / "demo")
    (root / "sinch.json").write_text(json.dumps({"name": "demo", "dev": {"spares": 0, "record": False}}))

    assert await pieces(root, wants_tunnel=False) == ["run"]
