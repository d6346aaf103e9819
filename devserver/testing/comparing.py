"""The bridge to `recorder.replay`: an answer of a test as a run, so that what differs is said in the same words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from devserver.recorder.compare import Difference, Rules
from devserver.recorder.exchange import Answer as RecordedAnswer
from devserver.recorder.replay import Run, compared
from devserver.recorder.takes import Item

if TYPE_CHECKING:
    from devserver.testing.answer import Answer


def replay_differences(
    item: Item, answer: Answer, *, ignore: Sequence[str] = (), redact: Callable[[bytes], bytes] = bytes
) -> tuple[Difference, ...]:
    """What is different between a recorded request and its answer in a test.

    Args:
        item: with what was recorded.
        answer: of today.
        ignore: rules for what may differ, as for `fn replay --ignore`.
        redact: takes secrets out.
    """
    failure = answer.failure
    run = Run(
        id=answer.id,
        at=answer.at,
        answer=RecordedAnswer(answer.status, answer.headers, answer.body),
        effects=tuple(answer.effects),
        error=msgspec.to_builtins(failure) if failure else None,
    )
    return compared(item, run, redact, Rules.parse(ignore)).differences
