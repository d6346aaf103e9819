"""The phone in a person's hand: what is seen when, and what keys mean."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len

from devserver.calls import told as t
from devserver.cli.call_view import View

OFFER = t.Offered(1.0, "main", (("1", "return(sales)"), ("2", "menu(support)")), 0, False, 1, "caller", 4.0)
HEARD = t.Heard(1.0, "Press 1 or press 2", "caller", 5.0, "menu", "main")
CALLED_BACK = t.CalledBack(2.0, 1, "pie", {}, None, 200, 1.0, 5000.0, (), "nothing", False)


def _seen(view: View, now: float, width: int = 80) -> list[str]:
    return [line.plain for line in view.lines(now, width)]


def _texts(pieces: Any) -> list[str]:
    return [piece.text if isinstance(piece, t.Heard) else type(piece).__name__ for piece in pieces]


def test_a_prompt_appears_word_by_word() -> None:
    view = View(1.0)
    assert list(view.told(HEARD, 100.0)) == []

    assert '"' in _seen(view, 100.0)
    assert '"Press' in _seen(view, 100.1)
    assert '"Press 1 or' in _seen(view, 102.1)
    assert '"Press 1 or press 2' in _seen(view, 104.9)
    assert _texts(view.tick(104.9)) == []
    assert _texts(view.tick(105.0)) == ["Press 1 or press 2"]
    assert not any("Press" in line for line in _seen(view, 105.1))


def test_at_another_speed_words_come_as_much_faster() -> None:
    view = View(10.0)
    list(view.told(HEARD, 0.0))

    assert '"Press 1 or press 2' in _seen(view, 0.49)
    assert _texts(view.tick(0.5)) == ["Press 1 or press 2"]


def test_what_happens_meanwhile_stands_between_the_words() -> None:
    view = View(1.0)
    list(view.told(HEARD, 0.0))

    assert _texts(view.told(t.Pressed(2.5, "9", "caller"), 2.1)) == ["Press 1 or ...", "Pressed"]
    assert _texts(view.tick(5.0)) == ["... press 2"]


def test_a_prompt_that_is_stopped_was_heard_so_far() -> None:
    view = View(1.0)
    list(view.told(HEARD, 0.0))

    assert _texts(view.told(t.Pressed(2.0, "1", "caller"), 1.5)) == ["Press 1 ...", "Pressed"]
    assert _texts(view.told(t.Hushed(2.0), 1.5)) == []
    assert _texts(view.tick(10.0)) == []


def test_what_was_being_heard_comes_before_what_follows() -> None:
    view = View(1.0)
    list(view.told(HEARD, 0.0))

    assert _texts(view.told(OFFER, 4.99)) == ["Press 1 or press 2", "Offered"]


def test_a_menu_shows_its_options_until_it_is_over() -> None:
    view = View(1.0)
    list(view.told(OFFER, 0.0))

    assert "1 return(sales)  2 menu(support)" in _seen(view, 0.0)
    list(view.told(CALLED_BACK, 1.0))
    assert not any("return(sales)" in line for line in _seen(view, 1.0))


@pytest.mark.parametrize("key", list("0123456789*#"))
def test_keys_are_keys(key: str) -> None:
    assert View(1.0).press(key) == {"key": key}


def test_a_menu_for_the_callee_takes_keys_as_the_callee() -> None:
    view = View(1.0)
    list(view.told(t.Offered(1.0, "main", (("1", "return(x)"),), 0, False, 1, "callee", 4.0), 0.0))

    assert view.press("1") == {"key": "1", "leg": "callee"}
    assert any("you press as the callee" in line for line in _seen(view, 0.0))


@pytest.mark.parametrize("character", ["h", "H", "\x04", ""])
def test_hanging_up(character: str) -> None:
    assert View(1.0).press(character) == {"hangup": True}


def _typed(view: View, text: str) -> list[Any]:
    return [view.press(character) for character in text]


def test_speech_is_typed_and_keys_in_it_are_letters() -> None:
    view = View(1.0)

    assert not any(_typed(view, "thot 1x\x7f"))
    assert "says: hot 1 " in _seen(view, 0.0)
    assert view.press("\r") == {"say": "hot 1"}
    assert view.press("1") == {"key": "1"}


@pytest.mark.parametrize("keys", ["thello\x1b", "t\r", "t  \n", "thello\x15\r", "thello\x04"])
def test_speech_that_is_not_said(keys: str) -> None:
    view = View(1.0)

    assert not any(_typed(view, keys))
    assert view.press("h") == {"hangup": True}


def test_a_terminal_that_goes_away_hangs_up_even_while_one_types() -> None:
    view = View(1.0)
    _typed(view, "thel")

    assert view.press("") == {"hangup": True}


def test_help_comes_and_goes() -> None:
    view = View(1.0)

    assert view.press("?") is None
    assert any("hang up (Ctrl-D too)" in line for line in _seen(view, 0.0))
    view.press("?")
    assert not any("hang up (Ctrl-D too)" in line for line in _seen(view, 0.0))


def test_other_letters_are_no_keys_and_say_so() -> None:
    view = View(1.0)

    assert view.press("x") is None
    assert any("x is no key of a phone" in line for line in _seen(view, 0.0))
    assert view.press(" ") is None
    assert view.press("\x1b") is None


def test_what_comes_from_the_function_cannot_move_the_cursor() -> None:
    view = View(1.0)
    list(view.told(t.Heard(0.0, "a\x1b[2Jb", "caller", 5.0, "instruction"), 0.0))
    list(view.told(t.Dialling(1.0, "callee", "+1\x1b[2J", "number", ""), 1.0))

    assert not any("\x1b" in line for line in _seen(view, 4.0))


def test_long_prompts_show_their_end() -> None:
    view = View(1.0)
    list(view.told(t.Heard(0.0, " ".join(["word"] * 100) + " end", "caller", 5.0, "instruction"), 0.0))

    last = next(line for line in _seen(view, 4.999, 40) if line.startswith('"'))
    assert len(last) <= 40
    assert last.startswith('"…')
    assert last.endswith("end")


def test_letters_of_two_columns_fit_too() -> None:
    view = View(1.0)
    list(view.told(t.Heard(0.0, "電話" * 50, "caller", 5.0, "instruction"), 0.0))

    last = next(line for line in _seen(view, 4.999, 40) if line.startswith('"'))
    assert cell_len(last) <= 40
    assert last.endswith("電話")


@pytest.mark.parametrize(
    ("told", "status"),
    [
        (t.Dialling(0.0, "callee", "+15551234567", "number", ""), "it rings at +15551234567"),
        (t.Connected(0.0, "callee", "+15551234567"), "+15551234567 answered"),
        (t.Bridged(0.0), "you talk to each other"),
        (t.Joined(0.0, "room", 1, "ignore"), "in conference room"),
        (t.CallbackSent(0.0, 1, "ice"), "the function is asked (ice)"),
        (t.Silence(0.0), "silence"),
    ],
)
def test_the_state_of_the_call_is_seen(told: t.Told, status: str) -> None:
    view = View(1.0)
    list(view.told(told, 0.0))

    assert f"0:00  {status}" in _seen(view, 0.0)


def test_the_clock_is_the_calls_own() -> None:
    view = View(10.0)
    list(view.told(t.Bridged(5.0), 100.0))

    assert "1:05  you talk to each other" in _seen(view, 106.0)
