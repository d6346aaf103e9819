"""Callouts: which callbacks they have, and what they do without."""

from __future__ import annotations

import json

from msgspec.structs import replace

from devserver.calls.settings import Settings
from devserver.calls.setup import Identity
from tests.calls.documents import CONTINUE, HANGUP, MENU, PSTN, PSTN_SYNC, SAY_HANGUP
from tests.calls.playbook import callout, played


def test_a_text_is_played_and_the_call_is_over() -> None:
    played(
        callout("tts", text="Hello", enable_dice=True),
        """
        >> started
        << dial caller number +12017777777
        << timer dial 60
        >> caller answers
        << stop timer dial
        << timer duration 14400
        << text to caller: Hello
        >> prompt ends
        << stop timer duration
        << hang up caller
        << dice ANSWERED MANAGERHANGUP
        >> dice answers
        << end ANSWERED MANAGERHANGUP 1 s
        """,
    )


def test_nothing_is_sent_unless_it_was_asked_for() -> None:
    played(
        callout("tts", text="Hello"),
        """
        >> started
        << dial caller number +12017777777
        << timer dial 60
        >> caller answers
        << stop timer dial
        << timer duration 14400
        << text to caller: Hello
        >> prompt ends
        << stop timer duration
        << hang up caller
        << end ANSWERED MANAGERHANGUP 1 s
        """,
    )


def test_prompts_win_over_text() -> None:
    played(
        callout("tts", text="Hello", prompts="#tts[One];two.wav"),
        """
        >> started
        << dial caller number +12017777777
        << timer dial 60
        >> caller answers
        << stop timer dial
        << timer duration 14400
        << text to caller: One two.wav
        >> prompt ends
        << stop timer duration
        << hang up caller
        << end ANSWERED MANAGERHANGUP 1 s
        """,
    )


def test_an_ace_that_says_continue_plays_the_text() -> None:
    played(
        callout("tts", text="Hello", enable_ace=True),
        f"""
        >> started
        << dial caller number +12017777777
        << timer dial 60
        >> caller answers
        << stop timer dial
        << timer duration 14400
        << ace
        >> answers {CONTINUE}
        << text to caller: Hello
        >> prompt ends
        << stop timer duration
        << hang up caller
        << end ANSWERED MANAGERHANGUP 2 s
        """,
    )


def test_an_ace_can_do_something_else() -> None:
    played(
        callout("tts", text="Hello", enable_ace=True, enable_pie=True),
        f"""
        >> started
        << dial caller number +12017777777
        << timer dial 60
        >> caller answers
        << stop timer dial
        << timer duration 14400
        << ace
        >> answers {MENU}
        << menu main round 1 for caller
        << menu to caller: Press 1 or 2
        >> key 1
        << stop playing
        << pie return 'sales' in main
        >> answers {SAY_HANGUP}
        << instruction to caller: Bye
        >> prompt ends
        << stop timer duration
        << hang up caller
        << end ANSWERED MANAGERHANGUP 4 s
        """,
    )


def test_a_menu_without_pie_ends_the_call() -> None:
    played(
        callout("tts", text="Hello", enable_ace=True),
        f"""
        >> started
        << dial caller number +12017777777
        << timer dial 60
        >> caller answers
        << stop timer dial
        << timer duration 14400
        << ace
        >> answers {MENU}
        << menu main round 1 for caller
        << menu to caller: Press 1 or 2
        >> key 1
        << stop playing
        << stop timer duration
        << hang up caller
        << end ANSWERED MANAGERHANGUP 2 s
        """,
    )


def test_an_app_user_has_no_events_even_if_asked_for() -> None:
    played(
        callout(
            "tts", to=Identity("username", "bob"), text="Hello", enable_ace=True, enable_pie=True, enable_dice=True
        ),
        """
        >> started
        << dial caller username bob
        << timer dial 60
        >> caller answers
        << stop timer dial
        << timer duration 14400
        << text to caller: Hello
        >> prompt ends
        << stop timer duration
        << hang up caller
        << end ANSWERED MANAGERHANGUP 1 s
        """,
    )


def test_without_cli_a_text_never_arrives() -> None:
    played(
        replace(callout("tts", text="Hello", enable_dice=True), cli=""),
        """
        >> started
        << dice FAILED GENERALERROR
        >> dice answers
        << end FAILED GENERALERROR 0 s
        """,
    )


def test_who_was_called_hangs_up() -> None:
    played(
        callout("tts", text="Hello", enable_dice=True),
        """
        >> started
        << dial caller number +12017777777
        << timer dial 60
        >> caller answers
        << stop timer dial
        << timer duration 14400
        << text to caller: Hello
        >> caller hangs up
        << stop playing
        << stop timer duration
        << dice ANSWERED CALLEEHANGUP
        >> dice answers
        << end ANSWERED CALLEEHANGUP 1 s
        """,
    )


def test_nobody_answers() -> None:
    played(
        callout("tts", text="Hello", enable_dice=True),
        """
        >> started
        << dial caller number +12017777777
        << timer dial 60
        >> timer dial
        << stop dialling caller
        << dice NOANSWER TIMEOUT
        >> dice answers
        << end NOANSWER TIMEOUT 0 s
        """,
    )


