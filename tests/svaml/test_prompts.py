from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.svaml.prompts import Prompt, as_prompt, parse, spoken

PLAIN = st.text(alphabet=st.characters(exclude_characters="[];", exclude_categories=["Cs"]), min_size=1)
# Text that is full of what the scanner decides by.
NASTY = st.lists(
    st.sampled_from(
        [
            "#tts[",
            "#SSML[",
            "#href[",
            "[",
            "]",
            ";",
            "]; ",
            " ",
            "a",
            "<speak>",
            "</speak>",
            "http://x",
            "&amp;",
            "&#55296;",
        ]
    ),
    max_size=14,
).map("".join)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("#tts[Hello]", [("tts", "Hello")]),
        ("#TTS[Hello]", [("tts", "Hello")]),
        ("#tts[One; two];#tts[three]", [("tts", "One; two"), ("tts", "three")]),
        ("#tts[press [1]; or [2]];a.wav", [("tts", "press [1]; or [2]"), ("file", "a.wav")]),
        ("#tts[a ] b];a.wav", [("tts", "a ] b"), ("file", "a.wav")]),
        ("#tts[a [ b];a.wav", [("tts", "a [ b"), ("file", "a.wav")]),
        ("#tts[a [ b]; #tts[c]]", [("tts", "a [ b"), ("tts", "c]")]),
        ("#tts[a]];a.wav", [("tts", "a]"), ("file", "a.wav")]),
        ("#ssml[<speak>a &amp; b]; c</speak>];a.wav", [("ssml", "<speak>a &amp; b]; c</speak>"), ("file", "a.wav")]),
        ("#ssml[<p>a</p>];#ssml[<speak>b</speak>]", [("ssml", "<p>a</p>"), ("ssml", "<speak>b</speak>")]),
        ("#href[https://x.com/a;b.wav]", [("href", "https://x.com/a;b.wav")]),
        ("https://x.com/a.wav; HTTP://x.com/b.wav", [("url", "https://x.com/a.wav"), ("url", "HTTP://x.com/b.wav")]),
        (" a.wav ;; b.wav ;", [("file", "a.wav"), ("file", "b.wav")]),
        ("", []),
        (" ; ;", []),
    ],
)
def test_a_prompt_text_is_taken_apart(text: str, kinds: list[tuple[str, str]]) -> None:
    items = parse(text)
    assert [(item.kind, item.text) for item in items] == kinds
    assert not any(item.problem for item in items)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("#tts[Hello", "no closing bracket"),
        ("#tts[]", "is empty"),
        ("#tts[One;#tts[two]", "a closing bracket is missing"),
        ("#href[a.wav]", "not an http or https address"),
        ("ftp://x/a.wav", "not an http or https address"),
        ("tts#[Hello]", "starts like a prompt"),
        ("tts[Hello]", "starts like a prompt"),
        ("#say[Hello]", "unknown prefix"),
        ("Hello there", "looked up as a file name"),
    ],
)
def test_what_looks_wrong_is_noted_on_the_prompt(text: str, problem: str) -> None:
    assert problem in parse(text)[0].problem


@given(NASTY | st.text())
def test_nothing_but_separators_is_lost(text: str) -> None:
    at = 0
    for item in parse(text):
        found = text.index(item.raw, at)
        assert not text[at:found].replace(";", "").strip()
        at = found + len(item.raw)
    assert not text[at:].replace(";", "").strip()


@given(st.lists(st.tuples(st.sampled_from(["tts", "ssml", "href"]), PLAIN)))
def test_what_was_written_is_read_back(items: list[tuple[str, str]]) -> None:
    text = ";".join(f"#{kind}[{inner}]" for kind, inner in items)
    assert [(item.kind, item.text) for item in parse(text)] == items


@given(NASTY | st.text())
def test_reading_a_single_item_again_gives_the_same_item(text: str) -> None:
    for item in parse(text):
        assert parse(item.raw) == (item,)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("#tts[ Hello\n you ]", "Hello you"),
        ('#ssml[<speak>Wait<break time="1s"/>&lt;3 &amp; more</speak>]', "Wait <3 & more"),
        ("#ssml[<speak>&#65;&#x42;&#X43;&#55296;&#9999999;&bogus;</speak>]", "ABC&#55296;&#9999999;&bogus;"),
        (
            "#tts[Hi];welcome.wav;https://x.com/a.mp3;#href[https://x.com/b.mp3]",
            "Hi [welcome.wav] [https://x.com/a.mp3] [https://x.com/b.mp3]",
        ),
        ("#tts[];a.wav", "[a.wav]"),
        ("", ""),
    ],
)
def test_spoken_is_what_a_person_hears_in_words(text: str, words: str) -> None:
    assert spoken(text) == words


@given(NASTY | st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_spoken_is_always_text_that_can_be_printed(text: str) -> None:
    assert spoken(text).encode("utf-8") is not None


@pytest.mark.parametrize(
    "text",
    [
        "#tts[Hello]",
        "#SSML[<speak>a</speak>]",
        "https://x.com/a.wav",
        "welcome.wav",
        "a.wav;b.MP3",
        "#tts[a];b",
        "#tts[open",
    ],
)
def test_a_text_that_is_a_prompt_already_stays(text: str) -> None:
    assert as_prompt(text) == text


@pytest.mark.parametrize(
    "text", ["Hello.", "Press 1; or 2.", "See https://x.com; thanks", "[1]; two", "#1 in sales", "a [b", ""]
)
def test_plain_text_becomes_a_prompt_that_reads_it(text: str) -> None:
    assert as_prompt(text) == f"#tts[{text}]"


def test_a_bracket_that_would_end_the_prompt_becomes_a_round_one() -> None:
    assert as_prompt("one]; two") == "#tts[one); two]"


@given(NASTY | st.text())
def test_a_text_made_a_prompt_is_one_prompt_and_stays_so(text: str) -> None:
    once = as_prompt(text)
    assert as_prompt(once) == once
    if once != text:
        assert len(parse(once)) == 1


def test_a_prompt_of_a_megabyte_is_read_at_once() -> None:
    text = "#tts[[];" * 20_000
    assert parse(text)
    assert parse("#tts[" + "[" * 1_000_000) == (
        Prompt("tts", "[" * 1_000_000, "#tts[" + "[" * 1_000_000, "has no closing bracket"),
    )
