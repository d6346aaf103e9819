from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.svaml.words import describe, heard, start_menu

MENU = {"id": "main", "mainPrompt": "#tts[Press 1]"}
SUB = {"id": "sub", "mainPrompt": "#tts[Now press 2]"}


def one(name: str, **fields: Any) -> dict[str, Any]:
    return {"action": {"name": name, **fields}}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (None, "nothing"),
        ({}, "nothing"),
        ([], "a list, no SVAML"),
        ("hangup", "a string, no SVAML"),
        ({"ok": True}, "no action"),
        ({"action": 7}, "?"),
        ({"action": {}}, "?"),
        ({"instructions": [7, {"name": "Say"}], "action": {"name": "HANGUP"}}, "? + say + hangup"),
        ({"instructions": [{"name": "say"}]}, "say + no action"),
        ({"instructions": [{"name": "say"}] * 2, "action": {"name": "hangup"}}, "say x2 + hangup"),
        (one("park"), "park"),
        (one("invented"), "invented"),
        (one("connectPstn", number="+15551234567"), "connectPstn +15551234567"),
        (one("connectPstn", destination={"endpoint": "+15551234567"}), "connectPstn +15551234567"),
        (one("connectPstn"), "connectPstn"),
        (one("connectConf", conferenceId="room"), "connectConf room"),
        (one("connectMxp", destination={"endpoint": "ann"}), "connectMxp ann"),
        (one("connectSip", destination={"endpoint": 7}), "connectSip"),
        (one("runMenu", menus=[MENU]), "runMenu main"),
        (one("runMenu", menus=[MENU], mainMenu="sub"), "runMenu sub"),
        (one("connectConf", conferenceId="a\nb" + "c" * 70), "connectConf a b" + "c" * 55 + ".."),
    ],
)
def test_an_answer_fits_into_one_line(document: object, words: str) -> None:
    assert describe(document) == words


@pytest.mark.parametrize(
    ("document", "prompts"),
    [
        (None, ()),
        (
            {"instructions": [{"name": "SAY", "text": "Hi  there"}, {"name": "answer"}], "action": {"name": "hangup"}},
            ("Hi there",),
        ),
        (
            {"instructions": [{"name": "playFiles", "ids": ["#tts[a];b.wav", "", 7, "c.wav"]}]},
            ("a", "[b.wav]", "[c.wav]"),
        ),
        ({"instructions": [{"name": "say", "text": 7}, {"name": "playFiles", "ids": "a"}]}, ()),
        ({"instructions": [{"name": "say", "text": "Hi"}], **one("runMenu", menus=[SUB, MENU])}, ("Hi", "Press 1")),
        (one("runMenu", menus=[MENU, SUB], mainMenu="sub"), ("Now press 2",)),
        (one("runMenu", menus=[SUB]), ()),
        (one("park", introPrompt="#tts[Wait];ring.wav", holdPrompt="hold.wav"), ("Wait", "[ring.wav]", "[hold.wav]")),
    ],
)
def test_what_the_caller_hears_comes_in_order(document: object, prompts: tuple[str, ...]) -> None:
    assert heard(document) == prompts


def test_the_menu_that_starts_is_the_named_one_or_main() -> None:
    assert start_menu({"menus": [SUB, MENU]}) == MENU
    assert start_menu({"menus": [SUB, MENU], "mainMenu": "sub"}) == SUB
    assert start_menu({"menus": [SUB]}) is None
    assert start_menu({"menus": "main"}) is None


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=6)
    | st.sampled_from(["say", "playFiles", "runMenu", "park"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "text", "ids", "action", "instructions", "menus", "id"]), inner, max_size=4
        )
    ),
)


@given(JSON)
def test_no_json_whatever_is_more_than_one_line(document: object) -> None:
    assert describe(document).isprintable()
    assert all(isinstance(text, str) for text in heard(document))
