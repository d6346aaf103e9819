"""What goes wrong, and that it goes wrong again in the same way."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from random import Random
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.calls.chaos import (
    CALLEE_FAILURES,
    FATES,
    Callee,
    Chaos,
    Fate,
    FateKind,
    Sending,
    describe,
    repeat,
)
from devserver.calls.commands import CallbackEvent

EVENTS: tuple[CallbackEvent, ...] = get_args(CallbackEvent)

events = st.sampled_from(EVENTS)
numbers = st.integers(1, 500)
seeds = st.integers(-(2**63), 2**63)


@given(seeds, st.lists(st.tuples(events, numbers)), st.randoms())
def test_a_seed_gives_the_same_fates_in_any_order_of_asking(
    seed: int, asked: list[tuple[CallbackEvent, int]], random: Random
) -> None:
    first = {each: Chaos(seed).plan(*each) for each in asked}
    random.shuffle(asked)
    chaos = Chaos(seed)
    for number in range(3):
        chaos.callee(number)
    assert {each: chaos.plan(*each) for each in asked} == first


@given(seeds, numbers)
def test_a_seed_gives_the_same_callees(seed: int, number: int) -> None:
    assert Chaos(seed).callee(number) == Chaos(seed).callee(number)


def test_another_process_with_other_hashes_gives_the_same_fates() -> None:
    code = "from devserver.calls.chaos import Chaos; print([Chaos(7).plan('notify', n).kind for n in range(40)])"
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert there == str([Chaos(7).plan("notify", number).kind for number in range(40)])


@pytest.mark.parametrize("event", EVENTS)
def test_every_kind_occurs(event: CallbackEvent) -> None:
    kinds = Counter(Chaos(seed).plan(event, number).kind for seed in range(50) for number in range(1, 11))
    expected = set(FATES) - ({"reordered"} if event in {"ice", "ace", "pie"} else set())
    assert set(kinds) == expected
    assert kinds["as usual"] > sum(kinds.values()) / 2, "most callbacks arrive as they should"


def test_every_kind_of_callee_occurs() -> None:
    callees = [Chaos(seed).callee(1) for seed in range(300)]
    assert {callee.failure for callee in callees} == {"", *CALLEE_FAILURES}
    assert any(callee.talks is not None for callee in callees)
    assert all(callee.talks is None for callee in callees if callee.failure)


def test_another_seed_gives_other_fates() -> None:
    def kinds(seed: int) -> list[FateKind]:
        return [Chaos(seed).plan("pie", number).kind for number in range(40)]

    assert len({tuple(kinds(seed)) for seed in range(20)}) == 20


@given(seeds, events, numbers, st.integers(1, 2), st.floats(0.5, 60))
def test_what_is_sent_fits_the_fate(
    seed: int, event: CallbackEvent, number: int, addresses: int, deadline: float
) -> None:
    chaos = Chaos(seed, deadline)
    fate = chaos.plan(event, number)
    sent = chaos.sendings(fate, addresses)
    assert sum(sending.counts for sending in sent) <= 1
    assert [each.after for each in sent] == sorted(each.after for each in sent)
    assert all(sending.address < addresses for sending in sent)
    if fate.kind == "slow":
        assert 0 < sent[0].after < deadline


@pytest.mark.parametrize(
    ("fate", "addresses", "expected"),
    [
        (Fate("ice", 1, "as usual"), 2, (Sending(),)),
        (Fate("pie", 2, "duplicate", 0.5), 1, (Sending(), Sending(after=0.5, counts=False))),
        (Fate("ice", 1, "lost"), 2, ()),
        (Fate("ice", 1, "fallback"), 2, (Sending(address=1),)),
        (Fate("ice", 1, "fallback"), 1, ()),
        (Fate("ice", 1, "slow", 2.0), 1, (Sending(after=2.0),)),
        (Fate("ice", 1, "late", 7.0), 1, (Sending(after=7.0, counts=False),)),
        (Fate("ice", 1, "late", 7.0), 2, (Sending(address=1, after=5.0), Sending(after=7.0, counts=False))),
        (Fate("dice", 3, "late", 7.0), 2, (Sending(after=7.0),)),
        (Fate("notify", 3, "reordered"), 2, (Sending(behind=True),)),
    ],
    ids=lambda value: f"{value.event}-{value.kind}" if isinstance(value, Fate) else None,
)
def test_sendings(fate: Fate, addresses: int, expected: tuple[Sending, ...]) -> None:
    assert Chaos(1).sendings(fate, addresses) == expected


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (Fate("ice", 1, "as usual"), "ice 1: as usual"),
        (Fate("pie", 2, "duplicate", 0.5), "pie 2: sent twice, 0.5 s apart"),
        (Fate("dice", 3, "late", 7.0), "dice 3: arrives 7 s late"),
        (Fate("notify", 4, "reordered"), "notify 4: arrives behind the next callback"),
        (Fate("ice", 1, "lost"), "ice 1: lost, no address gets it"),
        (Fate("ice", 1, "fallback"), "ice 1: the primary address is down, the fallback gets it"),
        (Fate("ace", 1, "slow", 2.25), "ace 1: the network takes 2.25 s"),
        (Callee(1, "", 3.0), "callee 1: answers after 3 s"),
        (Callee(1, "", 3.0, 12.5), "callee 1: answers after 3 s, hangs up after 12.5 s"),
        (Callee(2, "busy", 0.5), "callee 2: busy after 0.5 s"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_fate_in_words(what: Fate | Callee, words: str) -> None:
    assert describe(what) == words


def test_how_to_repeat_a_run() -> None:
    assert repeat(42) == "chaos 42: `--chaos 42` does the same again"
