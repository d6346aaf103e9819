"""When two values of the markup mean the same to the platform and to the caller, though they are not equal.

| kind of field | is the same |
|---|---|
| prompts | what is heard: words without surplus white space, whether read as text or as plain SSML; files by name |
| phone numbers | the digits of E.164, with or without plus, `tel:`, blanks and brackets |
| known words, such as `private` or `UDP` | in any case |
| an option's action | `return` and `menu` in any case; what stands in the brackets exactly |

Capitals and punctuation of a prompt are wording: "US" is not read as "us". Pure; it must not know two runs.
"""

from __future__ import annotations

import re
from typing import Any

from devserver.svaml.menu_rules import option_action
from devserver.svaml.prompts import Prompt, parse, spoken
from devserver.svaml.shapes import Field, Kind

_NUMBER = re.compile(r"\s*(?:tel:)?\s*\+?[\d\s().\-/]+\Z", re.IGNORECASE)
_FEWEST_DIGITS = 5
_SPEAK = re.compile(r"</?speak(?:\s[^<>]*)?>", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_TEXTS: frozenset[Kind] = frozenset({"prompt", "prompts"})

Heard = tuple[tuple[str, str], ...]


def is_heard(field: Field | None, owner: str) -> bool:
    """Whether the value of a field is what the caller hears; `owner` is the name of the instruction or action."""
    return field is not None and (field.kind in _TEXTS or (owner == "say" and field.name == "text"))


def same_meaning(old: Any, new: Any, field: Field, owner: str) -> bool:
    """Whether two values of this field come to the same; never for a value of a type that the field does not take."""
    if is_heard(field, owner):
        was, now = heard(old, field), heard(new, field)
        return was is not None and was == now
    if not isinstance(old, str) or not isinstance(new, str):
        return field.kind == "key" and _key(old) == _key(new) is not None
    if field.kind in {"phone", "cli"}:
        return _same_numbers(old, new) or (field.kind == "cli" and old.lower() == new.lower())
    if field.values:
        return old.lower() == new.lower()
    return field.name == "action" and (taken := option_action(old)) is not None and taken == option_action(new)


def heard(value: Any, field: Field) -> Heard | None:
    """What is heard, as pairs of a kind and a text; None for a value that cannot be played."""
    match value:
        case str() if field.kind == "text":
            return (("speech", " ".join(value.split())),)
        case str():
            return _joined(parse(value))
        case [*items] if field.kind == "prompts" and all(isinstance(item, str) for item in items):
            return _joined([prompt for item in items for prompt in parse(item)])
        case _:
            return None


def said(value: Any, field: Field) -> str:
    """What is heard, in words for people."""
    match value:
        case str() if field.kind == "text":
            return " ".join(value.split())
        case str():
            return spoken(value)
        case _:
            return " ".join(spoken(item) for item in value)


def _joined(prompts: tuple[Prompt, ...] | list[Prompt]) -> Heard:
    """Speech that follows on speech is one speech."""
    found: list[tuple[str, str]] = []
    for prompt in prompts:
        kind, text = _heard(prompt)
        if found and kind == found[-1][0] == "speech":
            found[-1] = (kind, f"{found[-1][1]} {text}".strip())
        else:
            found.append((kind, text))
    return tuple(found)


def _heard(prompt: Prompt) -> tuple[str, str]:
    match prompt.kind:
        case "tts":
            return "speech", " ".join(prompt.text.split())
        case "ssml":
            inner = _SPEAK.sub(" ", prompt.text)
            # Tags other than `speak` change how it sounds: pauses, emphasis, spelling.
            return ("ssml", _SPACE.sub(" ", inner).strip()) if "<" in inner else ("speech", spoken(prompt.raw))
        case "file":
            return "file", prompt.text.strip()
        case _:
            return "address", prompt.text.strip()


def _same_numbers(old: str, new: str) -> bool:
    digits = digits_of(old)
    return bool(digits) and digits == digits_of(new)


def digits_of(text: str) -> str:
    """The digits of a phone number in any usual spelling; empty for what is none."""
    if not _NUMBER.match(text):
        return ""
    digits = "".join(character for character in text if character.isdecimal())
    return digits if len(digits) >= _FEWEST_DIGITS else ""


def _key(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None
