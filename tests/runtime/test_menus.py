from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.runtime import MenuBuilder, create_menu
from devserver.svaml import SvamlError, check
from devserver.svaml.prompts import parse


def test_a_menu_has_the_defaults_of_sinch_functions() -> None:
    assert list(create_menu().prompt("Press 1.").option("1", "return(a)").build()) == [
        {
            "id": "main",
            "mainPrompt": "#tts[Press 1.]",
            "repeats": 2,
            "maxDigits": 1,
            "timeoutMills": 8000,
            "options": [{"dtmf": "1", "action": "return(a)"}],
        }
    ]


def test_everything_that_is_said_is_on_the_wire() -> None:
    built = (
        create_menu("start")
        .prompt("welcome.wav")
        .repeat_prompt("https://example.com/again.mp3")
        .option(1, "menu(main)")
        .option("*", "return(star)")
        .option("#", "Return(hash)")
        .timeout(30000)
        .repeats(0)
        .max_digits(20)
        .menu("main")
        .prompt("#tts[Four digits]")
        .max_digits(4)
        .build()
    )
    assert built.start == "start"
    assert len(built) == 2
    first, second = built
    assert first == {
        "id": "start",
        "mainPrompt": "welcome.wav",
        "repeatPrompt": "https://example.com/again.mp3",
        "repeats": 0,
        "maxDigits": 20,
        "timeoutMills": 30000,
        "options": [
            {"dtmf": "1", "action": "menu(main)"},
            {"dtmf": "*", "action": "return(star)"},
            {"dtmf": "#", "action": "Return(hash)"},
        ],
    }
    assert second == {
        "id": "main",
        "mainPrompt": "#tts[Four digits]",
        "repeats": 2,
        "maxDigits": 4,
        "timeoutMills": 8000,
    }


@pytest.mark.parametrize(
    ("method", "argument", "sentence"),
    [
        ("timeout", 999, "timeout is 999; it must be 1000 to 30000 milliseconds."),
        ("timeout", 30001, "1000 to 30000"),
        ("timeout", "8000", "'8000'"),
        ("repeats", -1, "repeats is -1; it must be 0 to 5 times."),
        ("repeats", 6, "0 to 5"),
        ("repeats", True, "True"),
        ("max_digits", 0, "max_digits is 0; it must be 1 to 20 digits."),
        ("max_digits", 21, "1 to 20"),
        ("max_digits", 1.5, "1.5"),
        ("prompt", "", "it must be a text"),
        ("prompt", 5, "it must be a text"),
        ("repeat_prompt", None, "it must be a text"),
        ("menu", "", "no id of a menu"),
        ("menu", "x" * 65, "1 to 64 characters"),
        ("menu", "main", "There is a menu 'main' already."),
    ],
)
def test_an_argument_out_of_range_is_refused_at_once(method: str, argument: object, sentence: str) -> None:
    with pytest.raises(SvamlError) as caught:
        getattr(create_menu(), method)(argument)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("key", "action", "sentence"),
    [
        ("12", "return(x)", "not one key"),
        ("a", "return(x)", "not one key"),
        ("", "return(x)", "not one key"),
        (True, "return(x)", "not one key"),
        (10, "return(x)", "not one key"),
        ("1", "sales", "Write return(sales)"),
        ("1", "", "not an option's action"),
        ("1", None, "not an option's action"),
        (9, "return(x)", "for the key 9 already"),
    ],
)
def test_an_option_that_cannot_be_is_refused_at_once(key: Any, action: Any, sentence: str) -> None:
    with pytest.raises(SvamlError) as caught:
        create_menu().option("9", "return(nine)").option(key, action)
    assert sentence in str(caught.value)


def test_an_id_that_is_no_text_is_refused() -> None:
    with pytest.raises(SvamlError):
        create_menu(" ")


def test_build_names_every_option_that_leads_nowhere() -> None:
    menu = create_menu().option("1", "menu(sub)").option("2", "menu(mian)").option("3", "return(x)")
    with pytest.raises(SvamlError) as caught:
        menu.build()
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert lines[2].endswith("did you mean 'main'?")


def test_build_refuses_a_prompt_that_is_too_long() -> None:
    with pytest.raises(SvamlError, match="601 characters"):
        create_menu().prompt("x" * 601).build()


def test_a_built_menu_does_not_change_with_its_builder() -> None:
    builder = MenuBuilder().option("1", "return(a)")
    built = builder.build()
    builder.option("2", "return(b)")
    next(iter(built))["id"] = "other"
    assert [menu["id"] for menu in built] == ["main"]
    assert [len(menu["options"]) for menu in built] == [1]
    assert [len(menu["options"]) for menu in builder.build()] == [2]


KEYS = st.sampled_from("0123456789*#")


@given(
    st.text(min_size=1, max_size=200).filter(str.strip),
    st.dictionaries(KEYS, st.text(max_size=10), max_size=5),
    st.integers(1000, 30000),
    st.integers(0, 5),
    st.integers(1, 20),
)
def test_every_menu_in_range_is_taken_by_the_rules(
    text: str, results: dict[str, str], timeout: int, repeats: int, digits: int
) -> None:
    menu = create_menu().prompt(text).timeout(timeout).repeats(repeats).max_digits(digits)
    for key, result in results.items():
        menu.option(key, f"return({result})")
    if any("closing bracket" in item.problem for item in parse(text)):
        return
    document = {"action": {"name": "runMenu", "menus": list(menu.build())}}
    for event in ("ice", "pie"):
        assert not [found for found in check(document, event) if found.severity == "error"]
