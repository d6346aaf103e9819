"""SVAML made ready to be executed: what the bytes of an answer tell a call to do.

Whether an answer is legal is decided by the same rules as everywhere (`devserver/svaml`); here the legal ones become
steps with their prompts taken apart, numbers as numbers and menus by their ids. Ten thousand calls to one function get
few different answers, so readings are remembered by their bytes.

Pure, and it never raises, whatever bytes it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Literal

import msgspec

from devserver.calls.setup import Pairs
from devserver.svaml import check
from devserver.svaml.canonical import canonical
from devserver.svaml.menu_rules import option_action
from devserver.svaml.parts import MAIN
from devserver.svaml.prompts import Prompt, parse

Asked = Literal["ice", "ace", "pie", "patch", "leg"]
StepKind = Literal["play", "keys", "cookie", "answer", "record", "stop recording"]

# Numbers in a document may have any size; more than this in milliseconds or digits is forever.
_MOST = 10**9
_REMEMBERED_BYTES = 65_536
_ON_A_LEG = frozenset({"say", "playFiles"})
# Rules that are no matter of this request: a PATCH of a leg needs no action.
_NOT_ON_A_LEG = frozenset({"action-missing"})
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_WORDS = {word: str(digit) for digit, word in enumerate(_DIGITS)} | {"star": "*", "hash": "#", "pound": "#"}


class Step(msgspec.Struct, frozen=True):
    """One instruction.

    Attributes:
        text: of `keys` the keys to send, of `cookie` the key.
        value: of `cookie`.
        options: of `record`.
    """

    kind: StepKind
    prompts: tuple[Prompt, ...] = ()
    locale: str = ""
    text: str = ""
    value: str = ""
    options: Mapping[str, Any] = {}


class Choice(msgspec.Struct, frozen=True):
    """An option of a menu: `verb` is menu or return; `add` are cookies that are set when it is taken."""

    key: str
    written: str
    verb: str
    argument: str
    add: Pairs = ()


class Menu(msgspec.Struct, frozen=True):
    """One menu; None stands for what the platform chooses. Times in seconds."""

    id: str
    main: tuple[Prompt, ...]
    repeat: tuple[Prompt, ...]
    repeats: int | None
    digits: int
    timeout: float | None
    voice_timeout: float | None
    choices: Mapping[str, Choice]
    words: Mapping[str, str]


class Menus(msgspec.Struct, frozen=True):
    """A runMenu action; `start` is in `by_id`."""

    start: str
    by_id: Mapping[str, Menu]
    barge: bool
    voice: bool
    locale: str


class Program(msgspec.Struct, frozen=True):
    """What a document tells a call to do: steps in order, then one action with its canonical fields."""

    steps: tuple[Step, ...]
    action: str
    fields: Mapping[str, Any]
    menus: Menus | None = None


class Reading(msgspec.Struct, frozen=True):
    """What became of a body.

    Attributes:
        program: None when there is nothing to execute.
        illegal: why not, in a sentence; empty for an empty body.
    """

    program: Program | None
    illegal: str = ""


CONTINUE = Program((), "continue", {})
"""What an answer to an ACE means that never came (voice-v1.md 1.8)."""
EMPTY = Reading(None)


def read(body: bytes, asked: Asked, phone: bool, unknown_menus: bool) -> Reading:
    """What the body of an answer tells to do.

    Args:
        body: as it came.
        asked: what it answers; `patch` and `leg` are REST requests.
        phone: the call came from the phone network, so that an ICE cannot be continued.
        unknown_menus: an option that leads to no menu is found at run time.
    """
    if len(body) > _REMEMBERED_BYTES:
        return _read(body, asked, phone, unknown_menus)
    return _remembered(body, asked, phone, unknown_menus)


def _read(body: bytes, asked: Asked, phone: bool, unknown_menus: bool) -> Reading:
    try:
        document = msgspec.json.decode(body) if body.strip() else None
    except (msgspec.DecodeError, RecursionError):
        return Reading(None, "The answer is not JSON.")
    if document is None or document == {}:
        return EMPTY
    illegal = _illegal(document, asked, phone, unknown_menus)
    return Reading(None, illegal) if illegal else Reading(_program(canonical(document)))


_remembered = lru_cache(maxsize=1024)(_read)


def _illegal(document: object, asked: Asked, phone: bool, unknown_menus: bool) -> str:
    callback = {"originationType": "PSTN"} if phone else None
    allowed = {"menu-target"} if unknown_menus else set()
    if asked == "leg":
        allowed.update(_NOT_ON_A_LEG)
    for finding in check(document, "patch" if asked == "leg" else asked, callback):
        if finding.severity == "error" and finding.rule not in allowed:
            return f"{finding.path}: {finding.text}" if finding.path else finding.text
    return _illegal_on_a_leg(canonical(document)) if asked == "leg" else ""


def _illegal_on_a_leg(read: dict[str, Any]) -> str:
    names = {item["name"] for item in read.get("instructions") or ()}
    action = read.get("action") or {"name": "continue"}
    if names <= _ON_A_LEG and action["name"] == "continue":
        return ""
    return "A leg takes only playFiles and say, and the action continue."


def _program(read: dict[str, Any]) -> Program:
    steps = tuple(step for item in read.get("instructions") or () if (step := _step(item)) is not None)
    action = read.get("action") or {"name": "continue"}
    return Program(steps, action["name"], action, _menus(action) if action["name"] == "runMenu" else None)


def _step(item: dict[str, Any]) -> Step | None:
    make = _STEPS.get(item["name"])
    return None if make is None else make(item)


def _say(item: dict[str, Any]) -> Step:
    text = text_of(item, "text")
    return Step("play", (Prompt("tts", text, text),), text_of(item, "locale"))


def _play_files(item: dict[str, Any]) -> Step:
    prompts = tuple(prompt for name in item["ids"] for prompt in parse(str(name)))
    return Step("play", prompts, text_of(item, "locale"))


_STEPS: dict[str, Callable[[dict[str, Any]], Step]] = {
    "say": _say,
    "playFiles": _play_files,
    "sendDtmf": lambda item: Step("keys", text=text_of(item, "value")),
    "setCookie": lambda item: Step("cookie", text=text_of(item, "key"), value=text_of(item, "value")),
    "answer": lambda _: Step("answer"),
    "startRecording": lambda item: Step("record", options=object_of(item, "options")),
    "stopRecording": lambda _: Step("stop recording"),
}


def _menus(action: dict[str, Any]) -> Menus:
    menus = [_menu(item) for item in action["menus"]]
    return Menus(
        start=text_of(action, "mainMenu") or MAIN,
        by_id={menu.id: menu for menu in menus},
        barge=flag_of(action, "barge", default=True),
        voice=flag_of(action, "enableVoice"),
        locale=text_of(action, "locale"),
    )


def _menu(item: dict[str, Any]) -> Menu:
    main = _prompts(item, "mainPrompt", "mainText")
    choices = {choice.key: choice for option in item.get("options") or () if (choice := _choice(option)) is not None}
    return Menu(
        id=text_of(item, "id"),
        main=main,
        repeat=_prompts(item, "repeatPrompt", "repeatText") or main,
        repeats=number_of(item, "repeats"),
        digits=number_of(item, "maxDigits") or 0,
        timeout=seconds_of(item, "timeoutMills"),
        voice_timeout=seconds_of(item, "maxTimeoutMills"),
        choices=choices,
        words=_spoken_words(item, choices),
    )


def _choice(option: dict[str, Any]) -> Choice | None:
    written = text_of(option, "action")
    taken = option_action(written)
    if taken is None:
        return None
    return Choice(text_of(option, "dtmf"), written, taken.verb, taken.argument, pairs_of(option, "add"))


def _spoken_words(item: dict[str, Any], choices: Mapping[str, Choice]) -> dict[str, str]:
    """What may be said, in lower case, to the key that it stands for."""
    words = {word: key for word, key in _WORDS.items() if key in choices}
    words |= {key: key for key in choices}
    for option in item.get("options") or ():
        if said := text_of(option, "input").strip().lower():
            words[said] = text_of(option, "dtmf")
    return words


def _prompts(item: dict[str, Any], prompt: str, text: str) -> tuple[Prompt, ...]:
    if written := text_of(item, prompt):
        return parse(written)
    plain = text_of(item, text)
    return (Prompt("tts", plain, plain),) if plain else ()


def text_of(fields: Mapping[str, Any], key: str) -> str:
    """A text field; a number is read as its digits."""
    value = fields.get(key)
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MOST else ""


def number_of(fields: Mapping[str, Any], key: str) -> int | None:
    """A number field, never negative; a text of digits is read as its number."""
    match fields.get(key):
        case bool():
            return None
        case int() | float() as value if value == value:  # noqa: PLR0124 - NaN is the one that is not
            return int(min(max(value, 0), _MOST))
        case str() as text if text.strip().isdecimal():
            return int(min(float(text), _MOST))
        case _:
            return None


def seconds_of(fields: Mapping[str, Any], key: str) -> float | None:
    """A number field in milliseconds, as seconds."""
    milliseconds = number_of(fields, key)
    return None if milliseconds is None else milliseconds / 1000


def flag_of(fields: Mapping[str, Any], key: str, *, default: bool = False) -> bool:
    """A boolean field; the texts true and false count too."""
    value = fields.get(key)
    if isinstance(value, str):
        return value.lower() == "true"
    return default if value is None else bool(value)


def pairs_of(fields: Mapping[str, Any], key: str) -> Pairs:
    """A list of {key, value}."""
    listed = fields.get(key)
    items = listed if isinstance(listed, list) else ()
    return tuple((text_of(item, "key"), text_of(item, "value")) for item in items if isinstance(item, dict))


def object_of(fields: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """An object, empty when it is not there."""
    value = fields.get(key)
    return value if isinstance(value, dict) else {}
