"""The decisions, one by one; what they come to together is in test_interleavings.py."""

from __future__ import annotations

import pytest

from devserver.runtime.clients.voice_results import Callbacks
from devserver.voiceapp.decisions import (
    GiveBack,
    IsBack,
    Leave,
    Point,
    give_back,
    is_ours,
    normal,
    original,
    ours,
    owner_of,
    point_again,
    same_address,
    to_set,
    tunnels_of,
)
from tests.fakes.callback_api import PRODUCTION
from tests.voiceapp.samples import DEPLOYED, HOTLINE, MINE, MINE_LATER, THEIRS, entry

NOTHING = Callbacks(None, None)

SAME = [
    ("https://a.example", "https://a.example/", True),
    ("https://A.Example/ice", "https://a.example/ice", True),
    ("HTTPS://a.example/", "https://a.example", True),
    ("https://a.example?x=1", "https://a.example/?x=1", True),
    ("https://a.example/ice", "https://a.example/ice/", False),
    ("https://a.example/Ice", "https://a.example/ice", False),
    ("https://a.example/?Key=A", "https://a.example/?key=a", False),
    ("https://a.example?Key=A", "https://a.example?key=a", False),
    ("https://a.example/", "http://a.example/", False),
    ("https://a.example/", "https://a.example:8443/", False),
    ("https://a.example/", "https://a.example.org/", False),
    ("nothing", "nothing", True),
    ("nothing", "NOTHING", False),
    (None, None, True),
    (None, "https://a.example", False),
]


@pytest.mark.parametrize(("one", "other", "same"), SAME)
def test_whether_two_addresses_are_one(one: str | None, other: str | None, same: bool) -> None:
    assert same_address(one, other) is same
    assert same_address(other, one) is same


def test_an_empty_address_is_none() -> None:
    assert normal(Callbacks("", "")) == NOTHING
    assert normal(PRODUCTION) == PRODUCTION


ORIGINAL = [
    # what is configured, what is none, what is to be given back
    (PRODUCTION, (MINE,), PRODUCTION),
    (Callbacks("", None), (MINE,), NOTHING),
    (Callbacks(DEPLOYED, ""), (MINE,), Callbacks(DEPLOYED, None)),
    (Callbacks(MINE, DEPLOYED), (MINE,), Callbacks(DEPLOYED, None)),
    (Callbacks(MINE.upper(), DEPLOYED), (MINE.upper(),), Callbacks(DEPLOYED, None)),
    (Callbacks(MINE, None), (MINE,), NOTHING),
    (Callbacks(MINE, MINE), (MINE,), NOTHING),
    (Callbacks(THEIRS, DEPLOYED), (MINE,), Callbacks(THEIRS, DEPLOYED)),
    (Callbacks(THEIRS, DEPLOYED), (MINE, THEIRS), Callbacks(DEPLOYED, None)),
    (Callbacks(THEIRS, MINE), (MINE, THEIRS), NOTHING),
    (Callbacks(DEPLOYED, THEIRS), (MINE, THEIRS), Callbacks(DEPLOYED, None)),
    (Callbacks(None, DEPLOYED), (MINE,), Callbacks(None, DEPLOYED)),
]


@pytest.mark.parametrize(("now", "none", "before"), ORIGINAL)
def test_what_is_to_be_given_back(now: Callbacks, none: tuple[str, ...], before: Callbacks) -> None:
    assert original(now, none) == before


OURS = [
    (PRODUCTION, True, Callbacks(MINE, PRODUCTION.primary)),
    (PRODUCTION, False, Callbacks(MINE, PRODUCTION.fallback)),
    (Callbacks(None, DEPLOYED), True, Callbacks(MINE, DEPLOYED)),
    (NOTHING, True, Callbacks(MINE, None)),
    (Callbacks(DEPLOYED, None), False, Callbacks(MINE, None)),
    (Callbacks(THEIRS, DEPLOYED), True, Callbacks(MINE, DEPLOYED)),
    (Callbacks(THEIRS, None), True, Callbacks(MINE, THEIRS)),
    (Callbacks(THEIRS, "https://other.ngrok.app/"), True, Callbacks(MINE, THEIRS)),
    (Callbacks("http://localhost:3000/", DEPLOYED), True, Callbacks(MINE, DEPLOYED)),
]


@pytest.mark.parametrize(("before", "failover", "urls"), OURS)
def test_what_is_set(before: Callbacks, failover: bool, urls: Callbacks) -> None:
    assert ours(before, MINE, failover=failover) == urls


GIVEN_BACK = [
    ("as we set it", Callbacks(MINE, PRODUCTION.primary), (), GiveBack(PRODUCTION)),
    ("spelled differently", Callbacks(MINE.rstrip("/").upper(), PRODUCTION.primary), (), GiveBack(PRODUCTION)),
    ("never set", PRODUCTION, (), IsBack()),
    ("only the primary put back", Callbacks(PRODUCTION.primary, DEPLOYED), (), IsBack()),
    ("deployed meanwhile", Callbacks(DEPLOYED, DEPLOYED), (), Leave(Callbacks(DEPLOYED, DEPLOYED))),
    ("cleared meanwhile", Callbacks("", ""), (), Leave(NOTHING)),
    ("taken over by another tunnel", Callbacks(THEIRS, MINE), (), Leave(Callbacks(THEIRS, MINE))),
    ("a new fallback", Callbacks(MINE, HOTLINE), (), GiveBack(Callbacks(PRODUCTION.primary, HOTLINE))),
    ("the fallback removed", Callbacks(MINE, None), (), GiveBack(Callbacks(PRODUCTION.primary, None))),
]


