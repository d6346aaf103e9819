"""Menus: keys, digits, speech, silence, repeats, and what becomes of them."""

from __future__ import annotations

import json

from devserver.calls.settings import Settings
from tests.calls.documents import DIGITS, HANGUP, MENU, NO_BARGE, VOICE, VOICE_DIGITS
from tests.calls.playbook import INBOUND, played


def test_an_option_returns_to_the_function() -> None:
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
        >> prompt ends
        << timer menu 5
        >> key 1
        << stop timer menu
        << pie return 'sales' in main
        >> answers {HANGUP}
        << stop timer duration
        << hang up caller
        << dice ANSWERED MANAGERHANGUP
        >> dice answers
        << end ANSWERED MANAGERHANGUP 3 s
        """,
    )


def test_a_key_stops_the_prompt_only_if_it_is_valid() -> None:
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
        >> key 9
        << note: The key 9 does not count while the prompt plays.
        >> key 1
        << stop playing
        << pie return 'sales' in main
        """,
    )


def test_without_barge_keys_count_after_the_prompt() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {NO_BARGE}
        << answer
        << timer duration 14400
        << menu main round 1 for caller
        << menu to caller: Press 1 or 2
        >> key 1
        << note: The key 1 does not count while the prompt plays.
        >> prompt ends
        << timer menu 5
        >> key 1
        << stop timer menu
        << pie return 'sales' in main
        """,
    )


def test_silence_repeats_and_then_times_out() -> None:
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
        >> prompt ends
        << timer menu 5
        >> timer menu
        << menu main round 2 for caller
        << menu to caller: Again
        >> prompt ends
        << timer menu 5
        >> timer menu
        << pie timeout '' in main
        """,
    )


def test_wrong_keys_repeat_and_are_invalid_input_at_last() -> None:
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
        >> prompt ends
        << timer menu 5
        >> key 9
        << stop timer menu
        << menu main round 2 for caller
        << menu to caller: Again
        >> prompt ends
        << timer menu 5
        >> key 8
        << stop timer menu
        << pie invalidinput '' in main
        """,
    )


def test_a_wrong_key_and_then_silence_is_a_timeout() -> None:
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
        >> prompt ends
        << timer menu 5
        >> key 9
        << stop timer menu
        << menu main round 2 for caller
        << menu to caller: Again
        >> prompt ends
        << timer menu 5
        >> timer menu
        << pie timeout '' in main
        """,
    )


def test_another_menu_has_its_own_rounds_and_timeout() -> None:
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
        >> prompt ends
        << timer menu 5
        >> timer menu
        << menu main round 2 for caller
        << menu to caller: Again
        >> key 2
        << stop playing
        << menu more round 1 for caller
        << menu to caller: More
        >> prompt ends
        << timer menu 2
        >> key *
        << stop timer menu
        << menu main round 1 for caller
        << menu to caller: Press 1 or 2
        >> prompt ends
        << timer menu 5
        >> key 2
        << stop timer menu
        << menu more round 1 for caller
        << menu to caller: More
        >> prompt ends
        << timer menu 2
        >> timer menu
        << pie timeout '' in more
        """,
    )


def test_digits_end_at_the_last_one() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {DIGITS}
        << answer
        << timer duration 14400
        << menu main round 1 for caller
        << menu to caller: Your PIN
        >> key 1
        << stop playing
        << timer menu 5
        >> key 2
        << stop timer menu
        << timer menu 5
        >> key 3
        << stop timer menu
        << timer menu 5
        >> key 4
        << stop timer menu
        << pie sequence '1234' in main
        """,
    )


def test_digits_end_at_a_hash() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {DIGITS}
        << answer
        << timer duration 14400
        << menu main round 1 for caller
        << menu to caller: Your PIN
        >> key 1
        << stop playing
        << timer menu 5
        >> key 2
        << stop timer menu
        << timer menu 5
        >> key #
        << stop timer menu
        << pie sequence '12' in main
        """,
    )


def test_digits_end_at_a_silence() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {DIGITS}
        << answer
        << timer duration 14400
        << menu main round 1 for caller
        << menu to caller: Your PIN
        >> key 1
        << stop playing
        << timer menu 5
        >> timer menu
        << pie sequence '1' in main
        """,
    )


def test_an_option_counts_only_as_the_first_digit() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {DIGITS}
        << answer
        << timer duration 14400
        << menu main round 1 for caller
        << menu to caller: Your PIN
        >> key 1
        << stop playing
        << timer menu 5
        >> key 0
        << stop timer menu
        << timer menu 5
        >> key #
        << stop timer menu
        << pie sequence '10' in main
        >> answers {DIGITS}
        << menu main round 1 for caller
        << menu to caller: Your PIN
        >> key 0
        << stop playing
        << pie return 'help' in main
        """,
    )


def test_a_hash_alone_is_no_input() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {DIGITS}
        << answer
        << timer duration 14400
        << menu main round 1 for caller
        << menu to caller: Your PIN
        >> prompt ends
        << timer menu 5
        >> key #
        << stop timer menu
        << pie invalidinput '' in main
        """,
    )


