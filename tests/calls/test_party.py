"""What parties do when they are told something."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from devserver.calls.actions import Beep, Decline, Detect, HangUp, PickUp, Press, Say
from devserver.calls.callees import Callee, Callees
from devserver.calls.party import HumanParty, RandomParty, ScriptedParty, key_groups
from devserver.calls.told import Began, Bridged, Connected, Dialling, Ended, Heard, Joined, Offered, Silence, Told
from devserver.errors import FnError


def offered(
    *, seconds: float = 2.0, voice: bool = False, digits: int = 0, leg: Literal["caller", "callee"] = "caller"
) -> Offered:
    return Offered(0.0, "main", (("1", "return(a)"), ("2", "return(b)")), digits, voice, 1, leg, seconds)


def dialling(to: str = "+12025550110", amd: str = "") -> Dialling:
    return Dialling(0.0, "callee", to, "number", "", amd)


def connected(to: str = "+12025550110", amd: str = "", network: str = "number") -> Connected:
    return Connected(0.0, "callee", to, network, amd)


def plans(party: Any, told: Told) -> list[Any]:
    return list(party.react(told))


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("", ()),
        ("1", ("1",)),
        ("1,w2,#", ("1", "w2", "#")),
        ("1,,2", ("1", "", "2")),
        (" 1 2 , * ", ("12", "*")),
        (",1", ("", "1")),
        ("WW1", ("WW1",)),
    ],
)
def test_key_groups(text: str, groups: tuple[str, ...]) -> None:
    assert key_groups(text) == groups


@pytest.mark.parametrize("text", ["A", "1,x", "1;2", "+1", "\u0661"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(FnError, match="no key"):
        key_groups(text)


def test_one_group_is_pressed_for_each_menu_after_its_prompt() -> None:
    party = ScriptedParty("1,w2")
    assert plans(party, offered(seconds=2.0)) == [(2.5, Press("1"))]
    assert plans(party, offered(seconds=2.0)) == [(3.0, Press("2"))]
    assert plans(party, offered()) == []


def test_an_empty_group_presses_nothing() -> None:
    party = ScriptedParty(",1")
    assert plans(party, offered()) == []
    assert plans(party, offered(seconds=0)) == [(0.5, Press("1"))]


def test_who_barges_does_not_wait_for_the_prompt() -> None:
    assert plans(ScriptedParty("1", barges=True), offered(seconds=9.0)) == [(0.5, Press("1"))]


def test_keys_of_a_group_come_one_after_the_other_on_the_leg_that_is_asked() -> None:
    assert plans(ScriptedParty("12#"), offered(seconds=0, leg="callee")) == [
        (0.5, Press("1", "callee")),
        (0.7, Press("2", "callee")),
        (pytest.approx(0.9), Press("#", "callee")),
    ]


def test_words_go_to_menus_that_listen_and_keys_to_the_others() -> None:
    party = ScriptedParty("1", words=["sales"])
    assert plans(party, offered(seconds=0)) == [(0.5, Press("1"))]
    assert plans(party, offered(seconds=0, voice=True)) == [(0.5, Say("sales"))]
    assert plans(party, offered(voice=True)) == []


def test_hanging_up_after_some_time_or_when_a_text_was_heard() -> None:
    assert plans(ScriptedParty(hang_up_after=3.0), Began(0.0, "id", "", "", "inbound")) == [(3.0, HangUp())]
    heard = Heard(0.0, "Please HOLD the line.", "caller", 1.5, "park")
    assert plans(ScriptedParty(hang_up_at="hold the"), heard) == [(1.5, HangUp())]
    assert plans(ScriptedParty(hang_up_at="goodbye"), heard) == []


@pytest.mark.parametrize(
    "told", [Bridged(0.0), Silence(0.0), Joined(0.0, "room", 1, "ignore"), connected(network="Websocket")]
)
def test_a_conversation_lasts_so_long(told: Told) -> None:
    assert (20.0, HangUp()) in plans(ScriptedParty(talks=20.0), told)
    assert plans(ScriptedParty(talks=None), told) == []


def test_keys_go_to_a_conference_that_takes_them() -> None:
    joined = Joined(0.0, "room", 0, "detect")
    assert plans(ScriptedParty("7", talks=None), joined) == [(0.5, Press("7"))]
    assert plans(ScriptedParty("7", talks=None), Joined(0.0, "room", 0, "ignore")) == []


def test_a_person_does_nothing_alone_but_callees_answer() -> None:
    party = HumanParty(otherwise=Callee("busy", after=1.0))
    assert plans(party, offered()) == []
    assert plans(party, dialling()) == [(1.0, Decline("busy"))]


@pytest.mark.parametrize("name", ["+12025550110", "12025550110", " +12025550110 "])
def test_callees_are_known_with_and_without_plus(name: str) -> None:
    party = ScriptedParty(callees={name: Callee("rejected", after=0.5)})
    assert plans(party, dialling()) == [(0.5, Decline("rejected"))]
    assert plans(party, dialling("+12025550111")) == [(2.0, PickUp())]


def test_sip_addresses_and_users_are_known_by_name() -> None:
    callees = Callees({"sip:Ann@example.com": Callee("busy"), "bob": Callee("no route")})
    assert callees.of("ann@example.com").does == "busy"
    assert callees.of("Bob").does == "no route"


def test_test_numbers_behave_as_published_unless_told_otherwise() -> None:
    assert plans(ScriptedParty(), dialling("+4600000000040")) == [(45.0, Decline("no answer"))]
    assert plans(ScriptedParty(otherwise=Callee("busy")), dialling("+46000000000"))[0] == (7.5, PickUp())
    assert plans(ScriptedParty(callees={"+46000000000": Callee("busy")}), dialling("+46000000000")) == [
        (2.0, Decline("busy"))
    ]


def test_a_connected_callee_is_detected_presses_keys_and_hangs_up() -> None:
    callee = Callee(amd="machine", keys="1", talks=9.0)
    party = ScriptedParty(otherwise=callee)
    assert plans(party, connected()) == [(0.5, Press("1", "callee")), (9.0, HangUp("callee"))]
    asked = plans(party, connected(amd="async"))
    assert (1.0, Detect("machine", "longgreeting", 1)) in asked
    assert (4.0, Beep()) in asked
    assert not any(isinstance(action, Beep) for _, action in plans(party, connected(amd="sync")))


def test_the_end_moves_nobody() -> None:
    assert plans(ScriptedParty("1"), Ended(0.0, "", "", 0, "", failed=False)) == []


def test_random_parties_do_the_same_by_seed_and_press_keys_that_there_are() -> None:
    def chosen(seed: int) -> list[Any]:
        party = RandomParty(seed)
        return [plans(party, told) for told in (offered(), dialling(), offered(digits=4), Bridged(0.0))]

    assert all(chosen(seed) == chosen(seed) for seed in range(50))
    drawn = [plans(RandomParty(seed), offered(digits=1)) for seed in range(200)]
    keys = [action.key for plan in drawn for _, action in plan if isinstance(action, Press)]
    assert set(keys) >= {"1", "2"}
    assert sum(key in "12" for key in keys) > len(keys) * 0.8
    assert any(isinstance(action, HangUp) for plan in drawn for _, action in plan)
    assert any(plan == [] for plan in drawn)


def test_random_parties_meet_callees_of_all_kinds() -> None:
    met = [plans(RandomParty(seed), dialling())[0][1] for seed in range(200)]
    assert {type(action) for action in met} == {PickUp, Decline}


@pytest.mark.parametrize("digits", [1, 4])
def test_random_parties_enter_as_many_digits_as_are_wanted(digits: int) -> None:
    menu = Offered(0.0, "main", (), digits, voice=False, round=1, leg="caller", seconds=0.0)
    drawn = [plans(RandomParty(seed), menu) for seed in range(50)]
    assert {len(plan) for plan in drawn if plan and isinstance(plan[0][1], Press)} == {digits}
