"""Each field by itself: is it there, is it of the right type, within its bounds, and a known word.

Works from the tables alone and must not know any instruction by name; what depends on two fields at once is in
`surprises.py` and `menu_rules.py`. It expects canonical names and never raises: a value of the wrong type is a finding,
and later checks ask for the type again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from devserver.svaml.findings import Report, json_kind, shown
from devserver.svaml.parts import PROMPT_CHARACTERS
from devserver.svaml.prompts import Prompt, parse
from devserver.svaml.shapes import Field, Limit, Shape

_E164 = re.compile(r"\+[0-9]{6,16}\Z")
_DIGITS = re.compile(r"[0-9]{5,16}\Z")
_NUMERAL = re.compile(r"-?[0-9]{1,9}\Z")
_SENT_KEYS = re.compile(r"[0-9#w]*\Z")
_SENT_KEYS_LOOSE = re.compile(r"[0-9#*wW]*\Z")
_CLI_WORDS = ("private", "incoming")
_KEYS = frozenset("0123456789*#")
_DIGIT_KEYS = range(10)
_PROMPTS = "voice-v1 2.3"

# A prompt text beyond this length is too long whatever is in it, and is not taken apart.
_SCANNED = 64 * (PROMPT_CHARACTERS + 16)


def check_fields(value: dict[str, Any], shape: Shape, path: str, report: Report) -> None:
    """Check every field of an object with canonical names."""
    for field in shape.fields:
        item = value.get(field.name)
        if item is not None:
            _CHECKS[field.kind](item, field, f"{path}.{field.name}", report)
        elif field.required:
            report.error("field-missing", f"{path}.{field.name}", f"{shape.name} needs `{field.name}`.", field.source)


def _text(value: object, field: Field, path: str, report: Report) -> None:
    text = _as_text(value, field, path, report)
    if text is None:
        return
    if field.required and not field.blank and not text.strip():
        report.error("field-missing", path, f"`{field.name}` is empty.", field.source)
    for limit in field.limits:
        if len(text) > limit.bound:
            said = f"`{field.name}` has {len(text)} characters; at most {limit.bound} are allowed"
            report.add(limit.severity, "text-too-long", path, _sentence(said, limit), limit.source)
            break
    if field.values and text.lower() not in _lowered(field.values):
        said = f"{shown(text)} is not a known `{field.name}`; known are {', '.join(field.values)}."
        report.warning("value-unknown", path, said, field.source)


def _lowered(values: tuple[str, ...]) -> frozenset[str]:
    known = _LOWERED.get(values)
    if known is None:
        known = _LOWERED[values] = frozenset(value.lower() for value in values)
    return known


_LOWERED: dict[tuple[str, ...], frozenset[str]] = {}


def _sentence(said: str, limit: Limit) -> str:
    return f"{said} ({limit.note})." if limit.note else f"{said}."


def _as_text(value: object, field: Field, path: str, report: Report) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        text = shown(value)
        report.warning("type-loose", path, f"`{field.name}` is the number {text}; write it as a string.", field.source)
        return text
    _wrong_type(value, "a string", field, path, report)
    return None


def _wrong_type(value: object, wanted: str, field: Field, path: str, report: Report) -> None:
    report.error("field-type", path, f"`{field.name}` is {json_kind(value)}; it must be {wanted}.", field.source)


def _number(value: object, field: Field, path: str, report: Report) -> None:
    number = _as_number(value)
    if number is None:
        _wrong_type(value, "a whole number", field, path, report)
        return
    if type(value) is not int:
        said = f"`{field.name}` is {shown(value)}; write it as the number {shown(number)}."
        report.warning("type-loose", path, said, field.source)
    for limit in field.limits:
        beyond = number < limit.bound if limit.measure == "least" else number > limit.bound
        if beyond:
            said = f"`{field.name}` is {shown(number)}; it must be at {limit.measure} {limit.bound}"
            report.add(limit.severity, "number-range", path, _sentence(said, limit), limit.source)
            break


def _as_number(value: object) -> int | None:
    match value:
        case bool():
            return None
        case int():
            return value
        case float() if value.is_integer():
            return int(value)
        case str() if _NUMERAL.match(value):
            return int(value)
        case _:
            return None


def _flag(value: object, field: Field, path: str, report: Report) -> None:
    if isinstance(value, bool):
        return
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        said = f"`{field.name}` is {shown(value)}; write it as a boolean without quotes."
        report.warning("type-loose", path, said, field.source)
        return
    _wrong_type(value, "true or false", field, path, report)


def _prompt(value: object, field: Field, path: str, report: Report) -> None:
    text = _as_text(value, field, path, report)
    if text is None:
        return
    if len(text) > _SCANNED:
        said = f"`{field.name}` has {len(text)} characters; one prompt may speak {PROMPT_CHARACTERS}."
        report.error("text-too-long", path, said, _PROMPTS)
        return
    items = parse(text)
    if not items:
        report.warning("prompt-empty", path, f"`{field.name}` plays nothing.", _PROMPTS)
    for item in items:
        _prompt_item(item, path, report)


def _prompt_item(item: Prompt, path: str, report: Report) -> None:
    if item.problem:
        said = f"The prompt {shown(item.raw)} {item.problem}."
        unclosed = item.problem == "has no closing bracket"
        report.add("error" if unclosed else "warning", "prompt-syntax", path, said, _PROMPTS)
    if item.kind in {"tts", "ssml"} and len(item.text) > PROMPT_CHARACTERS:
        said = f"One prompt speaks {len(item.text)} characters; at most {PROMPT_CHARACTERS} are allowed."
        report.error("text-too-long", path, said, _PROMPTS)


def _prompts(value: object, field: Field, path: str, report: Report) -> None:
    if not isinstance(value, list | tuple):
        _wrong_type(value, "a list of strings", field, path, report)
        return
    if not value:
        report.warning("prompt-empty", path, f"`{field.name}` is an empty list and plays nothing.", field.source)
    for index, item in enumerate(value):
        if item is None:
            _wrong_type(item, "a list of strings", field, f"{path}[{index}]", report)
        else:
            _prompt(item, field, f"{path}[{index}]", report)


def _dtmf(value: object, field: Field, path: str, report: Report) -> None:
    text = _as_text(value, field, path, report)
    if text is None or (_SENT_KEYS.match(text) and (text or not field.required)):
        return
    if text and _SENT_KEYS_LOOSE.match(text):
        said = f"{shown(text)} has keys that are not documented; 0-9, # and w (half a second) are."
        report.warning("dtmf-undocumented", path, said, field.source)
        return
    said = f"{shown(text)} cannot be sent as keys; 0-9, # and w (half a second) can."
    report.error("dtmf-alphabet", path, said, field.source)


def _key(value: object, field: Field, path: str, report: Report) -> None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        _wrong_type(value, "one key of the keypad", field, path, report)
    elif value not in _KEYS and value not in _DIGIT_KEYS:
        said = f"{shown(value)} is not one key of the keypad (0-9, * or #)."
        report.error("option-dtmf", path, said, field.source)


def _phone(value: object, field: Field, path: str, report: Report) -> None:
    text = _as_text(value, field, path, report)
    if text is not None and not _E164.match(text):
        said = f"{shown(text)} is not a phone number in E.164: a plus and 6 to 16 digits, nothing else."
        report.error("number-format", path, said, field.source)


def _cli(value: object, field: Field, path: str, report: Report) -> None:
    text = _as_text(value, field, path, report)
    if text is None or _E164.match(text) or text.lower() in _CLI_WORDS:
        return
    if _DIGITS.match(text):
        said = f"{shown(text)} has no leading plus; `cli` of a callback comes without it, here it is needed."
        report.warning("cli-plus", path, said, field.source)
        return
    said = f"{shown(text)} is not a caller number: E.164 with its plus, `private`, or `incoming`."
    report.error("cli-format", path, said, field.source)


def _object(value: object, field: Field, path: str, report: Report) -> None:
    if not isinstance(value, dict):
        _wrong_type(value, "an object", field, path, report)
    elif field.shape is not None:
        check_fields(value, field.shape, path, report)


def _objects(value: object, field: Field, path: str, report: Report) -> None:
    if not isinstance(value, list | tuple):
        _wrong_type(value, "a list of objects", field, path, report)
        return
    for index, item in enumerate(value):
        _object(item, field, f"{path}[{index}]", report)


def _pairs(value: object, field: Field, path: str, report: Report) -> None:
    _objects(value, field, path, report)
    if not isinstance(value, list | tuple) or not field.limits:
        return
    limit = field.limits[0]
    for index, item in enumerate(value):
        size = _pair_size(item, limit) if isinstance(item, dict) else 0
        if size > limit.bound:
            unit = "bytes" if limit.measure == "bytes" else "characters in one text"
            said = f"This pair of `{field.name}` has {size} {unit}; at most {limit.bound} are allowed"
            report.add(limit.severity, "pair-too-long", f"{path}[{index}]", _sentence(said, limit), limit.source)


def _pair_size(pair: dict[str, Any], limit: Limit) -> int:
    texts = [text for text in pair.values() if isinstance(text, str)]
    if limit.measure == "bytes":
        return sum(len(text.encode("utf-8", "replace")) for text in texts)
    return max(map(len, texts), default=0)


def _anything(_value: object, _field: Field, _path: str, _report: Report) -> None:
    return


_CHECKS: dict[str, Callable[[object, Field, str, Report], None]] = {
    "text": _text,
    "number": _number,
    "flag": _flag,
    "prompt": _prompt,
    "prompts": _prompts,
    "dtmf": _dtmf,
    "key": _key,
    "phone": _phone,
    "cli": _cli,
    "object": _object,
    "objects": _objects,
    "pairs": _pairs,
    "anything": _anything,
}
