"""The nodes of a YAML file as typed values, and what is wrong with them, each with its line.

The nodes of PyYAML are read and not what it makes of them: they know their lines, and `+4670...`, `no` and `0123` are
still the text that was written. It must not know what a scenario is. A mistake does not stop the reading, so that a
person sees all of them at once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from devserver.project.texts import nearest

if TYPE_CHECKING:
    from yaml.nodes import Node

_LARGEST = 1 << 20  # characters; a file of calls is written by hand
_MOST_MISTAKES = 50
_DEEPEST, _MOST_NODES = 40, 10_000  # of SVAML in a scenario; aliases can make a small file endless
_VARIABLE = re.compile(r"\$(?:\$|\{([^}]*)\}|([A-Za-z_]\w*))")
_YES, _NO = frozenset({"yes", "true", "on"}), frozenset({"no", "false", "off"})
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,15})(?:\.\d{1,9})?(?:[eE][+-]?\d{1,2})?")
_KINDS = {"scalar": "a text", "sequence": "a list", "mapping": "a mapping"}


class Mistake(msgspec.Struct, frozen=True):
    """Something that a person has to mend: a line, a sentence, and perhaps what to do."""

    line: int
    text: str
    hint: str = ""


class Unreadable(Exception):
    """The file is no YAML."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.mistake = Mistake(line, text)


Entries = dict[str, "Node"]


