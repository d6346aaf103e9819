"""PATCH of a call that goes on."""

from __future__ import annotations

import json

from devserver.calls.commands import Refused
from tests.calls.documents import CONFERENCE, CONTINUE, HANGUP, MENU, PSTN, SAY_CONTINUE, SAY_HANGUP
from tests.calls.playbook import INBOUND, Player, played


def test_a_bridged_call_hears_something_and_goes_on() -> None:
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
        >> ace answers
        << bridge
        >> patch {SAY_CONTINUE}
        << instruction to caller: Hear
        >> prompt ends
        >> caller hangs up
        << stop timer duration
        << hang up callee
        << dice ANSWERED CALLERHANGUP
        """,
    )


def test_a_leg_can_be_named() -> None:
    document = json.dumps({"instructions": [{"name": "say", "text": "Psst"}]})
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
        >> ace answers
        << bridge
        >> patch both {SAY_CONTINUE}
        << instruction to both: Hear
        >> prompt ends
        >> patch callee {document}
        << instruction to callee: Psst
        """,
    )


def test_a_leg_takes_prompts_only() -> None:
    document = json.dumps(
        {"instructions": [{"name": "setCookie", "key": "a", "value": "b"}], "action": {"name": "continue"}}
    )
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
        >> ace answers
        << bridge
        >> patch callee {SAY_HANGUP}
        << refused 40001: A leg takes only playFiles and say, and the action continue.
        >> patch callee {document}
        << refused 40001: A leg takes only playFiles and say, and the action continue.
        """,
    )


def test_a_patch_hangs_up() -> None:
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
        >> ace answers
        << bridge
        >> patch {HANGUP}
        << stop timer duration
        << hang up caller
        << hang up callee
        << dice ANSWERED MANAGERHANGUP
        >> dice answers
        << end ANSWERED MANAGERHANGUP 2 s
        """,
    )


def test_a_patch_before_the_answer_is_refused() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> patch {HANGUP}
        << refused 40003: The call is not answered yet, so there is nothing to manage.
        >> answers {PSTN}
        << dial callee number +12018888888
        << timer dial 60
        >> patch {HANGUP}
        << refused 40003: The call is not answered yet, so there is nothing to manage.
        """,
    )


def test_only_a_parked_call_can_be_connected() -> None:
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
        >> ace answers
        << bridge
        >> patch {PSTN}
        << refused 40003: connectPstn is not possible in the state bridged.
        """,
    )


def test_illegal_svaml_is_refused() -> None:
    document = json.dumps({"action": {"name": "dance"}})
    other = json.dumps({})
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
        >> ace answers
        << bridge
        >> patch {document}
        << refused 40001: action.name: 'dance' is no action.
        >> patch {other}
        << refused 40001: There is no SVAML in the request.
        """,
    )


def test_a_patch_starts_and_stops_a_recording() -> None:
    document = json.dumps({"action": {"name": "startRecording"}})
    other = json.dumps({"action": {"name": "stopRecording"}})
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
        >> ace answers
        << bridge
        >> patch {document}
        << record 1
        >> patch {other}
        << stop recording 1
        << notify recording_finished
        """,
    )


def test_a_second_patch_replaces_the_first() -> None:
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
        >> ace answers
        << bridge
        >> patch {SAY_CONTINUE}
        << instruction to caller: Hear
        >> patch {SAY_CONTINUE}
        << stop playing
        << instruction to caller: Hear
        >> prompt ends
        """,
    )


def test_a_menu_cannot_be_continued_but_left() -> None:
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
        >> patch {SAY_CONTINUE}
        << refused 40003: continue is not possible in the state menu.
        >> patch {SAY_HANGUP}
        << stop playing
        << instruction to caller: Bye
        >> prompt ends
        << stop timer duration
        << hang up caller
        << dice ANSWERED MANAGERHANGUP
        >> dice answers
        << end ANSWERED MANAGERHANGUP 3 s
        """,
    )


def test_a_call_that_waits_for_its_function_can_be_hung_up() -> None:
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
        >> key 1
        << stop playing
        << pie return 'sales' in main
        >> patch {HANGUP}
        << stop timer duration
        << hang up caller
        << dice ANSWERED MANAGERHANGUP
        >> pie answers {SAY_HANGUP}
        >> dice answers
        << end ANSWERED MANAGERHANGUP 2 s
        """,
    )


def test_a_participant_of_a_conference_can_be_asked() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {CONFERENCE}
        << answer
        << timer duration 14400
        << join conference room
        >> patch {MENU}
        << step out room
        << menu main round 1 for caller
        << menu to caller: Press 1 or 2
        >> key 1
        << stop playing
        << pie return 'sales' in main
        >> answers {CONTINUE}
        << step back room
        >> patch {HANGUP}
        << stop timer duration
        << leave conference room
        << hang up caller
        << dice ANSWERED MANAGERHANGUP
        >> dice answers
        << end ANSWERED MANAGERHANGUP 4 s
        """,
    )


def test_a_recording_can_be_stopped_after_a_prompt() -> None:
    start = json.dumps({"instructions": [{"name": "say", "text": "On"}], "action": {"name": "startRecording"}})
    stop = json.dumps({"instructions": [{"name": "say", "text": "Off"}], "action": {"name": "stopRecording"}})
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {CONFERENCE}
        << answer
        << timer duration 14400
        << join conference room
        >> patch {start}
        << instruction to caller: On
        >> prompt ends
        << record 1
        >> patch {stop}
        << instruction to caller: Off
        >> prompt ends
        << stop recording 1
        << notify recording_finished
        """,
    )


def test_a_parked_call_has_to_be_told_whom_to_connect_to() -> None:
    park = json.dumps({"action": {"name": "park"}})
    nobody = json.dumps({"action": {"name": "connectMxp"}})
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {park}
        << answer
        << timer duration 14400
        << timer park 600
        >> patch {nobody}
        << refused 40001: connectMxp does not say whom to connect to.
        """,
    )


def test_what_was_possible_is_told_by_action() -> None:
    player = Player()
    for line in ("started", f"answers {PSTN}", "callee answers", "ace answers"):
        player.say(line)
    (refused,) = player.say(f"patch {PSTN}")
    assert isinstance(refused, Refused)
    assert refused.possible == ("hangup", "continue", "park", "startRecording", "stopRecording")
