from __future__ import annotations

import asyncio
import time
from pathlib import Path

from devserver.debug.placing import Placing


def told(path: Path, *lines: int) -> dict[str, object]:
    return {"source": {"path": str(path)}, "breakpoints": [{"line": line} for line in lines]}


async def took(placing: Placing, saved: dict[str, float]) -> float:
    began = asyncio.get_running_loop().time()
    await placing.settle(saved)
    return asyncio.get_running_loop().time() - began


async def test_files_without_breakpoints_wait_for_nobody(tmp_path: Path) -> None:
    placing = Placing()
    placing.asked(told(tmp_path / "other.py", 3), 1)
    placing.asked(told(tmp_path / "function.py", 3), 2)
    placing.asked(told(tmp_path / "function.py"), 3)

    assert await took(placing, {str(tmp_path / "function.py"): time.time() + 100}) < 0.01


async def test_a_save_waits_until_the_client_has_told_and_the_code_knows(tmp_path: Path) -> None:
    placing, path = Placing(), str(tmp_path / "function.py")
    placing.asked(told(tmp_path / "function.py", 3), 1)
    placing.answered(1)
    saved = time.time()
    waiting = asyncio.create_task(placing.settle({path: saved}))
    await asyncio.sleep(0)
    assert not waiting.done()

    placing.asked(told(tmp_path / "function.py", 4), 2)
    await asyncio.sleep(0)
    assert not waiting.done()
    placing.answered(2)
    began = time.monotonic()
    await waiting

    assert time.monotonic() - began < 0.01


async def test_who_says_nothing_is_waited_for_a_moment_only(tmp_path: Path) -> None:
    placing = Placing()
    placing.asked(told(tmp_path / "function.py", 3), 1)
    placing.answered(1)

    assert 0.01 < await took(placing, {str(tmp_path / "function.py"): time.time() + 100}) < 2


async def test_who_has_gone_is_not_waited_for(tmp_path: Path) -> None:
    placing = Placing()
    placing.asked(told(tmp_path / "function.py", 3), 1)
    placing.forget()

    assert await took(placing, {str(tmp_path / "function.py"): time.time() + 100}) < 0.01


async def test_a_file_is_the_same_by_another_path(tmp_path: Path) -> None:
    placing = Placing()
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    placing.asked(told(tmp_path / "link" / "function.py", 3), 1)

    assert await took(placing, {str(tmp_path / "real" / "function.py"): time.time() + 100}) > 0.01
