"""Trouble is told once for each kind, and once when it is over."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from devserver.clock import ManualClock
from devserver.recorder.trouble import Trouble

FILE = Path("/project/.fn/recordings.db")


def made() -> tuple[Trouble, ManualClock, list[str]]:
    said: list[str] = []
    clock = ManualClock()
    return Trouble(FILE, clock, said.append), clock, said


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "it is read-only"), (errno.EIO, "Input/output error")],
)
def test_an_error_of_the_system_is_a_sentence_with_what_to_do(number: int, words: str) -> None:
    trouble, _, said = made()
    trouble.happened(OSError(number, "Input/output error"))
    assert said[0].startswith(f"Recording to {FILE} does not work: {words}. Calls go on unrecorded. ")


def test_each_kind_is_told_once_and_again_after_it_worked() -> None:
    trouble, _, said = made()
    for number in (errno.ENOSPC, errno.ENOSPC, errno.EROFS, errno.ENOSPC):
        trouble.happened(OSError(number, ""))
    assert len(said) == 2
    trouble.over()
    trouble.over()
    assert said[2:] == ["Recording works again. Nothing was lost."]
    trouble.happened(OSError(errno.ENOSPC, ""))
    assert len(said) == 4


def test_the_pause_doubles_up_to_half_a_minute_and_ends_with_the_trouble() -> None:
    trouble, clock, _ = made()
    assert trouble.pause() == 0
    pauses = []
    for _ in range(10):
        trouble.happened(OSError(errno.EIO, ""))
        pauses.append(trouble.pause())
        clock.advance(trouble.pause())
        assert trouble.pause() == 0
    assert pauses[:3] == pytest.approx([0.25, 0.5, 1.0])
    assert pauses[-1] == pytest.approx(30)
    trouble.over()
    assert trouble.pause() == 0


@pytest.mark.parametrize(
    ("lost", "words"), [(1, "1 exchange was not recorded."), (5, "5 exchanges were not recorded.")]
)
def test_what_was_lost_is_counted(lost: int, words: str) -> None:
    trouble, _, said = made()
    trouble.lost = lost
    trouble.over()
    trouble.ended()
    assert said == [f"Recording works again. {words}"]
