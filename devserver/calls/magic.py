"""How the platform's own test numbers behave when they are called (voice-v1.md 3.3, "Magic numbers").

A pure table. The numbers were published in 2019 and are retired; here they still ring, so that every outcome of a
connect can be had without writing a scenario.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

STEM = "46000000000"
_RINGS = 7.5


class Behaviour(msgspec.Struct, frozen=True):
    """What a callee does.

    Attributes:
        outcome: `answers`, or why it does not.
        after: seconds of ringing before that.
        plays: how often its prompt is played after the answer, before it hangs up.
        seconds: it plays for so long instead; 0: see `plays`.
        until_key: this key ends the playing early.
    """

    outcome: Literal["answers", "rejected", "no answer", "no route"]
    after: float = 0.0
    plays: int = 0
    seconds: float = 0.0
    until_key: str = ""


BEHAVIOURS: Mapping[str, Behaviour] = {
    "": Behaviour("answers", after=_RINGS, plays=1),
    **{str(times): Behaviour("answers", plays=times) for times in range(2, 10)},
    "10": Behaviour("answers", seconds=120.0),
    "20": Behaviour("answers", plays=10, until_key="0"),
    "30": Behaviour("rejected"),
    "31": Behaviour("rejected", after=_RINGS),
    "40": Behaviour("no answer", after=45.0),
    "50": Behaviour("no route"),
    "51": Behaviour("no route", after=_RINGS),
}
"""What follows `STEM`, to what it does. The row for `1` is blank in the source."""


def behaviour_of(number: str) -> Behaviour | None:
    """What a number does when it is called, with or without its plus; None for an ordinary number."""
    digits = number.removeprefix("+")
    return BEHAVIOURS.get(digits.removeprefix(STEM)) if digits.startswith(STEM) else None
