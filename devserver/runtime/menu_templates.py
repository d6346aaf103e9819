"""Menus that most phone lines need, ready to use: `MenuTemplates.business("Acme")`.

The results are those of Sinch Functions, to the letter (functions-platform.md 4.3), so that a handler written for them
works here. The words and the layout of the keys are published nowhere and are ours: the choices are 1, 2, 3 in the
order of the results, and 0 is a person, as on most phone lines.

Each gives a `MenuBuilder`, so that a project can still change it (`.repeats(1)`, `.repeat_prompt(..)`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from devserver.runtime.menus import MenuBuilder, create_menu
from devserver.svaml import SvamlError

_MOST_LANGUAGES = 9


class MenuTemplates:
    """Menus by purpose. In a PIE, `event.menu_result.value` is one of the results named here."""

    @staticmethod
    def business(company: str) -> MenuBuilder:
        """1 `sales`, 2 `support`, 0 `operator`."""
        return _choices(
            f"Welcome to {company}.",
            ("1", "sales", "For sales, press 1."),
            ("2", "support", "For support, press 2."),
            ("0", "operator", "To speak to an operator, press 0."),
        )

    @staticmethod
    def yes_no(question: str) -> MenuBuilder:
        """1 `yes`, 2 `no`."""
        return _choices(question, ("1", "yes", "For yes, press 1."), ("2", "no", "For no, press 2."))

    @staticmethod
    def language(languages: Mapping[str, str] | Iterable[str]) -> MenuBuilder:
        """1 to 9 in the given order, each with its own result.

        Args:
            languages: result to spoken name, like `{"en-US": "English", "sv-SE": "svenska"}`; or names that are the
                results too.

        Raises:
            SvamlError: no language, or more than nine.
        """
        named = dict(languages) if isinstance(languages, Mapping) else {name: name for name in languages}
        if not 1 <= len(named) <= _MOST_LANGUAGES:
            raise SvamlError(f"A language menu has 1 to {_MOST_LANGUAGES} languages, not {len(named)}.")
        choices = ((str(key), value, f"For {name}, press {key}.") for key, (value, name) in enumerate(named.items(), 1))
        return _choices("", *choices)

    @staticmethod
    def after_hours(company: str, hours: str) -> MenuBuilder:
        """1 `voicemail`, 2 `website`, 3 `emergency`; `hours` is read after "we are open"."""
        return _choices(
            f"Thank you for calling {company}. We are closed now. We are open {hours}.",
            ("1", "voicemail", "To leave a message, press 1."),
            ("2", "website", "To hear the address of our web site, press 2."),
            ("3", "emergency", "In an emergency, press 3."),
        )

    @staticmethod
    def recording_consent() -> MenuBuilder:
        """1 `consent`, 2 `no_consent`."""
        return _choices(
            "We would like to record this call.",
            ("1", "consent", "If you agree, press 1."),
            ("2", "no_consent", "If you do not agree, press 2."),
        )

    @staticmethod
    def numeric_input(prompt: str, digits: int = 1) -> MenuBuilder:
        """Collects up to `digits` keys (1 to 20): a PIE of type sequence with the digits as its value."""
        return create_menu().prompt(prompt).max_digits(digits)

    @staticmethod
    def callback_request(wait: str | int) -> MenuBuilder:
        """1 `hold`, 2 `callback`; `wait` is a number of minutes, or words like "about an hour"."""
        minutes = "1 minute" if wait == 1 else f"{wait} minutes"
        return _choices(
            f"All lines are busy. The wait is {wait if isinstance(wait, str) else minutes}.",
            ("1", "hold", "To hold, press 1."),
            ("2", "callback", "To be called back, press 2."),
        )

    @staticmethod
    def customer_service() -> MenuBuilder:
        """1 `billing`, 2 `technical`, 3 `new_service`, 0 `agent`."""
        return _choices(
            "Welcome to customer service.",
            ("1", "billing", "For billing, press 1."),
            ("2", "technical", "For technical help, press 2."),
            ("3", "new_service", "To order a new service, press 3."),
            ("0", "agent", "To speak to an agent, press 0."),
        )

    @staticmethod
    def satisfaction_survey() -> MenuBuilder:
        """1 `excellent`, 2 `good`, 3 `fair`, 4 `poor`."""
        return _choices(
            "How was our service today?",
            ("1", "excellent", "For excellent, press 1."),
            ("2", "good", "For good, press 2."),
            ("3", "fair", "For fair, press 3."),
            ("4", "poor", "For poor, press 4."),
        )


def _choices(opening: str, *choices: tuple[str, str, str]) -> MenuBuilder:
    """A menu of (key, result, sentence); the repetition leaves the opening out."""
    listed = " ".join(sentence for _, _, sentence in choices)
    menu = create_menu().prompt(f"{opening} {listed}".strip()).repeat_prompt(f"Sorry, please try again. {listed}")
    for key, result, _ in choices:
        menu.option(key, f"return({result})")
    return menu
