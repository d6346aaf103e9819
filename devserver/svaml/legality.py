"""Which callback may answer with which instruction or action, where the answer is not a plain yes.

Facts only. The API reference (voice-v1.md 1.8) and the Sinch Functions documents (functions-platform.md 4.2) disagree
in places; such a row is a warning that names both sides, because nobody outside can tell which one the platform holds.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from devserver.svaml.shapes import Severity

Callback = Literal["ice", "ace", "pie", "patch"]

V_LEGAL = "voice-v1 1.8"


class Ruling(msgspec.Struct, frozen=True):
    """Whether a callback may answer with something, when the answer is not a plain yes.

    Attributes:
        severity: `error` when every source refuses it, `warning` when the sources disagree.
        why: both sides, as the second half of a sentence.
        source: where they are published.
    """

    severity: Severity
    why: str
    source: str = V_LEGAL


_NO = Ruling("error", "")
_BOTH = "voice-v1 1.8, functions 4.2"
_FUNCTIONS_ONLY = "the API reference does not list it there, some Sinch Functions documents do"
_REFERENCE_ONLY = "the API reference and the SDKs list it there, the Sinch Functions documents do not"

ACTION_RULINGS: dict[tuple[str, str], Ruling] = {
    ("continue", "ice"): Ruling(
        "warning",
        "the API reference refuses it there, the Sinch Functions documents list it, and the older server SDK accepts "
        "it for calls from an SDK, which then connect as dialled",
        _BOTH,
    ),
    ("connectPstn", "ace"): _NO,
    ("connectMxp", "ace"): _NO,
    ("connectMxp", "pie"): Ruling("warning", _FUNCTIONS_ONLY, _BOTH),
    ("connectConf", "ace"): Ruling("warning", _REFERENCE_ONLY, _BOTH),
    ("connectSip", "ace"): _NO,
    ("connectStream", "ace"): _NO,
    ("connectStream", "pie"): _NO,
    ("runMenu", "ace"): Ruling("warning", _REFERENCE_ONLY, _BOTH),
    ("park", "ace"): Ruling(
        "warning",
        "the API reference refuses it there, the older server SDK allows it for calls that the server started",
        _BOTH,
    ),
    ("park", "pie"): Ruling("warning", _FUNCTIONS_ONLY, _BOTH),
    ("startRecording", "ice"): _NO,
    ("startRecording", "ace"): _NO,
    ("startRecording", "pie"): _NO,
    ("stopRecording", "ice"): _NO,
    ("stopRecording", "ace"): _NO,
    ("stopRecording", "pie"): _NO,
}
"""(canonical action, callback) where the answer is not yes. A single document that merely leaves an action out, while
the reference and the others list it (connectPstn and connectSip in a PIE), is no disagreement."""

INSTRUCTION_RULINGS: dict[tuple[str, str], Ruling] = {
    ("sendDtmf", "ace"): _NO,
    ("answer", "ace"): _NO,
    ("answer", "pie"): _NO,
    ("answer", "patch"): _NO,
    ("reportCallStatus", "ice"): _NO,
    ("reportCallStatus", "ace"): _NO,
    ("reportCallStatus", "pie"): _NO,
    ("reportCallStatus", "patch"): _NO,
}
"""(canonical instruction, callback) where the answer is not yes."""


def allowed_in(name: str, *, action: bool) -> tuple[str, ...]:
    """The callbacks that take an instruction or action without any doubt, in the order of a call."""
    rulings = ACTION_RULINGS if action else INSTRUCTION_RULINGS
    if name == "reportCallStatus":
        return ("dice",)
    return tuple(event for event in ("ice", "ace", "pie") if (name, event) not in rulings)
