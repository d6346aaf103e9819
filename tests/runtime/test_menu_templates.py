from __future__ import annotations

import itertools

import pytest

from devserver.runtime import IceSvamlBuilder, MenuBuilder, MenuTemplates, PieSvamlBuilder
from devserver.svaml import SvamlError, check
from devserver.svaml.words import heard

TEMPLATES: list[tuple[MenuBuilder, dict[str, str]]] = [
    (MenuTemplates.business("Acme"), {"1": "sales", "2": "support", "0": "operator"}),
    (MenuTemplates.yes_no("Are you sure?"), {"1": "yes", "2": "no"}),
    (MenuTemplates.language({"en-US": "English", "sv-SE": "svenska"}), {"1": "en-US", "2": "sv-SE"}),
    (MenuTemplates.language(["English", "Deutsch"]), {"1": "English", "2": "Deutsch"}),
    (MenuTemplates.after_hours("Acme", "from nine to five"), {"1": "voicemail", "2": "website", "3": "emergency"}),
    (MenuTemplates.recording_consent(), {"1": "consent", "2": "no_consent"}),
    (MenuTemplates.callback_request(5), {"1": "hold", "2": "callback"}),
    (MenuTemplates.customer_service(), {"1": "billing", "2": "technical", "3": "new_service", "0": "agent"}),
    (MenuTemplates.satisfaction_survey(), {"1": "excellent", "2": "good", "3": "fair", "4": "poor"}),
]


@pytest.mark.parametrize(
    ("menu", "results"), TEMPLATES, ids=lambda value: "-".join(value.values()) if isinstance(value, dict) else ""
)
def test_a_template_returns_exactly_the_documented_results(menu: MenuBuilder, results: dict[str, str]) -> None:
    (wire,) = menu.build()
    assert {option["dtmf"]: option["action"] for option in wire["options"]} == {
        key: f"return({value})" for key, value in results.items()
    }


@pytest.mark.parametrize(
    ("menu", "results"), TEMPLATES, ids=lambda value: "-".join(value.values()) if isinstance(value, dict) else ""
)
def test_a_template_says_every_key_that_it_takes_and_no_other(menu: MenuBuilder, results: dict[str, str]) -> None:
    (wire,) = menu.build()
    for prompt in (wire["mainPrompt"], wire["repeatPrompt"]):
        words = prompt.replace(".", " ").replace("]", " ").split()
        assert [word for before, word in itertools.pairwise(words) if before == "press"] == list(results)


@pytest.mark.parametrize("menu", [menu for menu, _ in TEMPLATES] + [MenuTemplates.numeric_input("Your PIN?", 4)])
def test_a_template_gives_no_finding_in_an_ice_or_a_pie(menu: MenuBuilder) -> None:
    assert check(IceSvamlBuilder().run_menu(menu).build(), "ice") == ()
    assert check(PieSvamlBuilder().run_menu(menu.build()).build(), "pie") == ()


def test_numeric_input_collects_digits() -> None:
    (wire,) = MenuTemplates.numeric_input("Please enter your PIN.", digits=4).build()
    assert wire["maxDigits"] == 4
    assert "options" not in wire
    assert wire["mainPrompt"] == "#tts[Please enter your PIN.]"
    with pytest.raises(SvamlError):
        MenuTemplates.numeric_input("Please enter your PIN.", digits=21)


def test_the_words_hold_what_was_given() -> None:
    def first(menu: MenuBuilder) -> str:
        return heard(IceSvamlBuilder().run_menu(menu).build())[0]

    assert first(MenuTemplates.business("Acme")).startswith("Welcome to Acme. For sales")
    assert "We are open from nine to five." in first(MenuTemplates.after_hours("Acme", "from nine to five"))
    assert first(MenuTemplates.language(["English"])).startswith("For English, press 1.")
    assert "The wait is 1 minute." in first(MenuTemplates.callback_request(1))
    assert "The wait is 5 minutes." in first(MenuTemplates.callback_request(5))
    assert "The wait is about an hour." in first(MenuTemplates.callback_request("about an hour"))


def test_a_language_menu_has_one_to_nine_languages() -> None:
    assert len(next(iter(MenuTemplates.language(map(str, range(9))).build()))["options"]) == 9
    for names in ([], [str(number) for number in range(10)]):
        with pytest.raises(SvamlError, match="1 to 9 languages"):
            MenuTemplates.language(names)


def test_a_template_can_be_changed_before_it_is_built() -> None:
    (wire,) = MenuTemplates.yes_no("Sure?").repeats(0).option("0", "return(help)").build()
    assert wire["repeats"] == 0
    assert wire["options"][-1] == {"dtmf": "0", "action": "return(help)"}
