"""The JSON of a request, read strictly where it matters and with keys in any case (voice-v1.md 1.1).

Every breach is a `Refused` that names the key and what is wrong with its value. Which number that has depends on the
operation, so a document carries it: most endpoints know 40001, PATCH of a call only 40003 (voice-v1.md 5.2).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from devserver.cloud.errors import Code, Refused
from devserver.svaml.findings import json_kind, shown

DEPTH = 32
"""Objects and lists inside each other; SVAML needs six."""
_TEXT = 65_536  # characters of a value, where nothing is published


class Document:
    """An object of a request.

    Args:
        value: parsed JSON.
        where: its path in the body, empty for the body itself.
        code: the number that a breach has.
    """

    def __init__(self, value: dict[Any, Any], where: str = "", code: int = Code.ILLEGAL_PARAMETER) -> None:
        self.raw = value
        self.where = where
        self.code = code
        # The first of two spellings wins, as in SVAML.
        self._values: dict[str, Any] = {}
        for key, item in value.items():
            self._values.setdefault(str(key).lower(), item)

    def name(self, key: str) -> str:
        """A key with the path before it."""
        return f"{self.where}.{key}" if self.where else key

    def get(self, key: str) -> Any:
        """A value as it is; None when it is missing or null."""
        return self._values.get(key.lower())

    def wrong(self, key: str, said: str) -> Refused:
        """The refusal of a value; `said` completes the sentence that its name begins."""
        return Refused(self.code, f"Invalid parameters: {self.name(key)} {said}.")

    def text(self, key: str, *, most: int = _TEXT) -> str | None:
        """A text of at most `most` characters; None when missing, null or blank."""
        value = self.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.wrong(key, f"is {json_kind(value)}; it must be a text")
        if len(value) > most:
            raise self.wrong(key, f"has {len(value)} characters; {most} are allowed")
        return value if value.strip() else None

    def required(self, key: str, *, most: int = _TEXT) -> str:
        """A text that has to be there."""
        value = self.text(key, most=most)
        if value is None:
            raise Refused(Code.MISSING_PARAMETER, f"Bad request: {self.name(key)} is missing.")
        return value

    def word(self, key: str, words: Collection[str]) -> str | None:
        """One of some words, in any case; given as it is in `words`."""
        value = self.text(key)
        if value is None:
            return None
        found = next((word for word in words if word.lower() == value.lower()), None)
        if found is None:
            raise self.wrong(key, f"is {shown(value)}; it must be one of {', '.join(words)}")
        return found

    def flag(self, key: str) -> bool:
        """True or false; false when missing."""
        value = self.get(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        if isinstance(value, str) and value.lower() in {"true", "false"}:
            return value.lower() == "true"
        raise self.wrong(key, f"is {json_kind(value)}; it must be true or false")

    def whole(self, key: str, least: int, most: int) -> int | None:
        """A whole number within bounds; None when missing."""
        value = self.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.wrong(key, f"is {json_kind(value)}; it must be a whole number")
        if not least <= value <= most:
            raise self.wrong(key, f"is {shown(value)}; it must be from {least} to {most}")
        return value

    def inner(self, key: str) -> Document | None:
        """An object inside; None when missing."""
        value = self.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.wrong(key, f"is {json_kind(value)}; it must be an object")
        return Document(value, self.name(key), self.code)


def read(body: bytes, code: int = Code.ILLEGAL_PARAMETER) -> Document:
    """The document that a body holds.

    Raises:
        Refused: with `code`; the body is empty, no JSON, no object, or too deep.
    """
    if not body.strip():
        raise Refused(code, "Invalid parameters: the body is empty; it must be a JSON object.")
    value = parsed(body, "the body", code)
    if not isinstance(value, dict):
        raise Refused(code, f"Invalid parameters: the body is {json_kind(value)}; it must be a JSON object.")
    return Document(value, code=code)


def parsed(text: bytes | str, what: str, code: int) -> Any:
    """Any JSON, no deeper than `DEPTH`.

    Raises:
        Refused: with `code`; it is no JSON or too deep. `what` begins the sentence.
    """
    try:
        value = msgspec.json.decode(text)
    except RecursionError:
        value = None
        too_deep = True
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise Refused(code, f"Invalid parameters: {what} is not JSON: {error}.") from None
    else:
        too_deep = _is_deep(value)
    if too_deep:
        raise Refused(code, f"Invalid parameters: {what} is more than {DEPTH} objects and lists deep.")
    return value


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEPTH + 1):
        level = [item for each in level for item in _items(each)]
        if not level:
            return False
    return True


def _items(value: Any) -> Collection[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
