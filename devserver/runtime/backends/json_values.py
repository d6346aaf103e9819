"""JSON values to bytes and back, strictly: what would come back changed is refused with its place.

Encoders differ in what they bend silently (bytes to base64, sets to lists, NaN to null, numbers as keys to text). A
function would find out when it reads the value back, perhaps only in production, so all of it is refused here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

_MAX_DEPTH = 100
_HARMLESS = (str, int, bool, type(None))


class NotJson(ValueError):
    """A value has a part that JSON cannot say; the text has the part's place and type."""


def encode_json(value: Any) -> bytes:
    """The value as compact UTF-8 JSON.

    Raises:
        NotJson: it cannot be.
    """
    _check(value, "", _MAX_DEPTH)
    try:
        # Not msgspec: integers beyond 64 bits would come back as floats.
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except UnicodeEncodeError as error:
        raise NotJson("has text that is not valid Unicode") from error
    except ValueError as error:  # an integer with more digits than Python is willing to print
        raise NotJson("has an integer with too many digits") from error


def decode_json(data: bytes) -> Any:
    """What `encode_json` was given."""
    return json.loads(data)


def _check(value: Any, path: str, depth: int) -> None:
    if isinstance(value, _HARMLESS):
        return
    if isinstance(value, float):
        if not math.isfinite(value):
            raise NotJson(f"has {value} {_place(path)}, which JSON cannot say")
    elif depth == 0:
        raise NotJson(f"is nested more than {_MAX_DEPTH} deep, or contains itself")
    elif isinstance(value, list | tuple):
        _check_items(enumerate(value), path, "[{}]", depth)
    elif isinstance(value, dict):
        _check_keys(value, path)
        _check_items(value.items(), path, ".{}", depth)
    else:
        raise NotJson(f"has a value of type {type(value).__name__} {_place(path)}, which JSON cannot say")


def _check_items(items: Iterable[tuple[Any, Any]], path: str, step: str, depth: int) -> None:
    for name, item in items:
        if type(item) not in _HARMLESS:  # saves most values the making of a path
            _check(item, path + step.format(name), depth - 1)


def _check_keys(value: dict[Any, Any], path: str) -> None:
    for key in value:
        if not isinstance(key, str):
            raise NotJson(f"has the key {key!r} ({type(key).__name__}) {_place(path)}; JSON has text keys only")


def _place(path: str) -> str:
    return f"at {path.lstrip('.')}" if path else "at its top"
