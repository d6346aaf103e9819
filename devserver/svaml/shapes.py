"""What a table of the markup is made of: fields with their limits, grouped into shapes.

It must not know any instruction or action by name: those are rows of `devserver/svaml/model.py`. The two are apart so
that a rule written once (a length, a range, an alphabet) holds for every row, and a new instruction is one more row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

Severity = Literal["error", "warning"]

Kind = Literal[
    "text",
    "number",
    "flag",
    "prompt",  # text in the prompt syntax of voice-v1.md 2.3
    "prompts",  # a list of such texts
    "dtmf",  # keys to send: 0-9, # and w
    "key",  # one key of the keypad, as text or as a number
    "phone",  # E.164 with its plus
    "cli",  # a phone number to show, or a word such as `private`
    "object",
    "objects",
    "pairs",  # a list of {key, value}
    "anything",
]

MARKUP = "voice-v1 2"


class Limit(msgspec.Struct, frozen=True):
    """One bound of a value.

    Attributes:
        measure: `least` and `most` bound a number; `characters` the length of a text, or of each text of a pair;
            `bytes` the texts of one {key, value} pair together, in UTF-8.
        bound: the last allowed value.
        severity: `error` when the platform refuses what is beyond, `warning` when it trims or the sources differ.
        source: where the bound is published.
        note: the end of the sentence, when the bound needs a reason.
    """

    measure: Literal["least", "most", "characters", "bytes"]
    bound: int
    severity: Severity = "error"
    source: str = MARKUP
    note: str = ""


class Field(msgspec.Struct, frozen=True):
    """One field of an object.

    Attributes:
        name: the name on the wire; read case-insensitively (voice-v1.md 1.1).
        kind: what its value must be.
        required: leaving it out is an error.
        blank: a required text may be empty.
        limits: bounds of the value.
        values: the known words, compared case-insensitively; empty when any text will do.
        shape: of the value, for `object`, `objects` and `pairs`.
        source: where the field is published.
    """

    name: str
    kind: Kind
    required: bool = False
    blank: bool = False
    limits: tuple[Limit, ...] = ()
    values: tuple[str, ...] = ()
    shape: Shape | None = None
    source: str = MARKUP


class Shape(msgspec.Struct, frozen=True):
    """An object with known fields.

    Attributes:
        name: canonical name of the instruction or action, or a noun for a part.
        fields: in the order in which findings are reported.
        lookup: canonical spelling and lower-case spelling, both to the field.
        hints: names that people write instead, lower case, to the field they mean.
    """

    name: str
    fields: tuple[Field, ...]
    lookup: Mapping[str, Field]
    hints: Mapping[str, str]

    def field(self, key: str) -> Field | None:
        """The field that a key means, in any case."""
        return self.lookup.get(key) or self.lookup.get(key.lower())


def shape(name: str, *fields: Field, hints: Mapping[str, str] | None = None) -> Shape:
    """A shape with its lookup filled in."""
    lookup = {key: field for field in fields for key in (field.name, field.name.lower())}
    return Shape(name, fields, lookup, hints or {})
