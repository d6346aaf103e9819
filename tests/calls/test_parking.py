"""Parked calls."""

from __future__ import annotations

import json

from tests.calls.documents import PARK, PSTN, SAY_CONTINUE
from tests.calls.playbook import INBOUND, played


def test_a_parked_call_hears_the_intro_once_and_then_the_hold_prompt() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {PARK}
        << answer
        << timer duration 14400
        << timer park 60
        << park to caller: Wait
        >> prompt ends
        << park to caller again and again: Still
        >> timer park
        << stop playing after the prompt
        >> prompt ends
        << stop timer duration
        << hang up caller
        << dice ANSWERED TIMEOUT
        >> dice answers
        << end ANSWERED TIMEOUT 3 s
        """,
    )


def test_a_patch_takes_a_parked_call_away() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {PARK}
        << answer
        << timer duration 14400
        << timer park 60
        << park to caller: Wait
        >> prompt ends
        << park to caller again and again: Still
        >> patch {PSTN}
        << stop playing
        << stop timer park
        << dial callee number +12018888888
        << timer dial 60
        >> callee answers
        << stop timer dial
        << ace
        """,
    )


def test_a_parked_call_that_hears_something_is_parked_again() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {PARK}
        << answer
        << timer duration 14400
        << timer park 60
        << park to caller: Wait
        >> patch {SAY_CONTINUE}
        << stop playing
        << instruction to caller: Hear
        >> prompt ends
        << park to caller again and again: Still
        >> caller hangs up
        << stop playing
        << stop timer duration
        << stop timer park
        << dice ANSWERED CALLERHANGUP
        >> dice answers
        << end ANSWERED CALLERHANGUP 3 s
        """,
    )


def test_parking_without_prompts_ends_at_once() -> None:
    document = json.dumps({"action": {"name": "park"}})
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {document}
        << answer
        << timer duration 14400
        << timer park 600
        >> timer park
        << stop timer duration
        << hang up caller
        << dice ANSWERED TIMEOUT
        >> dice answers
        << end ANSWERED TIMEOUT 1 s
        """,
    )


def test_the_time_is_over_while_a_parked_call_hears_something() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {PARK}
        << answer
        << timer duration 14400
        << timer park 60
        << park to caller: Wait
        >> patch {SAY_CONTINUE}
        << stop playing
        << instruction to caller: Hear
        >> timer park
        >> prompt ends
        << stop timer duration
        << hang up caller
        << dice ANSWERED TIMEOUT
        >> dice answers
        << end ANSWERED TIMEOUT 3 s
        """,
    )
