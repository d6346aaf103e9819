from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.calls.assigning import assign, kind, shown
from devserver.errors import FnError

PIE: dict[str, Any] = {
    "event": "pie",
    "callid": "c",
    "version": 1,
    "menuResult": {"type": "return", "value": "sales"},
    "callHeaders": [{"key": "a", "value": "b"}],
    "delayed": False,
    "rdnis": None,
}
SAMPLES = [{"cli": "12025550199", "to": {"endpoint": "+1"}, "cookies": [{"key": "k"}], "duration": 4}]


def after(text: str) -> Any:
    document = json.loads(json.dumps(PIE))
    assign(document, text, SAMPLES)
    return document


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("menuResult.value=support", {"menuResult": {"type": "return", "value": "support"}}),
        ("menuResult.value=2", {"menuResult": {"type": "return", "value": "2"}}),  # a text stays one
        ('menuResult.value="2"', {"menuResult": {"type": "return", "value": "2"}}),
        ("menuResult.value=true", {"menuResult": {"type": "return", "value": "true"}}),
        ("menuResult.value=", {"menuResult": {"type": "return", "value": ""}}),
        ("menuResult.value=a=b", {"menuResult": {"type": "return", "value": "a=b"}}),
        ("menuResult.menuId=7", {"menuResult": {"type": "return", "value": "sales", "menuId": 7}}),
        ('menuResult={"type": "timeout"}', {"menuResult": {"type": "timeout"}}),
        ("menuResult=null", {"menuResult": None}),
        ("version=2", {"version": 2}),
        ("version=2.5", {"version": 2.5}),
        ("delayed=true", {"delayed": True}),
        ("rdnis=12", {"rdnis": 12}),
        ("cli=12025550199", {"cli": "12025550199"}),  # a text in other bodies of the event
        ("cli=+12025550199", {"cli": "+12025550199"}),
        ("to.endpoint=1202", {"to": {"endpoint": "1202"}}),
        ("duration=4", {"duration": 4}),
        ("cookies[0].key=7", {"cookies": [{"key": "7"}]}),
        ("new=7", {"new": 7}),
        ("new=seven", {"new": "seven"}),
        ("new.deep[0].er=[1]", {"new": {"deep": [{"er": [1]}]}}),
        ("callHeaders[0].value=c", {"callHeaders": [{"key": "a", "value": "c"}]}),
        ("callHeaders[1].key=c", {"callHeaders": [{"key": "a", "value": "b"}, {"key": "c"}]}),
        ("callHeaders[]=x", None),
    ],
)
def test_a_value_is_put_where_its_path_says_and_is_of_the_right_kind(text: str, changed: dict[str, Any] | None) -> None:
    if changed is None:
        with pytest.raises(FnError, match="is no assignment"):
            after(text)
    else:
        assert after(text) == PIE | changed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version=two", "version is a number, and 'two' is text."),
        ("version=true", "version is a number, and 'true' is true or false."),
        ("delayed=1", "delayed is true or false, and '1' is a number."),
        ("menuResult=5", "menuResult is an object, and '5' is a number."),
        ("callHeaders={}", "callHeaders is a list, and '{}' is an object."),
        ("duration=long", "duration is a number, and 'long' is text."),
        ("callid.x=1", "callid is text, so there can be no callid.x."),
        ("callid[0]=1", "callid is text, so there can be no callid[0]."),
        ("menuResult[0]=1", "menuResult is an object, so it has no item [0]."),
        ("callHeaders.key=1", "callHeaders is a list, so it has no 'key'."),
        ("callHeaders[3].key=1", "callHeaders has 1 items, so callHeaders[3] is too far."),
    ],
)
def test_what_cannot_be_there_is_one_sentence_and_a_way_out(text: str, message: str) -> None:
    with pytest.raises(FnError) as raised:
        after(text)
    assert raised.value.message == message
    assert raised.value.hint


@pytest.mark.parametrize("text", ["", "=", "=5", "cli", "a..b=1", ".a=1", "a.=1", "a.[0]=1", "[0]=1", "a[x]=1", "a]=1"])
def test_what_is_no_assignment_is_refused(text: str) -> None:
    with pytest.raises(FnError, match="is no assignment"):
        after(text)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(FnError, match="is not UTF-8"):
        after("cli=\udcff")


def test_it_gives_the_path() -> None:
    assert assign({}, "a.b[0]=1") == ("a", "b", 0)
    assert shown(("a", "b", 0)) == "a.b[0]"
    values: list[Any] = [None, 1, "x", [], {}]
    assert [kind(value) for value in values] == ["nothing", "a number", "text", "a list", "an object"]


@given(st.text(max_size=30))
def test_any_text_is_an_assignment_or_one_sentence(text: str) -> None:
    with suppress(FnError):
        json.dumps(after(text)).encode()
