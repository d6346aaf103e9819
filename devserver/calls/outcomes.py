"""How a call ended, in the platform's words: the table of voice-v1.md 3.3.

The situations are ours; each has one pair of result and reason for a call that had been answered, and one for a call
that had not. Most pairs are not published, so `Settings.outcomes` can replace any row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

Situation = Literal[
    "caller hung up",
    "callee hung up",
    "party hung up",
    "function hung up",
    "function refused as busy",
    "function refused as congested",
    "removed from the conference",
    "all was said",
    "maximum duration",
    "parked too long",
    "rang out",
    "rang out at an app user",
    "busy",
    "rejected",
    "no answer",
    "no route",
    "barred",
    "no credit",
    "unknown user",
    "answered elsewhere",
    "cancelled",
    "callback failed",
    "illegal SVAML",
    "no callback address",
    "callout without cli",
    "loop",
    "error",
]


class Outcome(msgspec.Struct, frozen=True):
    """A result and a reason, as in the DICE."""

    result: str
    reason: str


class Row(msgspec.Struct, frozen=True):
    """What a situation means.

    Attributes:
        answered: when the first leg had been answered.
        before: when it had not.
        why: what happened, as a sentence.
        source: where the pair comes from; `?` marks a proposal.
    """

    answered: Outcome
    before: Outcome
    why: str
    source: str


_PAIRS = "voice-v1 3.3"
_OPEN = "voice-v1 3.3 ?"


def _row(answered: str, before: str, why: str, source: str) -> Row:
    return Row(Outcome(*answered.split()), Outcome(*before.split()), why, source)


OUTCOMES: Mapping[Situation, Row] = {
    "caller hung up": _row("ANSWERED CALLERHANGUP", "NOANSWER CANCEL", "The caller hung up.", _PAIRS),
    "callee hung up": _row("ANSWERED CALLEEHANGUP", "ANSWERED CALLEEHANGUP", "The callee hung up.", _PAIRS),
    # Of a callout the platform's callee is the one party there is.
    "party hung up": _row("ANSWERED CALLEEHANGUP", "NOANSWER CANCEL", "Who had been called hung up.", _OPEN),
    "function hung up": _row("ANSWERED MANAGERHANGUP", "N/A MANAGERHANGUP", "The function hung up.", _PAIRS),
    "function refused as busy": _row("ANSWERED MANAGERHANGUP", "BUSY MANAGERHANGUP", "The function was busy.", _OPEN),
    "function refused as congested": _row(
        "ANSWERED MANAGERHANGUP", "FAILED CONGESTION", "The function reported congestion.", _OPEN
    ),
    "removed from the conference": _row(
        "ANSWERED MANAGERHANGUP", "ANSWERED MANAGERHANGUP", "The call was removed from its conference.", _PAIRS
    ),
    "all was said": _row("ANSWERED MANAGERHANGUP", "ANSWERED MANAGERHANGUP", "All was said.", _PAIRS),
    "maximum duration": _row("ANSWERED TIMEOUT", "NOANSWER TIMEOUT", "The maximum duration was reached.", _OPEN),
    "parked too long": _row("ANSWERED TIMEOUT", "ANSWERED TIMEOUT", "The call was parked too long.", _OPEN),
    "rang out": _row("NOANSWER TIMEOUT", "NOANSWER TIMEOUT", "Nobody answered in time.", _PAIRS),
    "rang out at an app user": _row("BUSY N/A", "BUSY N/A", "The app user did not answer in time.", _PAIRS),
    "busy": _row("BUSY N/A", "BUSY N/A", "The callee was busy.", _OPEN),
    "rejected": _row("BUSY N/A", "BUSY N/A", "The callee rejected the call.", _OPEN),
    "no answer": _row("NOANSWER TIMEOUT", "NOANSWER TIMEOUT", "The network gave up ringing.", _OPEN),
    "no route": _row("FAILED CONGESTION", "FAILED CONGESTION", "There was no route to the callee.", _OPEN),
    "barred": _row("FAILED BLOCKED", "FAILED BLOCKED", "The destination is barred.", _OPEN),
    "no credit": _row("FAILED NOCREDITPARTNER", "FAILED NOCREDITPARTNER", "There is no credit.", _OPEN),
    "unknown user": _row("FAILED USERNOTFOUND", "FAILED USERNOTFOUND", "There is no such app user.", _OPEN),
    "answered elsewhere": _row(
        "N/A OTHERPEERANSWERED", "N/A OTHERPEERANSWERED", "Another device of the user answered.", _OPEN
    ),
    "cancelled": _row("ANSWERED MANAGERHANGUP", "NOANSWER CANCEL", "The callout was cancelled.", _OPEN),
    "callback failed": _row("ANSWERED CALLBACKERROR", "FAILED CALLBACKERROR", "A callback failed.", _OPEN),
    "illegal SVAML": _row("ANSWERED CALLBACKERROR", "FAILED CALLBACKERROR", "The SVAML is illegal.", _OPEN),
    "no callback address": _row(
        "FAILED GENERALERROR", "FAILED GENERALERROR", "No callback address is configured for the number.", _OPEN
    ),
    "callout without cli": _row(
        "FAILED GENERALERROR", "FAILED GENERALERROR", "A tts callout without `cli` does not arrive.", "voice-v1 3.2 ?"
    ),
    "loop": _row("ANSWERED GENERALERROR", "FAILED GENERALERROR", "The call went round in circles.", "ours"),
    "error": _row("FAILED GENERALERROR", "FAILED GENERALERROR", "The call failed.", _OPEN),
}
"""Every situation that ends a call."""
