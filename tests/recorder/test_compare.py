"""Differences name what changed, and nothing else."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.recorder.compare import Rules, Side, answer_differences, differences, exchange_differences
from devserver.recorder.exchange import Answer, Effect

ENDLESS = 1_000_000  # lists in each other; Python 3.14 goes down as far as the stack of the thread allows
MENU: dict[str, Any] = {
    "instructions": [{"name": "say", "text": "Hello"}, {"name": "answer"}],
    "action": {
        "name": "runMenu",
        "mainMenu": "main",
        "menus": [
            {
                "id": "main",
                "mainPrompt": "#tts[Press]",
                "options": [{"dtmf": "1", "action": "return(sales)"}, {"dtmf": "2", "action": "return(support)"}],
            },
            {"id": "sub", "options": [{"dtmf": "1", "action": "return(x)"}]},
        ],
    },
}

documents = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["id", "dtmf", "name", "a"]), inner),
    max_leaves=12,
)


def changed(change: str, value: Any = None) -> dict[str, Any]:
    """The menu with one thing changed; `change` is Python that acts on `doc`."""
    doc = copy.deepcopy(MENU)
    target: Any = doc
    *way, last = [int(step) if step.isdigit() else step for step in change.split(".")]
    for step in way:
        target = target[step]
    if value is None:
        del target[last]
    else:
        target[last] = value
    return doc


def texts(old: Any, new: Any) -> list[str]:
    return [each.text for each in differences(old, new)]


def test_an_option_that_goes_elsewhere_is_named_by_its_key_and_menu() -> None:
    new = changed("action.menus.0.options.1.action", "return(billing)")
    (found,) = differences(MENU, new)
    assert found.text == "option 2 of menu main now returns(billing), was return(support)"
    assert found.path == "action.menus[0].options[1].action"
    assert (found.was, found.now) == ("return(support)", "return(billing)")


@pytest.mark.parametrize(
    ("change", "value", "expected"),
    [
        ("instructions.0.text", "Hi", 'instruction 1 (say) now says "Hi", was "Hello"'),
        ("instructions.0.text", "", 'instruction 1 (say) now says "", was "Hello"'),
        (
            "instructions.0",
            {"name": "playFiles", "ids": ["x"]},
            'instruction 1 is now playFiles "[x]", was say "Hello"',
        ),
        ("instructions.1", None, "instruction 2 (answer) is gone"),
        ("action.menus.0.mainPrompt", "#tts[Push]", 'the prompt of menu main now says "Push", was "Press"'),
        ("action.menus.0.repeats", 3, "repeats of menu main is new: 3"),
        ("action.menus.1", None, "menu sub is gone (was option 1)"),
        ("action.mainMenu", "sub", "runMenu now starts with menu sub, was main"),
        ("action.barge", False, "barge of runMenu is new: false"),
        ("action", {"name": "hangup"}, "the action is now hangup, was runMenu main"),
        ("action", None, None),
    ],
)
def test_each_change_is_one_line_that_says_where(change: str, value: Any, expected: str | None) -> None:
    (found,) = texts(MENU, changed(change, value))
    if expected is not None:
        assert found == expected


def test_an_action_of_another_name_is_one_difference() -> None:
    new = {"action": {"name": "connectPstn", "number": "+15551234567"}}
    assert texts({"action": {"name": "hangup", "barge": True}}, new) == [
        "the action is now connectPstn +15551234567, was hangup"
    ]


def test_menus_and_options_may_change_places() -> None:
    new = copy.deepcopy(MENU)
    new["action"]["menus"].reverse()
    new["action"]["menus"][1]["options"].reverse()
    assert differences(MENU, new) == []


def test_a_new_option_in_front_is_one_difference() -> None:
    new = copy.deepcopy(MENU)
    new["action"]["menus"][0]["options"].insert(0, {"dtmf": "9", "action": "return(nine)"})
    assert texts(MENU, new) == ["option 9 of menu main is new: return(nine)"]


def test_a_menu_that_is_gone_is_named() -> None:
    (text,) = texts(MENU, changed("action.menus.1"))
    assert text == "menu sub is gone (was option 1)"


def test_options_with_a_key_twice_are_known_by_their_place() -> None:
    old = {"options": [{"dtmf": "1", "action": "a"}, {"dtmf": "1", "action": "b"}]}
    new = {"options": [{"dtmf": "1", "action": "a"}, {"dtmf": "1", "action": "c"}]}
    assert [each.path for each in differences(old, new)] == ["options[1].action"]


def test_null_is_a_value_and_true_is_not_one() -> None:
    assert texts({"a": None}, {}) == ["a is gone; it was null"]
    assert texts({"a": 1}, {"a": True}) == ["a: 1 -> true"]
    assert texts({"a": 1}, {"a": 1.0}) == []


def test_long_texts_are_shown_where_they_part() -> None:
    (text,) = texts({"t": "x" * 300 + "old" + "y" * 300}, {"t": "x" * 300 + "new" + "y" * 300})
    assert "old" in text
    assert "new" in text
    assert len(text) < 250


def test_control_characters_are_written_as_escapes() -> None:
    assert "\x1b" not in texts({"t": "a"}, {"t": "\x1b[2J"})[0]


def test_documents_nested_without_end_are_said_to_be_so() -> None:
    old: list[Any] = []
    new: list[Any] = [1]
    for _ in range(ENDLESS):
        old, new = [old], [new]
    assert texts(old, new) == ["The answers are nested too deeply to be compared."]
    while old:
        old, new = old.pop(), new.pop()


@given(documents)
def test_a_document_does_not_differ_from_itself(document: Any) -> None:
    assert differences(document, copy.deepcopy(document)) == []


@given(documents, documents)
def test_documents_that_differ_have_a_difference(old: Any, new: Any) -> None:
    def known(value: Any) -> Any:
        """Blind to the order of what has an identity, as the comparison is."""
        match value:
            case dict():
                return {key: known(item) for key, item in value.items()}
            case list():
                return sorted((msgspec.json.encode(known(item), order="sorted") for item in value), key=repr)
            case _:
                return value

    if msgspec.json.encode(known(old), order="sorted") != msgspec.json.encode(known(new), order="sorted"):
        assert differences(old, new)


# --- answers ---------------------------------------------------------------------------------------------------


def answer(body: bytes, status: int = 200, content_type: str = "application/json") -> Answer:
    return Answer(status, (("Content-Type", content_type),), body)


def test_a_status_and_a_document_are_compared() -> None:
    old, new = answer(b'{"action":{"name":"hangup"}}'), answer(b'{"action":{"name":"continue"}}', 500)
    found = [each.text for each in answer_differences(old, new, svaml=True)]
    assert found == ["status: 200 -> 500", "the action is now continue, was hangup"]


def test_spelling_and_white_space_are_no_difference_to_the_platform() -> None:
    old, new = answer(b'{"action":{"name":"runMenu"}}'), answer(b'{ "Action": {"NAME": "RunMenu"} }')
    assert answer_differences(old, new, svaml=True) == []
    assert answer_differences(old, new, svaml=False) != []


def test_no_body_is_the_empty_document_in_svaml_only() -> None:
    assert answer_differences(answer(b""), answer(b"{}"), svaml=True) == []
    assert answer_differences(answer(b""), answer(b"{}"), svaml=False) != []


def test_bodies_that_are_not_json_are_compared_as_text() -> None:
    (found,) = answer_differences(answer(b"<p>a</p>"), answer(b"<p>b</p>"), svaml=False)
    assert found.text == "body: <p>a</p> -> <p>b</p>"
    (found,) = answer_differences(answer(b"\xff"), answer(b"\xff\xfe"), svaml=True)
    assert found.text == "body: 1 bytes -> 2 bytes"


def test_another_content_type_is_a_difference_unless_it_is_svaml() -> None:
    old, new = answer(b"{}"), answer(b"{}", content_type="text/plain; charset=utf-8")
    assert [each.text for each in answer_differences(old, new, svaml=False)] == [
        "content type: application/json -> text/plain"
    ]
    assert answer_differences(old, new, svaml=True) == []


def test_an_answer_that_is_missing_is_a_difference() -> None:
    assert [each.text for each in answer_differences(None, answer(b""), svaml=True)] == ["no answer -> status 200"]
    assert [each.text for each in answer_differences(answer(b""), None, svaml=True)] == ["status 200 -> no answer"]
    assert answer_differences(None, None, svaml=True) == []


# --- a callback and its replay ---------------------------------------------------------------------------------

MONDAY, TUESDAY = 1_790_000_000.0, 1_790_086_461.0


def side(at: float, name: str, body: bytes = b"{}", **more: Any) -> Side:
    """A run of a handler whose answer and effects hold its id and the time."""
    effects = [
        Effect("cache", "set", f"caller:{name}", at, {"since": at}, 60.0),
        Effect("storage", "delete", f"calls/{name}"),
        Effect("database", "insert", f"INSERT INTO calls VALUES ('{name}', {at})"),
        Effect("outbound", "POST", "http://127.0.0.1:3002/a", at, {"sent": {"ref": name}}),
    ]
    fields: dict[str, Any] = {"answer": answer(body), "effects": effects, "at": at, "id": name}
    return Side(**{**fields, **more})


@pytest.mark.parametrize("event", ["ice", None])
def test_unchanged_code_makes_no_difference_whenever_it_runs(event: str | None) -> None:
    old = side(MONDAY, "old-id", b'{"action":{"name":"connectConf","conferenceId":"room-old-id"}}')
    new = side(TUESDAY, "new-id", b'{"action":{"name":"connectConf","conferenceId":"room-new-id"}}')
    assert exchange_differences(old, new, event=event) == []


def test_answers_come_before_effects_and_effects_kind_by_kind() -> None:
    old, new = side(MONDAY, "old-id"), side(TUESDAY, "new-id", b'{"action":{"name":"hangup"}}', effects=[])
    found = exchange_differences(old, new, event="ice")
    assert [each.path for each in found] == [
        "action",
        "cache[caller:old-id]",
        "storage[calls/old-id]",
        "database[0]",
        "outbound[0]",
    ]


def test_each_of_three_changes_is_named_and_no_other() -> None:
    old = side(MONDAY, "old-id", msgspec.json.encode(MENU))
    document = changed("action.menus.0.mainPrompt", "#tts[Push]")
    document["action"]["menus"][0]["options"][1]["action"] = "menu(sub)"
    new = side(TUESDAY, "new-id", msgspec.json.encode(document))
    new = msgspec.structs.replace(new, effects=new.effects[1:])
    assert [each.text for each in exchange_differences(old, new, event="ice")] == [
        'the prompt of menu main now says "Push", was "Press"',
        "option 2 of menu main now goes to menu(sub), was return(support)",
        'cache key caller:old-id is no longer set (was {"since":1790000000.0})',
    ]


def test_rules_leave_out_differences_of_answers_and_effects() -> None:
    old = side(MONDAY, "old-id", answer=answer(b"<p>", 200))
    new = side(TUESDAY, "new-id", answer=answer(b"<b>", 500, "text/html"), effects=[])
    assert len(exchange_differences(old, new, event=None)) == 7
    rules = Rules.parse(["status", "content-type", "body", "cache", "storage", "database", "outbound"])
    assert exchange_differences(old, new, event=None, ignore=rules) == []
    missing = side(TUESDAY, "new-id", answer=None)
    assert exchange_differences(side(MONDAY, "old-id"), missing, event="ice", ignore=Rules.parse(["status"])) == []


def test_an_answer_of_text_may_hold_values_of_the_run() -> None:
    old = side(MONDAY, "old-id", b"<p>old-id at 2026-09-21 14:13:20</p>")
    assert exchange_differences(old, side(TUESDAY, "new-id", b"<p>new-id at 2026-09-22 14:14:21</p>"), event=None) == []
    (found,) = exchange_differences(old, side(TUESDAY, "new-id", b"<b>new-id</b>"), event=None)
    assert found.path == "body"


def test_effects_nested_without_end_are_said_to_be_so() -> None:
    deep: list[list[Any]] = [[], []]
    for _ in range(ENDLESS):
        deep = [[each] for each in deep]
    effects = [[Effect("cache", "set", "k", 0.0, {"a": each})] for each in (deep[0], [*deep[1], 1])]
    old, new = side(MONDAY, "a", effects=effects[0]), side(TUESDAY, "b", effects=effects[1])
    (found,) = exchange_differences(old, new, event="ice")
    assert "nested too deeply" in found.text
    for each in deep:
        while each:
            each[:] = each.pop()


@given(st.lists(st.sampled_from(side(MONDAY, "old-id").effects)), st.lists(st.sampled_from(side(9.0, "x").effects)))
def test_any_effects_can_be_compared_and_equal_ones_do_not_differ(old: list[Effect], new: list[Effect]) -> None:
    olds, news = side(MONDAY, "old-id", effects=old), side(TUESDAY, "new-id", effects=new)
    assert bool(exchange_differences(olds, news, event="ice")) == bool(exchange_differences(news, olds, event="ice"))
    assert exchange_differences(olds, msgspec.structs.replace(news, effects=old), event="ice") == []
