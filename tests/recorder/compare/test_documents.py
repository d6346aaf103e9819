"""Meaning, not bytes: what is the same to the platform and the caller, and what is not."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from devserver.recorder.compare import Rules, differences
from devserver.recorder.compare.documents import Comparison
from devserver.recorder.compare.runs import Run, Runs
from devserver.recorder.compare.words import json_words, markup_words

NUMBERS = ("+12025550100", "12025550100", "tel:+1 202 555 0100", "+1 (202) 555-0100", "+1.202.555.0100")


def texts(old: Any, new: Any) -> list[str]:
    return [each.text for each in differences(old, new, svaml=True)]


def menu(**fields: Any) -> dict[str, Any]:
    return {"action": {"name": "runMenu", "menus": [{"id": "main", **fields}]}}


def calls(number: str, **fields: Any) -> dict[str, Any]:
    return {"action": {"name": "connectPstn", "number": number, **fields}}


def says(*texts: str) -> dict[str, Any]:
    return {"instructions": [{"name": "say", "text": text} for text in texts], "action": {"name": "hangup"}}


def plays(*ids: str) -> dict[str, Any]:
    return {"instructions": [{"name": "playFiles", "ids": [*ids]}], "action": {"name": "hangup"}}


# --- prompts ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("#tts[Hello]", "#tts[ Hello  ]"),
        ("#tts[Hello]", "#TTS[Hello];"),
        ("#tts[Hello]", "#ssml[<speak>Hello</speak>]"),
        ("#tts[A & B]", '#ssml[<speak version="1.0">A &amp; B</speak>]'),
        ("#tts[Hello];#tts[there]", "#tts[Hello there]"),
        ("#href[https://x/a.wav]", "https://x/a.wav"),
        ("a.wav;#tts[b]", " a.wav ; #tts[b] "),
    ],
)
def test_prompts_that_sound_the_same_are_the_same(old: str, new: str) -> None:
    assert texts(menu(mainPrompt=old), menu(mainPrompt=new)) == []
    assert texts(plays(old), plays(new)) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("#tts[Press 1 for offers]", "#tts[Press 1 for sales]", 'says "Press 1 for sales", was "Press 1 for offers"'),
        ("#tts[us]", "#tts[US]", 'says "US", was "us"'),
        ("#tts[Hi]", "#tts[Hi!]", 'says "Hi!", was "Hi"'),
        ("#tts[a.wav]", "a.wav", 'plays "[a.wav]", was "a.wav"'),
        ("Hello", "#tts[Hello]", 'says "Hello", was "[Hello]"'),
        (
            "#ssml[<speak>Hi</speak>]",
            "#ssml[<speak>Hi<break/></speak>]",
            'says "#ssml[<speak>Hi<break/></speak>]", was "#ssml[<speak>Hi</speak>]"',
        ),
        ("a.wav", "b.wav", 'plays "[b.wav]", was "[a.wav]"'),
    ],
)
def test_prompts_that_sound_different_are_told_by_what_is_heard(old: str, new: str, expected: str) -> None:
    assert texts(menu(mainPrompt=old), menu(mainPrompt=new)) == [f"the prompt of menu main now {expected}"]
    assert texts(menu(repeatPrompt=old), menu(repeatPrompt=new)) == [f"the repeat prompt of menu main now {expected}"]
    assert texts(plays(old), plays(new)) == [f"instruction 1 (playFiles) now {expected}"]


def test_a_prompt_that_comes_or_goes_is_told() -> None:
    assert texts(menu(), menu(repeatPrompt="#tts[Again]")) == ['the repeat prompt of menu main is new: "Again"']
    assert texts(menu(repeatPrompt="#tts[Again]"), menu()) == ['the repeat prompt of menu main is gone (was "Again")']


def test_the_prompts_of_a_parked_call_are_prompts() -> None:
    old = {"action": {"name": "park", "introPrompt": "#tts[a]", "holdPrompt": "#tts[b]"}}
    new = {"action": {"name": "park", "introPrompt": "#tts[c]", "holdPrompt": "#ssml[<speak>b</speak>]"}}
    assert texts(old, new) == ['the intro prompt of park now says "c", was "a"']


def test_a_prompt_that_is_no_text_is_a_difference_like_any_other() -> None:
    assert texts(menu(mainPrompt="#tts[a]"), menu(mainPrompt=7)) == ["mainPrompt of menu main is now 7, was #tts[a]"]
    assert texts(plays("a.wav"), {**plays(), "instructions": [{"name": "playFiles", "ids": [1]}]}) != []


def test_where_files_are_cut_into_ids_is_not_heard() -> None:
    assert texts(plays("a.wav", "b.wav"), plays("a.wav;b.wav")) == []


# --- numbers and known words -----------------------------------------------------------------------------------


@pytest.mark.parametrize("new", NUMBERS)
def test_a_number_is_the_same_in_every_spelling(new: str) -> None:
    assert texts(calls(NUMBERS[0], cli=NUMBERS[0]), calls(new, cli=new)) == []
    old_destination, new_destination = ({"type": "number", "endpoint": each} for each in (NUMBERS[0], new))
    assert texts(calls("+1", destination=old_destination), calls("+1", destination=new_destination)) == []


def test_another_number_is_told_with_the_action_that_calls_it() -> None:
    assert texts(calls("+12025550120"), calls("+12025550110")) == [
        "connectPstn now calls +12025550110, was +12025550120"
    ]
    assert texts(calls(NUMBERS[0], cli="private"), calls(NUMBERS[0], cli="Private")) == []
    assert texts(calls(NUMBERS[0], cli="private"), calls(NUMBERS[0], cli="incoming")) == [
        "cli of connectPstn is now incoming, was private"
    ]


@pytest.mark.parametrize(
    ("name", "field", "expected"),
    [
        ("connectConf", "conferenceId", "connectConf now joins b, was a"),
        ("runMenu", "mainMenu", "runMenu now starts with menu b, was a"),
        ("connectStream", "destination", "connectStream now streams to b, was a"),
        ("connectSip", "destination", "connectSip now calls b, was a"),
        ("connectPstn", "dtmf", "dtmf of connectPstn is now b, was a"),
        ("mystery", "x", "x of the action is now b, was a"),
    ],
)
def test_what_an_action_is_about_is_told_by_what_it_does(name: str, field: str, expected: str) -> None:
    def about(value: str) -> dict[str, Any]:
        return {"action": {"name": name, field: {"endpoint": value} if field == "destination" else value}}

    assert texts(about("a"), about("b")) == [expected]


def test_known_words_are_the_same_in_any_case() -> None:
    udp, capital = ({"action": {"name": "connectSip", "transport": each}} for each in ("udp", "UDP"))
    assert texts(udp, capital) == []


def test_nested_fields_are_named_with_their_way() -> None:
    old, new = calls("+12025550100", amd={"enabled": False}), calls("+12025550100", amd={"enabled": True})
    assert texts(old, new) == ["amd.enabled of connectPstn is now true, was false"]
    tagged = [calls("+12025550100", tags=[{"key": "k", "value": each}]) for each in "ab"]
    assert texts(*tagged) == ["tags[0].value of connectPstn is now b, was a"]


def test_tags_are_known_by_their_key() -> None:
    tags = [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]
    assert texts(calls("+12025550100", tags=tags), calls("+12025550100", tags=tags[::-1])) == []


# --- menus and options -----------------------------------------------------------------------------------------


def option(action: Any, key: Any = "2") -> dict[str, Any]:
    return menu(options=[{"dtmf": key, "action": action}])


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("return(support)", "return(billing)", "now returns(billing), was return(support)"),
        ("return(support)", "menu(sub)", "now goes to menu(sub), was return(support)"),
        ("menu(sub)", "return(x)", "now returns(x), was menu(sub)"),
        ("return(x)", "hangup", "is now hangup, was return(x)"),
        ("return(x)", "", "is now (nothing), was return(x)"),
        ("return(x)", "return(X)", "now returns(X), was return(x)"),
    ],
)
def test_an_option_is_told_by_its_key_and_what_it_does(old: str, new: str, expected: str) -> None:
    assert texts(option(old), option(new)) == [f"option 2 of menu main {expected}"]


def test_the_spelling_of_return_and_menu_is_no_difference_and_neither_is_a_key_as_a_number() -> None:
    assert texts(option("return(x)"), option(" Return (x) ", 2)) == []


def test_options_come_and_go_by_their_key() -> None:
    empty = menu()
    assert texts(option("return(sales)", "3"), empty) == ["option 3 of menu main is gone (was return(sales))"]
    assert texts(empty, option("return(x)", "3")) == ["option 3 of menu main is new: return(x)"]
    assert texts(menu(options=[]), empty) == []


def test_options_without_a_key_are_numbered() -> None:
    old, new = (menu(options=[{"action": each}]) for each in ("return(a)", "return(b)"))
    assert texts(old, new) == ["option number 1 of menu main now returns(b), was return(a)"]
    assert texts(option("return(a)"), option(7)) == ["the action of option 2 of menu main is now 7, was return(a)"]


def test_other_fields_of_menus_and_options_are_named() -> None:
    assert texts(menu(repeats=1), menu(repeats=2)) == ["repeats of menu main is now 2, was 1"]
    old, new = (menu(options=[{"dtmf": "1", "action": "return(a)", "input": each}]) for each in "xy")
    assert texts(old, new) == ["input of option 1 of menu main is now y, was x"]


def test_a_menu_is_told_by_its_prompt_and_keys() -> None:
    more = menu()
    more["action"]["menus"].append({"id": "sub", "mainPrompt": "#tts[More]", "options": [{"dtmf": "1"}, {"dtmf": "2"}]})
    assert texts(menu(), more) == ['menu sub is new: "More", options 1, 2']


# --- instructions ----------------------------------------------------------------------------------------------


def test_white_space_of_what_is_said_is_no_difference() -> None:
    assert texts(says("Hello  there"), says(" Hello\nthere")) == []


def test_what_is_said_is_told_with_the_place_of_the_instruction() -> None:
    assert texts(says("Welcome!"), says("Hi!")) == ['instruction 1 (say) now says "Hi!", was "Welcome!"']


def test_an_instruction_in_front_is_one_difference() -> None:
    new = says("a", "b", "c")
    new["instructions"].insert(1, {"name": "playFiles", "ids": ["x.wav"]})
    (found,) = differences(says("a", "b", "c"), new)
    assert found.text == 'instruction 2 (playFiles) is new: "[x.wav]"'
    assert (found.path, found.was) == ("instructions[1]", None)
    assert texts(new, says("a", "b", "c")) == ['instruction 2 (playFiles) is gone (was "[x.wav]")']


def test_a_new_and_a_changed_instruction_are_two_differences() -> None:
    assert texts(says("Please hold the line."), says("Good morning.", "Please hold the line now.")) == [
        'instruction 1 (say) is new: "Good morning."',
        'instruction 1 (say) now says "Please hold the line now.", was "Please hold the line."',
    ]


def test_instructions_of_another_name_are_replaced() -> None:
    old = {"instructions": [{"name": "answer"}]}
    new = {"instructions": [{"name": "setCookie", "key": "k", "value": "v"}]}
    assert texts(old, new) == ["instruction 1 is now setCookie key k, value v, was answer"]
    assert texts({}, new) == ["instruction 1 (setCookie) is new: key k, value v"]
    assert texts({}, {"instructions": []}) == []
    assert texts({"instructions": ["x"]}, {"instructions": [7]}) == ["instruction 1 is now 7, was x"]


# --- the whole -------------------------------------------------------------------------------------------------


def test_an_action_comes_and_goes() -> None:
    action = {"action": {"name": "hangup"}}
    assert texts(action, {}) == ["the action is gone (was hangup)"]
    assert texts({}, action) == ["the action is new: hangup"]
    assert texts(action, {"action": "hangup"}) == ["the action is now hangup, was hangup"]


def test_what_the_markup_does_not_know_is_told_by_its_name() -> None:
    assert texts({"x": {"y": 1}}, {"x": {"y": 2}}) == ["x.y is now 2, was 1"]
    assert texts([], {}) == ["the answer is now {}, was []"]


def test_json_of_custom_handlers_has_no_prompts_and_no_numbers() -> None:
    found = differences({"a": [{"n": "+1 2025550100"}]}, {"a": [{"n": "+12025550100"}]})
    assert [each.text for each in found] == ["a 1, n: +1 2025550100 -> +12025550100"]
    assert found[0].path == "a[0].n"


def test_paths_that_are_left_out_are_no_differences() -> None:
    old, new = says("a", "b"), says("x", "b", "c")
    new["action"] = {"name": "continue"}

    def left(*patterns: str) -> list[str]:
        return [found.text for found in map(markup_words, Comparison(None, Rules.parse(patterns)).markup(old, new))]

    assert left("instructions[*].text", "action") == ['instruction 3 (say) is new: "c"']
    assert left("instructions", "action.name") == ["the action is now continue, was hangup"]
    assert left("instructions", "action") == []


def test_an_id_of_the_run_is_no_difference_in_a_prompt_but_a_time_is() -> None:
    runs = Runs(Run(1_790_000_000.0, "old-id"), Run(1_790_009_000.0, "new-id"))
    comparison = Comparison(runs)
    assert list(comparison.markup(says("Reference old-id."), says("Reference new-id."))) == []
    assert list(comparison.markup(plays("#tts[old-id]"), plays("#tts[new-id]"))) == []
    assert len(list(comparison.markup(says("1790000000"), says("1790009000")))) == 1
    old, new = (
        {"action": {"name": "connectConf", "conferenceId": f"room-{each}"}} for each in (1790000000, 1790009000)
    )
    assert list(comparison.markup(old, new)) == []


def test_keys_and_ids_that_hold_the_id_of_the_run_belong_together() -> None:
    comparison = Comparison(Runs(Run(1.0, "old-id"), Run(2.0, "new-id")))
    assert list(comparison.documents({"x-old-id": 1}, {"x-new-id": 1})) == []
    (found,) = comparison.documents([{"id": "old-id", "n": 1}], [{"id": "new-id", "n": 2}])
    assert json_words(found).path == "[0].n"


# --- any document ----------------------------------------------------------------------------------------------

words = st.sampled_from(
    ["", "Hello", "#tts[Hello]", "#ssml[<speak>Hi</speak>]", "a.wav", "return(x)", "menu(sub)", "+1202"]
)
leaves = st.none() | st.booleans() | st.integers(-3, 3) | words | st.text(max_size=4)
anything = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3))
names = [
    "id",
    "dtmf",
    "name",
    "text",
    "ids",
    "key",
    "value",
    "mainPrompt",
    "options",
    "menus",
    "action",
    "number",
    "tags",
]
kinds = st.sampled_from(["say", "playFiles", "answer", "runMenu", "connectPstn", "Hangup", "mystery"])


def objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={**dict.fromkeys(names, inner), "name": kinds})


parts = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | objects(inner), max_leaves=12)
svaml = st.fixed_dictionaries(
    {},
    optional={
        "instructions": st.lists(objects(leaves | st.lists(leaves, max_size=2)) | leaves, max_size=5) | leaves,
        "action": objects(parts | st.lists(objects(parts), max_size=3)) | leaves,
        "other": anything,
    },
)
SIMILAR = Comparison(Runs(Run(1_790_000_000.0, "old-id"), Run(1_790_009_000.0, "new-id")))


def _tells_apart(listed: list[Any], identity: str) -> bool:
    keys = [each.get(identity) if isinstance(each, dict) else None for each in listed]
    return all(isinstance(key, str) for key in keys) and len(set(keys)) == len(keys)


def shuffled(value: Any, chance: random.Random) -> Any:
    """The same with the keys of all objects, and the menus and options, in another order."""
    match value:
        case dict():
            items = list(value.items())
            chance.shuffle(items)
            return {key: shuffled(item, chance) for key, item in items}
        case list():
            listed = [shuffled(item, chance) for item in value]
            if any(_tells_apart(listed, identity) for identity in ("id", "dtmf")):
                chance.shuffle(listed)
            return listed
        case _:
            return value


@given(svaml)
def test_a_document_does_not_differ_from_itself(document: Any) -> None:
    assert differences(document, copy.deepcopy(document), svaml=True) == []
    assert differences(document, copy.deepcopy(document), svaml=False) == []
    assert list(SIMILAR.markup(document, copy.deepcopy(document))) == []


@given(svaml, svaml)
@example({"action": {"name": "connectPstn", "number": []}}, {"action": {"name": "connectPstn", "number": "+1202"}})
def test_there_is_a_difference_in_both_directions_or_in_none(old: Any, new: Any) -> None:
    assert bool(texts(old, new)) == bool(texts(new, old))


@given(svaml, st.randoms(use_true_random=False))
def test_the_order_of_keys_menus_and_options_is_no_difference(document: Any, chance: random.Random) -> None:
    action = document.get("action")
    kept = {key: value for key, value in document.items() if key != "instructions"}
    if isinstance(action, dict):
        assert texts(kept, shuffled(kept, chance)) == []
    assert texts(document, {key: document[key] for key in reversed(document)}) == []


@given(svaml | anything, svaml | anything)
def test_no_two_documents_are_too_odd_to_be_compared(old: Any, new: Any) -> None:
    for found in [
        *differences(old, new, svaml=True),
        *differences(old, new, svaml=False),
        *map(markup_words, SIMILAR.markup(old, new)),
    ]:
        assert found.text.isprintable()
        assert 0 < len(found.text) <= 240
