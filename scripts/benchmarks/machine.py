"""Row `machine`: the call machine alone, over whole calls with a menu, another menu, and a connect.

Nothing but `Call.receive` is timed. The baseline takes the same events and makes a command of each, with one look into
a table: the least that any machine written in Python can do.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from benchmarks import calls
from benchmarks.figures import CannotMeasureError, Line, Outcome, median, times
from benchmarks.functions import five_answers
from benchmarks.settings import Settings, say
from devserver.calls import commands, events
from devserver.calls.machine import Call
from devserver.calls.settings import Settings as Platform
from devserver.calls.setup import CallSetup, Identity

RATE = 100_000
BYTES = 20_000
_WAITING = 7  # events until the second menu waits for a key
_SETUP = CallSetup(
    calls.callid(0),
    "3989400d-d725-437f-a701-e6281831c93b",
    Identity("did", calls.SERVICES[0]),
    cli="+12025550199",
    urls=("http://127.0.0.1:3000/",),
    epoch=1_717_690_000.0,
)
Story = tuple[CallSetup, list[events.Event]]


def machine(settings: Settings) -> Outcome:
    """Events a second when all calls get the same answers, and when no two do; bytes of a call that waits."""
    say("machine")
    count, rounds = settings.choose(2000, 500), settings.choose(7, 3)
    rates: dict[str, list[float]] = {"alike": [], "different": [], "bare": []}
    _expect_an_end()
    for number in range(rounds):
        alike = [_story(0)] * count
        different = [_story(1 + number * count + one, different=True) for one in range(count)]
        rates["alike"].append(_rate(alike, _ours))
        rates["different"].append(_rate(different, _ours))
        rates["bare"].append(_rate(alike, _bare))
    found = {name: median(seen) for name, seen in rates.items()}
    size = _bytes_of_a_call(settings.choose(5000, 1000))
    lines = [
        Line(
            "call machine alone, events of whole calls",
            f"{found['alike']:,.0f}/s",
            f"{RATE:,}/s",
            found["alike"] >= RATE,
            f"bare dispatch {found['bare']:,.0f}/s",
            times(found["alike"] / found["bare"]),
        ),
        Line(
            "  when every answer is a new one, and is checked",
            f"{found['different']:,.0f}/s",
            baseline=f"bare dispatch {found['bare']:,.0f}/s",
            ratio=times(found["different"] / found["bare"]),
        ),
        Line("  a call that waits in its menu", f"{size / 1e3:.1f} KB", f"under {BYTES // 1000} KB", size < BYTES),
    ]
    raw = {name: [round(rate) for rate in seen] for name, seen in rates.items()}
    return Outcome(lines, raw | {"bytes of a waiting call": round(size)})


def _story(number: int, *, different: bool = False) -> Story:
    """A call and its events: ICE, key 1, PIE, key 2, PIE, ACE, the caller hangs up, DICE."""
    ice, first, second, ace, dice = five_answers(number if different else None)
    heard = events.PromptEnded
    happens: list[events.Event] = [
        events.Started(0.0),
        _answered(0.1, 1, ice),
        heard(1.5, 1),
        events.KeyPressed(3.0, "1"),
        _answered(3.1, 2, first),
        heard(4.5, 3),
        heard(7.0, 4),
        events.KeyPressed(8.0, "2"),
        _answered(8.1, 3, second),
        heard(9.0, 5),
        events.CalleeAnswered(12.0),
        _answered(12.1, 4, ace),
        events.HungUp(40.0),
        _answered(40.1, 5, dice),
    ]
    return replace(_SETUP, callid=calls.callid(number)), happens


def _answered(at: float, callback: int, body: bytes) -> events.CallbackAnswered:
    return events.CallbackAnswered(at, callback, 200, body)


def _expect_an_end() -> None:
    setup, happens = _story(0, different=True)
    call = Call(setup, Platform())
    said = [command for event in happens for command in call.receive(event)]
    refused = [command.why for command in said if isinstance(command, commands.Refused)]
    sent = tuple(command.event for command in said if isinstance(command, commands.SendCallback))
    if refused or not call.ended or sent != ("ice", "pie", "pie", "ace", "dice"):
        raise CannotMeasureError(f"the call is another one: {', '.join(sent)} {' '.join(refused)}")


def _rate(stories: Sequence[Story], run: Callable[[Sequence[Story]], None]) -> float:
    gc.collect()
    begin = time.perf_counter()
    run(stories)
    return sum(len(happens) for _, happens in stories) / (time.perf_counter() - begin)


def _ours(stories: Sequence[Story]) -> None:
    platform = Platform()
    for setup, happens in stories:
        receive = Call(setup, platform).receive
        for event in happens:
            receive(event)


def _bare(stories: Sequence[Story]) -> None:
    for _, happens in stories:
        for event in happens:
            _TABLE[type(event)](event)


def _note(event: events.Event) -> list[commands.Command]:
    return [commands.Note(type(event).__name__)]


_TABLE = dict.fromkeys((type(event) for event in _story(0)[1]), _note)


def _bytes_of_a_call(count: int) -> float:
    """As Python counts what it has given out."""
    platform, kept = Platform(), []
    _, happens = _story(0)
    setups = [replace(_SETUP, callid=calls.callid(number)) for number in range(count)]
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for setup in setups:
            call = Call(setup, platform)
            for event in happens[:_WAITING]:
                call.receive(event)
            kept.append(call)
        return (tracemalloc.get_traced_memory()[0] - before) / len(kept)
    finally:
        tracemalloc.stop()
