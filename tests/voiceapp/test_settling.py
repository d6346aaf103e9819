"""Giving back, as the watchdog, the next start and a person do it, over real HTTP."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from devserver.runtime.clients.voice_results import Callbacks
from devserver.voiceapp import Entry, HttpConfiguration, Journal, Outcome, settle
from tests.fakes.callback_api import KEY, PRODUCTION, SECRET, CallbackApi, Fault, callback_api
from tests.voiceapp.samples import DEPLOYED, HOTLINE, MINE, THEIRS, entry

OURS = Callbacks(MINE, PRODUCTION.primary)


@pytest.fixture
async def api() -> AsyncIterator[CallbackApi]:
    async with callback_api() as running:
        running.configure(OURS.primary, OURS.fallback)
        yield running


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "leases")


async def settled(
    api: CallbackApi, journal: Journal, left: Entry, patience: float = 0.5, waits: tuple[float, ...] = (0.01,)
) -> Outcome:
    journal.write(left)
    configuration = HttpConfiguration(KEY, SECRET, api.url, timeout=0.2)

    async def is_dead(url: str) -> bool:
        return url == THEIRS

    return await settle(left, configuration, journal, patience=patience, is_dead=is_dead, waits=waits)


async def test_ours_is_replaced_by_the_original_exactly(api: CallbackApi, journal: Journal) -> None:
    outcome = await settled(api, journal, entry())
    assert (outcome.kind, outcome.now) == ("restored", PRODUCTION)
    assert outcome.text == f"The callback of {KEY} is {PRODUCTION.primary} again."
    assert api.now == PRODUCTION
    assert journal.read(KEY) is None
    assert api.methods == ["GET", "POST", "GET"]


async def test_what_was_never_set_is_back_already(api: CallbackApi, journal: Journal) -> None:
    api.configure(PRODUCTION.primary, PRODUCTION.fallback)
    outcome = await settled(api, journal, entry(state="intent"))
    assert outcome.kind == "back"
    assert set(api.methods) == {"GET"}, "looked at more than once: a change may still be on its way"
    assert journal.read(KEY) is None


@pytest.mark.parametrize("primary", [DEPLOYED, THEIRS, "http://localhost:3000/", None])
async def test_what_somebody_else_has_set_stays_and_is_named(
    api: CallbackApi, journal: Journal, primary: str | None
) -> None:
    api.configure(primary, HOTLINE)
    outcome = await settled(api, journal, entry())
    assert outcome.kind == "left"
    assert (primary or "no callback address is configured") in outcome.text
    assert api.now == Callbacks(primary, HOTLINE)
    assert api.methods == ["GET"]
    assert journal.read(KEY) is None


async def test_a_fallback_that_somebody_else_has_set_stays_and_is_named(api: CallbackApi, journal: Journal) -> None:
    api.configure(MINE, HOTLINE)
    outcome = await settled(api, journal, entry())
    assert outcome.kind == "restored"
    assert outcome.text == (
        f"The callback of {KEY} is {PRODUCTION.primary} again. "
        f"Its fallback is no longer ours and stays as it is: {HOTLINE}."
    )
    assert api.now == Callbacks(PRODUCTION.primary, HOTLINE)


async def test_an_application_that_had_no_callback_has_none_again(api: CallbackApi, journal: Journal) -> None:
    api.configure(MINE, None)
    outcome = await settled(api, journal, entry(before=Callbacks(None, None), ours=Callbacks(MINE, None)))
    assert outcome.kind == "restored"
    assert "has no address again" in outcome.text
    assert api.now == Callbacks(None, None)


async def test_a_platform_that_keeps_the_fallback_is_reported(api: CallbackApi, journal: Journal) -> None:
    api.without_fallback = "keep"
    outcome = await settled(api, journal, entry(before=Callbacks(PRODUCTION.primary, None)))
    assert outcome.kind == "restored"
    assert f"The platform has kept {PRODUCTION.primary} as its fallback." in outcome.text


async def test_a_tunnel_that_has_died_is_not_put_back_but_its_own_original(api: CallbackApi, journal: Journal) -> None:
    api.configure(MINE, THEIRS)
    over = entry(before=Callbacks(THEIRS, DEPLOYED), ours=Callbacks(MINE, THEIRS))
    outcome = await settled(api, journal, over)
    assert outcome.kind == "restored"
    assert api.now == Callbacks(DEPLOYED, None)
    assert api.methods == ["GET", "GET", "POST", "GET"], "asking a tunnel takes time, so it is looked at again"


MENDED: list[tuple[tuple[Fault, ...], tuple[Fault, ...]]] = [
    (("500", "429", "html"), ()),
    (("drop",), ()),
    (("hang",), ()),
    (("html-200",), ()),
    ((), ("500", "429", "html")),
    ((), ("drop",)),
    ((), ("hang",)),
    ((), ("lost",)),
    ((), ("html-200",)),
    ((None, "500", "drop"), ("500", "lost")),
]


@pytest.mark.parametrize(("reads", "changes"), MENDED, ids=str)
async def test_it_is_tried_again_while_the_platform_does_not_answer(
    api: CallbackApi, journal: Journal, reads: tuple[Fault, ...], changes: tuple[Fault, ...]
) -> None:
    api.play("GET", *reads)
    api.play("POST", *changes)
    outcome = await settled(api, journal, entry(), patience=5.0)
    assert outcome.kind in {"restored", "back"}
    assert api.unplayed() == 0
    assert api.now == PRODUCTION
    assert journal.read(KEY) is None


@pytest.mark.parametrize("fault", ["401", "403", "40003"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_is_refused_stays_in_the_journal(
    api: CallbackApi, journal: Journal, method: str, fault: Fault
) -> None:
    api.play("GET" if method == "GET" else "POST", fault)
    outcome = await settled(api, journal, entry(), patience=5.0)
    assert outcome.kind == "failed"
    assert outcome.hint
    assert journal.read(KEY) == entry()
    assert (await settled(api, journal, entry())).kind == "restored"


async def test_patience_ends_and_the_journal_stays(api: CallbackApi, journal: Journal) -> None:
    api.break_down("GET")
    outcome = await settled(api, journal, entry(), patience=0.05)
    assert outcome.kind == "failed"
    assert "500" in outcome.text
    assert 1 < len(api.asked) < 20
    assert journal.read(KEY) == entry()


async def test_a_change_that_is_not_seen_to_be_made_stays_in_the_journal(api: CallbackApi, journal: Journal) -> None:

    api.play("GET", None, api.somebody(MINE, PRODUCTION.primary))
    outcome = await settled(api, journal, entry(), patience=0.0)
    assert outcome.kind == "failed"
    assert f"but is still {MINE}" in outcome.text
    assert journal.read(KEY) == entry()


@pytest.mark.parametrize(
    ("left", "answered", "age", "looks"),
    [
        (entry(state="intent"), None, 0, 4),
        (entry(state="intent"), True, 0, 1),
        (entry(), None, 0, 1),
        (entry(), False, 0, 4),
        (entry(state="intent"), None, 3600, 1),
        (entry(unanswered=0), None, 0, 4),
        (entry(unanswered=3600), None, 0, 1),
    ],
    ids=["in doubt", "answered", "read back", "read back and in doubt", "long ago", "two changes", "two, long ago"],
)
async def test_what_nobody_has_seen_answered_is_looked_for_a_while(
    scene: tuple[CallbackApi, Journal], left: Entry, answered: bool | None, age: int, looks: int
) -> None:
    api, journal = scene
    api.configure(PRODUCTION.primary, PRODUCTION.fallback)
    if left.unanswered is not None:  # so many seconds ago; the parameters are made long before they are used
        left = msgspec.structs.replace(left, unanswered=time.time() - left.unanswered)
    journal.write(left)
    long_ago = time.time() - age
    os.utime(journal.folder / f"{KEY}.json", (long_ago, long_ago))
    configuration = HttpConfiguration(KEY, SECRET, api.url)
    await settle(left, configuration, journal, patience=1.0, waits=(0.0,) * 5, answered=answered)
    assert api.methods == ["GET"] * looks


@pytest.fixture
def scene(api: CallbackApi, journal: Journal) -> tuple[CallbackApi, Journal]:
    return api, journal


async def test_a_change_that_arrives_between_two_looks_is_given_back(api: CallbackApi, journal: Journal) -> None:
    api.configure(PRODUCTION.primary, PRODUCTION.fallback)
    api.play("GET", None, api.somebody(MINE, PRODUCTION.primary))
    outcome = await settled(api, journal, entry(state="intent"), waits=(0.0, 0.0, 0.0))
    assert outcome.kind == "restored"
    assert api.now == PRODUCTION
    assert journal.read(KEY) is None


async def test_what_somebody_has_set_is_given_back_when_a_change_of_ours_arrives_on_top_of_it(
    api: CallbackApi, journal: Journal
) -> None:
    api.configure(DEPLOYED, HOTLINE)
    api.play("GET", None, api.somebody(MINE, PRODUCTION.primary))
    outcome = await settled(api, journal, entry(state="intent"), waits=(0.0, 0.0, 0.0))
    assert outcome.kind == "restored"
    assert api.now == Callbacks(DEPLOYED, HOTLINE)
    assert journal.read(KEY) is None


async def test_what_somebody_has_set_is_called_theirs_though_it_is_looked_at_again(
    api: CallbackApi, journal: Journal
) -> None:
    api.configure(DEPLOYED, HOTLINE)
    outcome = await settled(api, journal, entry(state="intent"), waits=(0.0, 0.0, 0.0))
    assert (outcome.kind, outcome.now) == ("left", Callbacks(DEPLOYED, HOTLINE))


async def test_what_is_set_between_two_tries_stays(api: CallbackApi, journal: Journal) -> None:
    api.play("POST", "500")
    api.play("GET", None, api.somebody(DEPLOYED, DEPLOYED))
    outcome = await settled(api, journal, entry(), patience=5.0)
    assert outcome.kind == "left"
    assert api.now == Callbacks(DEPLOYED, DEPLOYED)
