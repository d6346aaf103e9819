from __future__ import annotations

import pytest

from devserver.recorder.numbers import is_about, with_plus


@pytest.mark.parametrize(
    ("wire", "shown"),
    [("12015555555", "+12015555555"), ("+12015555555", "+12015555555"), ("private", "private"), ("911", "911")],
)
def test_a_number_gets_the_plus_that_the_wire_leaves_out(wire: str, shown: str) -> None:
    assert with_plus(wire) == shown


@pytest.mark.parametrize("wanted", ["+12025550199", "12025550199", "+1 (202) 555-0199", "5550199", "202.555.0199"])
def test_a_number_is_meant_however_it_is_written(wanted: str) -> None:
    assert is_about(wanted, None, "+12025550199")
    assert not is_about(wanted, "+12025550100", None)


def test_a_name_is_meant_by_a_part_of_it_in_any_case() -> None:
    assert is_about("ALICE", "sip:alice@example.com")
    assert not is_about("bob", "sip:alice@example.com", None)