def test_a_callout_can_be_cancelled_until_it_is_answered() -> None:
    played(
        callout("tts", text="Hello", enable_dice=True),
        """
        >> started
        << dial caller number +12017777777
        << timer dial 60
        >> cancelled
        << stop timer dial
        << stop dialling caller
        << dice NOANSWER CANCEL
        >> dice answers
        << end NOANSWER CANCEL 0 s
        """,
    )


def test_a_conference_is_greeted_and_joined() -> None:
    played(
        callout("conference", conference="room", greeting="Welcome", enable_dice=True),
        """
        >> started
        << dial caller number +12017777777
        << timer dial 60
        >> caller answers
        << stop timer dial
        << timer duration 14400
        << greeting to caller: Welcome
        >> prompt ends
        << join conference room
        >> caller hangs up
        << stop timer duration
        << leave conference room
        << dice ANSWERED CALLEEHANGUP
        >> dice answers
        << end ANSWERED CALLEEHANGUP 2 s
        """,
    )


def test_a_conference_joins_as_its_ace_says() -> None:
    document = json.dumps({"action": {"name": "connectConf", "conferenceId": "other"}})
    played(
        callout("conference", conference="room", enable_ace=True),
        f"""
        >> started
        << dial caller number +12017777777
        << timer dial 60
        >> caller answers
        << stop timer dial
        << timer duration 14400
        << ace
        >> answers {document}
        << join conference other
        >> caller hangs up
        << stop timer duration
        << leave conference other
        << end ANSWERED CALLEEHANGUP 2 s
        """,
    )


def test_a_custom_callout_with_destination_has_no_ice() -> None:
    played(
        callout("custom", dtmf="1#", max_duration=30),
        f"""
        >> started
        << dial caller number +12017777777
        << timer dial 60
        >> caller answers
        << stop timer dial
        << timer duration 30
        << keys to caller: 1#
        >> prompt ends
        << ace
        >> answers {SAY_HANGUP}
        << instruction to caller: Bye
        >> prompt ends
        << stop timer duration
        << hang up caller
        << dice ANSWERED MANAGERHANGUP
        >> dice answers
        << end ANSWERED MANAGERHANGUP 3 s
        """,
    )


def test_a_custom_callout_without_destination_asks() -> None:
    played(
        callout("custom", to=None),
        f"""
        >> started
        << ice
        >> answers {PSTN_SYNC}
        << dial caller number +12018888888 amd sync
        << timer dial 60
        >> caller answers
        << stop timer dial
        << timer duration 14400
        << timer amd 5
        >> detected human
        << stop timer amd
        << ace human
        >> answers {HANGUP}
        << stop timer duration
        << hang up caller
        << dice ANSWERED MANAGERHANGUP
        >> dice answers
        << end ANSWERED MANAGERHANGUP 2 s
        """,
    )


def test_an_ice_of_a_callout_has_to_connect() -> None:
    played(
        callout("custom", to=None),
        f"""
        >> started
        << ice
        >> answers {MENU}
        << notify callingerror 40001
        << dice FAILED CALLBACKERROR
        >> notify answers
        >> dice answers
        << end FAILED CALLBACKERROR 0 s
        """,
    )


def test_svaml_that_came_along_is_taken_without_a_callback() -> None:
    played(
        callout("custom", to=None, ice=PSTN, ace=MENU, pie=SAY_HANGUP),
        """
        >> started
        << dial caller number +12018888888
        << timer dial 60
        >> caller answers
        << stop timer dial
        << timer duration 14400
        << menu main round 1 for caller
        << menu to caller: Press 1 or 2
        >> key 1
        << stop playing
        << instruction to caller: Bye
        >> prompt ends
        << stop timer duration
        << hang up caller
        << dice ANSWERED MANAGERHANGUP
        >> dice answers
        << end ANSWERED MANAGERHANGUP 2 s
        """,
    )


def test_a_callout_to_nobody_without_address() -> None:
    played(
        callout("custom", to=None, urls=()),
        """
        >> started
        << end FAILED GENERALERROR 0 s
        """,
    )


def test_a_custom_callout_that_says_continue_stays_up() -> None:
    played(
        callout("custom"),
        f"""
        >> started
        << dial caller number +12017777777
        << timer dial 60
        >> caller answers
        << stop timer dial
        << timer duration 14400
        << ace
        >> answers {CONTINUE}
        >> caller hangs up
        << stop timer duration
        << dice ANSWERED CALLEEHANGUP
        >> dice answers
        << end ANSWERED CALLEEHANGUP 2 s
        """,
    )


def test_a_custom_callout_that_says_continue_can_end() -> None:
    played(
        callout("custom"),
        f"""
        >> started
        << dial caller number +12017777777
        << timer dial 60
        >> caller answers
        << stop timer dial
        << timer duration 14400
        << ace
        >> answers {CONTINUE}
        << stop timer duration
        << hang up caller
        << dice ANSWERED MANAGERHANGUP
        >> dice answers
        << end ANSWERED MANAGERHANGUP 1 s
        """,
        Settings(continue_alone="hangup"),
    )
