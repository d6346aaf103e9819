"""A document with every known name spelled as in the tables.

The platform reads names and keys in any case (voice-v1.md 1.1), so whoever looks into a document would have to; here it
is done once. It must not judge: a key nobody knows and a key given twice are handed to the caller as oddities, and a
value of the wrong type stays where it is.
"""

from __future__ import annotations

from typing import Any

import msgspec

from devserver.svaml.model import ACTIONS, DOCUMENT, INSTRUCTIONS
from devserver.svaml.shapes import Field, Shape


class Oddity(msgspec.Struct, frozen=True):
    """A key that is not as it should be.

    Attributes:
        path: of the object that holds it.
        key: as it was spelled.
        shape: what the object is; its fields are the keys that would be right.
        twice: the key is known, but the object has it in another spelling too.
    """

    path: str
    key: str
    shape: Shape
    twice: bool


def canonical(document: object) -> dict[str, Any]:
    """The document with canonical names, unknown keys as they are; empty when it is no object.

    The same tables as in `check`, so what the rules say and what others read cannot differ. The first of two spellings
    of a key wins.
    """
    return read(document, []) if isinstance(document, dict) else {}


def read(document: dict[Any, Any], oddities: list[Oddity]) -> dict[str, Any]:
    """Like `canonical`, and what was odd goes to `oddities`."""
    top = _object(document, DOCUMENT, "", oddities)
    action = top.get("action")
    if isinstance(action, dict):
        top["action"] = _named(action, ACTIONS, "action", oddities)
    instructions = top.get("instructions")
    if isinstance(instructions, list | tuple):
        top["instructions"] = [
            _named(item, INSTRUCTIONS, f"instructions[{index}]", oddities) if isinstance(item, dict) else item
            for index, item in enumerate(instructions)
        ]
    return top


def _named(value: dict[Any, Any], table: dict[str, Shape], path: str, oddities: list[Oddity]) -> dict[str, Any]:
    name = value.get("name")
    if name is None:
        name = next((item for key, item in value.items() if str(key).lower() == "name"), None)
    shape = table.get(name.lower()) if isinstance(name, str) else None
    if shape is None:
        # Of a thing that nobody knows, no key can be right or wrong.
        return {"name" if str(key).lower() == "name" else str(key): item for key, item in value.items()}
    result = _object(value, shape, path, oddities)
    result["name"] = shape.name
    return result


def _object(value: dict[Any, Any], shape: Shape, path: str, oddities: list[Oddity]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    lookup = shape.lookup
    for key, item in value.items():
        field = lookup.get(key) or shape.field(str(key))
        if field is None:
            oddities.append(Oddity(path, str(key), shape, twice=False))
            result[str(key)] = item
        elif field.name in result:
            oddities.append(Oddity(path, str(key), shape, twice=True))
        else:
            result[field.name] = item if field.shape is None else _nested(item, field, path, oddities)
    return result


def _nested(value: Any, field: Field, path: str, oddities: list[Oddity]) -> Any:
    shape = field.shape
    if shape is None:
        return value
    where = f"{path}.{field.name}"
    if field.kind == "object":
        return _object(value, shape, where, oddities) if isinstance(value, dict) else value
    if isinstance(value, list | tuple):
        return [
            _object(item, shape, f"{where}[{index}]", oddities) if isinstance(item, dict) else item
            for index, item in enumerate(value)
        ]
    return value
