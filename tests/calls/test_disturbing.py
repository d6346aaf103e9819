"""Chaos carried out in whole calls: each fate does to the function and to the call what its name says."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from devserver.calls.actions import Decline, HangUp, PickUp
from devserver.calls.chaos import Chaos, FateKind
from devserver.calls.commands import CallbackEvent
from devserver.calls.disturbing import DisturbedParty
from devserver.calls.party import ScriptedParty
from devserver.calls.switchboard import Switchboard
from devserver.calls.told import CallReport, Connected, Dialling, Noted
from tests.calls.calling import URL, inbound, said
from tests.fakes.pretend_function import PretendFunction

FALLBACK = "http://127.0.0.1:3001/"


def seed_of(event: CallbackEvent, number: int, kind: FateKind, *usual: tuple[CallbackEvent, int]) -> int:
    """A seed with this fate for one callback, and none for others."""
    return next(
        seed
        for seed in range(5000)
        if Chaos(seed).plan(event, number).kind == kind
        and all(Chaos(seed).plan(*other).kind == "as usual" for other in usual)
    )


async def run(seed: int, *urls: str, answer: Any = None) -> tuple[CallReport, PretendFunction]:
    function = PretendFunction(ice=answer or said("Hello."))
    board = Switchboard(function)
    call = board.start(inbound(urls=urls or (URL,)), ScriptedParty(), chaos=Chaos(seed), keep_timeline=True)
    report = await call.ended()
    done = asyncio.Event()
    call.timeline.after(60.0, done.set)  # what comes after the end of the call
    await done.wait()
    await board.close()
    return report, function


def is_whole(report: CallReport) -> bool:
    return (report.heard, report.result, report.failed) == (("Hello.",), "ANSWERED", False)


async def test_a_duplicate_reaches_the_function_twice_and_the_call_once() -> None:
    report, function = await run(seed_of("ice", 1, "duplicate", ("dice", 2)))
    assert function.events.count("ice") == 2
    assert [each.event for each in report.callbacks] == ["ice", "dice"]
    assert is_whole(report)


async def test_a_slow_network_costs_time_of_the_call_only() -> None:
    report, function = await run(seed_of("ice", 1, "slow", ("dice", 2)))
    assert function.events == ["ice", "dice"]
    assert report.callbacks[0].at >= 1.0
    assert report.seconds < 5
    assert is_whole(report)


async def test_a_late_ice_arrives_when_nobody_waits_any_more() -> None:
    report, function = await run(seed_of("ice", 1, "late", ("dice", 2)))
    assert report.reason == "CALLBACKERROR"
    assert not report.failed
    assert function.events.count("ice") == 1


async def test_a_late_ice_is_taken_by_the_fallback_in_time() -> None:
    report, function = await run(seed_of("ice", 1, "late", ("dice", 2)), URL, FALLBACK)
    assert is_whole(report)
    assert report.callbacks[0].fallback
    assert sorted(command.urls[0] for command in function.sent if command.event == "ice") == [URL, FALLBACK]


async def test_the_fallback_gets_what_the_primary_cannot() -> None:
    report, function = await run(seed_of("ice", 1, "fallback", ("dice", 2)), URL, FALLBACK)
    assert function.sent[0].urls == (FALLBACK,)
    assert report.callbacks[0].fallback
    assert is_whole(report)


async def test_a_lost_dice_ends_the_call_all_the_same() -> None:
    report, function = await run(seed_of("dice", 2, "lost", ("ice", 1)))
    assert function.events == ["ice"]
    assert report.result == "ANSWERED"
    assert not report.failed


async def test_a_reordered_notification_comes_behind_the_next_callback() -> None:
    # A recording: ice, recording_finished (notify 2), dice (3), recording_available (notify 4).
    answer = said("Hello.")
    answer["instructions"].insert(0, {"name": "startRecording", "options": {}})
    seed = seed_of("notify", 2, "reordered", ("ice", 1), ("dice", 3), ("notify", 4))
    report, function = await run(seed, answer=answer)
    types = [command.payload.get("type", command.event) for command in function.sent]
    assert types.index("recording_finished") > types.index("dice")
    assert report.result == "ANSWERED"


@pytest.mark.parametrize("kind", ["duplicate", "lost", "slow"])
async def test_what_goes_wrong_is_told(kind: FateKind) -> None:
    report, _ = await run(seed_of("ice", 1, kind))
    assert any(isinstance(told, Noted) and told.text.startswith("Chaos: ice 1") for told in report.timeline)


def test_callees_behave_as_the_seed_says() -> None:
    rings = Dialling(0.0, "callee", "+12025550110", "number", "")
    for seed in range(50):
        callee = Chaos(seed).callee(1)
        party = DisturbedParty(ScriptedParty(talks=None), Chaos(seed))
        action = Decline(callee.failure) if callee.failure else PickUp()
        assert list(party.react(rings)) == [(callee.after, action)]
        planned = list(party.react(Connected(0.0, "callee", "+12025550110")))
        assert planned == ([(callee.talks, HangUp("callee"))] if callee.talks is not None else [])