def test_speech_takes_an_option() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {VOICE}
        << answer
        << timer duration 14400
        << menu main round 1 for caller
        << menu to caller: Say sales
        >> prompt ends
        << timer menu 5
        << timer voice 9
        >> says Sales!
        << stop timer menu
        << stop timer voice
        << pie return 'sales' in main
        >> answers {VOICE}
        << menu main round 1 for caller
        << menu to caller: Say sales
        >> says one
        << stop playing
        << pie return 'sales' in main
        """,
    )


def test_speech_that_is_no_option_is_invalid() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {VOICE}
        << answer
        << timer duration 14400
        << menu main round 1 for caller
        << menu to caller: Say sales
        >> prompt ends
        << timer menu 5
        << timer voice 9
        >> says help
        << stop timer menu
        << stop timer voice
        << pie invalidinput '' in main
        """,
    )


def test_speech_in_a_menu_that_collects_is_passed_on() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {VOICE_DIGITS}
        << answer
        << timer duration 14400
        << menu main round 1 for caller
        << menu to caller: Your name
        >> prompt ends
        << timer menu 5
        << timer voice 20
        >> says Ada Lovelace
        << stop timer menu
        << stop timer voice
        << pie sequence 'Ada Lovelace' in main
        """,
    )


def test_speech_is_capped() -> None:
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {VOICE}
        << answer
        << timer duration 14400
        << menu main round 1 for caller
        << menu to caller: Say sales
        >> prompt ends
        << timer menu 5
        << timer voice 9
        >> timer voice
        << stop timer menu
        << pie timeout '' in main
        """,
    )


def test_nobody_listens_to_speech_in_a_menu_of_keys() -> None:
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
        >> says one
        << note: Nobody listens.
        """,
    )


def test_a_caller_hangs_up_in_a_menu() -> None:
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
        >> caller hangs up
        << pie hangup '' in main
        << stop playing
        << stop timer duration
        << dice ANSWERED CALLERHANGUP
        >> pie answers
        >> dice answers
        << end ANSWERED CALLERHANGUP 1 s
        """,
    )


def test_a_key_that_is_none_is_refused() -> None:
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
        >> key A
        << refused 40003: 'A' is not one key of the keypad (0-9, * or #).
        >> key 12
        << refused 40003: '12' is not one key of the keypad (0-9, * or #).
        """,
    )


def test_an_option_of_a_menu_without_target_is_illegal() -> None:
    document = json.dumps(
        {
            "action": {
                "name": "runMenu",
                "menus": [
                    {
                        "id": "main",
                        "mainPrompt": "#tts[Press 1 or 2]",
                        "repeatPrompt": "#tts[Again]",
                        "repeats": 1,
                        "options": [{"dtmf": "1", "action": "return(sales)"}, {"dtmf": "2", "action": "menu(nowhere)"}],
                    },
                    {
                        "id": "more",
                        "mainPrompt": "#tts[More]",
                        "repeats": 0,
                        "timeoutMills": 2000,
                        "options": [{"dtmf": "*", "action": "menu(main)"}],
                    },
                ],
            }
        }
    )
    played(
        INBOUND,
        f"""
        >> started
        << ice
        >> answers {document}
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


def test_an_unknown_menu_can_be_an_error_at_run_time() -> None:
    document = json.dumps(
        {
            "action": {
                "name": "runMenu",
                "menus": [
                    {
                        "id": "main",
                        "mainPrompt": "#tts[Press 1 or 2]",
                        "repeatPrompt": "#tts[Again]",
                        "repeats": 1,
                        "options": [{"dtmf": "1", "action": "return(sales)"}, {"dtmf": "2", "action": "menu(nowhere)"}],
                    },
                    {
                        "id": "more",
                        "mainPrompt": "#tts[More]",
                        "repeats": 0,
                        "timeoutMills": 2000,
                        "options": [{"dtmf": "*", "action": "menu(main)"}],
                    },
                ],
            }
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
        << menu main round 1 for caller
        << menu to caller: Press 1 or 2
        >> key 2
        << stop playing
        << pie error '' in main
        """,
        Settings(unknown_menu="pie"),
    )


def test_a_pie_that_fails_ends_the_call() -> None:
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
        >> status 500
        << stop timer duration
        << hang up caller
        << dice ANSWERED CALLBACKERROR
        >> dice answers
        << end ANSWERED CALLBACKERROR 2 s
        """,
    )


def test_a_pie_that_fails_can_have_a_prompt() -> None:
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
        >> no answer
        << error to caller: An error occurred. Goodbye.
        >> prompt ends
        << stop timer duration
        << hang up caller
        << dice ANSWERED CALLBACKERROR
        >> dice answers
        << end ANSWERED CALLBACKERROR 3 s
        """,
        Settings(error_prompt_pie=True),
    )
