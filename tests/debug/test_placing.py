from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from devserver.debug import placing as placing_of
from devserver.debug.placing import Placing

TEXT = "one\ntwo\nthree\nfour\n"
LONG_AGO, SOON = 0.0, 1e12  # seconds since 1970


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path.resolve() / "function.py"
    path.write_text(TEXT)
    return path


def told(path: Path, *lines: int) -> dict[str, object]:
    return {"source": {"path": str(path)}, "breakpoints": [{"line": line} for line in lines]}


def moved(path: Path) -> None:
    path.write_text("new\n" + TEXT)


async def waits(placing: Placing, path: Path, saved: float = SOON) -> bool:
    """Whether a load would wait for a word of the client."""
    waiting = asyncio.create_task(placing.settle({str(path): saved}))
    for _ in range(3):
        await asyncio.sleep(0)
    done = waiting.done()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    return not done


async def test_files_without_breakpoints_wait_for_nobody(file: Path) -> None:
    placing = Placing()
    placing.asked("one", 1, told(file.with_name("other.py"), 3))
    placing.asked("one", 2, told(file, 3))
    placing.asked("one", 3, told(file))
    for number in (2, 3):
        placing.answered("one", number)
    moved(file)

    assert not await waits(placing, file)


async def test_a_save_that_leaves_the_lines_where_they_are_waits_for_nobody(file: Path) -> None:
    placing = Placing()
    placing.asked("one", 1, told(file, 2, 99))
    placing.answered("one", 1)
    file.write_text(TEXT.replace("three", "3") + "more\n")

    assert not await waits(placing, file)


async def test_one_that_moves_them_waits_until_the_client_has_told_and_the_code_knows(file: Path) -> None:
    placing = Placing()
    placing.asked("one", 1, told(file, 3))
    placing.answered("one", 1)
    moved(file)
    assert await waits(placing, file)
    waiting = asyncio.create_task(placing.settle({str(file): time.time()}))
    await asyncio.sleep(0)

    placing.asked("one", 2, told(file, 4))
    await asyncio.sleep(0)
    assert not waiting.done()
    placing.answered("one", 2)
    began = time.monotonic()
    await waiting
    assert time.monotonic() - began < 0.05

    moved(file)
    assert not await waits(placing, file, LONG_AGO), "told after that save"


async def test_who_says_nothing_is_waited_for_a_moment_only(file: Path) -> None:
    placing = Placing()
    placing.asked("one", 1, told(file, 3))
    placing.answered("one", 1)
    moved(file)
    began = time.monotonic()
    await placing.settle({str(file): SOON})

    assert 0.05 < time.monotonic() - began < 5


async def test_what_was_told_even_before_the_save_was_seen_is_waited_for_until_the_code_knows_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing_of, "_SILENCE", 0.0)
    placing = Placing()
    moved(file)
    placing.asked("one", 1, told(file, 4))
    waiting = asyncio.create_task(placing.settle({str(file): LONG_AGO}))
    await asyncio.wait({waiting}, timeout=0.05)
    assert not waiting.done()
    placing.answered("one", 1)
    async with asyncio.timeout(0.5):
        await waiting


async def test_who_has_gone_is_not_waited_for(file: Path) -> None:
    placing = Placing()
    placing.asked("one", 1, told(file, 3))
    placing.forget("one")
    moved(file)

    assert not await waits(placing, file)


async def test_a_file_is_the_same_by_another_path(file: Path) -> None:
    placing = Placing()
    file.parent.with_name("link").symlink_to(file.parent)
    placing.asked("one", 1, told(file.parent.with_name("link") / "function.py", 3))
    moved(file)

    assert await waits(placing, file)


async def test_a_file_that_is_gone_has_moved_its_lines(file: Path) -> None:
    placing = Placing()
    placing.asked("one", 1, told(file, 3))
    file.unlink()

    assert await waits(placing, file)


async def test_every_session_must_have_been_told(file: Path) -> None:
    placing = Placing()
    for session in ("one", "two"):
        placing.asked(session, 1, told(file, 3))
        placing.answered(session, 1)
    moved(file)
    saved = time.time()
    placing.asked("one", 2, told(file, 4))
    placing.answered("one", 2)
    assert await waits(placing, file, saved)

    placing.forget("two")
    assert not await waits(placing, file, saved)
