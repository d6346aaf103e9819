from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

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


class Editing:
    """One session of a client; what is told in its place is written down and can be answered."""

    def __init__(self, *, fresh: bool = True) -> None:
        self.fresh = fresh
        self.placed: list[dict[str, Any]] = []
        self.asked = asyncio.Event()

    def place(self, arguments: dict[str, Any]) -> int:
        self.placed.append(arguments)
        self.asked.set()
        return 1000 + len(self.placed)

    def lines(self) -> list[list[int]]:
        return [[point["line"] for point in arguments["breakpoints"]] for arguments in self.placed]


@pytest.fixture
def one() -> Editing:
    return Editing()


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


async def test_files_without_breakpoints_wait_for_nobody(file: Path, one: Editing) -> None:
    placing = Placing()
    placing.asked(one, 1, told(file.with_name("other.py"), 3))
    placing.asked(one, 2, told(file, 3))
    placing.asked(one, 3, told(file))
    for number in (2, 3):
        placing.answered(one, number)
    moved(file)

    assert not await waits(placing, file)


async def test_a_save_that_leaves_the_lines_where_they_are_waits_for_nobody(file: Path, one: Editing) -> None:
    placing = Placing()
    placing.asked(one, 1, told(file, 2, 99))
    placing.answered(one, 1)
    file.write_text(TEXT.replace("three", "3") + "more\n")

    assert not await waits(placing, file)


async def test_one_that_moves_them_waits_until_the_client_has_told_and_the_code_knows(file: Path, one: Editing) -> None:
    placing = Placing()
    placing.asked(one, 1, told(file, 3))
    placing.answered(one, 1)
    moved(file)
    assert await waits(placing, file)
    waiting = asyncio.create_task(placing.settle({str(file): time.time()}))
    await asyncio.sleep(0)

    placing.asked(one, 2, told(file, 4))
    await asyncio.sleep(0)
    assert not waiting.done()
    placing.answered(one, 2)
    began = time.monotonic()
    await waiting
    assert time.monotonic() - began < 0.05

    moved(file)
    assert not await waits(placing, file, LONG_AGO), "told after that save"


async def test_who_says_nothing_is_waited_for_a_moment_and_its_breakpoints_go_with_their_lines(
    file: Path, one: Editing
) -> None:
    placing, loaded = Placing(), Editing(fresh=False)
    for session in (one, loaded):
        placing.asked(session, 1, {**told(file, 2, 3), "lines": [2, 3], "sourceModified": True})
        placing.answered(session, 1)
    file.write_text("new\n" + TEXT.replace("three", "between\nthree"))
    began = time.monotonic()
    settling = asyncio.create_task(placing.settle({str(file): SOON}))
    await asyncio.wait({settling}, timeout=0.3)

    assert one.placed == [told(file, 3, 5)]
    assert not loaded.placed, "what has loaded its code keeps the lines of that"
    assert not settling.done(), "until the code knows"
    placing.answered(one, 1001)
    await settling
    assert 0.05 < time.monotonic() - began < 5


async def test_who_said_nothing_once_is_not_waited_for_until_it_says_something(file: Path, one: Editing) -> None:
    placing = Placing()
    placing.asked(one, 1, told(file, 3))
    placing.answered(one, 1)
    moved(file)
    await asyncio.gather(placing.settle({str(file): SOON}), answering(placing, one))

    file.write_text("newer\nnew\n" + TEXT)
    settling = asyncio.create_task(placing.settle({str(file): SOON}))
    await asyncio.sleep(0)
    assert one.lines() == [[4], [5]], "at once"
    placing.answered(one, 1002)
    await settling

    placing.asked(one, 2, told(file, 5))
    placing.answered(one, 2)
    file.write_text("newest\nnewer\nnew\n" + TEXT)
    assert await waits(placing, file)
    assert one.lines() == [[4], [5]]