@pytest.mark.parametrize(
    ("now", "dead", "done"), [each[1:] for each in GIVEN_BACK], ids=[each[0] for each in GIVEN_BACK]
)
def test_the_end_of_a_lease(now: Callbacks, dead: tuple[str, ...], done: GiveBack | IsBack | Leave) -> None:
    assert give_back(now, entry(), dead) == done


def test_every_address_of_a_lease_is_ours() -> None:
    moved = entry(ours=Callbacks(MINE_LATER, PRODUCTION.primary), addresses=(MINE, MINE_LATER))
    for address in (MINE, MINE_LATER):
        assert is_ours(Callbacks(address), moved)
        assert give_back(Callbacks(address, PRODUCTION.primary), moved) == GiveBack(PRODUCTION)
    assert not is_ours(Callbacks(None, MINE), moved)


def test_a_tunnel_that_has_died_meanwhile_is_replaced_by_its_own_original() -> None:
    over = entry(before=Callbacks(THEIRS, DEPLOYED), ours=Callbacks(MINE, THEIRS))
    assert give_back(Callbacks(MINE, THEIRS), over, ()) == GiveBack(Callbacks(THEIRS, DEPLOYED))
    assert give_back(Callbacks(MINE, THEIRS), over, (THEIRS,)) == GiveBack(Callbacks(DEPLOYED, None))


def test_a_tunnel_that_has_died_meanwhile_and_had_replaced_nothing_is_no_original() -> None:
    over = entry(before=Callbacks(THEIRS, None), ours=Callbacks(MINE, THEIRS))
    assert give_back(Callbacks(MINE, THEIRS), over, (THEIRS,)) == GiveBack(NOTHING)


def test_there_was_no_callback() -> None:
    none = entry(before=NOTHING, ours=Callbacks(MINE, None))
    assert give_back(Callbacks(MINE, None), none) == GiveBack(NOTHING)
    assert give_back(Callbacks("", None), none) == IsBack()


def test_a_new_address_is_set_while_callbacks_come_to_an_old_one() -> None:
    again = point_again(Callbacks(MINE, PRODUCTION.primary), entry(), MINE_LATER)
    assert isinstance(again, Point)
    assert (again.entry.state, again.entry.addresses) == ("intent", (MINE, MINE_LATER))
    assert again.entry.ours == Callbacks(MINE_LATER, PRODUCTION.primary)
    assert again.entry.before == PRODUCTION
    assert to_set(Callbacks(MINE, PRODUCTION.primary), again.entry) == again.entry.ours


def test_an_address_that_returns_is_the_newest_and_stands_there_once() -> None:
    moved = entry(addresses=(MINE, MINE_LATER))
    again = point_again(Callbacks(MINE_LATER, None), moved, MINE)
    assert isinstance(again, Point)
    assert again.entry.addresses == (MINE_LATER, MINE)


def test_a_fallback_that_somebody_set_outlives_a_move_and_the_end() -> None:
    now = Callbacks(MINE, HOTLINE)
    again = point_again(now, entry(), MINE_LATER)
    assert isinstance(again, Point)
    assert to_set(now, again.entry) == Callbacks(MINE_LATER, HOTLINE)
    done = give_back(Callbacks(MINE_LATER, HOTLINE), again.entry)
    assert done == GiveBack(Callbacks(PRODUCTION.primary, HOTLINE))


def test_what_is_somebody_elses_is_not_pointed_anywhere() -> None:
    assert point_again(Callbacks(DEPLOYED, ""), entry(), MINE_LATER) == Leave(Callbacks(DEPLOYED, None))
    assert point_again(PRODUCTION, entry(), MINE_LATER) == Leave(PRODUCTION)


def test_another_try_is_made_only_while_nothing_has_changed() -> None:
    assert isinstance(point_again(PRODUCTION, entry(), MINE, PRODUCTION), Point)
    changed = Callbacks(PRODUCTION.primary, HOTLINE)
    assert point_again(changed, entry(), MINE, PRODUCTION) == Leave(changed)


def test_the_first_try_sets_both_addresses() -> None:
    assert to_set(PRODUCTION, entry()) == Callbacks(MINE, PRODUCTION.primary)


OWNERS = [
    (Callbacks(None), "nothing: no callback address is configured"),
    (Callbacks(THEIRS), f"{THEIRS}, which looks like another developer's tunnel"),
    (Callbacks("http://localhost:3000/"), "http://localhost:3000/, an address of some developer's own machine"),
    (Callbacks(DEPLOYED), DEPLOYED),
]


@pytest.mark.parametrize(("now", "owner"), OWNERS)
def test_who_has_it_now(now: Callbacks, owner: str) -> None:
    assert owner_of(now) == owner


def test_the_tunnels_among_two_addresses() -> None:
    assert tunnels_of(Callbacks(THEIRS, MINE)) == (THEIRS, MINE)
    assert tunnels_of(Callbacks(DEPLOYED, MINE)) == (MINE,)
    assert tunnels_of(NOTHING) == ()
