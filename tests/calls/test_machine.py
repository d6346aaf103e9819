"""A call that comes in, from its start to its end."""

from __future__ import annotations

import json

from msgspec.structs import replace

from devserver.calls.settings import Settings
from devserver.calls.setup import Identity
from tests.calls.documents import CONTINUE, HANGUP, MXP, RECORD, SAY_HANGUP
from tests.calls.playbook import APP, INBOUND, SIP, played


def test_a_prompt_and_a_hangup() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {SAY_HANGUP}
        << answer
        << timer duration 14400
        << instruction to caller: Bye
        >> prompt ends
        << stop timer duration
        << hang up caller
        << dice ANSWERED MANAGERHANGUP
        >> dice answers
        << end ANSWERED MANAGERHANGUP 1 s
        """,
    )


def test_a_hangup_before_the_answer() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {HANGUP}
        << hang up caller
        << dice N/A MANAGERHANGUP
        >> dice answers
        << end N/A MANAGERHANGUP 0 s
        """,
    )


def test_a_call_refused_as_busy() -> None:
    document = json.dumps({"action": {"name": "hangup", "hangupCause": 1}})
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {document}
        << hang up caller
        << dice BUSY MANAGERHANGUP
        >> dice answers
        << end BUSY MANAGERHANGUP 0 s
        """,
    )


def test_prompts_before_a_connect_are_early_media() -> None:
    document = json.dumps(
        {
            "instructions": [{"name": "say", "text": "Hold on"}],
            "action": {"name": "connectPstn", "number": "+12018888888"},
        }
    )
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {document}
        << instruction to caller: Hold on
        >> prompt ends
        << dial callee number +12018888888
        << timer dial 60
        >> callee answers
        << stop timer dial
        << answer
        << timer duration 14400
        << ace
        """,
    )


def test_the_instruction_answer_answers() -> None:
    document = json.dumps(
        {
            "instructions": [
                {"name": "answer"},
                {"name": "sendDtmf", "value": "ww12#"},
                {"name": "playFiles", "ids": ["#tts[a]", "b.wav"], "locale": "en-US"},
            ],
            "action": {"name": "connectPstn", "number": "+12018888888"},
        }
    )
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {document}
        << answer
        << timer duration 14400
        << keys to caller: ww12#
        >> prompt ends
        << instruction to caller: a b.wav
        >> prompt ends
        << dial callee number +12018888888
        << timer dial 60
        """,
    )


def test_an_ice_that_is_not_answered() -> None:
    played(
        INBOUND,
        """
        >> started
        << ice
        >> no answer
        << error to caller: An error occurred. Goodbye.
        >> prompt ends
        << hang up caller
        << dice FAILED CALLBACKERROR
        >> dice answers
        << end FAILED CALLBACKERROR 0 s
        """,
    )


def test_an_ice_that_fails() -> None:
    played(
        INBOUND,
        """
        >> started
        << ice
        >> status 500
        << error to caller: An error occurred. Goodbye.
        >> prompt ends
        << hang up caller
        << dice FAILED CALLBACKERROR
        >> dice answers
        << end FAILED CALLBACKERROR 0 s
        """,
    )


def test_an_ice_that_is_answered_with_nothing() -> None:
    played(
        INBOUND,
        """
        >> started
        << ice
        >> ice answers
        << error to caller: An error occurred. Goodbye.
        >> prompt ends
        << hang up caller
        << dice FAILED CALLBACKERROR
        >> dice answers
        << end FAILED CALLBACKERROR 0 s
        """,
    )


def test_an_ice_that_is_answered_with_illegal_svaml() -> None:
    played(
        INBOUND,
        """
        >> started
        << ice
        >> answers <html>oops</html>
        << notify callingerror 40001
        << error to caller: An error occurred. Goodbye.
        >> prompt ends
        << hang up caller
        << dice FAILED CALLBACKERROR
        >> notify answers
        >> dice answers
        << end FAILED CALLBACKERROR 0 s
        """,
    )


def test_who_hangs_up_during_the_error_prompt_changes_nothing() -> None:
    played(
        INBOUND,
        """
        >> started
        << ice
        >> no answer
        << error to caller: An error occurred. Goodbye.
        >> caller hangs up
        << stop playing
        << dice FAILED CALLBACKERROR
        >> dice answers
        << end FAILED CALLBACKERROR 0 s
        """,
    )


def test_a_caller_who_hangs_up_before_the_answer_to_the_ice() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> caller hangs up
        << dice NOANSWER CANCEL
        >> ice answers {SAY_HANGUP}
        >> dice answers
        << end NOANSWER CANCEL 0 s
        """,
    )


def test_a_number_without_callback_address() -> None:
    played(
        replace(INBOUND, urls=()),
        """
        >> started
        << hang up caller
        << end FAILED GENERALERROR 0 s
        """,
    )


def test_an_app_without_callback_address_connects_as_dialled() -> None:
    played(
        replace(APP, urls=()),
        """
        >> started
        << dial callee number +12017777777
        << timer dial 60
        >> callee answers
        << stop timer dial
        << answer
        << timer duration 14400
        << bridge
        >> callee hangs up
        << stop timer duration
        << hang up caller
        << end ANSWERED CALLEEHANGUP 1 s
        """,
    )


def test_an_app_to_a_conference_without_callback_address_joins() -> None:
    played(
        replace(APP, urls=(), to=Identity("conference", "room")),
        """
        >> started
        << answer
        << timer duration 14400
        << join conference room
        >> caller hangs up
        << stop timer duration
        << leave conference room
        << end ANSWERED CALLERHANGUP 1 s
        """,
    )


