from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.errors import ConfigError
from devserver.recorder.compare.difference import Item, Key, Steps
from devserver.recorder.compare.ignoring import Rules

OPTION: Steps = ("action", "menus", Item(0, "main"), "options", Item(2, "3"), "action")


@pytest.mark.parametrize(
    ("pattern", "steps", "covered"),
    [
        ("action.menus[*].options[2]", OPTION, True),
        ("action.menus[*].options[2].action", OPTION, True),
        ("action.menus[main].options", OPTION, True),
        ("action.menus.*.options", OPTION, True),
        ("action.menus[m*n].options", OPTION, True),
        ("action.menus[sub].options", OPTION, False),
        ("action.menus[*].options[3]", OPTION, False),  # a number is a place, not a key
        ("action.menus[*].options[2].action.more", OPTION, False),
        ("menus", OPTION, False),
        ("cache", ("cache", Key("a.b[c]")), True),
        ("cache[a.b[c]]", ("cache", Key("a.b[c]"), "x"), True),
        ("cache[*].started", ("cache", Key("a:b"), "started"), True),
        ("cache[*].started", ("cache", Key("a:b")), False),
        ("cache[seen:*]", ("cache", Key("seen:1")), True),
        ("cache[seen:*:x]", ("cache", Key("seen:x")), False),
        ("cache[*a*b*]", ("cache", Key("xaxbx")), True),
        ("cache[*b*a*]", ("cache", Key("xaxbx")), False),
        ("database", ("database", Item(3)), True),
        ("[0].at", (Item(0), "at"), True),
        (" status ", ("status",), True),
        ("content-type", ("content-type",), True),
    ],
)
def test_a_pattern_covers_what_it_names_and_all_below(pattern: str, steps: Steps, covered: bool) -> None:
    assert Rules.parse([pattern]).cover(steps) is covered


def test_one_of_several_patterns_is_enough_and_none_covers_nothing() -> None:
    assert Rules.parse(["x", "action"]).cover(OPTION)
    assert not Rules.parse([]).cover(OPTION)
    assert not Rules.parse(["x"]).cover(())


@pytest.mark.parametrize(
    ("pattern", "trouble"),
    [
        ("", "empty pattern"),
        ("  ", "empty pattern"),
        (".a", "a step is empty"),
        ("a..b", "a step is empty"),
        ("a.", "a step is empty"),
        ("a.[0]", "a step is empty"),
        ("a[0]b", "a bracket is out of place"),
        ("a[", "not closed"),
        ("a[]", "a bracket is empty"),
        ("a]", "was not opened"),
        ("a.**", "`**` is not known"),
        (7, "is no text"),
    ],
)
def test_nonsense_is_refused_with_what_is_wrong_and_an_example(pattern: str, trouble: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Rules.parse([pattern])
    assert trouble in refused.value.message
    assert refused.value.hint


@given(st.text(max_size=20))
def test_any_text_is_taken_or_refused(pattern: str) -> None:
    try:
        rules = Rules.parse([pattern])
    except ConfigError:
        return
    assert isinstance(rules.cover(OPTION), bool)


def test_a_hostile_pattern_takes_no_time() -> None:
    assert not Rules.parse([f"cache[{'*a' * 500}]"]).cover(("cache", Key("a" * 400)))
