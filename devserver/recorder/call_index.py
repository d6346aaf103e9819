"""Which calls were recorded, the newest first: a list that does not read the whole file when it can be helped.

There is no table of calls: keeping one would cost each callback, and a list is asked for now and then. So the newest
rows are walked backwards, which is all that ordinary calls need. When a few busy calls fill these rows, the index of
call ids gives the newest row of every other call by one seek each, and only for a great many calls behind a busy one
is that index read from end to end, some tenths of a second for a million rows.

A call is as new as its newest callback; replays do not count. It must not know whose connection it works on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush
from itertools import islice
from typing import Any

import msgspec

from devserver.recorder.calls import CallSummary, facts_of, went_wrong
from devserver.recorder.numbers import digits_of, is_about
from devserver.recorder.rows import Notes

Rows = Callable[..., list[tuple[Any, ...]]]
"""Runs SQL with values, and gives all rows."""

CallKey = str | bytes
"""A call id as it is in the file: bytes when it is not ASCII, see `rows`."""

_STEP = 256  # rows; each takes some 10 microseconds when the file is not in memory
_WALKED = 2048  # rows, after which the walk must have been worth it
_WORTH = 64  # rows a call
_SEEKS = 2000  # calls that are looked up one by one
_MOST = 1000  # callbacks of one call that are looked at; no telephone call has as many
_LAST = 20  # of a call that has more: its newest, to know how it ended
_LARGE = 1 << 16  # bytes; a larger callback is not read for a list
_END = 1 << 62  # above every seq
_BEYOND = "\U0010ffff"  # sorts after all that a call id may hold

_WALK = """
SELECT seq, callid FROM request
WHERE seq >= ? AND seq < ? AND +callid IS NOT NULL AND +source <> 'replay' ORDER BY seq DESC
"""
_EACH = """
WITH RECURSIVE call(name) AS (
  SELECT * FROM (SELECT callid FROM request WHERE callid IS NOT NULL ORDER BY callid LIMIT 1)
  UNION ALL
  SELECT (SELECT callid FROM request WHERE callid > call.name ORDER BY callid LIMIT 1) FROM call
  WHERE call.name IS NOT NULL LIMIT ?
)
SELECT (SELECT seq FROM request WHERE callid = call.name ORDER BY seq DESC LIMIT 1), name FROM call
WHERE name IS NOT NULL
"""
_ALL = "SELECT max(seq), callid FROM request WHERE callid IS NOT NULL GROUP BY callid"
_OWN = "SELECT seq FROM request WHERE callid = ? AND +source <> 'replay' ORDER BY seq DESC LIMIT 1"
# Only the first and the last callback of a call say who is on the line.
_ABOUT = f"""
SELECT seq, callid FROM request
WHERE seq < ? AND +event IN ('ice', 'dice') AND +callid IS NOT NULL AND +source <> 'replay'
  AND length(body) < {_LARGE} AND instr(lower(CAST(body AS TEXT)), ?) ORDER BY seq DESC LIMIT ?
"""  # noqa: S608 the number is ours
# Findings are among log lines and more: only what may hold an error is read.
_CALLBACKS = f"""
SELECT r.at, r.event, a.status, a.seq IS NOT NULL,
  CASE WHEN instr(a.notes, CAST('"severity":"error"' AS BLOB)) THEN a.notes END,
  CASE WHEN r.event IN ('ice', 'dice') AND length(r.body) < {_LARGE} THEN r.body ELSE x'' END
