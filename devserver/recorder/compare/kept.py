"""Differences in what two runs of a handler left behind by key: the cache, and files in storage. See `effects`.

Within a callback only the last change of a key counts: nobody could see what was there before it. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from devserver.recorder.compare.difference import (
    ABSENT,
    WIDTH,
    Difference,
    Found,
    Key,
    Steps,
    cut,
    pair,
    path_of,
    plain,
    value,
)
from devserver.recorder.compare.documents import Comparison
from devserver.recorder.compare.effects import decoded, told
from devserver.recorder.exchange import Effect

_KEY_WIDTH = 70
_TTL_SLACK = 0.5  # seconds: a time to live that is computed from the clock
_MOMENT_SLACK = 2.0  # seconds


def _keys(old: dict[str, Any], new: dict[str, Any], comparison: Comparison) -> Iterator[tuple[str, Any, Any]]:
    """Keys of either side with what each has, None for nothing."""
    if comparison.runs is None:
        pairs: Iterator[tuple[str | None, str | None]] = iter(
            [*((key, key if key in new else None) for key in old), *((None, key) for key in new if key not in old)]
        )
    else:
        pairs = comparison.runs.paired(list(old), list(new))
    for was, now in pairs:
        yield was or now or "", old.get(was) if was is not None else None, new.get(now) if now is not None else None


# --- cache -----------------------------------------------------------------------------------------------------


class _Left(NamedTuple):
    """How a callback left a key: what it did last, with the seconds that this gave it."""

    operation: str
    value: Any = None
    ttl: float | None = None
    at: float = 0.0


def cache_differences(old: list[Effect], new: list[Effect], comparison: Comparison) -> Iterator[Difference]:
    """What is left in the cache: `cache[KEY]`."""
    for key, was, now in _keys(_left(old), _left(new), comparison):
        steps: Steps = ("cache", Key(key))
        name = f"cache key {cut(plain(key), _KEY_WIDTH)}"
        if was is None or now is None or was.operation != now.operation:
            yield from told(steps, _shown(was), _shown(now), f"{name} {_became(was, now)}", comparison)
            continue
        if was.operation == "set":
            for found in comparison.documents(was.value, now.value, steps):
                yield _inner(found, 2, name)
        if not _same_ttl(was, now):
            verb = "kept longer by" if was.operation == "extend" else "kept for"
            text = f"{name} is now {verb} {_seconds(now.ttl)}, was {_seconds(was.ttl)}"
            yield from told((*steps, "ttl"), was.ttl, now.ttl, text, comparison)


def _left(effects: list[Effect]) -> dict[str, _Left]:
    found: dict[str, _Left] = {}
    for effect in effects:
        before = found.get(effect.key)
        if effect.operation != "extend":
            found[effect.key] = _Left(effect.operation, effect.value, effect.ttl, effect.at)
        elif before is None:
            found[effect.key] = _Left("extend", None, effect.ttl, effect.at)
        elif before.operation != "delete":
            found[effect.key] = before._replace(ttl=(before.ttl or 0.0) + (effect.ttl or 0.0))
    return found


def _shown(left: _Left | None) -> Any:
    return ABSENT if left is None else left.value


def _became(was: _Left | None, now: _Left | None) -> str:
    if now is None:
        words = f"is no longer {_done(was)}"
        return f"{words} (was {cut(value(was.value))})" if was and was.operation == "set" else words
    words = f"is now {_done(now)}"
    if now.operation == "set":
        words += f" to {cut(value(now.value))}"
    if was is None:
        return words
    return f"{words}, was {_done(was)}" + (f" to {cut(value(was.value))}" if was.operation == "set" else "")


def _done(left: _Left | None) -> str:
    match left.operation if left else "":
        case "set":
            return "set"
        case "delete":
            return "deleted"
        case "extend":
            return f"kept longer by {_seconds(left.ttl if left else None)}"
        case other:
            return plain(other)


def _same_ttl(was: _Left, now: _Left) -> bool:
    if was.ttl is None or now.ttl is None:
        return was.ttl is now.ttl
    # A handler may keep a value until a fixed moment: for less each time.
    ends = (was.at + was.ttl, now.at + now.ttl)
    if was.at > 0 < now.at and abs(was.at - now.at) > _MOMENT_SLACK and abs(ends[0] - ends[1]) < _MOMENT_SLACK:
        return True
    is_computed = bool(was.ttl % 1 or now.ttl % 1)
    return was.ttl == now.ttl or (is_computed and abs(was.ttl - now.ttl) < _TTL_SLACK)


def _seconds(ttl: float | None) -> str:
    return "ever" if ttl is None else f"{ttl:g} s"


def _inner(found: Found, depth: int, name: str) -> Difference:
    """A difference in a value that is a document; its place in it is what follows after `depth` steps."""
    within = cut(plain(path_of(found.steps[depth:])), 40)
    where = f"{name}: {within}" if within else name
    if found.was is ABSENT:
        return found.told(f"{where} is new: {cut(value(found.now))}")
    if found.now is ABSENT:
        return found.told(f"{where} is gone (was {cut(value(found.was))})")
    was, now = pair(value(found.was), value(found.now), width=_room(where))
    return found.told(f"{where} is now {now}, was {was}")


def _room(where: str) -> int:
    return min(WIDTH, max(40, (220 - len(where)) // 2))


# --- storage ---------------------------------------------------------------------------------------------------


def storage_differences(old: list[Effect], new: list[Effect], comparison: Comparison) -> Iterator[Difference]:
    """What was written to storage: `storage[KEY]`."""
    olds, news = ({effect.key: effect for effect in effects} for effects in (old, new))
    for key, was, now in _keys(olds, news, comparison):
        steps: Steps = ("storage", Key(key))
        name = f"storage file {cut(plain(key), _KEY_WIDTH)}"
        if was is None or now is None or was.operation != now.operation:
            contents = [ABSENT if each is None else each.value for each in (was, now)]
            yield from told(steps, contents[0], contents[1], f"{name} {_stored(was, now)}", comparison)
        elif was.operation == "write":
            yield from _contents(was.value, now.value, steps, name, comparison)


def _stored(was: Effect | None, now: Effect | None) -> str:
    verbs = {"write": "written", "delete": "deleted"}
    if now is None:
        return f"is no longer {verbs.get(was.operation, was.operation) if was else ''}{_of_content(was)}"
    words = f"is now {verbs.get(now.operation, now.operation)}{_of_content(now)}"
    return f"{words}, was {verbs.get(was.operation, was.operation)}" if was else words


def _of_content(effect: Effect | None) -> str:
    if effect is None or effect.operation != "write":
        return ""
    text = effect.value.get("text") if isinstance(effect.value, dict) else None
    return f" ({cut(value(text)) if isinstance(text, str) else _size(effect.value)})"


def _size(content: Any) -> str:
    known = content if isinstance(content, dict) else {}
    return f"{known.get('bytes', '?')} bytes, sha256 {str(known.get('sha256', '?'))[:8]}"


def _contents(old: Any, new: Any, steps: Steps, name: str, comparison: Comparison) -> Iterator[Difference]:
    texts = [each.get("text") if isinstance(each, dict) else None for each in (old, new)]
    if isinstance(texts[0], str) and isinstance(texts[1], str):
        for found in comparison.documents(*decoded(texts[0], texts[1]), steps):
            yield _inner(found, 2, name)
    elif _hash(old) != _hash(new):
        yield from told(steps, old, new, f"{name} now has {_size(new)}, was {_size(old)}", comparison)


def _hash(content: Any) -> Any:
    return content.get("sha256") if isinstance(content, dict) else None
