"""Many calls: how they are begun, and what is counted."""

from __future__ import annotations

import asyncio
from array import array

import pytest

from devserver.calls.load import Tally, Times, failure_of, run_many, times_of
from devserver.calls.told import CallReport, ReportedCallback
from devserver.errors import FnError


def _callback(event: str = "ice", status: int = 200, ms: float = 1.0, **more: object) -> ReportedCallback:
    fields = {"event": event, "request": {}, "answer": None, "status": status, "ms": ms, "findings": (), **more}
    return ReportedCallback(**fields)  # type: ignore[arg-type]


def _report(*callbacks: ReportedCallback, failed: bool = False, trouble: str = "") -> CallReport:
    return CallReport(
        callid="c1",
        caller="+12025550199",
        to="+12025550100",
        result="ANSWERED",
        reason="MANAGERHANGUP",
        duration=1,
        heard=(),
        callbacks=callbacks,
        failed=failed,
        trouble=trouble,
    )


def test_percentiles_are_by_rank() -> None:
    assert times_of(array("d", range(1, 101))) == Times(100, 50.0, 95.0, 99.0, 100.0)
    assert times_of(array("d", [2.5])) == Times(1, 2.5, 2.5, 2.5, 2.5)


def test_calls_are_counted_by_how_they_ended_and_what_failed() -> None:
    tally = Tally()
    tally.add(_report(_callback(), _callback("dice", ms=3.0)))
    tally.add(_report(_callback(status=500, failed=True), failed=True))
    tally.add_failure("The session does not answer.")

    found = tally.summary(4, 2.0, 7, interrupted=True)

    assert (found.asked, found.calls, found.failed, found.calls_per_second) == (4, 3, 2, 1.5)
    assert (found.seed, found.interrupted) == (7, True)
    assert found.results == {"ANSWERED MANAGERHANGUP": 2}
    assert found.failures == {"ice: 500": 1, "The session does not answer.": 1}
    assert found.callbacks == {"dice": Times(1, 3.0, 3.0, 3.0, 3.0), "ice": Times(2, 1.0, 1.0, 1.0, 1.0)}


@pytest.mark.parametrize(
    ("callback", "words"),
    [
        (_callback(status=0), "ice: no answer"),
        (_callback(status=404), "ice: 404"),
        (_callback(findings=({"severity": "error", "text": "There is no action."},)), "ice: There is no action."),
        (_callback(words="no JSON"), "ice: no JSON"),
        (_callback(), "ice: unusable answer"),
    ],
)
def test_a_failure_has_the_same_words_for_the_same_fault(callback: ReportedCallback, words: str) -> None:
    assert failure_of(callback) == words


def test_kinds_of_failures_are_bounded() -> None:
    tally = Tally()
    for number in range(1000):
        tally.add_failure(f"fault {number}")

    assert len(tally.summary(1000, 1.0, None).failures) == 51


def test_no_more_calls_run_at_once_than_asked_for() -> None:
    running, most, numbers = 0, 0, []

    async def run(number: int) -> CallReport:
        nonlocal running, most
        numbers.append(number)
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        if number == 3:
            raise FnError("It did not work.")
        return _report()

    tally = Tally()
    counted: list[int] = []
    asyncio.run(run_many(run, 20, 4, tally, lambda: counted.append(tally.calls)))

    assert sorted(numbers) == list(range(20))
    assert (most, tally.calls, tally.failed) == (4, 20, 1)
    assert counted == list(range(1, 21))


def test_what_has_ended_before_a_cancellation_is_counted() -> None:
    async def run(number: int) -> CallReport:
        if number >= 2:
            await asyncio.Event().wait()
        return _report()

    async def use() -> Tally:
        tally, enough = Tally(), asyncio.Event()
        work = asyncio.create_task(run_many(run, 10, 3, tally, lambda: enough.set() if tally.calls == 2 else None))
        await enough.wait()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        return tally

    assert asyncio.run(use()).calls == 2
