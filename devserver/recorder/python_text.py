"""Values as Python source, laid out as the usual formatters would: one line where it fits, else one item a line.

Pure. It knows only what JSON and bytes can be; whoever writes a file of it must not need a formatter afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

WIDTH = 120
"""Characters of a line."""
_INDENT = 4


def literal(value: Any, indent: int = 0, before: int = 0, after: int = 0) -> str:
    """A value as source.

    Args:
        value: what JSON can say, or bytes.
        indent: columns of the line that it begins on.
        before: columns of that line that are taken already, the indentation included.
        after: columns that follow it on its last line.
    """
    flat = _flat(value)
    if before + len(flat) + after <= WIDTH or not isinstance(value, dict | list | tuple) or not value:
        return flat
    inner = indent + _INDENT
    if isinstance(value, dict):
        items = [_pair(key, item, inner) for key, item in value.items()]
        return _block("{", items, "}", indent)
    return _block("[", [literal(item, inner, inner, 1) for item in value], "]", indent)


def call(
    function: str, arguments: Sequence[Any], named: dict[str, Any], *, indent: int, target: str = "", after: int = 0
) -> str:
    """A line, or lines, that call a function with literals.

    Args:
        function: its name.
        arguments: positional ones.
        named: those by name.
        indent: columns of the line.
        target: what the result is assigned to; empty for nothing.
        after: columns that follow on the last line.
    """
    start = f"{' ' * indent}{target} = {function}" if target else f"{' ' * indent}{function}"
    flat = [*map(_flat, arguments), *(f"{name}={_flat(value)}" for name, value in named.items())]
    line = f"{start}({', '.join(flat)})"
    if len(line) + after <= WIDTH:
        return line
    inner = indent + _INDENT
    items = [literal(value, inner, inner, 1) for value in arguments]
    items += [f"{name}={literal(value, inner, inner + len(name) + 1, 1)}" for name, value in named.items()]
    return start + _block("(", items, ")", indent)


def text(value: str | bytes) -> str:
    """A text or bytes as a literal in the quotes that need fewer escapes, double ones when it makes no difference."""
    double, single = (b'"', b"'") if isinstance(value, bytes) else ('"', "'")
    quote = "'" if value.count(double) > value.count(single) else '"'  # type: ignore[arg-type]
    if isinstance(value, bytes):
        return f"b{quote}{''.join(_byte(byte, quote) for byte in value)}{quote}"
    return f"{quote}{''.join(_character(character, quote) for character in value)}{quote}"


def _pair(key: Any, item: Any, indent: int) -> str:
    name = f"{_flat(key)}: "
    return name + literal(item, indent, indent + len(name), 1)


def _block(start: str, items: Iterable[str], end: str, indent: int) -> str:
    lines = "".join(f"{' ' * (indent + _INDENT)}{item},\n" for item in items)
    return f"{start}\n{lines}{' ' * indent}{end}"


def _flat(value: Any) -> str:
    match value:
        case str() | bytes():
            return text(value)
        case dict():
            return "{" + ", ".join(f"{_flat(key)}: {_flat(item)}" for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_flat, value)) + "]"
        case _:
            return repr(value)


def _character(character: str, quote: str) -> str:
    if character in {quote, "\\"}:
        return f"\\{character}"
    return character if character in {"'", '"'} else repr(character)[1:-1]


def _byte(byte: int, quote: str) -> str:
    character = chr(byte)
    if character in {quote, "\\"}:
        return f"\\{character}"
    return character if character in {"'", '"'} else repr(bytes([byte]))[2:-1]