def test_sip_without_callback_address_ends_at_the_number() -> None:
    played(
        replace(SIP, urls=()),
        """
        >> started
        << dial callee number +12017777777
        << timer dial 60
        """,
    )


def test_an_app_can_continue_as_dialled() -> None:
    played(
        APP,
        f"""
        >> started
        << ice
        >> answers {CONTINUE}
        << dial callee number +12017777777
        << timer dial 60
        >> callee answers
        << stop timer dial
        << answer
        << timer duration 14400
        << ace
        """,
    )


def test_a_phone_cannot_continue() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {CONTINUE}
        << notify callingerror 40001
        << error to caller: An error occurred. Goodbye.
        >> prompt ends
        << hang up caller
        << dice FAILED CALLBACKERROR
        >> notify answers
        >> dice answers
        << end FAILED CALLBACKERROR 0 s
        """,
    )


def test_app_to_app_has_a_dice() -> None:
    played(
        APP,
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
        >> callee hangs up
        << stop timer duration
        << hang up caller
        << dice ANSWERED CALLEEHANGUP
        >> dice answers
        << end ANSWERED CALLEEHANGUP 1 s
        """,
    )


def test_app_to_app_can_be_without_dice() -> None:
    played(
        APP,
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
        >> callee hangs up
        << stop timer duration
        << hang up caller
        << end ANSWERED CALLEEHANGUP 1 s
        """,
        Settings(dice_app_to_app=False),
    )


def test_a_dice_can_be_answered_with_a_report() -> None:
    document = json.dumps(
        {
            "instructions": [{"name": "reportCallStatus", "value": "SUCCESS", "details": "fine"}],
            "action": {"name": "hangup"},
        }
    )
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {HANGUP}
        << hang up caller
        << dice N/A MANAGERHANGUP
        >> dice answers {document}
        << report success: fine
        << end N/A MANAGERHANGUP 0 s
        """,
    )


def test_a_report_of_any_other_value_is_ignored() -> None:
    document = json.dumps(
        {"instructions": [{"name": "reportCallStatus", "value": "maybe"}], "action": {"name": "hangup"}}
    )
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {HANGUP}
        << hang up caller
        << dice N/A MANAGERHANGUP
        >> dice answers {document}
        << end N/A MANAGERHANGUP 0 s
        """,
    )


def test_a_hangup_with_barge_is_cut_short_by_a_key() -> None:
    document = json.dumps(
        {"instructions": [{"name": "say", "text": "Bye"}], "action": {"name": "hangup", "barge": True}}
    )
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {document}
        << answer
        << timer duration 14400
        << instruction to caller: Bye
        >> key 1
        << stop playing
        << stop timer duration
        << hang up caller
        << dice ANSWERED MANAGERHANGUP
        >> dice answers
        << end ANSWERED MANAGERHANGUP 1 s
        """,
    )


def test_a_recording_ends_with_the_call_and_is_told_in_three_steps() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {RECORD}
        << record 1
        << answer
        << timer duration 14400
        << instruction to caller: Speak
        >> prompt ends
        << stop timer duration
        << stop recording 1
        << notify recording_finished
        << hang up caller
        << dice ANSWERED MANAGERHANGUP
        << timer storing 900
        >> notify answers
        >> dice answers
        >> stored azure://a/b.mp3
        << notify recording_available azure://a/b.mp3
        >> notify answers
        >> transcribed azure://a/b.json
        << notify transcription_available azure://a/b.json
        >> notify answers
        << stop timer storing
        << end ANSWERED MANAGERHANGUP 1 s
        """,
    )


def test_a_recording_without_notifications() -> None:
    document = json.dumps(
        {
            "instructions": [
                {"name": "startRecording", "options": {"notificationEvents": False}},
                {"name": "startRecording"},
                {"name": "say", "text": "Speak"},
                {"name": "stopRecording"},
            ],
            "action": {"name": "hangup"},
        }
    )
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {document}
        << record 1
        << note: The call is being recorded already.
        << answer
        << timer duration 14400
        << instruction to caller: Speak
        >> prompt ends
        << stop recording 1
        << stop timer duration
        << hang up caller
        << dice ANSWERED MANAGERHANGUP
        << timer storing 900
        >> dice answers
        >> stored file
        << stop timer storing
        << end ANSWERED MANAGERHANGUP 1 s
        """,
    )


def test_a_recording_that_nobody_stores_is_given_up() -> None:
    document = json.dumps(
        {
            "instructions": [{"name": "startRecording", "options": {"notificationEvents": False}}],
            "action": {"name": "hangup"},
        }
    )
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {document}
        << record 1
        << stop recording 1
        << hang up caller
        << dice N/A MANAGERHANGUP
        << timer storing 900
        >> dice answers
        >> timer storing
        << end N/A MANAGERHANGUP 0 s
        """,
    )


def test_nothing_is_possible_after_the_end() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {HANGUP}
        << hang up caller
        << dice N/A MANAGERHANGUP
        >> dice answers
        << end N/A MANAGERHANGUP 0 s
        >> key 1
        << refused 40003: This cannot happen in the state ended.
        >> patch {HANGUP}
        << refused 40400: Call not found: it has ended.
        >> started
        << refused 40003: This cannot happen in the state ended.
        """,
    )
