"""What was noticed of a handler, as effects for the recording. Pure; whoever notices says when it was."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from devserver.recorder.exchange import Effect

_LONGEST_TEXT = 2000  # characters of a stored text that are kept for people; the hash decides whether it is the same


def cache_effect(operation: str, arguments: list[Any], at: float) -> Effect | None:
    """From an operation as `MemoryCache.apply` takes it; None for one that changes nothing."""
    match operation, arguments:
        case "set", [str(key), bytes(data), ttl]:
            return Effect("cache", "set", key, at, msgspec.json.decode(data), ttl)
        case "delete", [str(key)]:
            return Effect("cache", "delete", key, at)
        case "extend", [str(key), seconds]:
            return Effect("cache", "extend", key, at, None, seconds)
        case _:
            return None


def storage_effect(operation: str, key: str, data: bytes | None, at: float) -> Effect:
    """From a write (with its bytes) or a delete."""
    if data is None:
        return Effect("storage", operation, key, at)
    return Effect("storage", operation, key, at, stored_value(data))


def stored_value(data: bytes) -> dict[str, Any]:
    """How stored bytes stand in an effect: size, SHA-256, and a small text itself."""
    value: dict[str, Any] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    if len(data) <= _LONGEST_TEXT:
        try:
            value["text"] = data.decode()
        except UnicodeDecodeError:
            return value
    return value


def database_effect(operation: str, statement: str, at: float) -> Effect:
    """From a statement with its values."""
    return Effect("database", operation, statement, at)
