"""The bridge to `recorder.compare`: an old side and a new one, each an answer with its effects."""

from __future__ import annotations

from collections.abc import Sequence

from devserver.recorder.compare import Difference, answer_differences, differences
from devserver.recorder.exchange import Answer, Effect
from devserver.recorder.plain_effects import plain


def side_differences(
    old: Answer | None,
    old_effects: Sequence[Effect],
    new: Answer | None,
    new_effects: Sequence[Effect],
    *,
    event: str | None,
    ignore: Sequence[str],
) -> list[Difference]:
    """All differences, in words.

    Args:
        old: the expected answer; None when there was none.
        old_effects: what its handler did besides answering.
        new: the answer of today.
        new_effects: the same of it.
        event: the Voice event; None for what is no callback.
        ignore: rules for what may differ.
    """
    _ = ignore
    found = answer_differences(old, new, svaml=event is not None)
    return found + differences([plain(each) for each in old_effects], [plain(each) for each in new_effects])
