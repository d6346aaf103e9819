"""How long prompts last, and what people hear of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.calls.speech import FILE_SECONDS, seconds_of_keys, seconds_of_prompt, words_of_prompt
from devserver.svaml.prompts import Prompt, parse


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("#tts[Press 1.]", "Press 1."),
        ("#ssml[<speak>Hi &amp; bye</speak>]", "Hi & bye"),
        ("#href[https://example.com/a.wav]", "[https://example.com/a.wav]"),
        ("welcome.wav", "[welcome.wav]"),
    ],
)
def test_words_of_a_prompt(text: str, words: str) -> None:
    assert words_of_prompt(parse(text)[0]) == words


def test_the_text_of_a_say_is_itself_whatever_it_looks_like() -> None:
    text = "#tts[this;  is] said"
    assert words_of_prompt(Prompt("tts", text, text)) == "#tts[this; is] said"


def test_a_minute_of_speech_has_about_160_words() -> None:
    text = "Hello " * 160
    assert seconds_of_prompt(Prompt("tts", text, text)) == pytest.approx(60, rel=0.05)


def test_files_last_a_fixed_time_and_even_a_short_word_lasts_a_moment() -> None:
    assert seconds_of_prompt(parse("welcome.wav")[0]) == FILE_SECONDS
    assert seconds_of_prompt(parse("#tts[Yes]")[0]) == 0.5


def test_markup_is_not_spoken() -> None:
    long = "#ssml[<speak><prosody rate='slow' pitch='high' volume='loud'>Hi</prosody></speak>]"
    assert seconds_of_prompt(parse(long)[0]) == 0.5


def test_keys_take_their_time() -> None:
    assert seconds_of_keys("1w2") == pytest.approx(0.9)
    assert seconds_of_keys("") == 0


@given(st.text(max_size=200))
def test_every_prompt_lasts_some_time(text: str) -> None:
    assert all(seconds_of_prompt(prompt) > 0 for prompt in parse(text))
