"""Many calls at once: who begins the next one, and what came of them all in numbers.

It starts no call itself: whoever asks gives a function that runs the call of a number to its end. A call is forgotten
as soon as it is counted, so that a million need no more memory than their times.
"""

from __future__ import annotations

import asyncio
from array import array
from collections import Counter
from collections.abc import Awaitable, Callable
from math import ceil

import msgspec

from devserver.calls.told import CallReport, ReportedCallback
from devserver.errors import FnError

_MOST_KINDS = 50  # kinds of failures that are told apart
_OTHER = "other failures"

RunCall = Callable[[int], Awaitable[CallReport]]
"""Runs the call of this number (from 0) to its end."""


class Times(msgspec.Struct, frozen=True):
    """How long the callbacks of one kind took, in milliseconds of real time."""

    count: int
    p50: float
    p95: float
    p99: float
    max: float


class Summary(msgspec.Struct, frozen=True):
    """What came of many calls.

    Attributes:
        asked: how many were wanted.
        calls: how many ended.
        failed: of these, with a function that failed or answered illegal SVAML, or that could not be run.
        seconds: of real time.
        seed: the first call's; call n had this plus n.
        interrupted: somebody did not want to wait for the rest.
        callbacks: times by event.
        results: how many calls ended with which result and reason.
        failures: how often what went wrong.
    """

    asked: int
    calls: int
    failed: int
    seconds: float
    calls_per_second: float
    seed: int | None
    interrupted: bool
    callbacks: dict[str, Times]
    results: dict[str, int]
    failures: dict[str, int]


class Tally:
    """Counts calls."""

    def __init__(self) -> None:
        self.calls = 0
        self.failed = 0
        self._times: dict[str, array[float]] = {}
        self._results: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()

    def add(self, report: CallReport) -> None:
        """A call has ended."""
        self.calls += 1
        self.failed += report.failed
        self._results[f"{report.result} {report.reason}"] += 1
        for each in report.callbacks:
            self._times.setdefault(each.event, array("d")).append(each.ms)
            if each.failed:
                self._failure(failure_of(each))
        if report.trouble:
            self._failure(report.trouble)

    def add_failure(self, why: str) -> None:
        """A call could not be run."""
        self.calls += 1
        self.failed += 1
        self._failure(why)

    def summary(self, asked: int, seconds: float, seed: int | None, *, interrupted: bool = False) -> Summary:
        """The numbers so far."""
        return Summary(
            asked=asked,
            calls=self.calls,
            failed=self.failed,
            seconds=round(seconds, 3),
            calls_per_second=round(self.calls / seconds, 1) if seconds > 0 else 0.0,
            seed=seed,
            interrupted=interrupted,
            callbacks={event: times_of(found) for event, found in sorted(self._times.items())},
            results=dict(self._results.most_common()),
            failures=dict(self._failures.most_common()),
        )

    def _failure(self, kind: str) -> None:
        known = kind in self._failures or len(self._failures) < _MOST_KINDS
        self._failures[kind if known else _OTHER] += 1


def times_of(found: array[float]) -> Times:
    """Percentiles of times, by the nearest rank."""
    ordered = sorted(found)

    def rank(share: float) -> float:
        return round(ordered[ceil(share * len(ordered)) - 1], 3)

    return Times(len(ordered), rank(0.50), rank(0.95), rank(0.99), round(ordered[-1], 3))


def failure_of(callback: ReportedCallback) -> str:
    """What went wrong with a callback, in words that are the same for the same fault."""
    if callback.status == 0:
        return f"{callback.event}: no answer"
    if not 200 <= callback.status < 300:
        return f"{callback.event}: {callback.status}"
    errors = [each.get("text", "") for each in callback.findings if each.get("severity") == "error"]
    return f"{callback.event}: {errors[0] if errors else callback.words or 'unusable answer'}"


async def run_many(run: RunCall, count: int, concurrency: int, tally: Tally, counted: Callable[[], None]) -> None:
    """Run calls, so many at once; when it is cancelled, `tally` has what ended.

    Args:
        run: runs one call.
        count: how many calls.
        concurrency: how many at once.
        tally: counts them.
        counted: told after each call.
    """
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            try:
                tally.add(await run(number))
            except FnError as error:
                tally.add_failure(error.message)
            counted()

    async with asyncio.TaskGroup() as workers:
        for _ in range(min(count, concurrency)):
            workers.create_task(worker())
