from __future__ import annotations

import pytest

from devserver.svaml.legality import ACTION_RULINGS, INSTRUCTION_RULINGS, allowed_in
from devserver.svaml.model import ACTION_SHAPES, ACTIONS, INSTRUCTION_SHAPES, INSTRUCTIONS


@pytest.mark.parametrize(
    ("name", "events"),
    [
        ("hangup", "ice ace pie"),
        ("continue", "ace pie"),
        ("connectPstn", "ice pie"),
        ("connectMxp", "ice"),
        ("connectConf", "ice pie"),
        ("connectSip", "ice pie"),
        ("connectStream", "ice"),
        ("runMenu", "ice pie"),
        ("park", "ice"),
        ("startRecording", ""),
    ],
)
def test_an_action_is_undisputed_where_all_sources_list_it(name: str, events: str) -> None:
    assert allowed_in(name, action=True) == tuple(events.split())


def test_an_instruction_is_allowed_where_the_reference_lists_it() -> None:
    assert allowed_in("answer", action=False) == ("ice",)
    assert allowed_in("sendDtmf", action=False) == ("ice", "pie")
    assert allowed_in("stopRecording", action=False) == ("ice", "ace", "pie")
    assert allowed_in("reportCallStatus", action=False) == ("dice",)


def test_every_ruling_is_about_something_that_exists() -> None:
    assert {name for name, _ in ACTION_RULINGS} <= {shape.name for shape in ACTION_SHAPES}
    assert {name for name, _ in INSTRUCTION_RULINGS} <= {shape.name for shape in INSTRUCTION_SHAPES}


def test_a_disputed_ruling_names_both_sides() -> None:
    for ruling in (*ACTION_RULINGS.values(), *INSTRUCTION_RULINGS.values()):
        assert ruling.severity == "error" or (ruling.why and ruling.source)


def test_the_tables_hold_every_instruction_and_action_once() -> None:
    assert len(INSTRUCTIONS) == len(INSTRUCTION_SHAPES) == 8
    assert len(ACTIONS) == len(ACTION_SHAPES) == 11
