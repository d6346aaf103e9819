"""A call in a conference."""

from __future__ import annotations

from tests.calls.documents import CONF_DETECT, CONF_DETECT_THREE, CONF_FORWARD, CONFERENCE, MENU
from tests.calls.playbook import INBOUND, played


def test_keys_are_ignored() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {CONFERENCE}
        << answer
        << timer duration 14400
        << join conference room
        >> key 1
        >> caller hangs up
        << stop timer duration
        << leave conference room
        << dice ANSWERED CALLERHANGUP
        >> dice answers
        << end ANSWERED CALLERHANGUP 2 s
        """,
    )


def test_keys_are_forwarded() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {CONF_FORWARD}
        << answer
        << timer duration 14400
        << join conference room
        >> key 1
        << forward key 1
        """,
    )


def test_one_key_is_detected_at_once() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {CONF_DETECT}
        << answer
        << timer duration 14400
        << join conference room
        >> key #
        << pie sequence '#' in room
        >> pie answers
        >> key 5
        << pie sequence '5' in room
        """,
    )


def test_several_keys_take_the_participant_out() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {CONF_DETECT_THREE}
        << answer
        << timer duration 14400
        << join conference room
        >> key #
        >> key 1
        << step out room
        << timer digits 3
        >> key 2
        << stop timer digits
        << timer digits 3
        >> key 3
        << stop timer digits
        << pie sequence '123' in room
        << step back room
        >> key 4
        << step out room
        << timer digits 3
        >> timer digits
        << pie sequence '4' in room
        << step back room
        >> key 5
        << step out room
        << timer digits 3
        >> key #
        << stop timer digits
        << pie sequence '5' in room
        << step back room
        """,
    )


def test_a_participant_is_removed() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {CONFERENCE}
        << answer
        << timer duration 14400
        << join conference room
        >> kicked
        << stop timer duration
        << hang up caller
        << dice ANSWERED MANAGERHANGUP
        >> dice answers
        << end ANSWERED MANAGERHANGUP 1 s
        """,
    )


def test_only_a_participant_can_be_removed() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {MENU}
        << answer
        << timer duration 14400
        << menu main round 1 for caller
        << menu to caller: Press 1 or 2
        >> kicked
        << refused 40003: The call is in no conference.
        """,
    )
