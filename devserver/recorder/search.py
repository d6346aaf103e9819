"""Full-text search over what was recorded: prompts, numbers, logs, errors, keys, call ids and paths.

The newest come first and nothing is ranked: somebody who searches recordings looks for the call of a moment ago. All
words must occur. What the index proposes is looked at once more, so that what was deleted is never shown.
"""

from __future__ import annotations

import asyncio
import heapq
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from devserver.errors import FnError
from devserver.recorder.exchange import Exchange, Summary
from devserver.recorder.index import Index, NoRecordings, Progress, remove
from devserver.recorder.schema import is_damaged
from devserver.recorder.terms import Term, expression, match, terms

_IDLE_LOOK = 1.0  # seconds between looks whether there is time for indexing
_REST = 15.0  # seconds between looks whether there is something to index


class Found(msgspec.Struct, frozen=True):
    """A recording, and the piece of it that has what was asked for, such as `prompt: Press 1 for sales.`."""

    summary: Summary
    match: str


def search(
    folder: Path, texts: Sequence[str], *, limit: int, event: str | None = None, progress: Progress | None = None
) -> list[Found]:
    """The newest exchanges that hold all words; first, what is not indexed yet is.

    Args:
        folder: the project's `.fn`.
        texts: words; a number in any spelling, or its last four, seven or more digits; `sal*` for a beginning.
        limit: how many at most.
        event: only this voice event.
        progress: told while it indexes.

    Raises:
        FnError: there is nothing to search for, or a file cannot be read.
    """
    wanted = terms(texts)
    if not wanted:
        raise FnError(f'"{" ".join(texts)}" has no letter and no digit.', hint="Search for a word or a number.")
    try:
        with Index(folder) as index:
            index.catch_up(progress=progress)
            return [found for _, found in zip(range(limit), _matches(index, wanted, event), strict=False)]
    except NoRecordings:
        remove(folder)
        return []
    except sqlite3.Error as error:
        hint = "`fn recordings verify` says more." if is_damaged(error) else "Try again."
        raise FnError(f"The recordings cannot be searched: {error}.", hint=hint) from error


def _matches(index: Index, wanted: Sequence[Term], event: str | None) -> Iterator[Found]:
    for seq in heapq.merge(index.pending(), index.find(expression(wanted, event)), reverse=True):
        exchange = index.exchange(seq)
        if exchange is None or (event and exchange.event != event):
            continue
        if text := match(exchange, wanted):
            yield Found(_summary(exchange), text)


def _summary(exchange: Exchange) -> Summary:
    return Summary(
        id=exchange.id,
        callid=exchange.callid,
        event=exchange.event,
        source=exchange.source,
        method=exchange.request.method,
        path=exchange.request.path,
        status=exchange.answer.status if exchange.answer else None,
        at=exchange.at,
        ms=exchange.ms,
    )


async def keep_indexed(folder: Path, is_idle: Callable[[], bool]) -> None:
    """Index while nobody calls, until cancelled; trouble is left to the search that somebody waits for.

    It works in a thread, and stops in the middle of a bite as soon as `is_idle` says no: indexing must not cost a call
    anything.

    Args:
        folder: the project's `.fn`.
        is_idle: whether no request is in hand and none came for a moment; called from the thread, so it must only look.
    """
    while True:
        is_all = await asyncio.to_thread(_index_while, folder, is_idle) if is_idle() else False
        await asyncio.sleep(_REST if is_all else _IDLE_LOOK)


def _index_while(folder: Path, is_idle: Callable[[], bool]) -> bool:
    """Whether everything is indexed, or cannot be for now."""
    try:
        with Index(folder) as index:
            return index.catch_up(is_idle)
    except (sqlite3.Error, OSError, FnError):
        return True
