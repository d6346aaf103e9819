from __future__ import annotations

import pytest

from devserver.calls.magic import Behaviour, behaviour_of


@pytest.mark.parametrize(
    ("suffix", "behaviour"),
    [
        ("", Behaviour("answers", after=7.5, plays=1)),
        ("2", Behaviour("answers", plays=2)),
        ("9", Behaviour("answers", plays=9)),
        ("10", Behaviour("answers", seconds=120.0)),
        ("20", Behaviour("answers", plays=10, until_key="0")),
        ("30", Behaviour("rejected")),
        ("31", Behaviour("rejected", after=7.5)),
        ("40", Behaviour("no answer", after=45.0)),
        ("50", Behaviour("no route")),
        ("51", Behaviour("no route", after=7.5)),
    ],
)
def test_a_test_number_does_what_the_table_says(suffix: str, behaviour: Behaviour) -> None:
    assert behaviour_of(f"+46000000000{suffix}") == behaviour
    assert behaviour_of(f"46000000000{suffix}") == behaviour


@pytest.mark.parametrize("number", ["+460000000001", "+4600000000099", "+46700000000", ""])
def test_any_other_number_is_an_ordinary_one(number: str) -> None:
    assert behaviour_of(number) is None
