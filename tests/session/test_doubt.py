"""With real files: what is tested is when a version is judged, and that one which moves on is not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from devserver.session import doubt
from devserver.session.doubt import Doubt, moves_on
from devserver.session.freshness import Version, version_of
from tests.session.hosts import PATIENCE


@pytest.fixture
def code(tmp_path: Path) -> Path:
    path = tmp_path / "function.py"
    path.write_text("async def ice(context, ev")
    return path


def versions(*paths: Path) -> dict[str, Version]:
    return {str(path): version_of(str(path)) for path in paths}


def judged() -> tuple[Doubt, list[Mapping[str, Version]], asyncio.Event]:
    """A doubt, what it has let be judged, and the news of it."""
    seen: list[Mapping[str, Version]] = []
    news = asyncio.Event()

    def judge(of: Mapping[str, Version]) -> None:
        seen.append(of)
        news.set()

    return Doubt(judge), seen, news


async def test_a_file_that_grows_moves_on_at_once(code: Path) -> None:
    waiting = asyncio.create_task(moves_on(versions(code), PATIENCE))
    await asyncio.sleep(0)
    code.write_text("async def ice(context, event): return 1\n")

    async with asyncio.timeout(PATIENCE / 2):
        assert await waiting


async def test_a_file_that_is_removed_moves_on_too(code: Path) -> None:
    before = versions(code)
    code.unlink()

    assert await moves_on(before, PATIENCE)


async def test_files_that_are_still_do_not_move_on(code: Path, tmp_path: Path) -> None:
    assert not await moves_on(versions(code, tmp_path / "not-there.py"), 0.01)


async def test_a_version_that_stays_is_judged_and_from_then_on_settled(code: Path) -> None:
    doubtful, seen, news = judged()
    version = versions(code)
    doubtful.begin(version)
    assert not doubtful.is_settled(version)
    async with asyncio.timeout(PATIENCE):
        await news.wait()

    assert seen == [version]
    assert doubtful.is_settled(versions(code))
    code.write_text("more of it")
    assert not doubtful.is_settled(versions(code))


async def test_a_version_that_has_moved_on_is_never_judged(code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doubt, "STILL", 0.0)
    doubtful, seen, news = judged()
    old = versions(code)
    code.write_text("async def ice(context, event): return 1\n")
    doubtful.begin(old)
    await asyncio.sleep(0.01)  # longer than it has to be still
    assert seen == []

    doubtful.begin(versions(code))
    await news.wait()
    assert seen == [versions(code)]


async def test_what_has_been_decided_meanwhile_is_not_judged(code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doubt, "STILL", 0.0)
    doubtful, seen, _ = judged()
    doubtful.begin(versions(code))
    doubtful.over()
    await asyncio.sleep(0.01)  # longer than it has to be still

    assert seen == []


async def test_the_newest_doubt_takes_the_place_of_the_one_before(code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doubt, "STILL", 0.0)
    doubtful, seen, news = judged()
    doubtful.begin({})
    doubtful.begin(versions(code))
    await news.wait()
    await asyncio.sleep(0.01)

    assert seen == [versions(code)]
