"""The clock of calls: instant time jumps and is the same every time, other speeds follow the machine's clock."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest

from devserver.calls.timeline import Timeline


async def over(timeline: Timeline, seconds: float) -> None:
    """Wait until so many seconds of a timeline are over."""
    done = asyncio.Event()
    timeline.after(seconds, done.set)
    await done.wait()


async def test_instant_time_jumps_to_what_is_due_in_order() -> None:
    timeline, ran = Timeline(epoch=0.0), []
    for name, seconds in [("late", 3600.0), ("early", 1.0), ("same", 1.0)]:
        timeline.after(seconds, lambda name=name: ran.append((name, timeline.now)))  # type: ignore[misc]
    began = time.monotonic()
    await over(timeline, 7200.0)
    assert ran == [("early", 1.0), ("same", 1.0), ("late", 3600.0)]
    assert time.monotonic() - began < 5


async def test_instant_time_stands_still_while_a_callback_is_in_flight() -> None:
    timeline, ran = Timeline(), []
    ticket = timeline.hold()
    timeline.after(1.0, lambda: ran.append("due"))
    for _ in range(5):
        await asyncio.sleep(0)
    assert ran == []
    assert timeline.now == 0
    timeline.answered(ticket, lambda: ran.append("answered"))
    await over(timeline, 2.0)
    assert ran == ["answered", "due"]


async def test_answers_count_in_the_order_in_which_their_callbacks_were_sent() -> None:
    timeline, ran = Timeline(), []
    first, second = timeline.hold(), timeline.hold()
    timeline.answered(second, lambda: ran.append("second"))
    assert ran == []
    timeline.answered(first, lambda: ran.append("first"))
    assert ran == ["first", "second"]


async def test_with_a_speed_answers_count_as_they_come() -> None:
    timeline, ran = Timeline(100.0), []
    first, second = timeline.hold(), timeline.hold()
    timeline.answered(second, lambda: ran.append("second"))
    timeline.answered(first, lambda: ran.append("first"))
    assert ran == ["second", "first"]


async def test_a_speed_is_how_many_seconds_go_by_in_one() -> None:
    timeline = Timeline(100.0)
    began = time.monotonic()
    await over(timeline, 5.0)
    assert timeline.now >= 5.0
    assert 0.04 < time.monotonic() - began < 4


async def test_something_sooner_is_not_kept_waiting_by_something_later() -> None:
    timeline = Timeline(1000.0)
    timeline.after(10_000_000.0, lambda: None)
    await asyncio.wait_for(over(timeline, 1.0), 5)


async def test_what_was_cancelled_is_not_run_and_moves_no_time() -> None:
    timeline, ran = Timeline(), []
    due = timeline.after(100.0, lambda: ran.append("no"))
    timeline.cancel(due)
    timeline.cancel(due)
    timeline.cancel(None)
    await over(timeline, 1.0)
    assert ran == []
    assert timeline.now == 1.0


async def test_many_cancelled_entries_do_not_pile_up() -> None:
    timeline = Timeline()
    for _ in range(10_000):
        timeline.cancel(timeline.after(1_000.0, lambda: None))
    assert len(timeline._due) < 200
    await over(timeline, 1.0)


async def test_a_fault_does_not_stop_the_clock(caplog: pytest.LogCaptureFixture) -> None:
    timeline = Timeline()
    timeline.after(1.0, lambda: 1 / 0)  # type: ignore[arg-type]
    await over(timeline, 2.0)
    assert "ZeroDivisionError" in caplog.text
    assert caplog.records[0].levelno == logging.ERROR


async def test_others_get_their_turn_while_much_is_due_at_once() -> None:
    timeline, turns = Timeline(), []
    for _ in range(2000):
        timeline.after(1.0, lambda: None)
    done = asyncio.Event()
    timeline.after(1.0, done.set)
    while not done.is_set():
        turns.append(timeline.now)
        await asyncio.sleep(0)
    assert len(turns) > 4


@pytest.mark.parametrize("speed", [-1.0, float("inf"), float("nan")])
def test_a_clock_runs_forwards(speed: float) -> None:
    with pytest.raises(ValueError, match="forwards"):
        Timeline(speed)


async def test_instant_time_stands_still_when_it_is_asked_to_but_what_is_due_now_happens() -> None:
    timeline, ran = Timeline(), []
    timeline.stand_still()
    timeline.after(1.0, lambda: ran.append("later"))
    await over(timeline, 0.0)
    for _ in range(5):
        await asyncio.sleep(0)
    assert (ran, timeline.now, timeline.stands_still) == ([], 0, True)
    timeline.go_on()
    await over(timeline, 2.0)
    assert (ran, timeline.stands_still) == (["later"], False)


async def test_who_asks_twice_has_to_let_go_twice() -> None:
    timeline, ran = Timeline(), []
    timeline.stand_still()
    timeline.stand_still()
    timeline.after(1.0, lambda: ran.append("later"))
    timeline.go_on()
    for _ in range(5):
        await asyncio.sleep(0)
    assert ran == []
    timeline.go_on()
    await over(timeline, 1.0)
    assert ran == ["later"]


async def test_answers_count_while_instant_time_stands_still() -> None:
    timeline, ran = Timeline(), []
    ticket = timeline.hold()
    timeline.stand_still()
    timeline.answered(ticket, lambda: ran.append("answered"))
    assert ran == ["answered"]


async def test_real_time_does_not_stand_still() -> None:
    timeline = Timeline(1000.0)
    timeline.stand_still()
    await over(timeline, 1.0)
    assert timeline.now >= 1.0
