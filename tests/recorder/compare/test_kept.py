from __future__ import annotations

import hashlib
from typing import Any

import pytest

from devserver.recorder.compare import Rules
from devserver.recorder.compare.difference import Difference
from devserver.recorder.compare.documents import Comparison
from devserver.recorder.compare.kept import cache_differences, storage_differences
from devserver.recorder.compare.runs import Run, Runs
from devserver.recorder.exchange import Effect

OLD, NEW = 1_790_000_000.0, 1_790_009_000.0
RUNS = Runs(Run(OLD, "old-id", took=0.1), Run(NEW, "new-id", took=0.1))


def put(key: str, value: Any, ttl: float | None = 3600.0, at: float = 0.0) -> Effect:
    return Effect("cache", "set", key, at, value, ttl)


def delete(key: str) -> Effect:
    return Effect("cache", "delete", key)


def extend(key: str, seconds: float) -> Effect:
    return Effect("cache", "extend", key, 0.0, None, seconds)


def write(key: str, content: str | bytes, *, text: bool = True) -> Effect:
    data = content.encode() if isinstance(content, str) else content
    value: dict[str, Any] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    if text and isinstance(content, str):
        value["text"] = content
    return Effect("storage", "write", key, 0.0, value)


def remove(key: str) -> Effect:
    return Effect("storage", "delete", key)


def cache(old: list[Effect], new: list[Effect], *ignore: str) -> list[Difference]:
    return list(cache_differences(old, new, Comparison(RUNS, Rules.parse(ignore))))


def storage(old: list[Effect], new: list[Effect], *ignore: str) -> list[Difference]:
    return list(storage_differences(old, new, Comparison(RUNS, Rules.parse(ignore))))


@pytest.mark.parametrize(
    ("old", "new", "path", "text"),
    [
        ([put("caller:abc", "+12025550100")], [], "cache[caller:abc]", 'is no longer set (was "+12025550100")'),
        ([], [put("caller:abc", "x")], "cache[caller:abc]", 'is now set to "x"'),
        ([put("caller:abc", 1)], [put("caller:abc", 2)], "cache[caller:abc]", "is now 2, was 1"),
        ([put("caller:abc", {"n": 1})], [put("caller:abc", {"n": 2})], "cache[caller:abc].n", ": n is now 2, was 1"),
        (
            [put("caller:abc", {})],
            [put("caller:abc", {"n": [1]})],
            "cache[caller:abc].n",
            ": n is new: [1]",
        ),
        ([put("caller:abc", {"n": 1})], [put("caller:abc", {})], "cache[caller:abc].n", ": n is gone (was 1)"),
        (
            [put("caller:abc", 1)],
            [put("caller:abc", 1, 60.0)],
            "cache[caller:abc].ttl",
            "is now kept for 60 s, was 3600 s",
        ),
        ([put("caller:abc", 1)], [delete("caller:abc")], "cache[caller:abc]", "is now deleted, was set to 1"),
        ([delete("caller:abc")], [put("caller:abc", 1)], "cache[caller:abc]", "is now set to 1, was deleted"),
        ([delete("caller:abc")], [], "cache[caller:abc]", "is no longer deleted"),
        ([], [delete("caller:abc")], "cache[caller:abc]", "is now deleted"),
        ([], [extend("caller:abc", 60)], "cache[caller:abc]", "is now kept longer by 60 s"),
        ([extend("caller:abc", 60)], [], "cache[caller:abc]", "is no longer kept longer by 60 s"),
        (
            [extend("caller:abc", 60)],
            [extend("caller:abc", 60), extend("caller:abc", 60)],
            "cache[caller:abc].ttl",
            "is now kept longer by 120 s, was 60 s",
        ),
    ],
)
def test_each_change_of_the_cache_is_told_by_its_key(
    old: list[Effect], new: list[Effect], path: str, text: str
) -> None:
    (found,) = cache(old, new)
    assert found.path == path
    assert found.text == f"cache key caller:abc{'' if text.startswith(':') else ' '}{text}"


def test_only_the_last_change_of_a_key_counts() -> None:
    assert cache([put("k", 1), put("k", 2)], [put("k", 2)]) == []
    assert cache([put("k", 1), delete("k")], [delete("k"), extend("k", 5)]) == []
    assert cache([put("k", 1, 60.0), extend("k", 60)], [put("k", 1, 120.0)]) == []


