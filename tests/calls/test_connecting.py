"""Connecting to somebody: ringing, the answer, who answered, and what went wrong."""

from __future__ import annotations

import json

from tests.calls.documents import (
    CONTINUE,
    HANGUP,
    MENU,
    MXP,
    PSTN,
    PSTN_ASYNC,
    PSTN_SYNC,
    SAY_HANGUP,
    SIP_CONNECT,
    STREAM,
)
from tests.calls.playbook import INBOUND, played


def test_an_answered_callee_is_bridged_after_the_ace() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {PSTN}
        << dial callee number +12018888888
        << timer dial 60
        >> callee answers
        << stop timer dial
        << answer
        << timer duration 14400
        << ace
        >> answers {CONTINUE}
        << bridge
        >> 9 callee hangs up
        << stop timer duration
        << hang up caller
        << dice ANSWERED CALLEEHANGUP
        >> dice answers
        << end ANSWERED CALLEEHANGUP 7 s
        """,
    )


def test_a_callee_is_busy() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {PSTN}
        << dial callee number +12018888888
        << timer dial 60
        >> callee fails: busy
        << stop timer dial
        << hang up caller
        << dice BUSY N/A
        >> dice answers
        << end BUSY N/A 0 s
        """,
    )


def test_a_callee_does_not_answer_in_time() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {SIP_CONNECT}
        << dial callee sip bob@example.test
        << timer dial 20
        >> timer dial
        << stop dialling callee
        << hang up caller
        << dice NOANSWER TIMEOUT
        >> dice answers
        << end NOANSWER TIMEOUT 0 s
        """,
    )


def test_an_app_user_does_not_answer_in_time() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {MXP}
        << dial callee username bob
        << timer dial 60
        >> timer dial
        << stop dialling callee
        << hang up caller
        << dice BUSY N/A
        >> dice answers
        << end BUSY N/A 0 s
        """,
    )


def test_a_caller_gives_up_while_it_rings() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {PSTN}
        << dial callee number +12018888888
        << timer dial 60
        >> caller hangs up
        << stop timer dial
        << stop dialling callee
        << dice NOANSWER CANCEL
        >> dice answers
        << end NOANSWER CANCEL 0 s
        """,
    )


def test_suppressed_callbacks_are_no_ace_and_no_dice() -> None:
    document = json.dumps({"action": {"name": "connectPstn", "suppressCallbacks": True, "number": "+12018888888"}})
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {document}
        << dial callee number +12018888888
        << timer dial 60
        >> callee answers
        << stop timer dial
        << answer
        << timer duration 14400
        << bridge
        >> caller hangs up
        << stop timer duration
        << hang up callee
        << end ANSWERED CALLERHANGUP 1 s
        """,
    )


def test_an_app_user_has_no_ace() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {MXP}
        << dial callee username bob
        << timer dial 60
        >> callee answers
        << stop timer dial
        << answer
        << timer duration 14400
        << bridge
        >> caller hangs up
        << stop timer duration
        << hang up callee
        << dice ANSWERED CALLERHANGUP
        >> dice answers
        << end ANSWERED CALLERHANGUP 1 s
        """,
    )


def test_a_stream_has_no_ace() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {STREAM}
        << dial callee Websocket wss://a.test
        << timer dial 60
        >> callee answers
        << stop timer dial
        << answer
        << timer duration 14400
        << bridge
        >> callee hangs up
        << stop timer duration
        << hang up caller
        << dice ANSWERED CALLEEHANGUP
        >> dice answers
        << end ANSWERED CALLEEHANGUP 1 s
        """,
    )


def test_keys_are_sent_on_the_answer_before_the_ace() -> None:
    document = json.dumps({"action": {"name": "connectPstn", "dtmf": "w12#", "number": "+12018888888"}})
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {document}
        << dial callee number +12018888888
        << timer dial 60
        >> callee answers
        << stop timer dial
        << answer
        << timer duration 14400
        << keys to callee: w12#
        >> prompt ends
        << ace
        >> ace answers
        << bridge
        >> caller hangs up
        << stop timer duration
        << hang up callee
        << dice ANSWERED CALLERHANGUP
        >> dice answers
        << end ANSWERED CALLERHANGUP 3 s
        """,
    )


def test_synchronous_detection_delays_the_ace() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {PSTN_SYNC}
        << dial callee number +12018888888 amd sync
        << timer dial 60
        >> callee answers
        << stop timer dial
        << answer
        << timer duration 14400
        << timer amd 5
        >> detected machine
        << stop timer amd
        << ace machine
        >> ace answers
        << bridge
        >> beep
        << refused 40003: No detection is under way.
        >> callee hangs up
        << stop timer duration
        << hang up caller
        << dice ANSWERED CALLEEHANGUP
        >> dice answers
        << end ANSWERED CALLEEHANGUP 4 s
        """,
    )


