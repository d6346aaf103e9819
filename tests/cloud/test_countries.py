from __future__ import annotations

import pytest

from devserver.cloud import countries
from devserver.cloud.countries import Origin, look_up


@pytest.mark.parametrize(
    ("number", "country", "kind"),
    [
        ("+12015555555", "US", "Unknown"),
        ("+14165550123", "CA", "Unknown"),
        ("+18765550123", "JM", "Unknown"),
        ("+18005550123", "US", "Other"),
        ("+46730170101", "SE", "Mobile"),
        ("+4686174000", "SE", "Fixed"),
        ("+447700900123", "GB", "Mobile"),
        ("+33612345678", "FR", "Mobile"),
        ("+33123456789", "FR", "Fixed"),
        ("+77012345678", "KZ", "Unknown"),
        ("+74951234567", "RU", "Unknown"),
        ("+353861234567", "IE", "Mobile"),
    ],
)
def test_the_first_digits_tell_the_country_and_sometimes_the_type(number: str, country: str, kind: str) -> None:
    found = look_up(number)

    assert found is not None
    assert (found.country, found.type) == (country, kind)


def test_digits_of_no_country_have_none() -> None:
    assert look_up("+9991234567") is None
    assert look_up("+2101234567") is None


def test_every_country_is_two_capitals_and_no_code_is_there_twice() -> None:
    pairs = countries._CODES.split()

    assert len(pairs) % 2 == 0
    assert len(set(pairs[::2])) == len(pairs) // 2
    assert all(country.isupper() and len(country) == 2 for country in pairs[1::2])
    assert look_up("+358401234567") == Origin("FI", "Unknown")
