from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.debug.launch_json import NotJson, merge

OURS: list[dict[str, Any]] = [
    {"name": "fn dev: attach", "type": "debugpy", "connect": {"port": 5678}},
    {"name": "fn dev: start"},
]


def names(text: str) -> list[str]:
    return [each["name"] for each in json.loads(text)["configurations"]]


@pytest.mark.parametrize("text", ["", "  \n", "\ufeff"])
def test_a_file_that_is_not_there_is_made(text: str) -> None:
    made = merge(text, OURS)

    assert json.loads(made) == {"version": "0.2.0", "configurations": OURS}
    assert made.endswith("}\n")


def test_what_is_there_stays_as_it_was_to_the_byte() -> None:
    before = (
        '{\n\t// mine, by hand\n\t"version": "0.2.0",\n\t"configurations": [\n'
        '\t\t{ "name": "Other", "type": "node", /* inline */ "url": "http://x//y" }  // last\n\t],\n\t"compounds": []\n}\n'
    )
    after = merge(before, OURS)

    head, tail = before.split("}  // last")
    assert after.startswith(head + '},  // last\n\t\t{\n\t\t\t"name": "fn dev: attach"')
    assert after.endswith('\n\t\t\t"name": "fn dev: start"\n\t\t}' + tail)
    assert '\n\t\t\t"connect": {\n\t\t\t\t"port": 5678\n\t\t\t}\n\t\t},\n' in after


def test_a_trailing_comma_stays_one() -> None:
    before = '{\n  "configurations": [\n    {"name": "a",},\n  ],\n}'
    after = merge(before, OURS)

    assert after.startswith('{\n  "configurations": [\n    {"name": "a",},\n    {\n')
    assert after.endswith("\n    },\n  ],\n}")
    assert merge(after, OURS) == after


def test_an_empty_list_is_filled() -> None:
    after = merge('{\n    "version": "0.2.0",\n    "configurations": []\n}\n', OURS)

    assert names(after) == ["fn dev: attach", "fn dev: start"]
    assert '"configurations": [\n        {\n' in after
    assert after.endswith("        }\n    ]\n}\n")


def test_comments_in_an_empty_list_stay() -> None:
    after = merge('{"configurations": [\n  // none yet\n]}', OURS)

    assert "[\n  // none yet\n" in after
    assert names(after.replace("  // none yet\n", "")) == ["fn dev: attach", "fn dev: start"]


def test_a_file_without_configurations_gets_them() -> None:
    for before in ("{}", '{"version": "0.2.0"}', '{\n    "version": "0.2.0",\n}', "{ // nothing\n}"):
        after = merge(before, OURS)

        assert merge(after, OURS) == after, after
        assert '"fn dev: attach"' in after


def test_those_that_are_there_by_name_are_never_touched() -> None:
    mine = '{"configurations": [{"name": "fn dev: attach", "connect": {"port": 9}}, {"name": "fn dev: start"}]}'
    assert merge(mine, OURS) == mine

    half = '{"configurations": [{"name": "fn dev: attach", "connect": {"port": 9}}]}'
    after = json.loads(merge(half, OURS))["configurations"]
    assert [each["name"] for each in after] == ["fn dev: attach", "fn dev: start"]
    assert after[0]["connect"]["port"] == 9


def test_line_ends_of_windows_stay() -> None:
    after = merge('{\r\n    "configurations": [\r\n        {"name": "a"}\r\n    ]\r\n}\r\n', OURS)

    assert "\n" not in after.replace("\r\n", "")
    assert names(after) == ["a", "fn dev: attach", "fn dev: start"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("not json", "line 1 is not JSON"),
        ('{"configurations": [}', "line 1: } is not expected"),
        ('{\n"configurations": {}\n}', "no list"),
        ("[]", "no JSON object"),
        ('{"a": 1} {"b": 2}', "is not expected"),
        ('{"a": "unended}', "line 1 is not JSON"),
        ('{"a" 1}', "is not expected"),
        ("{,}", "is not expected"),
        ('{"a": 1', "its end is not expected"),
        ("/* unended", "line 1 is not JSON"),
        ('[{"a":' * 5000, "nested too deeply"),
        ('{"a": 1-1}', "is not expected"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, why: str) -> None:
    with pytest.raises(NotJson, match=why.replace("{", r"\{")):
        merge(text, OURS)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(
    others=st.lists(st.dictionaries(st.text(max_size=4), _VALUES, max_size=3), max_size=3),
    more=st.dictionaries(st.text(max_size=4), _VALUES, max_size=3),
    indent=st.sampled_from([None, 2, 4, "\t"]),
)
def test_any_file_keeps_all_that_it_said(
    others: list[object], more: dict[str, object], indent: str | int | None
) -> None:
    before = {**more, "configurations": others}
    after = merge(json.dumps(before, indent=indent), OURS)

    assert json.loads(after) == {**more, "configurations": [*others, *OURS]}
