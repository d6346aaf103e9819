"""A call that comes in, from its start to its end."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from devserver.calls.commands import Answer, End, Refused
from devserver.calls.events import (
    CallbackAnswered,
    CallbackFailed,
    CalleeAnswered,
    CalleeFailed,
    Cancelled,
    Event,
    HungUp,
    KeyPressed,
    PromptEnded,
    Spoke,
    Started,
    TimerFired,
)
from devserver.calls.progress import State
from devserver.calls.settings import Settings
from devserver.calls.setup import Identity
from tests.calls.documents import CONFERENCE, CONTINUE, HANGUP, MXP, PSTN, RECORD, SAY_HANGUP
from tests.calls.playbook import APP, INBOUND, SIP, Player, played, remembered


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


def test_what_can_come_next_is_known() -> None:
    player = Player()
    assert player.call.possible == ("Started",)
    player.say("started")
    assert "CallbackAnswered" in player.call.possible
    assert not {"TimerFired", "PromptEnded", "Started"} & set(player.call.possible)


@pytest.mark.parametrize(
    "event",
    [
        CallbackAnswered(1.0, 7, 200, b""),
        CallbackFailed(1.0, 7, "timeout"),
        CalleeAnswered(1.0),
        CalleeFailed(1.0, "busy"),
        CalleeAnswered(1.0, "caller"),
        CalleeFailed(1.0, "busy", "caller"),
        PromptEnded(1.0, 0),
        PromptEnded(1.0, 9),
        TimerFired(1.0, "menu"),
        KeyPressed(1.0, "1", "callee"),
        Spoke(1.0, "one", "callee"),
        HungUp(1.0, "callee"),
        Cancelled(1.0),
        Started(1.0),
    ],
    ids=repr,
)
@pytest.mark.parametrize("so_far", [["started"], ["started", f"answers {PSTN}"]], ids=["waiting", "dialling"])
def test_an_event_of_something_that_is_not_there_is_refused_and_changes_nothing(
    event: Event, so_far: list[str]
) -> None:
    if so_far[1:] and getattr(event, "leg", "") == "callee" and isinstance(event, CalleeAnswered | CalleeFailed):
        return  # Here it is there.
    player = Player()
    for line in so_far:
        player.say(line)
    before = remembered(player.call)

    (refused,) = player.send(event)

    assert isinstance(refused, Refused)
    assert refused.what == type(event).__name__
    assert "CallbackAnswered" in refused.possible
    assert remembered(player.call) == before


def test_time_never_goes_back() -> None:
    player = Player()
    player.say("5 started")
    player.send(CallbackAnswered(3.0, 1, 200, PSTN.encode()))
    assert player.call.progress.at == 5.0


def test_a_call_in_which_too_much_happens_is_ended() -> None:
    player = Player(settings=Settings(most_events=4))
    for line in ("started", f"answers {CONFERENCE}", "key 1", "key 2", "key 3"):
        player.say(line)
    assert player.call.state is State.FINISHING
    assert "most_events" in player.callback("notify").payload["errorMsg"]
    assert player.callback("dice").payload["reason"] == "GENERALERROR"


def test_what_a_callback_says_about_illegal_svaml_is_what_the_call_says() -> None:
    player = Player()
    for line in ("started", "answers <html>", "prompt ends", "notify answers", "dice answers"):
        player.say(line)
    end = player.commands[-1]
    assert isinstance(end, End)
    assert end.info_reason == "INVALIDSVAMLACTION"
    assert end.why == player.callback("notify").payload["errorMsg"]
    assert "not JSON" in end.why


def test_prompts_can_always_or_never_answer_a_call() -> None:
    early = '{"instructions": [{"name": "say", "text": "Hold on"}], "action": {"name": "connectPstn", "number": "+12018888888"}}'
    for choice, document, answered in (("always", early, True), ("never", SAY_HANGUP, False)):
        player = Player(settings=Settings(prompts_answer=choice))  # type: ignore[arg-type]
        for line in ("started", f"answers {document}"):
            player.say(line)
        assert (Answer() in player.commands) is answered


def test_an_app_that_dialled_a_user_can_continue() -> None:
    played(
        replace(APP, to=Identity("username", "bob")),
        f"""
        >> started
        << ice
        >> answers {CONTINUE}
        << dial callee username bob
        << timer dial 60
        """,
    )


def test_a_call_that_was_answered_before_is_bounded_anew_by_its_connect() -> None:
    document = json.dumps(
        {
            "instructions": [{"name": "answer"}],
            "action": {"name": "connectPstn", "number": "+12018888888", "maxDuration": 9},
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
        << dial callee number +12018888888
        << timer dial 60
        >> callee answers
        << stop timer dial
        << stop timer duration
        << timer duration 9
        << ace
        """,
    )
