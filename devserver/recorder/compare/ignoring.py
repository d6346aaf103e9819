"""Differences that a person does not want to see: patterns of paths, from `dev.replay.ignore` and `--ignore`.

| pattern | leaves out |
|---|---|
| `action.menus[*].options[2]` | the third option of every menu, and all below it |
| `action.menus[main].repeats` | of the menu with that id |
| `instructions[*].text` | what is said, but not that an instruction is new or gone |
| `cache[seen:*]`, `cache[*].started` | keys of the cache; a field of every value in it |
| `database` | all statements |

A pattern covers what it names and everything below. `*` stands for any characters within one step, never for several
steps, so that a pattern cannot hide more than it shows. Dots and brackets both begin a step.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

from devserver.errors import ConfigError
from devserver.recorder.compare.difference import Item, Key, Step

# A bracket ends at the `]` before the next step: keys of a cache may hold brackets themselves.
_STEP = re.compile(r"\[(?P<bracket>.+?)\](?=[.\[]|\Z)|(?P<dot>\.?)(?P<name>[^.\[\]]+)")
_EXAMPLES = "Write a path such as `action.menus[*].repeats`, `cache[seen:*]` or `database`."


class Rules(msgspec.Struct, frozen=True):
    """Paths whose differences are left out.

    Attributes:
        patterns: each a list of steps; `*` within a step stands for any characters.
    """

    patterns: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def parse(cls, patterns: Iterable[str]) -> Rules:
        """From the words of a person.

        Raises:
            ConfigError: a pattern is no path.
        """
        return cls(tuple(_steps(pattern) for pattern in patterns))

    def cover(self, steps: Sequence[Step]) -> bool:
        """Whether this path or something above it is left out."""
        return any(len(pattern) <= len(steps) and all(map(_fits, pattern, steps)) for pattern in self.patterns)


NOTHING = Rules()
"""Leaves out nothing."""


def _steps(pattern: object) -> tuple[str, ...]:
    if not isinstance(pattern, str):
        raise ConfigError(f"A pattern of what to ignore is no text: {pattern!r}.", hint=_EXAMPLES)
    text = pattern.strip()
    found: list[str] = []
    at = 0
    while at < len(text):
        step = _STEP.match(text, at)
        # A dot stands between steps and nowhere else.
        if step is None or (step["name"] is not None and (step["dot"] == ".") != bool(found)):
            raise ConfigError(f"`{pattern}` is no path of what to ignore: {_trouble(text, at)}.", hint=_EXAMPLES)
        found.append(step["bracket"] or step["name"])
        at = step.end()
    if not found:
        raise ConfigError("An empty pattern of what to ignore would leave out nothing.", hint=_EXAMPLES)
    if "**" in found:
        raise ConfigError(
            f"`{pattern}` is no path of what to ignore: `**` is not known.",
            hint="A pattern covers everything below it; `*` stands for one step.",
        )
    return tuple(found)


def _trouble(text: str, at: int) -> str:
    rest = text[at:]
    if rest.startswith("["):
        return "a bracket is empty or is not closed" if "]" not in rest or "[]" in rest else "a bracket is out of place"
    if rest.startswith("]"):
        return "a bracket is closed that was not opened"
    return "a step is empty"


def _fits(pattern: str, step: Step) -> bool:
    match step:
        case Item(place, known):
            # A number is always a place: `options[2]` is the third, whatever its key.
            return _glob(pattern, str(place)) or (not pattern.isdecimal() and bool(known) and _glob(pattern, known))
        case Key(name):
            return _glob(pattern, name)
        case str():
            return _glob(pattern, step)


def _glob(pattern: str, text: str) -> bool:
    """Whether the text fits; parts are looked for one after the other, which takes no longer for a hostile pattern."""
    first, *others = pattern.split("*")
    if not others:
        return text == pattern
    *middle, last = others
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
