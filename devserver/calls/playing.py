"""Plays scenarios: each is one call on a switchboard of its own, whose platform behaves as the scenario says."""

from __future__ import annotations

import time
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec

from devserver.calls.delivery import Deliver
from devserver.calls.judging import Failure, judge
from devserver.calls.scenario import Scenario
from devserver.calls.scenario_party import ScenarioParty
from devserver.calls.storing import Storage
from devserver.calls.switchboard import Listener, Switchboard
from devserver.calls.timeline import Timeline
from devserver.calls.told import CallReport


class Played(msgspec.Struct, frozen=True):
    """A scenario that was played; all is well when there are no failures."""

    scenario: Scenario
    report: CallReport
    failures: tuple[Failure, ...]


class Place(msgspec.Struct, frozen=True):
    """Where scenarios are played.

    Attributes:
        deliver: brings callbacks to the function.
        url: the function's callback address.
        application_key: of its Voice application.
        speed: of the clock; 0 is instant.
        storage: where recordings go; None: nowhere.
    """

    deliver: Deliver
    url: str
    application_key: str
    speed: float = 0.0
    storage: Storage | None = None


async def play(
    scenario: Scenario, place: Place, *, listener: Listener | None = None, keep_timeline: bool = False
) -> Played:
    """Play a scenario to its end and judge it.

    Args:
        scenario: from `scenario_reading`.
        place: where.
        listener: is told what happens, from the very first.
        keep_timeline: the report has all that was told.
    """
    party = ScenarioParty(scenario)
    board = Switchboard(place.deliver, scenario.settings, storage=place.storage)
    clock = Timeline(place.speed)
    setup = scenario.of(_callid(scenario), place.application_key, place.url, time.time())
    try:
        call = board.start(setup, party, timeline=clock, listener=listener, keep_timeline=keep_timeline)
        report = await call.ended()
    finally:
        await board.close()
    return Played(scenario, report, tuple(judge(scenario, report, party.stuck)))


def _callid(scenario: Scenario) -> str:
    """The same in every run: what a function says may hold it."""
    return str(uuid5(NAMESPACE_URL, f"{scenario.file}#{scenario.name}"))


def as_document(played: Played) -> dict[str, Any]:
    """The JSON of a scenario that was played: that of its call (`fn call --json`), and what came of it."""
    report: dict[str, Any] = msgspec.to_builtins(played.report)
    return {
        **report,
        "file": played.scenario.file,
        "line": played.scenario.line,
        "name": played.scenario.name,
        "ok": not played.failures,
        "failures": [{"line": failure.line, "text": failure.text} for failure in played.failures],
    }