async def test_breakpoints_whose_lines_were_gone_go_home_when_they_are_back(file: Path, one: Editing) -> None:
    placing = Placing()
    placing.asked(one, 1, told(file, 2, 3))
    placing.answered(one, 1)
    for text in ("half of a", "other\nother\n", "new\n" + TEXT.replace("three", "3")):
        file.write_text(text)
        await asyncio.gather(placing.settle({str(file): SOON}), answering(placing, one))
    assert one.lines()[-1] == [3, 4], "the one that is there, and the one in whose place something came"


@pytest.mark.parametrize(
    ("first", "typing", "expected"),
    [
        ([3], [4], None),  # told as it moves in the editor
        ([2, 3], [3, 4], None),
        ([2, 3], [3, 4, 1], None),
        ([3], [3, 2], [4, 3]),  # one more, in the file as it is
        ([3], [3, 4], [4, 5]),
        ([3], [2], [3]),  # another one
    ],
)
async def test_what_was_told_while_somebody_typed_is_not_moved_again(
    file: Path, one: Editing, first: list[int], typing: list[int], expected: list[int] | None
) -> None:
    placing, other = Placing(), Editing()
    placing.asked(one, 1, told(file, *first))
    placing.asked(other, 1, told(file, *typing))  # a new session, before the file is saved
    placing.asked(one, 2, told(file, *typing))
    for session, number in ((one, 1), (one, 2), (other, 1)):
        placing.answered(session, number)
    moved(file)
    settling = asyncio.create_task(placing.settle({str(file): SOON}))
    if expected is not None:
        await asyncio.gather(answering(placing, one), answering(placing, other))
    await settling

    assert one.lines() == other.lines() == ([] if expected is None else [expected])


async def test_another_client_is_waited_for_again(file: Path, one: Editing) -> None:
    placing, other = Placing(), Editing()
    placing.asked(one, 1, told(file, 3))
    placing.answered(one, 1)
    moved(file)
    await asyncio.gather(placing.settle({str(file): SOON}), answering(placing, one))
    placing.forget(one)

    placing.asked(other, 1, told(file, 4))
    placing.answered(other, 1)
    file.write_text("newer\nnew\n" + TEXT)
    assert await waits(placing, file)


async def answering(placing: Placing, session: Editing) -> None:
    """The code knows the first that was told in the client's place."""
    await session.asked.wait()
    placing.answered(session, 1001)


async def test_what_was_told_even_before_the_save_was_seen_is_waited_for_until_the_code_knows_it(
    file: Path, one: Editing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing_of, "_SILENCE", 0.0)
    placing = Placing()
    moved(file)
    placing.asked(one, 1, told(file, 4))
    waiting = asyncio.create_task(placing.settle({str(file): LONG_AGO}))
    await asyncio.wait({waiting}, timeout=0.05)
    assert not waiting.done()
    placing.answered(one, 1)
    async with asyncio.timeout(0.5):
        await waiting


async def test_who_has_gone_is_not_waited_for(file: Path, one: Editing) -> None:
    placing = Placing()
    placing.asked(one, 1, told(file, 3))
    placing.forget(one)
    moved(file)

    assert not await waits(placing, file)


async def test_a_file_is_the_same_by_another_path(file: Path, one: Editing) -> None:
    placing = Placing()
    file.parent.with_name("link").symlink_to(file.parent)
    placing.asked(one, 1, told(file.parent.with_name("link") / "function.py", 3))
    moved(file)

    assert await waits(placing, file)


async def test_a_file_that_is_gone_has_no_lines_to_move(file: Path, one: Editing) -> None:
    placing = Placing()
    placing.asked(one, 1, told(file, 3))
    placing.answered(one, 1)
    file.unlink()

    assert not await waits(placing, file)


async def test_every_session_must_have_been_told(file: Path, one: Editing) -> None:
    placing, two = Placing(), Editing()
    for session in (one, two):
        placing.asked(session, 1, told(file, 3))
        placing.answered(session, 1)
    moved(file)
    saved = time.time()
    placing.asked(one, 2, told(file, 4))
    placing.answered(one, 2)
    assert await waits(placing, file, saved)

    placing.forget(two)
    assert not await waits(placing, file, saved)
