from __future__ import annotations

import pytest

from devserver.svaml.menu_rules import Taken, option_action


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("return(sales)", Taken("return", "sales")),
        ("Menu(main)", Taken("menu", "main")),
        (" return ( a (b) c ) ", Taken("return", " a (b) c ")),
        ("return()", Taken("return", "")),
        ("return(", None),
        ("sales", None),
        ("goto(main)", None),
        ("", None),
    ],
)
def test_an_option_returns_a_value_or_goes_to_a_menu(text: str, taken: Taken | None) -> None:
    assert option_action(text) == taken
