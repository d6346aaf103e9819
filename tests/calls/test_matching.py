"""When something that happened is what a person wrote."""

from __future__ import annotations

from typing import Any

import pytest

from devserver.calls.matching import callback_words, in_order, is_callback, is_heard, is_same_party

PIE: dict[str, Any] = {"menuResult": {"type": "return", "value": "sales", "menuId": "main"}}


@pytest.mark.parametrize("part", ["welcome", "WELCOME to", "to  our\ncompany", ""])
def test_a_part_of_a_text_is_enough_in_any_case(part: str) -> None:
    assert is_heard(part, "Welcome to our  company!")


def test_another_text_is_another_text() -> None:
    assert not is_heard("goodbye", "Welcome!")


def test_parts_are_found_in_their_order() -> None:
    texts = ["Welcome", "Press 1", "Welcome"]
    assert in_order(["welcome", "press"], texts) == (2, None)
    assert in_order(["press", "welcome"], texts) == (3, None)
    assert in_order(["press", "press"], texts) == (2, "press")
    assert in_order(["press"], texts, 2) == (2, "press")


def test_one_text_is_not_found_twice() -> None:
    assert in_order(["press", "1"], ["Press 1"]) == (1, "1")


@pytest.mark.parametrize("party", ["+12015550102", "12015550102", " +12015550102 "])
def test_numbers_are_the_same_with_and_without_plus(party: str) -> None:
    assert is_same_party("+12015550102", party)
    assert not is_same_party("+12015550103", party)


def test_addresses_are_the_same_with_and_without_their_scheme() -> None:
    assert is_same_party("sip:Help@example.com", "help@example.com")


@pytest.mark.parametrize("wanted", ["pie", "pie sales", "pie return", "pie main", "pie SALES"])
def test_a_callback_is_known_by_what_it_is_about(wanted: str) -> None:
    assert is_callback(wanted, "pie", PIE)


@pytest.mark.parametrize("wanted", ["ice", "pie support", "dice", "pie sales main"])
def test_other_callbacks_are_others(wanted: str) -> None:
    assert not is_callback(wanted, "pie", PIE)


@pytest.mark.parametrize(
    ("event", "request_", "words"),
    [
        ("ice", {"cli": "1"}, "ice"),
        ("pie", PIE, "pie sales"),
        ("pie", {"menuResult": {"type": "timeout", "value": ""}}, "pie timeout"),
        ("pie", {"menuResult": "x"}, "pie"),
        ("ace", {"amd": {"status": "machine"}}, "ace machine"),
        ("dice", {"reason": "CALLERHANGUP", "result": "ANSWERED"}, "dice CALLERHANGUP"),
        ("notify", {"type": "amd"}, "notify amd"),
    ],
)
def test_a_callback_is_told_as_it_would_be_written(event: str, request_: dict[str, Any], words: str) -> None:
    assert callback_words(event, request_) == words
    assert is_callback(words, event, request_)
