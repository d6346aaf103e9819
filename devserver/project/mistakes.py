"""What is wrong with a `sinch.json`, in words, with the line.

It works on text that has already been refused, so speed does not count. The decoders name a byte or a path
(`$.dev.spares`); people look for a line and want to know what to write there. It must not decide what is valid: the
types in `settings` do, and every sentence here is derived from their refusal.
"""

from __future__ import annotations

import json
import re
from typing import Any, get_args

import msgspec

from devserver.errors import ConfigError
from devserver.project.settings import DevSettings, Manifest, Origin
from devserver.project.texts import nearest

EXAMPLE = 'The smallest one is {"name": "my-function", "runtime": "python"}.'

_TOKEN = re.compile(r'(?P<text>"(?:[^"\\]|\\.)*")(?P<colon>\s*:)?|(?P<bracket>[{}\[\]])')
_AT = re.compile(r" - at (?P<key>`key` in )?`\$\.?(?P<path>[^`]*)`$")
_PART = re.compile(r"\[[^\]]*\]|[^.\[]+")
_KINDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_COMPARISONS = {">=": "at least", ">": "more than", "<=": "at most", "<": "less than"}
_PRODUCTS = ", ".join(get_args(Origin))
# What must stand at these paths, where the type alone would say it badly. A star stands for any key.
_RULES = {
    ("tunnel", "preference"): 'must be "on" or "off"',
    ("dev", "tunnelProvider"): 'must be "cloudflare" or "frp"',
    ("name",): "must be text of at most 63 letters, digits, dots, dashes and underscores, a letter or digit first",
    ("dev", "origins", "*"): f"must be a product ({_PRODUCTS}) with an address that starts with http:// or https://",
}
_VARIABLE_NAME = "is no name for a variable: use letters, digits and underscores, and no digit first"


def malformed(file: str, text: str, said: str) -> ConfigError:
    """Why `text` is not JSON.

    Args:
        file: its name in the sentence.
        text: the whole file.
        said: what the decoder said, for the rare text that only one of two decoders refuses.
    """
    if not text.strip():
        return ConfigError(f"{file} is empty.", hint=EXAMPLE)
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return _explained(file, text, error)
    except RecursionError:
        return ConfigError(f"{file} is nested too deeply.")
    return ConfigError(f"{file} is not JSON: {said}.")


def _explained(file: str, text: str, error: json.JSONDecodeError) -> ConfigError:
    """The standard decoder says where; what stands there says what."""
    here, before, line = text[error.pos : error.pos + 1], text[: error.pos].rstrip(), error.lineno
    if here in {"/", "#"}:
        return ConfigError(f"{file} line {line}: JSON has no comments.", hint="Remove the comment.")
    # Older interpreters point at the bracket after the comma, newer ones at the comma.
    comma = f"{before},".rstrip(",") if here == "," else before[:-1] if before.endswith(",") and here in "}]" else None
    if comma is not None:
        return ConfigError(
            f"{file} line {_line_at(text, len(comma))}: there is a comma too many.", hint="Remove the comma."
        )
    if here == "'":
        return ConfigError(f"{file} line {line}: JSON writes text in double quotes, not in single quotes.")
    if error.msg.startswith("Expecting ',' delimiter"):
        before_line = _line_at(text, len(before) - 1)
        return ConfigError(f"{file} line {before_line}: a comma or a closing bracket is missing after this line.")
    return ConfigError(f"{file} line {line}: this is not JSON ({error.msg[:1].lower()}{error.msg[1:]}).")


def invalid(file: str, text: str, document: Any, said: str) -> ConfigError:
    """Which value of a well-formed document is wrong, and what must stand there.

    Args:
        file: its name in the sentence.
        text: the whole file, for the line.
        document: the same, decoded.
        said: the refusal of msgspec.
    """
    if not isinstance(document, dict):
        return ConfigError(f"{file} must hold one JSON object.", hint=EXAMPLE)
    if missing := re.match(r"Object missing required field `(\w+)`", said):
        return ConfigError(f'{file} has no "{missing[1]}".', hint=EXAMPLE)
    found = _AT.search(said)
    path = tuple(_PART.findall(found["path"])) if found else ()
    if unknown := re.match(r"Object contains unknown field `(.+?)`", said):
        return _unknown_key(file, text, (*path, unknown[1]))
    if found and (found["key"] or path[-1:] == ("[...]",)):
        owner = path if found["key"] else path[:-1]
        path = (*owner, _wrong_key(document, owner))
    rule = _RULES.get(path) or _RULES.get((*path[:-1], "*"))
    if rule is None:
        rule = _VARIABLE_NAME if found and found["key"] else _rule(said.removesuffix(found[0]) if found else said)
    hint = 'Variables are text: write it in quotes, like "3000".' if path[0] == "variables" and "not" in rule else ""
    return ConfigError(f'{file}{_place(text, path)}: "{".".join(path).replace(".[", "[")}" {rule}.', hint=hint)


def _unknown_key(file: str, text: str, path: tuple[str, ...]) -> ConfigError:
    known = [field.encode_name for field in msgspec.structs.fields(DevSettings)]
    hint = nearest(path[-1], known) or f"Known are {', '.join(known)}."
    return ConfigError(f'{file}{_place(text, path)}: "{".".join(path)}" is not a setting.', hint=hint)


def _rule(said: str) -> str:
    """The refusal of a type or a range in words."""
    if wrong := re.match(r"Expected `([^`]+)`, got `(\w+)`", said):
        wanted = wrong[1].removesuffix(" | null")
        got = "a fraction" if wrong[2] == "float" else _KINDS.get(wrong[2], wrong[2])
        return f"must be {_KINDS.get(wanted, wanted)}, not {got}"
    if limit := re.match(r"Expected `\w+` (>=|>|<=|<) (\S+)", said):
        return f"must be {_COMPARISONS[limit[1]]} {limit[2].removesuffix('.0')}"
    return f"is wrong ({said[:1].lower()}{said[1:]})"


def _wrong_key(document: dict[str, Any], owner: tuple[str, ...]) -> str:
    """Which key of the object at `owner` is refused: the refusal does not say, so each is tried alone."""
    entries = document
    for part in owner:
        entries = entries[part]
    for key, value in entries.items():
        alone: dict[str, Any] = {key: value}
        for part in reversed(owner):
            alone = {part: alone}
        try:
            msgspec.convert({"name": "x", **alone}, Manifest)
        except msgspec.ValidationError:
            return key
    return ""


def _place(text: str, path: tuple[str, ...]) -> str:
    keys = tuple(part for part in path if not part.startswith("["))
    line = _key_lines(text).get(keys)
    return f" line {line}" if line else ""


def _key_lines(text: str) -> dict[tuple[str, ...], int]:
    """The line of every key of a valid JSON document; of a key that stands twice, the last, which is the one read."""
    lines: dict[tuple[str, ...], int] = {}
    path: list[str] = []
    last = ""
    for token in _TOKEN.finditer(text):
        if token["colon"]:
            last = json.loads(token["text"])
            lines[(*path[1:], last)] = _line_at(text, token.start())
        elif token["bracket"] in {"{", "["}:
            path.append(last)
        elif token["bracket"]:
            path.pop()
    return lines


def _line_at(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