FROM request r LEFT JOIN answer a ON a.seq = r.seq
WHERE r.callid = ? AND +r.source <> 'replay' ORDER BY r.seq
"""  # noqa: S608 the number is ours
_decode_notes = msgspec.json.Decoder(Notes).decode


def newest_calls(rows: Rows, limit: int, before: str | None = None, number: str | None = None) -> list[CallSummary]:
    """Summaries of calls, the newest first.

    Args:
        rows: runs SQL on the recordings.
        limit: how many at most.
        before: a call id; only calls older than it.
        number: only calls from or to this number or name, of which a part will do. These are in the order of the
            callbacks that say so.
    """
    bound = _END if before is None else _own(rows, _key(before))
    if bound is None:
        return []
    found = _in_order(rows, bound) if number is None else _about(rows, bound, number)
    summaries = (_summary(rows, key) for key in found)
    wanted = (each for each in summaries if number is None or is_about(number, each.facts.from_, each.facts.to))
    return list(islice(wanted, limit))


def calls_beginning(rows: Rows, start: str) -> list[str]:
    """The call of this id; else those whose id begins so, two at most: there are several."""
    if rows("SELECT 1 FROM request WHERE callid = ? LIMIT 1", _key(start)):
        return [start]
    found = [*_between(rows, start, start + _BEYOND), *_between(rows, start.encode(), (start + _BEYOND).encode())]
    return [key.decode("utf-8", "replace") if isinstance(key, bytes) else key for key in found[:2]]


# --- in order ---------------------------------------------------------------------------------------------------


def _in_order(rows: Rows, bound: int) -> Iterator[CallKey]:
    """Calls by their newest row, of those where it is below `bound`."""
    seen: set[CallKey] = set()
    newest = rows("SELECT seq FROM request WHERE seq < ? ORDER BY seq DESC LIMIT 1", bound)
    start = reached = newest[0][0] + 1 if newest else 0
    while reached > 1 and start - reached < _WALKED + _WORTH * len(seen):
        low = max(1, reached - _STEP)
        for seq, key in rows(_WALK, low, reached):
            if key not in seen:
                seen.add(key)
                if bound == _END or _own(rows, key) == seq:
                    yield key
        reached = low
    if reached > 1:
        yield from _by_index(rows, reached, seen)


def _by_index(rows: Rows, bound: int, seen: set[CallKey]) -> Iterator[CallKey]:
    """As `_in_order`, from the index alone. It counts replays in, so that what it says is an upper limit."""
    limits = rows(_EACH, _SEEKS)
    if len(limits) >= _SEEKS:
        limits = rows(_ALL)
    heap = [(-seq, key) for seq, key in limits if key not in seen]
    heapify(heap)
    while heap:
        limit, key = heappop(heap)
        own = _own(rows, key)
        if own is None or own >= bound:
            continue
        if own == -limit:
            yield key
        else:
            heappush(heap, (-own, key))


def _about(rows: Rows, bound: int, number: str) -> Iterator[CallKey]:
    """Calls whose callbacks may be about a number, by the newest of these callbacks."""
    seen: set[CallKey] = set()
    # What is not ASCII may be written as escapes in the body; then every call has to be looked at.
    needle = digits_of(number) or (number.lower() if number.isascii() else "")
    while found := rows(_ABOUT, bound, needle, _STEP):
        for seq, key in found:
            bound = seq
            if key not in seen:
                seen.add(key)
                yield key


def _own(rows: Rows, key: CallKey) -> int | None:
    """The seq of a call's newest callback."""
    found = rows(_OWN, key)
    return found[0][0] if found else None


def _between(rows: Rows, low: CallKey, high: CallKey) -> Iterator[CallKey]:
    """The first two call ids in a range, by one seek each: a call may have a million rows."""
    for _ in range(2):
        found = rows("SELECT callid FROM request WHERE callid > ? AND callid < ? ORDER BY callid LIMIT 1", low, high)
        if not found:
            return
        low = found[0][0]
        yield low


# --- one call ---------------------------------------------------------------------------------------------------


def _summary(rows: Rows, key: CallKey) -> CallSummary:
    callbacks = rows(f"{_CALLBACKS} LIMIT ?", key, _MOST + 1)
    more = len(callbacks) > _MOST
    if more:
        last = rows(f"{_CALLBACKS} DESC LIMIT ?", key, _LAST)
        callbacks = callbacks[:_MOST] + last[::-1]
    facts = facts_of((event, body, at) for at, event, _, _, _, body in callbacks)
    return CallSummary(
        callid=key.decode("utf-8", "replace") if isinstance(key, bytes) else key,
        facts=facts,
        at=callbacks[0][0],
        duration=facts.duration(callbacks[0][0], callbacks[-1][0]),
        callbacks=min(len(callbacks), _MOST),
        errors=sum(_failed(*row[2:5]) for row in callbacks[:_MOST]),
        more=more,
    )


def _failed(status: int | None, answered: int, notes: bytes | None) -> bool:
    return went_wrong(status, answered=bool(answered), findings=_decode_notes(notes).findings if notes else [])


def _key(callid: str) -> CallKey:
    return callid if callid.isascii() else callid.encode("utf-8", "surrogateescape")
