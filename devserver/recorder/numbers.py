"""Phone numbers of callbacks as people write them. Pure."""

from __future__ import annotations

_SHORTEST = 7  # digits; what is shorter is an extension or a service number, which has no country code


def with_plus(number: str) -> str:
    """A number with the plus that the wire leaves out (voice-v1.md 1.3); names, `private` and short numbers stay."""
    return f"+{number}" if number.isdigit() and len(number) >= _SHORTEST else number


def is_about(wanted: str, *parties: str | None) -> bool:
    """Whether somebody is meant by `wanted`: a number in any way of writing, a part of one, or a part of a name."""
    digits = digits_of(wanted)
    if digits:
        return any(digits in digits_of(party) for party in parties if party)
    return any(wanted.lower() in party.lower() for party in parties if party)


def digits_of(text: str) -> str:
    """The digits of a number; empty for what is none, such as a name or a SIP address."""
    kept = "".join(character for character in text if character not in "+-.() /")
    return kept if kept.isdecimal() else ""
