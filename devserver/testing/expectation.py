"""What a test expects of an answer, and the differences in words.

Whatever a recording knows too (status, SVAML, effects) is compared by `recorder.compare`, so that a failing test says
the same as `fn replay --check`. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from devserver.recorder.compare import differences
from devserver.recorder.exchange import Answer as RecordedAnswer
from devserver.recorder.exchange import Effect
from devserver.recorder.noticing import stored_value
from devserver.recorder.plain_effects import effect_from
from devserver.recorder.takes import Item
from devserver.testing.comparing import replay_differences

if TYPE_CHECKING:
    from devserver.testing.answer import Answer

_NAMES = ("status", "svaml", "json", "text", "body", "says", "headers", "cache", "storage", "effects", "id", "ignore")


def complaint(answer: Answer, expected: Mapping[str, Any]) -> str:
    """Everything that is not as expected, one line each below a first line; empty when there is nothing.

    Raises:
        TypeError: `expected` has a name that nothing here compares.
        ValueError: an effect is not written as one.
    """
    unknown = sorted(set(expected) - set(_NAMES))
    if unknown:
        raise TypeError(f"expect() does not know {unknown[0]!r}; it takes {', '.join(_NAMES)}.")
    found = list(_all(answer, expected))
    if not found:
        return ""
    lines = [f"{answer.request} answered differently:", *(f"  {text}" for text in found)]
    if answer.failure is not None:
        lines += ["", answer.error]
    return "\n".join(lines)


def _all(answer: Answer, expected: Mapping[str, Any]) -> Iterator[str]:
    yield from _recorded(answer, expected)
    if "says" in expected and answer.failure is None:
        yield from _texts(list(expected["says"]), answer.says, "says")
    for name, value in dict(expected.get("headers") or {}).items():
        now = next((each for key, each in answer.headers if key.lower() == name.lower()), None)
        if now != value and (now is None or name.lower() != "content-type"):  # of which the answer itself tells
            yield f"header {name}: {value} -> {'none' if now is None else now}"
    yield from _kept(answer.effects, "cache", expected.get("cache") or {})
    yield from _kept(answer.effects, "storage", expected.get("storage") or {})


def _texts(old: object, new: object, place: str) -> list[str]:
    return [difference.text for difference in differences({place: old}, {place: new})]


def _recorded(answer: Answer, expected: Mapping[str, Any]) -> Iterator[str]:
    """What a recording could have said, too."""
    wanted = {str(name).lower(): value for name, value in dict(expected.get("headers") or {}).items()}
    headers = tuple((name, wanted.get(name.lower(), value)) for name, value in answer.headers)
    item = Item(
        str(expected.get("id", answer.id)),
        answer.event,
        answer.method,
        answer.path,
        headers=(),
        body=b"",
        old=RecordedAnswer(_status(answer, expected), headers, _body(answer, expected)),
        is_recorded=True,
        effects=tuple(effect_from(each) for each in expected.get("effects") or ()),
        at=answer.at,
        knows_effects="effects" in expected,
    )
    for difference in replay_differences(item, answer, ignore=expected.get("ignore") or ()):
        yield difference.text


def _status(answer: Answer, expected: Mapping[str, Any]) -> int:
    if "status" in expected:
        return int(expected["status"])
    return 200 if expected.keys() & {"svaml", "says"} else answer.status


def _body(answer: Answer, expected: Mapping[str, Any]) -> bytes:
    if "svaml" in expected:
        return msgspec.json.encode(expected["svaml"]) if expected["svaml"] else b""
    if "json" in expected:
        return msgspec.json.encode(expected["json"])
    if "text" in expected:
        return str(expected["text"]).encode()
    return bytes(expected.get("body", answer.body))


def _kept(effects: Sequence[Effect], kind: str, expected: Mapping[str, Any]) -> Iterator[str]:
    """What the handler left under the keys that a test names."""
    last = {effect.key: effect for effect in effects if effect.kind == kind and effect.operation != "extend"}
    for key, value in expected.items():
        effect = last.get(key)
        place = f"{kind} key {key}"
        removed = effect is not None and effect.operation == "delete"
        if effect is None:
            yield f"{place} was not {'removed' if value is None else 'written'}"
        elif value is None and not removed:
            yield f"{place} was not removed, but written"
        elif removed and value is not None:
            yield f"{place} was removed, not written"
        elif not removed:
            yield from _texts(_as_kept(kind, value), _shown(kind, effect.value), place)


def _as_kept(kind: str, value: Any) -> Any:
    if kind != "storage":
        return msgspec.json.decode(msgspec.json.encode(value))  # tuples come back as lists
    return _shown(kind, stored_value(value.encode() if isinstance(value, str) else bytes(value)))


def _shown(kind: str, value: Any) -> Any:
    """Of stored bytes the text when there is one, or else what tells them apart."""
    return value.get("text", value) if kind == "storage" and isinstance(value, dict) else value