def test_the_order_of_keys_is_no_difference() -> None:
    assert cache([put("a", 1), put("b", 2)], [put("b", 2), put("a", 1)]) == []


def test_what_depends_on_the_run_is_no_difference() -> None:
    old = [put("seen:old-id", {"at": OLD + 0.05, "id": "old-id"}), put("t:2026-09-21", OLD)]
    new = [put("seen:new-id", {"at": NEW + 0.05, "id": "new-id"}), put("t:2026-09-21", NEW)]
    assert cache(old, new) == []


def test_a_value_that_is_kept_until_a_fixed_moment_is_kept_for_less_each_time() -> None:
    assert cache([put("k", 1, 9100.0, OLD)], [put("k", 1, 100.0, NEW)]) == []
    assert len(cache([put("k", 1, 9100.0, OLD)], [put("k", 1, 200.0, NEW)])) == 1
    assert cache([put("k", 1, 59.9871)], [put("k", 1, 59.9912)]) == []
    assert len(cache([put("k", 1, 60)], [put("k", 1, 61)])) == 1
    assert len(cache([put("k", 1, None)], [put("k", 1, 60.0)])) == 1


def test_differences_of_the_cache_are_left_out_by_rule() -> None:
    old, new = [put("a", {"x": 1, "y": 1}), put("b", 1)], [put("a", {"x": 2, "y": 2}, 60.0)]
    assert [each.path for each in cache(old, new)] == ["cache[a].x", "cache[a].y", "cache[a].ttl", "cache[b]"]
    assert [each.path for each in cache(old, new, "cache[*].x", "cache[b]", "cache[a].ttl")] == ["cache[a].y"]
    assert cache(old, new, "cache") == []


def test_without_runs_keys_are_compared_as_they_are() -> None:
    assert len(list(cache_differences([put("a", 1)], [put("b", 1)], Comparison()))) == 2


@pytest.mark.parametrize(
    ("old", "new", "path", "text"),
    [
        ([write("f", "a")], [], "storage[f]", 'is no longer written ("a")'),
        ([], [write("f", "a")], "storage[f]", 'is now written ("a")'),
        ([write("f", "a")], [remove("f")], "storage[f]", "is now deleted, was written"),
        ([remove("f")], [], "storage[f]", "is no longer deleted"),
        ([write("f", "a")], [write("f", "b")], "storage[f]", 'is now "b", was "a"'),
        ([write("f", '{"n": 1}')], [write("f", '{"n":2}')], "storage[f].n", ": n is now 2, was 1"),
        ([write("f", '{"n": 1}')], [write("f", "[")], "storage[f]", 'is now "[", was "{"n": 1}"'),
        (
            [write("f", b"\xff")],
            [write("f", b"\xff\xfe")],
            "storage[f]",
            "now has 2 bytes, sha256 a3d2d3b5, was 1 bytes, sha256 a8100ae6",
        ),
    ],
)
def test_each_change_of_the_storage_is_told_by_its_key(
    old: list[Effect], new: list[Effect], path: str, text: str
) -> None:
    (found,) = storage(old, new)
    assert found.path == path
    if "sha256" not in text:
        assert found.text == f"storage file f{'' if text.startswith(':') else ' '}{text}"
    else:
        assert "now has 2 bytes, sha256 " in found.text


def test_files_of_the_same_content_are_the_same() -> None:
    assert storage([write("f", "a" * 3000, text=False)], [write("f", "a" * 3000, text=False)]) == []
    assert storage([write("f", '{"a":1,"b":2}')], [write("f", '{"b": 2, "a": 1}')]) == []
    old, new = write("log/old-id.json", f'{{"at":{OLD}}}'), write("log/new-id.json", f'{{"at":{NEW}}}')
    assert storage([old], [new]) == []


def test_differences_of_the_storage_are_left_out_by_rule() -> None:
    assert storage([write("a/b", "x")], [write("a/b", "y")], "storage[a/*]") == []
    assert storage([write("a/b", b"\xff")], [write("a/b", b"\xfe")], "storage[a/*]") == []