@dataclass(slots=True)
class Page:
    """A file that is being read.

    Attributes:
        variables: what `$name` stands for.
        mistakes: found so far, each once.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def wrong(self, node: Node, text: str, hint: str = "") -> None:
        """Note a mistake."""
        mistake = Mistake(line_of(node), text, hint)
        if mistake not in self.mistakes and len(self.mistakes) < _MOST_MISTAKES:
            self.mistakes.append(mistake)

    def unknown(self, node: Node, word: str, what: str, known: Iterable[str]) -> None:
        """Note a word that is none of those that are known."""
        words = list(known)
        self.wrong(node, f'"{shown(word)}" is {what}.', nearest(word, words) or f"Known are {', '.join(words)}.")

    def entries(self, node: Node | None, what: str, known: Iterable[str] = ()) -> Entries:
        """The entries of a mapping.

        Args:
            node: the mapping; None has no entries.
            what: it is, for a mistake.
            known: the keys there are; none: any key will do, as it is written.
        """
        if node is None:
            return {}
        if not is_mapping(node):
            self.wrong(node, f"{what} is a mapping of keys to values, not {_kind(node)}.")
            return {}
        words = list(known)
        found: Entries = {}
        for key, value in node.value:
            name = self._key(key, what, words)
            if name in found:
                self.wrong(key, f'"{shown(name)}" stands twice in {_lower(what)}.')
            elif name:
                found[name] = value
        return found

    def _key(self, key: Node, what: str, known: list[str]) -> str:
        if not is_text(key):
            self.wrong(key, f"A key of {_lower(what)} is a word, not {_kind(key)}.")
            return ""
        if not known:
            return self._filled(key)
        name = key.value.strip().lower().replace(" ", "_").replace("-", "_")
        if name in known:
            return str(name)
        self.unknown(key, key.value, f"no key of {_lower(what)}", known)
        return ""

    def text(self, node: Node, what: str, *, empty: bool = False) -> str:
        """A text with its variables filled in; empty when it is none."""
        if not is_text(node):
            self.wrong(node, f'"{what}" is one text, not {_kind(node)}.')
            return ""
        before = len(self.mistakes)
        filled = self._filled(node)
        if not filled.strip() and not empty and len(self.mistakes) == before:
            self.wrong(node, f'"{what}" has no value.')
        return filled

    def word(self, node: Node, what: str, known: Iterable[str]) -> str:
        """One of the words there are; empty when it is none."""
        words = list(known)
        text = self.text(node, what).strip().lower()
        if text and text not in words:
            self.unknown(node, text, f'no "{what}"', words)
            return ""
        return text

    def texts(self, node: Node, what: str) -> list[tuple[int, str]]:
        """One text or a list of them, each with its line."""
        items = self.items(node)
        return [(line_of(item), text) for item in items if (text := self.text(item, what)).strip()]

    def items(self, node: Node) -> list[Node]:
        """The nodes of a list; anything else is a list of one."""
        return list(node.value) if is_list(node) else [node]

    def number(self, node: Node, what: str, most: float) -> float:
        """A number from 0 to `most`; 0 when it is none."""
        text = self.text(node, what).strip()
        value = float(text) if _NUMBER.fullmatch(text) else math.nan
        if text and not 0 <= value <= most:
            self.wrong(node, f'"{what}" is a number from 0 to {most:g}, not "{shown(text)}".')
        return value if 0 <= value <= most else 0.0

    def flag(self, node: Node, what: str) -> bool:
        """Yes or no."""
        text = self.text(node, what).strip().lower()
        if text and text not in _YES | _NO:
            self.wrong(node, f'"{what}" is yes or no, not "{shown(text)}".')
        return text in _YES

    def document(self, node: Node, what: str) -> Any:
        """A JSON value, such as SVAML: plain words become numbers, booleans and null as in JSON, the rest is text."""
        left = [_MOST_NODES]
        try:
            return self._value(node, _DEEPEST, left)
        except RecursionError:
            self.wrong(node, f'"{what}" is nested too deeply or too large.')
            return None

    def _value(self, node: Node, deeper: int, left: list[int]) -> Any:
        left[0] -= 1
        if deeper == 0 or left[0] < 0:
            raise RecursionError
        if is_mapping(node):
            return {self.text(key, "key"): self._value(value, deeper - 1, left) for key, value in node.value}
        if is_list(node):
            return [self._value(item, deeper - 1, left) for item in node.value]
        return self._scalar(node)

    def _scalar(self, node: Node) -> Any:
        text = self._filled(node)
        if getattr(node, "style", None) is not None or text != node.value:
            return text
        if _NUMBER.fullmatch(text):
            return float(text) if any(letter in text for letter in ".eE") else int(text)
        return {"true": True, "false": False, "null": None, "~": None, "": None}.get(text, text)

    def _filled(self, node: Node) -> str:
        def value(match: re.Match[str]) -> str:
            if match[0] == "$$":
                return "$"
            name = (match[1] if match[1] is not None else match[2]).strip()
            if name not in self.variables:
                hint = nearest(name, self.variables) or 'Set it under "variables", or write "$$" for a dollar.'
                self.wrong(node, f'There is no variable "{shown(name)}".', hint)
            return str(self.variables.get(name, ""))

        return _VARIABLE.sub(value, str(node.value))


def compose(text: str) -> Node | None:
    """The root node of a YAML file; None when there is nothing in it.

    Raises:
        Unreadable: it is no YAML.
    """
    import yaml

    if len(text) > _LARGEST:
        raise Unreadable(1, "this is larger than a megabyte")
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        raise Unreadable(_line_at(text, error.position), "a character here is none of YAML's") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(mark.line + 1 if mark else 1, f"this is not YAML: {_problem(error)}") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise Unreadable(1, "this is not YAML, or it is nested too deeply") from None


def _problem(error: Any) -> str:
    if "single document" in str(error.context):
        return "a second document begins; several calls of one file go under `scenarios:`"
    return " ".join(f"{error.problem or error.context}".split())


def _line_at(text: str, position: Any) -> int:
    return text.count("\n", 0, position) + 1 if isinstance(position, int) else 1


def line_of(node: Node) -> int:
    """The line of a node, counted from 1."""
    return int(node.start_mark.line) + 1


def shown(text: str) -> str:
    """A text as it may stand in a sentence: short, and on one line."""
    line = "".join(character if character.isprintable() else " " for character in text[:61])
    return line if len(line) <= 60 else f"{line[:58]}.."


def is_text(node: Node) -> bool:
    """Whether a node is a word, a number, a text or nothing."""
    return _sort(node) == "scalar"


def is_list(node: Node) -> bool:
    """Whether a node is a list."""
    return _sort(node) == "sequence"


def is_mapping(node: Node) -> bool:
    """Whether a node is a mapping of keys to values."""
    return _sort(node) == "mapping"


def _sort(node: Node) -> str:
    return str(getattr(node, "id", ""))  # scalar, sequence or mapping, a name that the types of PyYAML do not have


def _kind(node: Node) -> str:
    return _KINDS.get(_sort(node), "something else")


def _lower(what: str) -> str:
    return what[:1].lower() + what[1:]
