from __future__ import annotations

from typing import Any

import pytest

from devserver.recorder.exchange import Effect
from devserver.recorder.plain_effects import effect_from, plain

EFFECTS = [
    Effect("cache", "set", "a", 0.0, {"b": [1]}, 60.0),
    Effect("cache", "set", "a", 0.0, None, 1.5),
    Effect("cache", "delete", "a"),
    Effect("cache", "extend", "a", 0.0, None, 30.0),
    Effect("storage", "write", "x/y", 0.0, {"bytes": 1, "sha256": "s", "text": "a"}),
    Effect("storage", "delete", "x/y"),
    Effect("database", "insert", "INSERT INTO t VALUES (1)"),
    Effect("outbound", "POST", "https://x/y", 0.0, {"sent": {"a": None}, "status": 200, "received": [None]}),
]


@pytest.mark.parametrize("effect", EFFECTS, ids=[f"{each.kind}-{each.operation}-{each.ttl}" for each in EFFECTS])
def test_what_is_written_is_read_back(effect: Effect) -> None:
    assert effect_from(plain(effect)) == effect


def test_it_begins_with_the_kind_and_has_whole_seconds() -> None:
    assert list(plain(EFFECTS[0]).items()) == [("cache", "set"), ("key", "a"), ("value", {"b": [1]}), ("ttl", 60)]


def test_when_and_how_long_are_left_out() -> None:
    sent = Effect("outbound", "GET", "https://x", 5.0, {"sent": None, "status": 200, "ms": 3.5})
    assert plain(sent) == {"outbound": "GET", "key": "https://x", "value": {"status": 200}}


@pytest.mark.parametrize(
    "written", [{}, {"key": "a"}, {"cache": "set"}, {"cache": "set", "key": "a", "vlaue": 1}, {"cache": 5, "key": "a"}]
)
def test_what_is_no_effect_says_so(written: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="is no effect"):
        effect_from(written)
