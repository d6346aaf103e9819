from __future__ import annotations

import json
from typing import Any

import pytest

from devserver.calls.program import EMPTY, Program, number_of, pairs_of, read, seconds_of, text_of
from tests.calls.documents import MENU
from tests.calls.playbook import action, menu, say


def program(body: str, asked: Any = "ice") -> Program:
    reading = read(body.encode(), asked, True, False)
    assert reading.program is not None, reading.illegal
    return reading.program


def test_names_and_keys_are_read_in_any_case() -> None:
    read_as = program(
        '{"Instructions": [{"NAME": "SAY", "Text": "Hi"}], "ACTION": {"name": "connectpstn", "NUMBER": "+12018888888"}}'
    )
    assert read_as.action == "connectPstn"
    assert read_as.fields["number"] == "+12018888888"
    assert read_as.steps[0].prompts[0].text == "Hi"


def test_a_prompt_is_taken_apart_but_say_is_read_as_it_stands() -> None:
    document = action("hangup", say("a;b"), {"name": "playFiles", "ids": ["#tts[a;b];c.wav"], "locale": "en-US"})
    said, played = program(document).steps
    assert [prompt.text for prompt in said.prompts] == ["a;b"]
    assert [(prompt.kind, prompt.text) for prompt in played.prompts] == [("tts", "a;b"), ("file", "c.wav")]


def test_a_menu_has_its_parts() -> None:
    menus = program(MENU).menus
    assert menus is not None
    main = menus.by_id["main"]
    assert (menus.start, menus.barge, menus.voice) == ("main", True, False)
    assert (main.repeats, main.digits, main.timeout) == (1, 0, None)
    assert menus.by_id["more"].timeout == 2.0
    assert [(choice.verb, choice.argument) for choice in main.choices.values()] == [
        ("return", "sales"),
        ("menu", "more"),
    ]
    assert menus.by_id["more"].repeat == menus.by_id["more"].main


def test_an_older_menu_has_texts_and_spoken_words_and_a_key_may_be_a_number() -> None:
    old = {
        "id": "main",
        "mainText": "Say it",
        "repeatText": "Again",
        "options": [{"dtmf": 1, "action": "RETURN((x))", "input": "Sales"}, {"dtmf": "*", "action": "return(s)"}],
    }
    menus = program(menu(old)).menus
    assert menus is not None
    main = menus.by_id["main"]
    assert main.main[0].text == "Say it"
    assert main.repeat[0].text == "Again"
    assert main.words == {"1": "1", "*": "*", "one": "1", "star": "*", "sales": "1"}
    assert main.choices["1"].argument == "(x)"


@pytest.mark.parametrize("body", [b"", b" \n", b"null", b"{}"])
def test_an_empty_body_is_no_program_and_not_illegal(body: bytes) -> None:
    assert read(body, "ice", True, False) == EMPTY


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "a list"),
        (b'{"action": {"name": "dance"}}', "dance"),
        (b'{"instructions": []}', "exactly one `action`"),
        (b'{"action": {"name": "park", "maxDuration": 601}}', "600"),
        (b'{"action": {"name": "connectPstn", "number": "0701234567"}}', "E.164"),
        (b'{"action": {"name": "runMenu", "menus": []}}', "at least one menu"),
    ],
)
def test_illegal_svaml_is_told_in_a_sentence(body: bytes, said: str) -> None:
    reading = read(body, "ice", True, False)
    assert reading.program is None
    assert said in reading.illegal


def test_what_is_legal_depends_on_what_was_asked() -> None:
    body = action("connectPstn", number="+12018888888").encode()
    assert read(body, "ice", True, False).program is not None
    assert "not allowed" in read(body, "ace", True, False).illegal


def test_only_a_phone_call_cannot_be_continued() -> None:
    body = action("continue").encode()
    assert read(body, "ice", True, False).illegal
    assert read(body, "ice", False, False).program is not None


def test_equal_bodies_are_read_once() -> None:
    assert read(MENU.encode(), "ice", True, False) is read(MENU.encode(), "ice", True, False)


def test_huge_bodies_are_not_remembered() -> None:
    body = json.dumps({"action": {"name": "hangup", "x": "y" * 70_000}}).encode()
    assert read(body, "ice", True, False) is not read(body, "ice", True, False)


def test_values_are_read_leniently_and_stay_within_bounds() -> None:
    fields = {
        "a": "30",
        "b": 10**30,
        "c": -5,
        "d": True,
        "e": 1.9,
        "f": float("nan"),
        "g": float("inf"),
        "h": None,
        "i": "x",
    }
    assert {key: number_of(fields, key) for key in fields} == {
        "a": 30, "b": 10**9, "c": 0, "d": None, "e": 1, "f": None, "g": 10**9, "h": None, "i": None,
    }  # fmt: skip
    assert seconds_of({"x": "1500"}, "x") == 1.5
    assert text_of({"x": 7}, "x") == "7"
    assert text_of({"x": [7]}, "x") == ""
    assert pairs_of({"x": [{"key": "a", "value": "b"}, 3]}, "x") == (("a", "b"),)


def test_an_option_that_only_the_run_time_can_refuse_is_left_out() -> None:
    lenient = menu({"id": "main", "options": [{"dtmf": "1", "action": "menu(nowhere)"}]}).encode()
    assert read(lenient, "ice", True, False).program is None
    assert read(lenient, "ice", True, True).program is not None
