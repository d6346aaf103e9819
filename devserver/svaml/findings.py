"""What the rules say about an answer, and the list they write it to.

Findings are data: the gateway prints them, the recorder stores them and the builders raise on them, so they carry no
behaviour and encode to JSON as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import msgspec

from devserver.svaml.shapes import Severity

_SHOWN = 60
# A generated document can break one rule ten thousand times. Nobody reads that, and every finding is stored.
_MOST = 100
# Python refuses to write integers of thousands of digits, and nobody would read them.
_BITS = 64

# bool before int: a Python bool is an int.
_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (type(None), "null"),
    (bool, "a boolean"),
    ((int, float), "a number"),
    (str, "a string"),
    ((list, tuple), "a list"),
    (dict, "an object"),
)


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong, or will surprise.

    Attributes:
        severity: `error`: the platform refuses the answer. `warning`: the sources disagree, or it will surprise.
        path: where, like `action.menus[0].options[1].action`; empty for the whole document.
        text: the rule in one sentence, with the value where that helps.
        rule: stable id in kebab-case.
        source: where the rule is published, like "voice-v1 2.2".
    """

    severity: Severity
    path: str
    text: str
    rule: str
    source: str


class Report:
    """The findings of one check, in the order in which they were made; at most 100 of each severity."""

    __slots__ = ("_left", "found")

    def __init__(self) -> None:
        self.found: list[Finding] = []
        self._left: dict[Severity, int] = {"error": _MOST, "warning": _MOST}

    def full(self, severity: Severity) -> bool:
        """Whether further findings of this severity would be dropped, so that looking for them is in vain."""
        return not self._left[severity]

    def error(self, rule: str, path: str, text: str, source: str) -> None:
        """Note something that the platform refuses."""
        self.add("error", rule, path, text, source)

    def warning(self, rule: str, path: str, text: str, source: str) -> None:
        """Note something that the sources disagree about, or that will surprise."""
        self.add("warning", rule, path, text, source)

    def add(self, severity: Severity, rule: str, path: str, text: str, source: str) -> None:
        """Note something whose severity is a fact of the table."""
        if self._left[severity]:
            self._left[severity] -= 1
            self.found.append(Finding(severity, path, text, rule, source))


def shown(value: object) -> str:
    """A value inside a sentence: quoted, on one line, and cut when it is long."""
    huge = isinstance(value, int) and value.bit_length() > _BITS
    text = repr(value) if isinstance(value, str | int | float) and not huge else json_kind(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 2]}.."


def json_kind(value: object) -> str:
    """The JSON word for the type of a value, with its article."""
    return next((word for kind, word in _KINDS if isinstance(value, kind)), f"a {type(value).__name__}")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a sentence that names the nearest known word; empty when none is near."""
    from difflib import get_close_matches

    by_lower = {name.lower(): name for name in islice(known, _MOST)}
    near = get_close_matches(word.lower()[:_SHOWN], by_lower, n=1, cutoff=0.6)
    return f"; did you mean {by_lower[near[0]]!r}?" if near else ""