def test_synchronous_detection_that_takes_too_long_is_not_sure() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {PSTN_SYNC}
        << dial callee number +12018888888 amd sync
        << timer dial 60
        >> callee answers
        << stop timer dial
        << answer
        << timer duration 14400
        << timer amd 5
        >> timer amd
        << ace notsure
        >> answers {HANGUP}
        << stop timer duration
        << hang up caller
        << hang up callee
        << dice ANSWERED MANAGERHANGUP
        >> dice answers
        << end ANSWERED MANAGERHANGUP 2 s
        """,
    )


def test_asynchronous_detection_tells_by_notify() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {PSTN_ASYNC}
        << dial callee number +12018888888 amd async
        << timer dial 60
        >> callee answers
        << stop timer dial
        << answer
        << timer duration 14400
        << ace inprogress
        >> ace answers
        << bridge
        >> detected machine
        << notify amd
        >> beep
        << notify amd_beep
        >> beep
        << refused 40003: No detection is under way.
        >> patch {SAY_HANGUP}
        << instruction to caller: Bye
        >> prompt ends
        << stop timer duration
        << hang up caller
        << hang up callee
        << dice ANSWERED MANAGERHANGUP
        >> notify answers
        >> dice answers
        """,
    )


def test_a_bridged_call_ends_after_its_longest_duration() -> None:
    document = json.dumps({"action": {"name": "connectPstn", "maxDuration": 30, "number": "+12018888888"}})
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {document}
        << dial callee number +12018888888
        << timer dial 60
        >> callee answers
        << stop timer dial
        << answer
        << timer duration 30
        << ace
        >> ace answers
        << bridge
        >> timer duration
        << hang up caller
        << hang up callee
        << dice ANSWERED TIMEOUT
        >> dice answers
        << end ANSWERED TIMEOUT 2 s
        """,
    )


def test_the_callee_can_be_asked_by_a_menu_before_the_bridge() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {PSTN}
        << dial callee number +12018888888
        << timer dial 60
        >> callee answers
        << stop timer dial
        << answer
        << timer duration 14400
        << ace
        >> answers {MENU}
        << menu main round 1 for callee
        << menu to callee: Press 1 or 2
        >> key 1
        << note: The menu is for the other party.
        >> callee key 1
        << stop playing
        << pie return 'sales' in main
        >> answers {CONTINUE}
        << bridge
        >> caller hangs up
        << stop timer duration
        << hang up callee
        << dice ANSWERED CALLERHANGUP
        >> dice answers
        << end ANSWERED CALLERHANGUP 5 s
        """,
    )


def test_an_ace_that_fails_is_as_if_it_said_continue() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {PSTN}
        << dial callee number +12018888888
        << timer dial 60
        >> callee answers
        << stop timer dial
        << answer
        << timer duration 14400
        << ace
        >> no answer
        << bridge
        >> caller hangs up
        << stop timer duration
        << hang up callee
        << dice ANSWERED CALLERHANGUP
        >> dice answers
        << end ANSWERED CALLERHANGUP 2 s
        """,
    )


def test_illegal_svaml_in_an_ace_is_told_and_the_call_goes_on() -> None:
    document = json.dumps({"action": {"name": "dance"}})
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {PSTN}
        << dial callee number +12018888888
        << timer dial 60
        >> callee answers
        << stop timer dial
        << answer
        << timer duration 14400
        << ace
        >> answers {document}
        << notify callingerror 40001
        << bridge
        >> notify answers
        >> caller hangs up
        << stop timer duration
        << hang up callee
        << dice ANSWERED CALLERHANGUP
        >> dice answers
        << end ANSWERED CALLERHANGUP 3 s
        """,
    )


def test_a_call_recorded_by_its_connect() -> None:
    document = json.dumps({"action": {"name": "connectPstn", "record": True, "number": "+12018888888"}})
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {document}
        << dial callee number +12018888888
        << timer dial 60
        >> callee answers
        << stop timer dial
        << answer
        << timer duration 14400
        << ace
        >> ace answers
        << bridge
        << record 1
        >> callee hangs up
        << stop timer duration
        << stop recording 1
        << notify recording_finished
        << hang up caller
        << dice ANSWERED CALLEEHANGUP
        << timer storing 900
        >> stored azure://a/b.mp3
        << notify recording_available azure://a/b.mp3
        >> notify answers
        >> dice answers
        """,
    )
