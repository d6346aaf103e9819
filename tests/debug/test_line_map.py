from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.debug import line_map as line_map_of
from devserver.debug.line_map import line_map

BEFORE = "import a|import b||async def ice():|    x = 1|    y = 2|    return x"


def lines(text: str) -> list[bytes]:
    return text.encode().split(b"|")


@pytest.mark.parametrize(
    ("after", "number", "expected"),
    [
        (BEFORE, 5, 5),
        ("# new|" + BEFORE, 5, 6),
        (BEFORE + "|# new", 5, 5),
        (BEFORE.replace("|import b", ""), 5, 4),
        (BEFORE.replace("import b", "import b|import c|import d"), 5, 7),
        ("# head|" + BEFORE.replace("|    y = 2", ""), 7, 7),
        ("# head|" + BEFORE.replace("x = 1", "x = 100"), 5, 6),
        (BEFORE.replace("|    x = 1|    y = 2", ""), 5, 5),
        (BEFORE.replace("|    y = 2|    return x", ""), 7, 5),
        (BEFORE.replace("    x = 1", "    if 1:|        x = 1"), 6, 7),
        (BEFORE, 99, 99),
        ("# new|" + BEFORE, 99, 99),
    ],
)
def test_where_a_line_is_then(after: str, number: int, expected: int) -> None:
    assert line_map(lines(BEFORE), lines(after))(number) == expected


def test_lines_that_changed_places_are_found_again() -> None:
    before, after = lines("def a|  1|  2|  3|def b|  4"), lines("def b|  4|def a|  1|  2|  3")

    assert [line_map(before, after)(number) for number in (2, 3, 4)] == [4, 5, 6]


def test_what_is_too_much_to_compare_is_replaced_line_for_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_map_of, "_LIMIT", 5)

    where = line_map(lines("same|a|b|c|end"), lines("same|new|c|b|a|more|end"))

    assert [where(number) for number in range(1, 6)] == [1, 2, 3, 4, 7]


@given(st.lists(st.sampled_from([b"a", b"b", b"c", b"d"])), st.lists(st.sampled_from([b"a", b"b", b"c", b"d"])))
def test_every_line_is_somewhere_and_in_order(before: list[bytes], after: list[bytes]) -> None:
    where = line_map(before, after)

    found = [where(number) for number in range(1, len(before) + 1)]
    assert found == sorted(found)
    assert all(1 <= number <= max(len(after), 1) for number in found)
    assert [line_map(before, before)(number) for number in range(1, len(before) + 1)] == list(range(1, len(before) + 1))
